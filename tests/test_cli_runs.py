"""The commands about the record, as they are typed."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from benchmarks.quick_backend import QuickServing, write_film
from readingroom import cli_runs
from readingroom.room import ReadingRoom
from readingroom.workflows import drafting

FILM = {"modality": "x_ray", "anatomy": "chest", "view": "PA"}


@pytest.fixture
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("READINGROOM_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr("readingroom.room.Serving", lambda _: QuickServing(tmp_path / "calls"))
    write_film(tmp_path / "film.png")
    return tmp_path


def app() -> typer.Typer:
    made = typer.Typer()
    made.add_typer(cli_runs.runs, name="runs")
    for command in (cli_runs.resume, cli_runs.replay, cli_runs.diff):
        made.command()(command)
    return made


def typed(*words: str):
    return CliRunner().invoke(app(), words)


def draft(home: Path, **named):
    return ReadingRoom().draft_sync(home / "film.png", **{"stated": FILM, **named})


def test_a_stopped_run_is_finished_and_its_files_written(home, monkeypatch):
    def stopped(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(drafting, "compose", stopped)
        with pytest.raises(KeyboardInterrupt):
            draft(home)
    assert "interrupted" in typed("runs").output
    done = typed("resume")
    assert done.exit_code == 0, done.output
    assert [Path(line).name for line in done.output.splitlines()[-3:]] == ["report.html", "report.json", "report.md"]
    assert json.loads(typed("runs", "--json").stdout)[0]["status"] == "done"


def test_a_run_is_told_again(home):
    run = draft(home).run
    told = typed("replay", run)
    assert (told.exit_code, told.output.split(" (")[0]) == (0, f"{run}: the same report")
    assert json.loads(typed("replay", "--json").stdout)["why"] == ""


def test_a_run_that_comes_out_otherwise_ends_with_status_1(home, monkeypatch):
    draft(home)
    monkeypatch.setattr(drafting, "PLANNER", "other")
    told = typed("replay")
    assert told.exit_code == 1
    assert "NOT the same report" in told.output
    assert "/provenance/planner" in told.output


def test_two_runs_are_compared(home):
    one, two = draft(home, indication="Cough.").run, draft(home, indication="Fever.").run
    told = typed("diff", one, two)
    assert (told.exit_code, len(told.output.strip().splitlines())) == (1, 1)
    assert json.loads(typed("diff", one, two, "--json").stdout)["place"] == "request"
    assert typed("diff", one, one).exit_code == 0


def test_a_changed_file_is_found(home):
    run = draft(home)
    assert "intact" in typed("runs", "verify").output
    ReadingRoom().store.blobs.path(run.report.evidence[0].regions[0].mask_digest).write_bytes(b"")
    told = typed("runs", "verify", run.run)
    assert told.exit_code == 1
    assert "was changed after it was written" in told.output
    assert json.loads(typed("runs", "verify", "--json").stdout)["faults"]
