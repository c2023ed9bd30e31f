"""The commands about cohorts, in this process: from a folder to tables and a page, and the exit codes on the way."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from readingroom.cli_cohort import cohort
from readingroom.errors import BadRequest, ReadingRoomError
from readingroom.imaging.png import encode_png


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("READINGROOM_CONFIG", str(tmp_path / "config"))
    (tmp_path / "in").mkdir()
    for place in range(3):
        grain = np.random.default_rng(place).integers(0, 255, (80, 96), np.uint8)
        (tmp_path / "in" / f"{place}.png").write_bytes(encode_png(grain))

    def call(*words, code=0):
        found = CliRunner().invoke(cohort, list(words))
        if isinstance(found.exception, ReadingRoomError):
            raise found.exception
        assert found.exit_code == code, found.output
        return found

    return call


def test_from_a_folder_to_tables_with_progress_and_failures(run, tmp_path):
    told = run("estimate", "in", "--workflow", "embed").stdout
    assert told.startswith("3 items, 3 to do (0.0 MB)")
    (tmp_path / "in" / "3.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    first = run("run", "in", "--workflow", "embed", "--out", "out", "--most", "1", code=1)
    assert "1 done, 3 waiting; 1 in this session" in first.stdout or "1 failed, 3 waiting" in first.stdout
    second = run("run", "in", "--workflow", "embed", "--out", "out", "--index", "ix", "--limit", "2.5", code=1)
    assert "3 done, 1 failed; 3 in this session" in second.stdout
    assert second.stdout.rstrip().endswith("out/summary.html")
    assert "at most 2.50 items/s (as stated)" in second.stderr
    assert "4 of 4 | " in second.stderr
    seen = json.loads(run("status", "out", "--json").stdout)
    assert seen["counts"] == {"done": 3, "failed": 1}
    assert seen["running"] is False
    assert list(seen["failures"].values()) == [1]
    assert "3 done, 1 failed; no process is at it" in run("status", "out").stdout
    assert run("show", "out").stdout.rstrip().endswith("summary.html")
    assert json.loads(run("show", "out", "--json").stdout)["summary"].endswith("out/summary.html")
    (tmp_path / "in" / "3.png").write_bytes((tmp_path / "in" / "2.png").read_bytes())
    found = json.loads(run("retry", "in", "--workflow", "embed", "--out", "out", "--json", "--item-seconds",
                           "99", "--limit", "7", "--at-once", "2").stdout)  # fmt: skip
    assert found["estimate"]["bound"]["rate"] == 7
    assert found["counts"] == {"done": 4}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run", "in", "--workflow", "read", "--out", "out"), "no workflow or tool 'read'"),
        (("run", "nowhere", "--workflow", "embed", "--out", "out"), "no such manifest"),
        (("run", "in", "--workflow", "embed", "--out", "out", "--by", "patient"), "--by cannot be 'patient'"),
        (("run", "in", "--workflow", "embed", "--out", "out", "--pooling", "sum"), "pooling cannot be 'sum'"),
        (("run", "in", "--workflow", "report", "--out", "out", "--modality", "xx"), "stated.modality"),
        (("run", "in", "--workflow", "report", "--out", "out", "--format", "rtf"), "rtf"),
        (("status", "in"), "there is no cohort here"),
        (("show", "in"), "there is no cohort here"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run, words, said):
    with pytest.raises(BadRequest, match=said):
        run(*words)
