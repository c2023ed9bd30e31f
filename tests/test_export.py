"""A run's report in every format: the same bytes each time, with its images where they are given, and never touched."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from readingroom import ReadingRoom
from readingroom.errors import BadRequest, BadStudy, NotServed, ReadingRoomError
from readingroom.formats import FORMATS, formats_of
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom
from readingroom.questions import ask_room


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return ReadingRoom(home=home / "data", config=home / "config")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    folder = tmp_path_factory.mktemp("film")
    return write_chest(make_chest(ChestPhantom(seed=5, spacing_mm=2.0, cardiothoracic_ratio=0.6)), folder)


@pytest.fixture(scope="module")
def run(room, film):
    return room.draft_sync(film).run


def test_every_format_is_written_and_written_again_the_same(room, film, run, tmp_path):
    before = room.verify_run(run)
    first = room.reading(run, film).save(tmp_path / "a", FORMATS)
    second = room.reading(run, film).save(tmp_path / "b", FORMATS)
    assert len(first) == len(FORMATS)
    assert [path.name for path in first] == [path.name for path in second]
    differing = [one.name for one, two in zip(first, second, strict=True) if one.read_bytes() != two.read_bytes()]
    assert differing == []
    assert all(path.stat().st_size > 200 for path in first)
    assert room.verify_run(run) == before


def test_without_the_images_there_are_words_and_no_dicom(room, run, tmp_path):
    reading = room.reading(run)
    assert reading.figures == ()
    paths = reading.save(tmp_path, ["html", "json", "md", "csv", "fhir", "fhir-r5", "radfact"])
    assert json.loads(paths[1].read_text())["provenance"]["run"] == run
    with pytest.raises(BadStudy, match="--source"):
        reading.files("dicom-sr")


def test_what_can_be_made_is_written_though_another_format_cannot(room, run, tmp_path):
    with pytest.raises(ReadingRoomError):
        room.reading(run).save(tmp_path, ["dicom-sr", "md", "json"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.json", "report.md"]


def test_images_of_another_study_are_refused(room, run, tmp_path):
    other = write_chest(make_chest(ChestPhantom(seed=6, spacing_mm=2.0)), tmp_path)
    with pytest.raises(BadStudy, match="none that the report was made from"):
        room.reading(run, other)


def test_a_run_that_drafted_nothing_has_nothing_to_write(room, film):
    room.wait_for(room.embed(film))
    with pytest.raises(BadRequest, match="has no report"):
        room.reading(room.runs()[0].id)


def test_where_nothing_was_drafted_there_is_no_last_report(film, tmp_path):
    empty = ReadingRoom(home=tmp_path)
    empty.wait_for(empty.embed(film))
    for asked in (empty.reading, empty.report, lambda run: empty.verify("The heart is enlarged.", run)):
        with pytest.raises(BadRequest, match="no run has a report yet"):
            asked("last")


def test_the_last_report_is_not_hidden_by_what_was_asked_after_it(film, tmp_path):
    room = ReadingRoom(home=tmp_path)
    drafted = room.draft_sync(film).run
    room.wait_for(ask_room(room, "How big is the heart?", film))
    room.wait_for(room.embed(film))
    assert room.runs()[0].id != drafted
    assert room.reading("last").run == room.report("last").provenance.run == drafted
    assert room.verify("There is no pleural effusion.", "last").run == drafted


def test_a_draft_that_failed_is_not_passed_over_for_an_older_one(film, tmp_path):
    room = ReadingRoom(home=tmp_path)
    room.draft_sync(film)
    with pytest.raises(NotServed):
        room.draft_sync(film, targets=("spleen",))
    with pytest.raises(BadRequest, match=f"run '?{room.runs()[0].id}'? has no report"):
        room.reading("last")


@pytest.mark.parametrize(("text", "said"), [("", "no format was named"), ("html,doc", "no format 'doc'")])
def test_a_wrong_format_is_told_before_anything_is_made(text, said):
    with pytest.raises(BadRequest, match=said):
        formats_of(text)


def test_every_file_is_for_its_owner_alone(room, run, tmp_path):
    paths = room.reading(run).save(tmp_path / "out", ["json"])
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "out", *paths)] == [0o700, 0o600]
    assert Path(paths[0]).is_file()
