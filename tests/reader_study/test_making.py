"""Making a study: the order is the seed's, the sides are even, and nothing in the readers' folder tells who wrote."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from readingroom.domain.finding import Finding
from readingroom.errors import BadFile, BadRequest
from readingroom.exports.figure import build_figures
from readingroom.reader_study.case import Pair, blinded, telling
from readingroom.reader_study.making import make, read_key
from tests.exports import sample
from tests.exports.hostile import PAYLOADS, poisoned
from tests.exports.page import Page
from tests.reader_study.studies import SYSTEMS, draft, pairs

HARMLESS = ("template", "measure", "segment")
"""Names of tools that are everyday words."""


def made(folder: Path, given: list[Pair] | None = None, seed: int = 7) -> Any:
    return make(given or pairs(), folder / "readers", folder / "away" / "key.json", systems=SYSTEMS, seed=seed)


def test_the_same_seed_gives_the_same_study_and_another_seed_another(tmp_path: Path) -> None:
    one, same, other = (made(tmp_path / name, seed=seed) for name, seed in (("a", 7), ("b", 7), ("c", 8)))
    assert [path.read_bytes() for path in one.files] == [path.read_bytes() for path in same.files]
    assert one.key.read_bytes() == same.key.read_bytes()
    assert one.study != other.study


@pytest.mark.parametrize(("cases", "fewer"), [(6, 3), (7, 3)])
def test_each_system_is_as_often_a_as_b(cases: int, fewer: int) -> None:
    firsts = set()
    orders = set()
    for seed in range(20):
        key = blinded(pairs(cases), SYSTEMS, seed)
        first = [one.sources[0].system for one in key.cases].count(SYSTEMS[0])
        assert first in (fewer, cases - fewer)
        firsts.add(tuple(one.sources[0].system for one in key.cases))
        orders.add(tuple(one.name for one in key.cases))
    assert len(firsts) > 5
    assert len(orders) > 15


def test_the_key_tells_what_the_reader_saw(tmp_path: Path) -> None:
    key = read_key(made(tmp_path).key)
    for one in key.cases:
        number = int(one.name.removeprefix("Patient "))
        for source, shown in zip(one.sources, one.case.drafts, strict=True):
            report = draft(number, SYSTEMS.index(source.system))
            assert source.report == report.id
            said = [each.text for each in (*report.findings, *report.impression)]
            assert [line.text for line in shown.lines] == said


def test_nothing_in_the_readers_folder_tells_who_wrote_what(tmp_path: Path) -> None:
    done = made(tmp_path, [Pair(pair.name, pair.drafts, build_figures(*sample.build())) for pair in pairs(2)])
    names = {*SYSTEMS, "Patient 0", "Patient 1", "subject-4f2a", "chest-shape", "E4", "heart width"}
    for pair in pairs(2):
        for report in pair.drafts:
            names |= {
                name for name in telling(report) if len(name) > 5 and name not in ("template", "measure", "segment")
            }
    assert {"r-20251122-010001-abcd", "secret-writer-1", "SecretBackend0 2.1", "report-1-0"} <= names
    folder = tmp_path / "readers"
    texts = {path.name: re.sub(r"base64,[^\"]+", "", path.read_text(encoding="utf-8")) for path in folder.iterdir()}
    assert set(texts) == {"page-01.html", "form.csv", "form.json", "README.txt"}
    assert done.key.parent != folder
    assert [(file, name) for file, text in texts.items() for name in names if name in text] == []
    assert "overlay" not in texts["page-01.html"]


def test_a_sentence_that_names_its_model_is_refused() -> None:
    told = Finding(
        id="F1", text="SecretBackend0 sees an opacity.", observation="opacity", presence="present", evidence=("E5",)
    )
    pair = Pair("x", (draft(0, 0).model_copy(update={"findings": (told,), "impression": ()}), draft(0, 1)))
    with pytest.raises(BadRequest, match="SecretBackend0"):
        blinded([pair], SYSTEMS, 1)


@pytest.mark.parametrize("where", ["readers/key.json", "readers/sub/key.json"])
def test_the_key_does_not_go_into_the_readers_folder(tmp_path: Path, where: str) -> None:
    with pytest.raises(BadRequest, match="readers' folder"):
        make(pairs(2), tmp_path / "readers", tmp_path / where, systems=SYSTEMS, seed=1)
    assert list(tmp_path.iterdir()) == []


def test_what_makes_no_study(tmp_path: Path) -> None:
    with pytest.raises(BadRequest, match="no pair"):
        blinded([], SYSTEMS, 1)
    with pytest.raises(BadRequest, match="twice"):
        blinded([*pairs(1), *pairs(1)], SYSTEMS, 1)
    long = draft(0, 0).model_copy(
        update={"findings": (draft(0, 0).findings[0].model_copy(update={"text": "x" * 2001}),)}
    )
    with pytest.raises(BadRequest, match="more than 2000"):
        blinded([Pair("p", (long, draft(0, 1)))], SYSTEMS, 1)
    with pytest.raises(BadRequest, match="same name"):
        blinded(pairs(1), ("a", "a"), 1)
    made(tmp_path)
    with pytest.raises(BadRequest, match="not empty"):
        made(tmp_path)
    (tmp_path / "no.json").write_text("{}")
    with pytest.raises(BadFile, match="not the key"):
        read_key(tmp_path / "no.json")


def test_no_text_becomes_markup(tmp_path: Path) -> None:
    def page(payload: str) -> Page:
        hostile = poisoned(draft(0, 1), payload)
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        done = make([Pair("p", (hostile, hostile))], folder, tmp_path / "key.json", systems=SYSTEMS, seed=1)
        return Page(done.files[0].read_text(encoding="utf-8"))

    plain = page("x")
    for payload in PAYLOADS:
        hostile = page(payload)
        assert hostile.structure == plain.structure
        assert hostile.raw["script"] == plain.raw["script"]


def test_long_studies_are_cut_into_pages(tmp_path: Path) -> None:
    done = made(tmp_path, pairs(26))
    assert [path.name for path in done.files][:2] == ["page-01.html", "page-02.html"]
    assert 'data-case="case-026"' in done.files[1].read_text(encoding="utf-8")
