"""The commands of experiments, as a researcher types them: run, show, cells, gate."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from readingroom.cli_experiment import experiment
from readingroom.errors import BadFile, BadRequest

TEXT = """
name: Sloppy or not
cases: {phantoms: {n: 3, seed: 5}}
templates: [chest_xray]
writers: {sloppy: {kind: sloppy, rate: 0.5}}
tools: {rules: {planner: rules, backend: classical}}
checks: [off, strike]
seeds: [1, 2, 3]
"""
DRAFTS = 3 * 3 * 3


def typed(*words: object) -> Result:
    found = CliRunner().invoke(experiment, [str(word) for word in words])
    if found.exception and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


@pytest.fixture(scope="module")
def done(tmp_path_factory) -> tuple[Path, Result]:
    """The experiment run once, into the home folder."""
    home = tmp_path_factory.mktemp("home")
    (home / "sloppy.yaml").write_text(TEXT)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("READINGROOM_HOME", str(home))
        patched.setenv("READINGROOM_CONFIG", str(home / "config"))
        ran = typed("run", home / "sloppy.yaml")
    return home, ran


@pytest.fixture
def folder(done, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("READINGROOM_HOME", str(done[0]))
    monkeypatch.setenv("READINGROOM_CONFIG", str(done[0] / "config"))
    return done[0] / "experiments" / "sloppy-or-not"


def test_run_tells_how_far_it_is_and_ends_with_a_table(done, folder: Path):
    ran = done[1]
    assert f"drafts {DRAFTS} of {DRAFTS}, 0 failed" in ran.stderr
    assert "evidence 3 of 3" in ran.stderr
    assert f"drafted {DRAFTS}, kept 0, failed 0" in ran.stderr
    assert "3 cases of 3 patients, 3 arms, 27 drafts, 0 failed" in ran.stdout
    assert "chest_xray / sloppy / rules / no check *" in ran.stdout
    assert folder.is_dir()


def test_the_errors_of_the_sloppy_writer_are_caught(folder: Path):
    arms = {one["name"]: one for one in json.loads(typed("show", folder, "--json").stdout)["arms"]}

    def figure(check: str) -> dict[str, float]:
        figures = arms[f"chest_xray / sloppy / rules / {check}"]["figures"]
        return next(one["included"] for one in figures if one["metric"] == "slips_reaching")

    assert figure("no check")["value"] == 1.0
    assert figure("strike")["value"] < 0.3
    assert figure("strike")["low"] <= figure("strike")["value"] <= figure("strike")["high"]


def test_the_same_line_again_runs_nothing(done, folder: Path):
    again = typed("run", done[0] / "sloppy.yaml")
    assert f"tools asked about 0, drafted 0, kept {DRAFTS}" in again.stderr
    assert again.stdout == done[1].stdout


def test_show_tells_what_is_asked_for(folder: Path):
    shown = typed("show", folder, "-m", "slips_side", "-m", "words").stdout
    assert "swapped sides" in shown
    assert "words a report" in shown
    assert "claim F1" not in shown
    with pytest.raises(BadRequest, match="metric 'beauty' was not counted"):
        typed("show", folder, "-m", "beauty")


def test_the_comparison_stands_beside_what_could_have_been_seen(folder: Path):
    shown = typed("show", folder).stdout
    (row,) = [line for line in shown.splitlines() if "strike, minus no check" in line and "slips_reaching" in line]
    assert "detectable" in shown
    assert row.split()[-2:] == ["3", "same"]


def test_cells_are_listed_with_how_they_came_out(folder: Path):
    listed = typed("cells", folder).stdout.splitlines()
    assert len(listed) == DRAFTS
    assert all("chest_xray / sloppy" in line for line in listed)
    rows = json.loads(typed("cells", folder, "--json").stdout)
    assert {row["seed"] for row in rows} == {1, 2, 3}
    assert typed("cells", folder, "--failed").stdout == ""


def test_the_gate_holds_and_falls(folder: Path, tmp_path: Path):
    held = typed("gate", folder, "--floor", "slips_reaching=0.99", "--baseline", folder)
    assert (held.exit_code, held.stdout) == (0, "every bound holds\n")
    fell = typed("gate", folder, "--floor", "slips_reaching=0.001")
    assert fell.exit_code == 1
    (line,) = fell.stderr.splitlines()
    assert line.startswith("fallen: chest_xray / sloppy / rules / strike: slips_reaching upper bound is ")
    assert line.endswith("off its limit 0.001")
    told = typed("gate", folder, "--floor", "slips_reaching=0.001", "--json")
    assert (told.exit_code, told.stderr) == (1, "")
    assert json.loads(told.stdout) == {"holds": False, "fallen": [line.removeprefix("fallen: ")]}
    worse = tmp_path / "worse"
    shutil.copytree(folder, worse)
    (worse / "half.yaml").write_text(TEXT.replace("rate: 0.5", "rate: 1.0"))
    assert typed("run", worse / "half.yaml", "--out", worse).exit_code == 0
    fell = typed("gate", worse, "--baseline", folder)
    assert fell.exit_code == 1
    assert "worse by" in fell.stderr


def test_a_folder_without_an_experiment(tmp_path: Path):
    with pytest.raises(BadFile, match="is no folder of an experiment"):
        typed("show", tmp_path)


def test_a_run_leaves_a_page_and_view_writes_it_anew(done, folder: Path):
    page = folder / "view.html"
    assert f"to look at it: {page}" in done[1].stderr
    before = page.read_bytes()
    page.unlink()
    assert typed("view", folder).stdout == f"{page}\n"
    assert page.read_bytes() == before
    assert len(before) > 100_000  # with the pictures


def test_datasets_are_listed_with_what_their_folders_must_hold():
    lines = typed("datasets").stdout.splitlines()
    assert any(line.startswith("padchest-gr: PadChest-GR") and "master_table.csv" in line for line in lines)


def test_an_export_without_an_exporter_is_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("opentelemetry.sdk", reason="the extra 'telemetry' is not installed")
    monkeypatch.setenv("OTEL_TRACES_EXPORTER", "nowhere")
    with pytest.raises(BadRequest, match="no exporter of spans named 'nowhere'"):
        typed("export", folder, "--to", "otlp")


def test_a_judge_needs_a_name_and_reports_to_judge_against(folder: Path):
    with pytest.raises(BadRequest, match="nothing to judge by"):
        typed("judge", folder)
    with pytest.raises(BadRequest, match="no case has a report to hold drafts against"):
        typed("judge", folder, "--radeval", "radgraph")
