"""Foreign studies are found, with the reason; studies like the reference are left alone at the set rate."""

from __future__ import annotations

import numpy as np
import pytest

from readingroom.errors import BadRequest
from readingroom.exports.plots_page import page_html, page_markdown
from readingroom.index.entry import Entry, Space
from readingroom.index.protocol import Collection
from readingroom.workflows.outliers import Asked, find_outliers
from readingroom.workflows.outliers_page import outliers_page

SPACE = Space(model="m", version="1", preprocessing_id="p", dimensions=16)


def studies(seed: int, names: list[str], *, centre: int = 0, maker: str = "GE", images: int = 3) -> Collection:
    chance = np.random.default_rng(seed)
    vectors, entries = [], []
    for name in names:
        place = np.eye(16)[centre] + chance.normal(0, 0.1, 16)
        for image in range(images):
            vectors.append(place + chance.normal(0, 0.03, 16))
            about = {"subject": f"patient {name}", "study": name, "maker": maker, "level": "image"}
            entries.append(Entry(id=f"{name}-{image}", metadata=about))
    rows = np.array(vectors)
    unit = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    return Collection(SPACE, tuple(entries), unit)


def both(first: Collection, second: Collection) -> Collection:
    return Collection(SPACE, first.entries + second.entries, np.concatenate([first.vectors, second.vectors]))


REFERENCE = studies(1, [f"r{at}" for at in range(40)])
QUERIES = both(studies(2, [f"q{at}" for at in range(6)]), studies(3, ["foreign"], centre=5, maker="AGFA <b>"))


def test_the_foreign_study_is_flagged_with_its_reason() -> None:
    found = find_outliers(REFERENCE, QUERIES, Asked())
    first = found.studies[0]
    assert [study.study for study in found.studies if study.outlier] == ["foreign"]
    assert first.p == 1 / 41
    assert first.q == pytest.approx(7 / 41)
    assert first.score > found.limit
    assert first.spread_p == 1 / 21
    assert [(odd.field, odd.value, odd.p) for odd in first.odd_fields] == [("maker", "AGFA <b>", pytest.approx(1 / 41))]
    assert {image.id for image in first.images} == {"foreign-0", "foreign-1", "foreign-2"}
    assert all(near.image.startswith("r") for near in first.nearest)
    assert [shift.field for shift in found.fields] == ["maker"]


def test_nothing_is_chosen_on_the_queries() -> None:
    """A study's score and p-value are the same alone and among others."""
    whole = {study.study: study for study in find_outliers(REFERENCE, QUERIES, Asked()).studies}
    for name in ("q1", "foreign"):
        rows = [row for row, entry in enumerate(QUERIES.entries) if entry.metadata["study"] == name]
        alone = Collection(SPACE, tuple(QUERIES.entries[row] for row in rows), QUERIES.vectors[rows])
        (study,) = find_outliers(REFERENCE, alone, Asked()).studies
        assert (study.score, study.p, study.spread_p) == (whole[name].score, whole[name].p, whole[name].spread_p)


def test_a_study_of_the_reference_itself_is_not_its_own_neighbour() -> None:
    own = studies(1, [f"r{at}" for at in range(40)])
    rows = range(6)
    again = Collection(SPACE, own.entries[:6], own.vectors[list(rows)])
    for study in find_outliers(REFERENCE, again, Asked()).studies:
        assert study.score > 0.05
        assert study.study not in {near.name for near in study.nearest}


def test_another_space_nothing_to_judge_and_too_small_a_reference_are_refused() -> None:
    other = Collection(SPACE.model_copy(update={"preprocessing_id": "x"}), QUERIES.entries, QUERIES.vectors)
    nothing = Collection(SPACE, (), np.zeros((0, 16), np.float32))
    for reference, queries, told in (
        (REFERENCE, other, "m 1, p, 16.*m 1, x, 16"),
        (REFERENCE, nothing, "nothing to judge"),
        (studies(1, [f"r{at}" for at in range(18)]), QUERIES, "18 reference subjects.*19"),
    ):
        with pytest.raises(BadRequest, match=told):
            find_outliers(reference, queries, Asked())


def test_the_page_tells_it_and_no_text_of_the_data_is_markup() -> None:
    found = find_outliers(REFERENCE, QUERIES, Asked())
    page = outliers_page(found, REFERENCE, QUERIES, lambda name: b"\x89PNG" if name.startswith("f") else None)
    html, markdown = page_html(page), page_markdown(page)
    assert "1 of 7 studies are unlike the reference" in html
    assert "AGFA &lt;b&gt;" in html
    assert "<b>" not in html
    assert "http" not in html.replace('http-equiv="Content-Security-Policy"', "")
    assert html.count("<img") == 1
    assert "maker AGFA \\<b>" in markdown
    assert page_html(page) == html
