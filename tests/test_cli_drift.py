"""The commands as they are typed: studies embedded, judged and shown; a stream watched; files written."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner, Result

from readingroom import cli_drift, cli_index
from readingroom.errors import BadRequest
from readingroom.imaging.png import encode_png
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Entry

Run = Callable[..., Result]


def picture(path: Path, seed: int, *, foreign: bool = False) -> None:
    """A blob on grain; foreign: stripes."""
    chance = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:80, 0:80]
    grey = 90 + 90 * np.exp(-((rows - 40 - chance.normal(0, 3)) ** 2 + (columns - 40) ** 2) / 500)
    grey = 255.0 * (columns // 3 % 2) if foreign else grey
    path.write_bytes(encode_png(np.clip(grey + chance.normal(0, 4, grey.shape), 0, 255).astype(np.uint8)))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    home = tmp_path_factory.mktemp("home")
    app = typer.Typer()
    app.add_typer(cli_drift.drift, name="drift")
    app.add_typer(cli_index.index, name="index")
    app.command("outliers")(cli_drift.outliers)

    def call(*words: object) -> Result:
        return CliRunner().invoke(app, [str(word) for word in words])

    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("READINGROOM_HOME", str(home))
        patched.setenv("READINGROOM_CONFIG", str(home / "config"))
        patched.chdir(home)
        yield call


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory, run: Run) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    with (folder / "table.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["file", "patient", "study", "scanner", "acquired"])
        for at in range(24):
            picture(folder / f"{at}.png", at)
            table.writerow([f"{at}.png", f"p{at}", f"s{at}", "A", f"2024-01-{at + 1:02}"])
    index = folder / "index"
    added = run(
        "index", "add", "--manifest", folder / "table.csv", "--column", "acquired", "--thumbnails", "--index", index
    )
    assert added.exit_code == 0, added.output
    return index


def test_outliers_of_files_are_found_shown_and_written(tmp_path: Path, run: Run, reference: Path) -> None:
    queries = tmp_path / "queries"
    queries.mkdir()
    picture(queries / "like.png", 100)
    picture(queries / "foreign.png", 101, foreign=True)
    found = run("outliers", reference, queries, "--out", tmp_path / "out")
    assert found.exit_code == 1, found.output
    assert "1 of 2 studies are unlike the reference" in found.stdout
    told = json.loads((tmp_path / "out" / "outliers.json").read_text())
    assert [study["outlier"] for study in told["studies"]] == [True, False]
    assert told["studies"][0]["p"] == pytest.approx(1 / 25)
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"outliers.json", "outliers.md", "outliers.html", "scores.png", "map.png"}
    html = (tmp_path / "out" / "outliers.html").read_text()
    assert html.count("<img") == 3  # the foreign picture beside its two nearest
    assert str(tmp_path) not in html
    like = run("outliers", reference, queries / "like.png", "--json")
    assert like.exit_code == 0
    assert json.loads(like.stdout)["studies"][0]["outlier"] is False


def test_drift_of_an_index_against_itself_by_time(tmp_path: Path, run: Run, reference: Path) -> None:
    with_stream = EmbeddedIndex(reference)
    entries = with_stream.entries()
    vectors = with_stream.vectors([entry.id for entry in entries])
    with_stream.close()
    stream = EmbeddedIndex(tmp_path / "stream", with_stream.space)
    for month, shift in ((2, 0.0), (3, 1.0)):
        chance = np.random.default_rng(month)
        drawn = chance.permutation(len(entries))[:12]
        moved = vectors[drawn] + chance.normal(0, 0.002, (12, vectors.shape[1])) + shift * np.eye(vectors.shape[1])[3]
        stream.add(
            [Entry(id=f"{month}-{at}", metadata={"subject": f"n{month}-{at}", "day": 20240000 + 100 * month + at + 1,
                                                 "scanner": "A"}) for at in range(12)],
            moved.astype(np.float32),
        )  # fmt: skip
    stream.close()
    options = ("--reference", reference, "--stream", tmp_path / "stream", "--time", "day", "--false-alarm", "0.05")
    found = run("drift", "check", *options, "--out", tmp_path / "out")
    assert found.exit_code == 1, found.output
    assert "1 of 2 windows alarm: 2024-03 (embedding)" in found.stdout
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"drift.json", "drift.md", "drift.html", "drift.png"}
    quiet = run("drift", "check", *options, "--stream-where", "day<=20240229", "--json")
    assert quiet.exit_code == 0, quiet.output
    assert [period["name"] for period in json.loads(quiet.stdout)["periods"]] == ["2024-02"]


def test_the_same_rows_on_both_sides_and_a_wrong_condition_are_refused(run: Run, reference: Path) -> None:
    same = run("drift", "check", "--reference", reference, "--stream", reference, "--time", "acquired")
    assert isinstance(same.exception, BadRequest)
    assert "same rows" in str(same.exception)
    wrong = run("outliers", reference, reference, "--where", "scanner")
    assert isinstance(wrong.exception, BadRequest)
    assert "no condition" in str(wrong.exception)
    empty = run("outliers", reference, reference, "--where", "scanner=Z")
    assert "no row of the index is left" in str(empty.exception)
