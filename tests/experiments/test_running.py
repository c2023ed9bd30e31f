"""An experiment is run once, resumed, amended and shared: tools are asked once a case, what is missing runs alone."""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from readingroom.errors import BadRequest
from readingroom.experiments.case import Case, Reference
from readingroom.experiments.experiment import Experiment, parse_experiment
from readingroom.experiments.results import Results
from readingroom.experiments.running import Ran, run_experiment
from tests.experiments.loopback import KEY, LIE, Counting, counting_server

pytest.importorskip("semantic_kernel", reason="language models need the extra `agent`")

TEXT = """
name: all of it
cases: {phantoms: {n: 2, seed: 3}}
templates: [chest_xray]
writers:
  template: {}
  sloppy: {kind: sloppy, rate: 0.5}
  model: {kind: model, model: usual}
tools: {all: {planner: fixed, workflow: chest_xray_report}}
checks: [off, strike]
seeds: [1, 2]
"""
DRAFTS = 2 * (3 + 2 * 3 * 2)
"""Two cases, three arms of each writer; the template's with one seed, the others' with two."""


def silent(progress: object) -> None:
    del progress


def parsed(text: str = TEXT) -> Experiment:
    return parse_experiment(text, "all.yaml", Path())


@pytest.fixture(scope="module")
def server():
    with counting_server() as found:
        yield found


@pytest.fixture(scope="module")
def done(server: Counting, tmp_path_factory) -> tuple[Path, Ran, Counting]:
    """The whole experiment, and how often what was asked for it."""
    home = tmp_path_factory.mktemp("experiment")
    ran = ran_in(home / "out", server, home)
    return home, ran, Counting(calls=server.calls.copy())


def ran_in(folder: Path, server: Counting, home: Path, text: str = TEXT, **more) -> Ran:
    return asyncio.run(run_experiment(parsed(text), server.settings(home), folder, silent, **more))


@pytest.fixture
def copied(done, tmp_path: Path) -> Path:
    """The experiment's folder, copied as one shares it."""
    shutil.copytree(done[0] / "out", tmp_path / "shared")
    return tmp_path / "shared"


def contents(folder: Path) -> dict[tuple[str, str, int], str]:
    results = Results(folder)
    return {(one.case, one.arm, one.seed): one.drafted_sha256 for one in results.drafts(results.matrix())}


def test_tools_are_asked_once_a_case_and_every_arm_writes_from_their_record(done):
    home, ran, counted = done
    assert ran == Ran(recorded=2, drafted=DRAFTS, kept=0, failed=0, missing=0)
    assert counted.calls["/report/score"] == 2  # one a case, for nine arms and two seeds
    assert counted.tools <= 2 * 2
    results = Results(home / "out")
    ledgers: dict[str, set[tuple[str, ...]]] = {}
    for one in results.drafts(results.matrix()):
        if "no tools" not in one.arm:
            seen = tuple(item.model_dump_json() for item in one.report.evidence if item.trust == "tool")
            ledgers.setdefault(one.case, set()).add(seen)
    assert [len(found) for found in ledgers.values()] == [1, 1]
    assert all(found for ledger in ledgers.values() for found in ledger)


def test_a_writer_without_tools_sees_no_evidence_and_one_without_check_says_what_it_will(done):
    home, _, counted = done
    results = Results(home / "out")
    made = [one for one in results.drafts(results.matrix()) if " / model " in one.arm]
    by_check = {one.arm.rpartition(" / ")[2]: one for one in made if one.seed == 1}
    assert not [item for item in by_check["no tools"].report.evidence if item.trust == "tool"]
    for name in ("no tools", "no check"):
        report = by_check[name].report
        assert [finding.text for finding in report.findings] == [LIE]
        assert report.verification is None
        assert by_check[name].calls == 2
        assert by_check[name].cost == pytest.approx(2 * (50 * 1.0 + 10 * 2.0) / 1e6)
    struck = by_check["strike"].report
    assert LIE in [item.check.text for item in struck.struck]
    assert LIE not in [finding.text for finding in struck.findings]
    assert counted.models == 2 * 2 * 3  # of a case and seed: the findings with and without tools, and one impression


