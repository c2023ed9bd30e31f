"""`readingroom ask` as a user meets it: its words, files and exit codes."""

import io
import json
import sys
from collections import namedtuple

import pytest

from readingroom import cli
from readingroom.cli_ask import ask
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom

Done = namedtuple("Done", "returncode stdout stderr")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def film(home):
    return write_chest(make_chest(ChestPhantom(seed=5, spacing_mm=1.0, cardiothoracic_ratio=0.44)), home / "film")


@pytest.fixture
def run(home, monkeypatch, capfd):
    monkeypatch.setenv("READINGROOM_HOME", str(home / "data"))
    monkeypatch.setenv("READINGROOM_CONFIG", str(home / "config"))
    if "ask" not in {one.name or one.callback.__name__ for one in cli.app.registered_commands}:
        cli.app.command()(ask)

    def call(*words, stdin=""):
        capfd.readouterr()
        monkeypatch.setattr(sys, "argv", ["readingroom", "ask", *map(str, words)])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return Done(ended.value.code or 0, *capfd.readouterr())

    return call


def test_an_answer_has_its_evidence_and_the_plan_goes_to_the_other_stream(run, film):
    done = run("Segment the lungs and tell me the CTR", film)
    assert done.returncode == 0, done.stderr
    assert "✓ The cardiothoracic ratio is 0.4" in done.stdout
    assert "[E" in done.stdout
    assert "Plan" not in done.stdout
    assert "1. segment right lung, left lung, heart in img-1" in done.stderr
    assert "✓ measure-frontal" in done.stderr


def test_json_is_one_answer_and_nothing_else(run, film):
    done = run("what is the ctr", film, "--json")
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["plan"]["planner"]) == ("answered", "rules 1")
    assert {check["verdict"] for check in answer["verification"]["checks"]} == {"supported"}
    assert done.stderr == ""


def test_the_plan_alone_runs_nothing(run, film, home):
    run("draft a report", film, "--plan")  # makes the store, where it is the first command
    before = len(list((home / "data").rglob("*")))
    done = run("draft a report", film, "--plan")
    assert done.returncode == 0
    assert "3. draft findings in img-1" in done.stdout
    assert json.loads(run("draft a report", film, "--plan", "--json").stdout)["aim"] == "draft"
    assert len(list((home / "data").rglob("*"))) == before


@pytest.mark.parametrize(("word", "code"), [("y\n", 0), ("n\n", 1), ("", 1)])
def test_a_plan_waits_for_its_approval(run, film, word, code):
    done = run("segment the heart", film, "--approve", stdin=word)
    assert done.returncode == code
    assert ("The heart was outlined" in done.stdout) == (code == 0)
    assert ("was not approved" in done.stdout) == (code == 1)


def test_a_draft_ends_with_its_files_and_can_be_asked_about(run, film, home):
    done = run("Draft a report", film, "--out", home / "out")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (home / "out").iterdir()) == ["report.html", "report.json", "report.md"]
    why = run("why F1?", "--run", "last")
    assert why.returncode == 0, why.stderr
    assert "F1 says: The cardiac silhouette is not enlarged" in why.stdout
    assert "was computed from" in why.stdout


def test_what_cannot_be_answered_is_said_and_is_no_success(run, film):
    done = run("which antibiotic should be given?", film)
    assert done.returncode == 1
    assert "Treatment and follow-up are not advised here" in done.stdout


def test_bad_input_is_one_line(run, home):
    for words in (("why F1?",), ("draft it", home / "nothing.dcm"), ("why F1?", "--run", "r-none")):
        done = run(*words)
        assert done.returncode == 2
        assert done.stderr.startswith("readingroom: ")
        assert done.stderr.count("\n") == 1
