"""The patient's name goes with a study as marks only, so that a text on its way out can be freed of it."""

from pathlib import Path

from readingroom.domain.name_marks import name_marks
from readingroom.imaging.reader import read_study
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom

KEY = b"k" * 32


def test_a_study_carries_marks_and_not_the_name(tmp_path: Path):
    path = write_chest(make_chest(ChestPhantom(spacing_mm=2.0)), tmp_path)
    study = read_study([path], subject_key=KEY)
    assert name_marks("Phantom", KEY) < study.marks
    assert "phantom" not in repr(study).lower().replace("phantoms", "")
    assert read_study([path], subject_key=b"z" * 32).marks.isdisjoint(study.marks)