def test_only_what_is_missing_is_drafted_and_nobody_is_asked_again(done, copied: Path, server: Counting):
    before, calls = contents(copied), sum(server.calls.values())
    lost = sorted((copied / "cells").iterdir())[::2]
    for path in lost:
        path.unlink()
    ran = ran_in(copied, server, done[0])
    assert ran == Ran(recorded=0, drafted=len(lost), kept=DRAFTS - len(lost), failed=0, missing=0)
    assert contents(copied) == before
    assert sum(server.calls.values()) == calls


def test_a_copy_is_whole_and_runs_nothing(done, copied: Path, server: Counting):
    calls = sum(server.calls.values())
    ran = ran_in(copied, server, done[0])
    assert (ran.recorded, ran.drafted, ran.kept) == (0, 0, DRAFTS)
    assert sum(server.calls.values()) == calls


def test_an_added_arm_and_an_added_case_run_alone(done, copied: Path, server: Counting):
    calls = server.tools
    ran = ran_in(copied, server, done[0], TEXT.replace("checks: [off, strike]", "checks: [off, mark, strike]"))
    assert (ran.recorded, ran.drafted, ran.kept) == (0, 2 * (1 + 2 + 2), DRAFTS)
    assert server.tools == calls  # no tool was asked for the new arm
    ran = ran_in(copied, server, done[0], TEXT.replace("n: 2", "n: 3"))
    assert (ran.recorded, ran.drafted, ran.kept) == (1, DRAFTS // 2, DRAFTS)


def test_another_rate_seed_or_template_is_another_cell(done, copied: Path, server: Counting):
    known = {path.stem for path in (copied / "cells").iterdir()}
    ran_in(copied, server, done[0], TEXT.replace("rate: 0.5", "rate: 0.4").replace("[1, 2]", "[3]"))
    matrix = Results(copied).matrix()
    fresh = {one.cell for one in matrix.cells} - known
    assert {matrix.arms[one.arm].writer for one in matrix.cells if one.cell in fresh} == {"sloppy", "model"}
    assert {matrix.arms[one.arm].writer for one in matrix.cells if one.cell not in fresh} == {"template"}


def test_two_processes_do_not_work_in_one_folder(done, copied: Path, server: Counting):
    with Results(copied).held(), pytest.raises(BadRequest, match="another process is at it"):
        ran_in(copied, server, done[0])


def test_a_limit_of_tokens_stops_it_and_the_same_line_goes_on(done, tmp_path: Path, server: Counting):
    shutil.copytree(done[0] / "out" / "phantoms", tmp_path / "phantoms")
    shutil.copytree(done[0] / "out" / "evidence", tmp_path / "evidence")
    first = ran_in(tmp_path, server, done[0], TEXT + "stop: {tokens: 100}\nat_once: 1\n")
    assert 0 < first.missing < DRAFTS
    second = ran_in(tmp_path, server, done[0])
    assert second == Ran(recorded=0, drafted=first.missing, kept=first.drafted, failed=0, missing=0)


def test_failures_are_cells_with_their_line_and_can_be_tried_again(done, tmp_path: Path, server: Counting):
    film = next((done[0] / "out" / "phantoms").glob("*/*.dcm"))
    (tmp_path / "broken.dcm").write_bytes(film.read_bytes()[:700])
    (tmp_path / "cases.csv").write_text("case,images\nbroken,broken.dcm\ngone,gone.dcm\n")
    text = TEXT.replace("{phantoms: {n: 2, seed: 3}}", f"{{adapter: csv, path: {tmp_path}/cases.csv}}")
    out = tmp_path / "out"
    ran = ran_in(out, server, done[0], text)
    assert ran.failed == ran.drafted == DRAFTS
    results = Results(out)
    errors = {one.case: one.error for one in results.drafts(results.matrix())}
    assert "broken.dcm" in errors["broken"]
    assert "gone.dcm: cannot be read" in errors["gone"]
    assert all("\n" not in line for line in errors.values())
    assert ran_in(out, server, done[0], text).drafted == 0
    (tmp_path / "gone.dcm").write_bytes(film.read_bytes())
    again = ran_in(out, server, done[0], text, retry_failed=True)
    assert again.failed == DRAFTS // 2


def test_a_model_that_is_down_fails_its_cells_and_no_template_stands_in(done, copied: Path, server: Counting):
    server.down = True
    try:
        ran = ran_in(copied, server, done[0], TEXT.replace("[1, 2]", "[4]").replace("strike]", "review]"))
    finally:
        server.down = False
    results = Results(copied)
    failed = [one for one in results.drafts(results.matrix()) if one.error]
    assert len(failed) == ran.failed == 2 * 3
    assert {one.arm.split(" / ")[1] for one in failed} == {"model (usual)"}


def test_a_question_with_options_is_answered_by_a_letter(done, tmp_path: Path, server: Counting):
    film = next((done[0] / "out" / "phantoms").glob("*/*.dcm"))
    reference = Reference(choices=("The left.", "The right."), answer="B")
    case = Case(id="q", subject="q", paths=(str(film),), words={"question": "Which side?"}, reference=reference)
    (tmp_path / "cases.json").write_text(f"[{case.model_dump_json()}]")
    text = TEXT.replace("{phantoms: {n: 2, seed: 3}}", f"{{adapter: json, path: {tmp_path}/cases.json}}")
    ran_in(tmp_path / "out", server, done[0], text)
    results = Results(tmp_path / "out")
    made = {(one.arm.split(" / ")[1], one.arm.rpartition(" / ")[2]): one for one in results.drafts(results.matrix())}
    assert made["model (usual)", "no check"].answer == "B"
    assert made["model (usual)", "strike"].answer == "B"
    assert "answers no multiple-choice questions" in made["sloppy", "strike"].error
    assert (made["template", "strike"].answer, made["template", "strike"].error) == ("", "")  # sides decide nothing


KILLED = """
import asyncio, json, os, signal, sys
from pathlib import Path
from readingroom.experiments.experiment import parse_experiment
from readingroom.experiments.running import run_experiment
from readingroom.settings import Settings

def listen(progress):
    if (progress.stage, progress.done) == (sys.argv[3], int(sys.argv[4])):
        os.kill(os.getpid(), signal.SIGKILL)

settings, out = Settings(**json.loads(sys.argv[1])), Path(sys.argv[2])
asyncio.run(run_experiment(parse_experiment(sys.argv[5], "all.yaml", Path()), settings, out, listen))
"""


def test_killed_in_the_middle_it_goes_on_to_the_same_end(done, tmp_path: Path, server: Counting):
    for folder in ("phantoms", "turns"):
        shutil.copytree(done[0] / "out" / folder, tmp_path / folder)
    settings = server.settings(done[0]).model_dump(mode="json", exclude={"endpoints", "telemetry"})
    settings["endpoints"] = {name: {"address": f"{server.url}/{path}/score", "key": KEY, "deadline": 20}
                             for name, path in (("cxrreportgen", "report"), ("medimageparse", "parse"))}  # fmt: skip
    calls = server.calls["/report/score"]
    given = [json.dumps(settings), str(tmp_path), "drafts", "4", TEXT]
    ended = subprocess.run([sys.executable, "-c", KILLED, *given], capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    next((tmp_path / "evidence" / "of").iterdir()).unlink()  # as if it had been killed before this was written
    again = ran_in(tmp_path, server, done[0])
    assert again.recorded == 1
    assert again.kept >= 4
    assert again.drafted + again.kept == DRAFTS
    assert server.calls["/report/score"] - calls == 2  # what the killed process was answered is kept
    assert contents(tmp_path) == contents(done[0] / "out")
