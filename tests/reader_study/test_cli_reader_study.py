"""The commands, from a list of pairs to a summary."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Picture
from typer.testing import CliRunner

from readingroom.cli_reader_study import reader_study
from readingroom.errors import BadRequest, BadStudy
from readingroom.exports.canonical import to_json
from readingroom.imaging.reader import read_study
from readingroom.reader_study.pairing import pairs_of
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


OTHER = "9" * 64


@pytest.mark.parametrize(("subject", "whose"), [("subject-4f2a", "different images"), ("subject-1", "two patients")])
def test_drafts_of_different_images_are_no_pair(tmp_path: Path, subject: str, whose: str) -> None:
    images = tuple(image.model_copy(update={"sha256": OTHER}) for image in draft(0, 1).images)
    (tmp_path / "a.json").write_text(to_json(draft(0, 0)), encoding="utf-8")
    (tmp_path / "b.json").write_text(to_json(draft(0, 1, images=images, subject=subject)), encoding="utf-8")
    rows = [{"case": "a", "first": "a.json", "second": "b.json", "images": ""}]
    with pytest.raises(BadRequest, match=f"line 2 of the list pairs drafts of {whose}"):
        pairs_of(rows, tmp_path, str, b"k" * 32)  # type: ignore[arg-type]  # no run is asked for


def test_a_case_is_shown_with_images_that_its_drafts_were_made_from(tmp_path: Path) -> None:
    Picture.fromarray(np.random.default_rng(1).integers(0, 255, (96, 96), np.uint8)).save(tmp_path / "film.png")
    rows = [{"case": "a", "first": "a.json", "second": "b.json", "images": "film.png"}]
    for name, which in (("a.json", 0), ("b.json", 1)):
        (tmp_path / name).write_text(to_json(draft(0, which)), encoding="utf-8")
    with pytest.raises(BadStudy, match="neither draft was made from"):
        pairs_of(rows, tmp_path, str, b"k" * 32)  # type: ignore[arg-type]
    (ref,) = (image.ref for image in read_study((tmp_path / "film.png",), subject_key=b"k" * 32).images)
    for name, which in (("a.json", 0), ("b.json", 1)):
        images = tuple(
            image.model_copy(update={"sha256": ref.sha256}) if image.role == "current" else image
            for image in draft(0, which).images
        )
        (tmp_path / name).write_text(to_json(draft(0, which, images=images)), encoding="utf-8")
    (pair,) = pairs_of(rows, tmp_path, str, b"k" * 32)  # type: ignore[arg-type]
    assert len(pair.figures) == 1
