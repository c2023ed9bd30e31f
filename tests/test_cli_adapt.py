"""Train, apply and tell an adapter as a user does: files in, a file and words out."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from typer.testing import CliRunner

from readingroom.cli_adapt import adapt
from readingroom.errors import BadFile, BadRequest, NotServed
from readingroom.imaging.reader import read_study
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Entry
from readingroom.learning.adapter import from_text
from readingroom.learning.fitting import Naming
from readingroom.learning.validation import Plan
from readingroom.tools.adapters import space_of
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.workflows.adapting import Table, apply_to_index, opened, read_labels, recipes_of, train_adapter, worded
from tests.tools.towers import DIMENSIONS, Towers, chest_film


def picture(path: Path, bright: bool, seed: int) -> Path:
    """A disc or a bar on noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:96, :96]
    shape = (x - 48) ** 2 + (y - 48) ** 2 < 900 if bright else abs(x - 48) < 12
    Picture.fromarray((40 + 30 * rng.random((96, 96)) + 150 * shape).astype(np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> Path:
    """A folder with an index of 48 pictures of 24 patients by the baseline, and a table of labels."""
    folder = tmp_path_factory.mktemp("adapt")
    backend, entries, vectors = ClassicalBackend(), [], []
    for n in range(48):
        study = read_study((picture(folder / f"p{n}.png", n // 2 % 2 == 0, n),), subject_key=b"k" * 32)
        found = asyncio.run(backend.embed(study.images[0]))
        entries.append(Entry(id=f"p{n}", metadata={"subject": f"s{n // 2}"}))
        vectors.append(found.vector)
    index = EmbeddedIndex(folder / "index", space_of(found))
    index.add(entries, np.stack(vectors))
    index.close()
    rows = [f"p{n},{'disc' if n // 2 % 2 == 0 else 'bar'},{'yes' if n // 2 % 2 == 0 else 'no'}" for n in range(46)]
    (folder / "labels.csv").write_text("id,shape,round\n" + "\n".join(rows) + "\np46,,\nelsewhere,bar,0\n")
    return folder


def run(folder: Path, *words: str, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("READINGROOM_HOME", str(folder / "home"))
    monkeypatch.setenv("READINGROOM_CONFIG", str(folder / "config"))
    done = CliRunner().invoke(adapt, list(words), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_train_apply_and_card(made, monkeypatch):
    out = made / "round.json"
    words = ("train", str(made / "index"), "--labels", str(made / "labels.csv"), "--label-column", "round")
    curves = ("--curves", str(made / "curves"))
    card = run(made, *words, "--out", str(out), "--data", "drawn here", *curves, monkeypatch=monkeypatch)
    names = {path.name for path in (made / "curves").iterdir()}
    assert names == {"curves.html", "curves.md", "roc-1.png", "calibration-1.png"}
    assert "46 labelled images of 23 patients; 2 more images of the index had no label" in card
    assert "images that the index does not hold: 1" in card
    assert "drawn here" in card
    adapter = from_text(out.read_text(), "round.json")
    assert adapter.labels[0].figures.auroc.value > 0.95
    assert run(made, "card", str(out), monkeypatch=monkeypatch) == card
    assert json.loads(run(made, "card", str(out), "--json", monkeypatch=monkeypatch))["sha256"] == adapter.digest

    table = list(
        csv.DictReader(io.StringIO(run(made, "apply", str(out), str(made / "index"), monkeypatch=monkeypatch)))
    )
    assert len(table) == 48
    assert {row["wording"] for row in table} == {"uncalibrated"}  # 12 patients of each kind are too few
    assert {row["says"] for row in table} == {"indeterminate"}
    by_id = {row["id"]: float(row["probability"]) for row in table}
    assert by_id["p0"] > 0.5 > by_id["p2"]
    one = json.loads(run(made, "apply", str(out), str(made / "p0.png"), "--json", monkeypatch=monkeypatch))
    assert one["adapter"] == adapter.digest
    assert one["rows"][0]["probability"] == pytest.approx(by_id["p0"], abs=1e-3)


def test_a_column_of_names_is_a_label_for_each(made):
    found = read_labels(Table(made / "labels.csv", ("shape",)))
    assert set(found.present) == {"bar", "disc"}
    assert found.present["disc"]["p0"]
    assert not found.present["bar"]["p0"]
    assert "p46" not in found.present["bar"]  # an empty cell says nothing
    assert sum(found.present["bar"].values()) == 23
    assert set(read_labels(Table(made / "labels.csv", ("shape", "round"), only=("disc",))).present) == {"disc"}
    with pytest.raises(BadRequest, match="There are bar, disc"):
        read_labels(Table(made / "labels.csv", ("shape",), only=("star",)))


@pytest.mark.parametrize(
    ("text", "columns", "error", "said"),
    [
        ("id,a\np1,1\np1,0\n", ("a",), BadFile, "row 3 says 'a' of an id again"),
        ("id,a\np1,1\n", ("b",), BadRequest, "has no column 'b'.*It has id, a"),
        ("id,a\n", ("a",), BadFile, "no row"),
        ("id,a\n,1\n", ("a",), BadFile, "row 2 has no id"),
        ("id,a\np1,1\np2,perhaps\n", ("a",), BadFile, "yes or no among them is unclear"),
        ("id,a\np1,x\np2,y\n", ("a", "a"), BadRequest, "once"),
        ("id,a\n" + "".join(f"p{n},w{n}\n" for n in range(60)), ("a",), BadFile, "60 different words"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused(tmp_path, text, columns, error, said):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(error, match=said):
        read_labels(Table(tmp_path / "t.csv", columns))


def test_heads_of_words_need_words_of_pathology_and_the_same_model(made):
    with pytest.raises(NotServed, match="judges no pathology"):
        asyncio.run(worded(ClassicalBackend(), "chest_xray", made / "index"))
    with pytest.raises(BadRequest, match="the words are of MedImageInsight 5"):
        asyncio.run(worded(Towers(), "chest_xray", made / "index"))
    with pytest.raises(BadRequest, match="exclude each other"):
        asyncio.run(worded(Towers(), "skin_lesion", made / "index"))
    with pytest.raises(BadRequest, match="there is no index"):
        opened(made / "nowhere")


def test_zero_shot_scores_become_calibrated_as_a_head_of_words(tmp_path):
    """From the words of a set, an index of the same model, and labels; nothing is trained."""
    rng = np.random.default_rng(0)
    truth = rng.random(80) < 0.5
    vectors = np.stack([
        asyncio.run(Towers(*(("mass",) if one else ())).embed(chest_film())).vector + 0.01 * rng.normal(size=DIMENSIONS)
        for one in truth
    ])  # fmt: skip
    index = EmbeddedIndex(tmp_path / "index", space_of(asyncio.run(Towers().embed(chest_film()))))
    index.add([Entry(id=f"i{n}", metadata={"subject": f"s{n}"}) for n in range(80)], vectors.astype(np.float32))
    index.close()
    (tmp_path / "t.csv").write_text("id,mass\n" + "".join(f"i{n},{int(one)}\n" for n, one in enumerate(truth)))
    words = asyncio.run(worded(Towers(), "chest_xray", tmp_path / "index"))
    made = train_adapter(tmp_path / "index", Table(tmp_path / "t.csv", ("mass",)), Plan(recipes_of("text")),
                         Naming("words", "", "test"), directions=words)  # fmt: skip
    (label,) = made.labels
    assert np.array_equal(label.head.head().layers[0].weights[:, 0], words["mass"])
    assert label.wording == "calibrated on 80 patients"
    assert label.figures.auroc.low > 0.9
    told = {name: row[0].called for name, row in apply_to_index(made, tmp_path / "index").items()}
    assert np.mean([told[f"i{n}"] == ("present" if one else "absent") for n, one in enumerate(truth)]) > 0.8
    (tmp_path / "g.csv").write_text("id,gout\n" + "".join(f"i{n},{n % 2}\n" for n in range(80)))
    other, plan = Table(tmp_path / "g.csv", ("gout",)), Plan(recipes_of("text"))
    with pytest.raises(BadRequest, match="no prompts are known for 'gout'"):
        train_adapter(tmp_path / "index", other, plan, Naming("words", "", "test"), directions=words)
    with pytest.raises(BadRequest, match="there is no head 'forest'"):
        recipes_of("forest")
