"""The commands, from a list of pairs to a summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from readingroom.cli_reader_study import reader_study
from readingroom.exports.canonical import to_json
from tests.reader_study.studies import draft


def test_make_and_collect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    for number in range(2):
        for which in range(2):
            (tmp_path / f"{number}-{which}.json").write_text(to_json(draft(number, which)), encoding="utf-8")
    (tmp_path / "pairs.csv").write_text("case,first,second\na,0-0.json,0-1.json\nb,1-0.json,1-1.json\n")
    readers, key = tmp_path / "readers", tmp_path / "key.json"
    call = ["make", str(tmp_path / "pairs.csv"), "--out", str(readers), "--key", str(key), "--seed", "3"]
    done = CliRunner().invoke(reader_study, call, catch_exceptions=False)
    assert done.exit_code == 0
    form = json.loads((readers / "form.json").read_text(encoding="utf-8"))
    form["reader"] = "RW"
    for case in form["cases"]:
        case["prefer"] = "tie"
    (tmp_path / "rw.json").write_text(json.dumps(form), encoding="utf-8")
    call = ["collect", str(tmp_path / "rw.json"), "--key", str(key), "--out", str(tmp_path / "summary")]
    done = CliRunner().invoke(reader_study, call, catch_exceptions=False)
    assert "first 0, second 0, tie 2" in done.output
    assert json.loads((tmp_path / "summary" / "summary.json").read_text())["cases_read"] == 2
