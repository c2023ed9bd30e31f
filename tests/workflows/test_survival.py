"""Survival from two indexes and a table to figures and a picture; what is missing is named."""

import json
from contextlib import closing

import numpy as np
import pytest
from typer import Typer
from typer.testing import CliRunner

from readingroom.cli_survival import survival as command
from readingroom.errors import BadFile, BadRequest
from readingroom.exports.kaplan_meier import kaplan_meier_png
from readingroom.imaging.subject import pseudonym_of
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Entry, Space
from readingroom.learning.survival import kaplan_meier, outcomes
from readingroom.settings import subject_key
from readingroom.workflows.survival import Table, read_outcomes

pytest.importorskip("lifelines")
COUNT = 60
QUICK = ("--outer", 3, "--inner", 2, "--components", 2, "--penalty", 0.1)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Two indexes whose vectors tell half of the hazard each; one patient is in the first alone, one row nameless."""
    home = tmp_path_factory.mktemp("world")
    key, chance = subject_key(home / "config"), np.random.default_rng(5)
    parts, hazard = [], np.zeros(COUNT)
    for place, size in enumerate((8, 12)):
        vectors = chance.normal(size=(COUNT, size))
        vectors[:, :3] = 1.5 * vectors[:, :1] + 0.1 * vectors[:, :3]
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        hazard += 2.0 * vectors[:, 0]
        parts.append(vectors)
        space = Space(model=f"m{place}", version="1", preprocessing_id="p", dimensions=size)
        entries = [Entry(id=f"{at}", metadata={"subject": pseudonym_of(f"P{at}", key)}) for at in range(COUNT)]
        with closing(EmbeddedIndex(home / f"index{place}", space)) as index:
            index.add(entries, vectors.astype(np.float32))
            if not place:
                more = [Entry(id="x", metadata={"subject": "somebody"}), Entry(id="y")]
                index.add(more, np.ones((2, size), np.float32))
    ends, censored = chance.exponential(10 / np.exp(hazard)), chance.exponential(25, COUNT)
    rows = [f"P{at},{min(ends[at], censored[at]) + 0.01:.4f},{int(ends[at] <= censored[at])}" for at in range(COUNT)]
    (home / "table.csv").write_text("subject,time,event\n" + "\n".join(rows), encoding="utf-8")
    return home


@pytest.fixture
def run(world, monkeypatch):
    monkeypatch.setenv("READINGROOM_HOME", str(world / "home"))
    monkeypatch.setenv("READINGROOM_CONFIG", str(world / "config"))
    app = Typer()
    app.command()(command)

    def call(*words):
        found = CliRunner().invoke(app, [str(word) for word in words])
        if found.exception and not isinstance(found.exception, SystemExit):
            raise found.exception
        return found.stdout

    return call


def test_two_indexes_are_judged_alone_and_fused(run, world, tmp_path):
    indexes = ("--index", world / "index0", "--index", world / "index1")
    told = run(world / "table.csv", *indexes, *QUICK, "--json", "--figure", tmp_path / "km.png")
    found = json.loads(told)
    assert [one["name"] for one in found["models"]] == ["index0", "index1", "index0 + index1"]
    assert found["patients"] == COUNT
    alone, _, fused = (one["harrell"] for one in found["models"])
    assert fused["low"] > 0.5
    assert alone["n"] == fused["n"] == COUNT
    assert found["models"][2]["spaces"][1].startswith("m1 1")
    assert sum(curve["n"] for curve in found["models"][2]["groups"]) == COUNT
    assert "1 patients are not in every index and were left out." in found["notes"]
    assert "1 rows name no patient and were left out." in found["notes"]
    assert (tmp_path / "km.png").read_bytes().startswith(b"\x89PNG")


def test_one_index_in_words(run, world):
    told = run(world / "table.csv", "--index", world / "index0", *QUICK, "--unit", "months")
    assert f"{COUNT} patients, " in told
    assert "Harrell's C 0." in told
    assert "95 % interval" in told
    assert " months" in told


def test_what_is_wrong_is_named(run, world, tmp_path):
    def table(text):
        (tmp_path / "t.csv").write_text(text, encoding="utf-8")
        return Table(tmp_path / "t.csv")

    for text, said in [
        ("subject,time\na,1", "needs columns subject, time and event"),
        ("subject,time,event\na,0,1", "no number above 0"),
        ("subject,time,event\na,1,perhaps", "neither yes nor no"),
        ("subject,time,event\na,1,1\na,2,0", "stands twice"),
        ("subject,time,event\n,1,1", "names no patient"),
    ]:
        with pytest.raises(BadFile, match=said):
            read_outcomes(table(text), b"k" * 32)
    with pytest.raises(BadRequest, match="no patient of the table"):
        run(table("subject,time,event\nstranger,1,1").path, "--index", world / "index0")
    with pytest.raises(BadRequest, match="named twice"):
        run(world / "table.csv", "--index", world / "index0", "--index", world / "index0")


def test_a_table_may_hold_pseudonyms_or_identifiers(tmp_path):
    (tmp_path / "t.csv").write_text("subject,time,event\nP1,3,yes\n", encoding="utf-8")
    found, digest = read_outcomes(Table(tmp_path / "t.csv"), b"k" * 32)
    assert found["P1"] == found[pseudonym_of("P1", b"k" * 32)] == (3.0, True)
    assert len(digest) == 64


def test_the_same_curves_are_the_same_picture():
    pytest.importorskip("matplotlib")
    curve = kaplan_meier(outcomes(np.array([1.0, 2, 2, 5]), np.array([True, False, True, False])), "$all_")
    assert kaplan_meier_png([curve], "t", "months") == kaplan_meier_png([curve], "t", "months")
    assert kaplan_meier_png([curve], "t", "months") != kaplan_meier_png([curve, curve], "t", "months")
