"""DICOM SR: the report's measurements with their units and doubts, regions, judgements, and the sentences."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from highdicom.sr import ComprehensiveSR, NumContentItem
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom import Dataset

from readingroom.domain.category import Category
from readingroom.domain.check import Check, Problem, Verification
from readingroom.domain.measurement import Measurement
from readingroom.errors import BadStudy
from readingroom.exports.dicom_seg import to_dicom_seg
from readingroom.exports.dicom_sr import to_dicom_sr
from readingroom.exports.material import Material
from tests.exports import hostile
from tests.exports.dicom_world import DIRECTIONS, World, acquire, complaints, dumped, world
from tests.imaging.dicom_files import ramp, write


def opened(data: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(data))


def name_of(item: Dataset) -> str:
    names = item.get("ConceptNameCodeSequence")
    return str(names[0].CodeMeaning) if names else ""


def walk(item: Dataset) -> list[Dataset]:
    """The content items below one, in order."""
    found = []
    for child in item.get("ContentSequence") or ():
        found += [child, *walk(child)]
    return found


def named(item: Dataset, name: str) -> list[Dataset]:
    return [child for child in walk(item) if name_of(child) == name]


def groups(document: Dataset) -> dict[str, Dataset]:
    """Measurement groups by the evidence that their comment begins with."""
    found = {}
    for group in named(document, "Measurement Group"):
        (told,) = [one for one in group.ContentSequence if name_of(one) == "Comment"]
        found.setdefault(told.TextValue.partition(":")[0], group)
    return found


@pytest.fixture(scope="module")
def axial(tmp_path_factory: pytest.TempPathFactory) -> World:
    return world([acquire(tmp_path_factory.mktemp("axial") / "ct", DIRECTIONS["axial"], steps=-2.5)])


@pytest.fixture(scope="module")
def document(axial: World) -> Dataset:
    return opened(to_dicom_sr(axial.report, axial.material))


def numbers(group: Dataset) -> list[Dataset]:
    return [one for one in group.ContentSequence if one.ValueType == "NUM"]


def test_every_measurement_is_the_reports(axial: World, document: Dataset) -> None:
    units = {"mm": "mm", "px2": "{pixels2}", "HU": "[hnsf'U]", "1": "1"}
    found = groups(document)
    for item in axial.report.evidence:
        if item.id not in found:
            assert item.trust == "untrusted_text"
            continue
        told = numbers(found[item.id])
        assert len(told) == len(item.measurements)
        for number, measurement in zip(told, item.measurements, strict=True):
            (value,) = number.MeasuredValueSequence
            assert value.FloatingPointValue == measurement.value
            assert (
                str(value.NumericValue)
                == f"{round(measurement.value, measurement.decimals):.{max(measurement.decimals, 0)}f}"
            )
            assert value.MeasurementUnitsCodeSequence[0].CodeValue == units[measurement.unit]
            spread = [one for one in number.ContentSequence if "uncertainty" in name_of(one)]
            assert [one.MeasuredValueSequence[0].FloatingPointValue for one in spread] == (
                [] if measurement.sd is None else [measurement.sd, measurement.sd]
            )
            assert {one.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue for one in spread} <= {
                units[measurement.unit]
            }
            (method,) = [one for one in number.ContentSequence if name_of(one) == "Measurement Method"]
            assert method.ConceptCodeSequence[0].CodeMeaning == measurement.method
            (how,) = [one for one in number.ContentSequence if name_of(one) == "Comment"]
            assert measurement.qualifier in how.TextValue


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=st.floats(-1e12, 1e12), decimals=st.integers(-9, 4), sd=st.none() | st.floats(0, 1e9))
def test_any_number_can_be_written(axial: World, value: float, decimals: int, sd: float | None) -> None:
    measurement = Measurement(name="area", value=value, unit="px2", decimals=decimals, sd=sd, method="x")
    item = axial.report.evidence[4].model_copy(update={"measurements": (measurement,)})
    report = axial.report.model_copy(update={"evidence": (item,), "findings": (), "impression": ()})
    (number,) = named(opened(to_dicom_sr(report, axial.material)), "Area")
    assert number.MeasuredValueSequence[0].FloatingPointValue == value
    assert len(str(number.MeasuredValueSequence[0].NumericValue)) <= 16


def test_detector_plane_and_pixels_are_marked(tmp_path: Path) -> None:
    path = write(tmp_path / "dx.dcm", ramp(60, 48), StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.4",
                 ImagerPixelSpacing=[0.2, 0.35], PatientOrientation=["L", "F"])  # fmt: skip
    place = world([path])
    length, area = numbers(groups(opened(to_dicom_sr(place.report, place.material)))["E12"])[:2]
    assert "at the detector" in named(length, "Comment")[0].TextValue
    bare = write(tmp_path / "bare.dcm", ramp(60, 48), StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.4")
    place = world([bare])
    length, area = numbers(groups(opened(to_dicom_sr(place.report, place.material)))["E12"])[:2]
    units = [one.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue for one in (length, area)]
    assert units == ["{pixels}", "{pixels2}"]


def test_tracking_and_segments_are_those_of_the_segmentation(axial: World, document: Dataset) -> None:
    seg = opened(to_dicom_seg(axial.report, axial.material))
    for evidence in ("E11", "E12"):
        group = groups(document)[evidence]
        (uid,) = named(group, "Tracking Unique Identifier")
        (reference,) = named(group, "Referenced Segment")
        assert seg.SegmentSequence[0].TrackingUID == uid.UID
        assert reference.ReferencedSOPSequence[0].ReferencedSOPInstanceUID == seg.SOPInstanceUID
        assert reference.ReferencedSOPSequence[0].ReferencedSegmentNumber == 1
    two = named(numbers(groups(document)["E16"])[0], "Referenced Segment")
    assert list(two[0].ReferencedSOPSequence[0].ReferencedSegmentNumber) == [1, 2]
    evidence = document.CurrentRequestedProcedureEvidenceSequence[0].ReferencedSeriesSequence
    assert {one.SeriesInstanceUID for one in evidence} == {"1.2.826.0.1.3680043.8.498.3", seg.SeriesInstanceUID}


def test_of_a_radiograph_the_frame_of_the_segmentation_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "dx.dcm", ramp(60, 48), StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.4")
    place = world([path])
    seg = opened(to_dicom_seg(place.report, place.material))
    (reference,) = named(
        groups(opened(to_dicom_sr(place.report, place.material)))["E12"], "Referenced Segmentation Frame"
    )
    frame = int(reference.ReferencedSOPSequence[0].ReferencedFrameNumber)
    assert np.array_equal(seg.pixel_array[frame - 1] > 0, place.masks["img-1-letter"])


def test_boxes_and_lines_lie_on_the_slice_they_were_seen_in(axial: World, document: Dataset) -> None:
    """The series runs downwards, so that slice k of the volume is the k-th file from the feet."""
    (box,) = named(groups(document)["E13"], "Image Region")
    assert list(box.GraphicData) == [2.0, 3.0, 9.5, 3.0, 9.5, 8.25, 2.0, 8.25, 2.0, 3.0]
    image = box.ContentSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID
    ref = axial.report.images[0]
    instances = sorted(axial.material.instances["img-1"], key=lambda one: float(one.ImagePositionPatient[2]))
    assert image == instances[ref.depth // 2].SOPInstanceUID
    (line,) = named(groups(document)["E14"], "across")
    assert (line.ValueType, line.RelationshipType) == ("SCOORD", "INFERRED FROM")
    assert list(line.GraphicData) == [1.5, 2.25, 7.5, 9.75]


def test_a_mirrored_axial_series_mirrors_the_box(tmp_path: Path) -> None:
    directions = (-1, 0, 0, 0, -1, 0)
    place = world([acquire(tmp_path / "ct", directions)])
    (box,) = named(groups(opened(to_dicom_sr(place.report, place.material)))["E13"], "Image Region")
    points = np.reshape(list(box.GraphicData), (-1, 2))
    assert points[0].tolist() == [20 - 2.0, 24 - 3.0]
    assert points[2].tolist() == [20 - 9.5, 24 - 8.25]


@pytest.mark.parametrize("name", ["coronal", "sagittal, mirrored"])
def test_regions_across_acquired_slices_stand_in_the_patient(tmp_path: Path, name: str) -> None:
    place = world([acquire(tmp_path / "ct", DIRECTIONS[name])])
    data = to_dicom_sr(place.report, place.material)
    document = opened(data)
    assert document.SOPClassUID.name == "Comprehensive 3D SR Storage"
    (box,) = named(groups(document)["E13"], "Image Region")
    points = np.reshape(list(box.GraphicData), (-1, 3))
    affine = place.material.study.images[0].affine  # type: ignore[union-attr]
    depth = place.report.images[0].depth // 2
    assert np.allclose(points[0], (affine @ (2.0 - 0.5, 3.0 - 0.5, depth, 1))[:3], atol=1e-4)
    assert np.allclose(points[2], (affine @ (9.5 - 0.5, 8.25 - 0.5, depth, 1))[:3], atol=1e-4)
    assert box.ReferencedFrameOfReferenceUID == "1.2.826.0.1.3680043.8.498.4"


def test_judgements_site_and_algorithm(document: Dataset) -> None:
    group = groups(document)["E13"]
    codes = {name_of(one): one.ConceptCodeSequence[0].CodeMeaning for one in walk(group) if one.ValueType == "CODE"}
    assert codes["Presence"] == "Present"
    assert codes["Severity"] == "Moderate"
    assert codes["Certainty of Finding"] == "likely"
    assert codes["Laterality"] == "Left"
    assert "lower" in codes["Finding Site"].lower()
    absent = groups(document)["E15"]
    assert [one.ConceptCodeSequence[0].CodeMeaning for one in named(absent, "Presence")] == ["Absent"]
    assert [one.TextValue for one in named(group, "Algorithm Name")] == ["outline (classical)"]
    assert [one.TextValue for one in named(group, "Algorithm Version")] == ["0.2.0"]
    assert "input_sha256=" + "a" * 64 in [one.TextValue for one in named(group, "Algorithm Parameters")]


def test_sentences_are_inferred_from_what_they_stand_on(document: Dataset) -> None:
    first = named(document, "Findings")[0].ContentSequence[0]
    assert first.TextValue == "There is an opacity of 12.3 ± 0.4 mm in the left lower zone."
    sources = [one.UID for one in first.ContentSequence if one.RelationshipType == "INFERRED FROM"]
    assert sources == [
        named(groups(document)[evidence], "Tracking Unique Identifier")[0].UID for evidence in ("E13", "E12")
    ]
    impression = named(document, "Impressions")[0].ContentSequence[0]
    assert impression.TextValue == "Opacity, likely pneumonia."
    (source,) = [one for one in impression.ContentSequence if one.RelationshipType == "INFERRED FROM"]
    assert (source.TextValue, name_of(source)) == (first.TextValue, "Finding")


def test_it_is_a_preliminary_partial_unverified_draft_for_research(document: Dataset) -> None:
    assert (document.CompletionFlag, document.VerificationFlag, document.PreliminaryFlag) == (
        "PARTIAL", "UNVERIFIED", "PRELIMINARY",
    )  # fmt: skip
    assert "RESEARCH ONLY" in document.SeriesDescription
    comments = [one.TextValue for one in document.ContentSequence if name_of(one) == "Comment"]
    assert comments[0].startswith("RESEARCH ONLY - NOT FOR DIAGNOSIS")
    assert any("Limitation: For research only" in one for one in comments)
    assert any("run run-1" in one for one in comments)
    assert any("Not verified" in one for one in comments)
    assert named(document, "Device Observer UID")[0].UID.startswith("2.25.")
    assert not named(document, "Person Observer Name")


def test_a_contradicted_sentence_says_so_and_categories_are_told(axial: World) -> None:
    problem = Problem(rule="R04", verdict="contradicted", reason="says left; the evidence lies on the right")
    check = Check(target="F1", section="findings", text=axial.report.findings[0].text, verdict="contradicted",
                  problems=(problem,), claims=1)  # fmt: skip
    category = Category(id="C1", system="Lung-RADS", version="2022", value="4A", meaning="Suspicious",
                        rule_sha256="d" * 64)  # fmt: skip
    report = axial.report.model_copy(
        update={"verification": Verification(checks=(check,), coverage=1.0), "categories": (category,)}
    )
    document = opened(to_dicom_sr(report, axial.material))
    told = named(named(document, "Findings")[0].ContentSequence[0], "Comment")[0].TextValue
    assert told.startswith("F1 (E13, E12): checked by rules: contradicted")
    assert "the evidence lies on the right" in told
    assert named(document, "Lung-RADS 2022 category")[0].TextValue == "4A: Suspicious"


def test_the_library_reads_its_groups_back(axial: World) -> None:
    content = ComprehensiveSR.from_dataset(opened(to_dicom_sr(axial.report, axial.material))).content
    volumetric = content.get_volumetric_roi_measurement_groups()
    planar = content.get_planar_roi_measurement_groups()
    whole = content.get_image_measurement_groups()
    assert (len(volumetric), len(planar), len(whole)) == (3, 1, 3)
    lengths = volumetric[1].get_measurements()
    assert [one.value for one in lengths] == [12.34567, 1234.5, -829.4, 0.5812]
    assert isinstance(lengths[0][0], NumContentItem)


def test_a_prior_of_another_study_is_evidence_too(tmp_path: Path) -> None:
    now = write(tmp_path / "now.dcm", ramp(), StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.4")
    then = write(tmp_path / "then.dcm", ramp() + 1, StudyInstanceUID="1.2.5", SeriesInstanceUID="1.2.6")
    place = world([now], priors=[then])
    data = to_dicom_sr(place.report, place.material)
    document = opened(data)
    assert document.StudyInstanceUID == "1.2.3"
    assert [one.StudyInstanceUID for one in document.PertinentOtherEvidenceSequence] == ["1.2.5"]
    (change,) = named(named(document, "Findings")[0], "change")
    assert change.ConceptCodeSequence[0].CodeMeaning == "Increase in size"
    assert not complaints(data, tmp_path)


def test_a_report_without_evidence_still_tells_its_limitations(axial: World, tmp_path: Path) -> None:
    report = axial.report.model_copy(update={"evidence": (), "findings": (), "impression": ()})
    data = to_dicom_sr(report, axial.material)
    assert not complaints(data, tmp_path)
    assert "Limitation: For research only" in dumped(data, tmp_path)


def test_the_same_report_gives_the_same_bytes(axial: World) -> None:
    before = [str(one) for one in axial.material.instances["img-1"]]
    assert to_dicom_sr(axial.report, axial.material) == to_dicom_sr(axial.report, axial.material)
    assert [str(one) for one in axial.material.instances["img-1"]] == before


def test_without_the_files_it_says_what_to_give(axial: World) -> None:
    with pytest.raises(BadStudy, match="--source"):
        to_dicom_sr(axial.report, Material(axial.material.mask))


@pytest.mark.parametrize("payload", [*hostile.PAYLOADS[:3], "a\\b\\c", "\x00\x1b[2J\u202e", "ä" * 300])
def test_hostile_texts_stay_data(axial: World, tmp_path: Path, payload: str) -> None:
    report = axial.report
    evidence = tuple(
        item.model_copy(
            update={
                "observation": f"open:{payload}", "summary": payload, "quality_reason": payload,
                "origin": item.origin.model_copy(update=dict.fromkeys(("model", "model_version", "pointer"), payload)),
                "measurements": tuple(
                    one.model_copy(update={"method": payload, "name": payload}) for one in item.measurements
                ),
            }
        )
        for item in report.evidence
    )  # fmt: skip
    findings = tuple(finding.model_copy(update={"text": payload}) for finding in report.findings)
    data = to_dicom_sr(report.model_copy(update={"evidence": evidence, "findings": findings}), axial.material)
    assert not [one for one in complaints(data, tmp_path) if one.startswith("Error")]
    assert len(named(opened(data), "Finding")) >= len(findings)
    assert dumped(data, tmp_path)
