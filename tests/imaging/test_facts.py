"""What a header says: anatomy, view, sides, spacing, each with its source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from readingroom.domain.image import ImageRef, Spacing
from readingroom.imaging.anatomy import parts_named, view_named
from readingroom.imaging.reader import read_study
from tests.imaging.dicom_files import ramp, write


def ref(path: Path, **elements: Any) -> ImageRef:
    (image,) = read_study([write(path / "one.dcm", ramp(), **elements)], subject_key=b"k").images
    return image.ref


@pytest.mark.parametrize(
    ("elements", "anatomy"),
    [
        ({"BodyPartExamined": "CHEST"}, "chest"),
        ({"BodyPartExamined": "THORAX"}, "chest"),
        ({"StudyDescription": "XR Chest 2 views"}, "chest"),
        ({"BodyPartExamined": "PARTIALBODY", "ProtocolName": "Knee AP"}, "knee"),
        ({"StudyDescription": "chest and abdomen"}, "unknown"),
        ({"StudyDescription": "headache after fall"}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_the_body_part(tmp_path: Path, elements: dict[str, str], anatomy: str) -> None:
    found = ref(tmp_path, **elements)
    assert (found.anatomy, found.anatomy_source) == (anatomy, "none" if anatomy == "unknown" else "header")


def test_a_head_in_ct_is_a_brain(tmp_path: Path) -> None:
    assert ref(tmp_path, Modality="CT", BodyPartExamined="HEAD").anatomy == "brain"


@pytest.mark.parametrize(
    ("elements", "view", "left", "source"),
    [
        ({"ViewPosition": "PA"}, "PA", "right", "convention"),
        ({"ViewPosition": "AP", "PatientOrientation": ["L", "F"]}, "AP", "right", "header"),
        ({"ViewPosition": "AP", "PatientOrientation": ["R", "F"]}, "AP", "left", "header"),
        ({"PatientOrientation": ["L", "F"]}, "frontal", "right", "header"),
        ({"PatientOrientation": ["A", "F"]}, "lateral", "unknown", "none"),
        ({"ViewPosition": "LL"}, "lateral", "unknown", "none"),
        ({"SeriesDescription": "view: PA"}, "PA", "right", "convention"),
        ({"SeriesDescription": "PA and lateral"}, "unknown", "unknown", "none"),
        ({}, "unknown", "unknown", "none"),
    ],
)
def test_view_and_sides_of_a_film(tmp_path: Path, elements: dict[str, Any], view: str, left: str, source: str) -> None:
    found = ref(tmp_path, **elements)
    assert (found.view, found.image_left, found.image_left_source) == (view, left, source)


def test_a_flip_told_by_the_detector_is_noted(tmp_path: Path) -> None:
    assert any("flipped" in note for note in ref(tmp_path, ViewPosition="PA", FieldOfViewHorizontalFlip="YES").notes)


def test_laterality_counts_for_paired_parts_only(tmp_path: Path) -> None:
    assert ref(tmp_path, BodyPartExamined="HAND", ImageLaterality="L").laterality == "left"
    assert ref(tmp_path, BodyPartExamined="HAND").laterality == "unspecified"
    assert ref(tmp_path, BodyPartExamined="CHEST", ImageLaterality="L").laterality == "not_applicable"
    assert ref(tmp_path, Modality="MG", Laterality="R").name == "right mammogram"


@pytest.mark.parametrize(
    ("elements", "spacing", "said"),
    [
        ({"PixelSpacing": [0.2, 0.3]}, (0.2, 0.3, "PixelSpacing", "detector"), "at the detector"),
        ({"ImagerPixelSpacing": [0.1, 0.1]}, (0.1, 0.1, "ImagerPixelSpacing", "detector"), "at the detector"),
        ({"NominalScannedPixelSpacing": [0.1, 0.1]}, (0.1, 0.1, "NominalScannedPixelSpacing", "detector"), "film"),
        (
            {"PixelSpacing": [0.12, 0.12], "ImagerPixelSpacing": [0.15, 0.15]},
            (0.15, 0.15, "ImagerPixelSpacing", "detector"), "differs from ImagerPixelSpacing",
        ),
        (
            {"PixelSpacing": [0.12] * 2, "ImagerPixelSpacing": [0.15] * 2, "PixelSpacingCalibrationType": "FIDUCIAL"},
            (0.12, 0.12, "PixelSpacing", "patient"), "known size",
        ),
        (
            {"PixelSpacing": [0.12, 0.12], "PixelSpacingCalibrationType": "GEOMETRY"},
            (0.12, 0.12, "PixelSpacing", "patient"), "assumed",
        ),
        ({"PixelSpacing": [0.2, 0.2], "Modality": "OT"}, None, "not how the image was made"),
        ({"PixelSpacing": [0.2, 0.3], "Modality": "MR"}, (0.2, 0.3, "PixelSpacing", "patient"), ""),
        ({}, None, "no pixel spacing"),
    ],
)  # fmt: skip
def test_spacing(tmp_path: Path, elements: dict[str, Any], spacing: tuple[Any, ...] | None, said: str) -> None:
    found = ref(tmp_path, **elements)
    wanted = spacing and Spacing(row=spacing[0], column=spacing[1], source=spacing[2], plane=spacing[3])
    assert found.spacing == wanted
    assert said in found.spacing_note


def test_an_ultrasound_scale_is_in_centimetres(tmp_path: Path) -> None:
    region = Dataset()
    region.PhysicalUnitsXDirection = region.PhysicalUnitsYDirection = 3
    region.PhysicalDeltaX, region.PhysicalDeltaY = 0.02, 0.03
    region.RegionSpatialFormat = 1
    found = ref(tmp_path, Modality="US", SequenceOfUltrasoundRegions=Sequence([region]))
    assert found.spacing is not None
    assert (found.spacing.row, found.spacing.column) == pytest.approx((0.3, 0.2))


def test_words_are_whole_words() -> None:
    assert parts_named("CHEST^ROUTINE") == {"chest"}
    assert parts_named("handover of armadillo") == frozenset()
    assert view_named("PARTIAL") == "unknown"
    assert view_named("AP supine") == "AP"
