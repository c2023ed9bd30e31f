"""DICOM SEG: every voxel where it was outlined, whatever the acquisition; what segments say of themselves."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from highdicom.seg import Segmentation
from numpy.typing import NDArray
from pydicom import Dataset

from readingroom.errors import BadRequest, BadStudy, NotServed, ToolFailed
from readingroom.exports.dicom_seg import to_dicom_seg
from readingroom.exports.dicom_segments import segmented
from readingroom.exports.material import Material
from tests.exports.dicom_world import (
    DIRECTIONS,
    INSIDE,
    World,
    acquire,
    complaints,
    letter,
    outlined,
    world,
)
from tests.imaging.dicom_files import ct_slice, dicom_bytes, ramp, write


def opened(data: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(data))


def frames(seg: Dataset) -> dict[tuple[str, int, int], NDArray[np.bool_]]:
    """Frames by source instance, source frame (0 where the file has one) and segment, read with pydicom alone."""
    pixels = np.asarray(seg.pixel_array).reshape(-1, seg.Rows, seg.Columns)
    found = {}
    for frame, group in zip(pixels, seg.PerFrameFunctionalGroupsSequence, strict=True):
        (source,) = group.DerivationImageSequence[0].SourceImageSequence
        holder = group if "SegmentIdentificationSequence" in group else seg.SharedFunctionalGroupsSequence[0]
        segment = int(holder.SegmentIdentificationSequence[0].ReferencedSegmentNumber)
        found[(source.ReferencedSOPInstanceUID, int(source.get("ReferencedFrameNumber") or 0), segment)] = frame > 0
    return found


def sources(folder: Path) -> dict[str, Dataset]:
    read = [pydicom.dcmread(path) for path in folder.iterdir()]
    return {one.SOPInstanceUID: one for one in read}


@pytest.mark.parametrize("name", DIRECTIONS)
@pytest.mark.parametrize(("steps", "shear"), [(2.5, 0.0), (-2.5, 0.0), (2.5, 0.6)])
def test_each_voxel_lies_where_it_was_acquired(tmp_path: Path, name: str, steps: float, shear: float) -> None:
    """The letter is found again by its values in the source files: no geometry of ours takes part in the check."""
    folder = acquire(tmp_path / "ct", DIRECTIONS[name], steps=steps, shear=shear)
    place = outlined(world([folder]))
    data = to_dicom_seg(place.report, place.material)
    seg, read = opened(data), sources(folder)
    found = frames(seg)
    for uid, source in read.items():
        true = source.pixel_array.astype(int) - 1024 == INSIDE
        if true.any():
            assert np.array_equal(found.pop((uid, 0, 1)), true)
    assert found == {}
    for group in seg.PerFrameFunctionalGroupsSequence:
        source = read[group.DerivationImageSequence[0].SourceImageSequence[0].ReferencedSOPInstanceUID]
        assert group.PlanePositionSequence[0].ImagePositionPatient == source.ImagePositionPatient
    shared = seg.SharedFunctionalGroupsSequence[0]
    assert shared.PlaneOrientationSequence[0].ImageOrientationPatient == source.ImageOrientationPatient
    assert [float(value) for value in shared.PixelMeasuresSequence[0].PixelSpacing] == [0.7, 1.3]


def test_the_library_reads_back_the_same_by_source_instance(tmp_path: Path) -> None:
    folder = acquire(tmp_path / "ct", DIRECTIONS["sagittal, mirrored"], steps=-2.5)
    place = outlined(world([folder]))
    seg = Segmentation.from_dataset(opened(to_dicom_seg(place.report, place.material)))
    read = sources(folder)
    names = list(read)
    pixels = seg.get_pixels_by_source_instance(names, assert_missing_frames_are_empty=True)
    true = np.stack([read[name].pixel_array.astype(int) - 1024 == INSIDE for name in names])
    assert np.array_equal(pixels[..., 0] > 0, true)


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
def test_a_radiograph_that_has_no_place_in_the_patient(tmp_path: Path, photometric: str) -> None:
    stored = np.where(letter((60, 48)), 3000, ramp(60, 48)).astype(np.uint16)
    path = write(tmp_path / "dx.dcm", stored, PhotometricInterpretation=photometric, PatientOrientation=["L", "F"],
                 StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.4", ImagerPixelSpacing=[0.2, 0.35])  # fmt: skip
    place = world([path])
    image = place.material.study.images[0]  # type: ignore[union-attr]
    extreme = image.pixels.min() if photometric == "MONOCHROME1" else image.pixels.max()
    place.masks["img-1-letter"][:] = image.pixels == extreme
    seg = opened(to_dicom_seg(place.report, place.material))
    uid = pydicom.dcmread(path).SOPInstanceUID
    assert np.array_equal(frames(seg)[(uid, 0, 1)], stored == 3000)
    assert "FrameOfReferenceUID" not in seg
    assert seg.PatientOrientation == ["L", "F"]


def test_frames_of_an_older_multiframe_file_are_named_one_by_one(tmp_path: Path) -> None:
    stored = np.stack([ramp(40, 48) + n for n in range(6)])
    path = write(tmp_path / "us.dcm", stored, NumberOfFrames=6, Modality="US", StudyInstanceUID="1.2.3",
                 SOPClassUID="1.2.840.10008.5.1.4.1.1.3.1", SeriesInstanceUID="1.2.4", Rows=40, Columns=48)  # fmt: skip
    place = world([path])
    first = place.report.evidence[0]
    moved = [
        item.model_copy(update={"regions": tuple(
            region.model_copy(update={"plane": 4 if region.label == "other" else 1}) for region in item.regions
        )})
        for item in place.report.evidence
    ]  # fmt: skip
    report = place.report.model_copy(update={"evidence": tuple(moved)})
    seg = opened(to_dicom_seg(report, place.material))
    uid = pydicom.dcmread(path).SOPInstanceUID
    assert set(frames(seg)) == {(uid, 2, 1), (uid, 5, 2)}
    assert np.array_equal(frames(seg)[(uid, 2, 1)], place.masks["img-1-letter"])
    deep = np.repeat(place.masks["img-1-letter"][None], 6, axis=0)
    crossing = Material(
        {**place.masks, "img-1-letter": deep}.__getitem__, place.material.study, place.material.instances
    )
    with pytest.raises(NotServed, match="crosses several frames"):
        to_dicom_seg(report.model_copy(update={"evidence": (first,)}), crossing)


def enhanced(folder: Path) -> Path:
    """One Enhanced CT file of the coronal acquisition, its frames out of order and their measures per frame."""
    parts = sources(acquire(folder / "parts", DIRECTIONS["coronal"])).values()
    slices = sorted(parts, key=lambda one: one.InstanceNumber)
    groups = []
    for one in slices:
        group, position, orientation, measures = Dataset(), Dataset(), Dataset(), Dataset()
        position.ImagePositionPatient = one.ImagePositionPatient
        orientation.ImageOrientationPatient = one.ImageOrientationPatient
        measures.PixelSpacing, measures.SliceThickness = one.PixelSpacing, one.SliceThickness
        group.PlanePositionSequence, group.PlaneOrientationSequence = [position], [orientation]
        group.PixelMeasuresSequence = [measures]
        groups.append(group)
    whole = slices[0]
    pixels = np.stack([one.pixel_array for one in slices])
    for keyword in ("ImagePositionPatient", "ImageOrientationPatient", "PixelSpacing", "SliceThickness"):
        delattr(whole, keyword)
    whole.PerFrameFunctionalGroupsSequence = groups
    whole.SOPClassUID = "1.2.840.10008.5.1.4.1.1.2.1"
    whole.NumberOfFrames, whole.PixelData = len(slices), pixels.tobytes()
    path = folder / "enhanced.dcm"
    path.write_bytes(dicom_bytes(whole))
    return path


def test_a_multiframe_volume_is_outlined_frame_by_frame(tmp_path: Path) -> None:
    path = enhanced(tmp_path)
    place = outlined(world([path]))
    assert place.report.images[0].kind == "volume"
    source = pydicom.dcmread(path)
    found = frames(opened(to_dicom_seg(place.report, place.material)))
    for number, plane in enumerate(source.pixel_array, 1):
        true = plane.astype(int) - 1024 == INSIDE
        if true.any():
            assert np.array_equal(found.pop((source.SOPInstanceUID, number, 1)), true)
    assert found == {}


def test_outlines_that_meet_keep_all_their_voxels(tmp_path: Path) -> None:
    place = world([acquire(tmp_path / "ct", DIRECTIONS["axial"])])
    place.masks["img-1-other"][:] = np.roll(place.masks["img-1-letter"], 1, axis=2)
    seg = opened(to_dicom_seg(place.report, place.material))
    found = frames(seg)
    assert seg.SegmentsOverlap == "YES"
    for number, name in ((1, "letter"), (2, "other")):
        kept = sum(int(frame.sum()) for (_, _, segment), frame in found.items() if segment == number)
        assert kept == place.masks[f"img-1-{name}"].sum()


def test_what_a_segment_says_of_itself(tmp_path: Path) -> None:
    place = world([acquire(tmp_path / "ct", DIRECTIONS["axial"])])
    seg = opened(to_dicom_seg(place.report, place.material))
    first, second = seg.SegmentSequence
    assert (first.SegmentLabel, second.SegmentLabel) == ("letter", "other")
    assert first.SegmentAlgorithmType == "AUTOMATIC"
    assert first.SegmentationAlgorithmIdentificationSequence[0].AlgorithmVersion == "0.2.0"
    assert first.SegmentedPropertyTypeCodeSequence[0].CodeValue == "39607008"
    assert (
        first.SegmentedPropertyTypeCodeSequence[0].SegmentedPropertyTypeModifierCodeSequence[0].CodeMeaning == "Right"
    )
    assert first.TrackingID == "run-1 E11"
    assert len({first.TrackingUID, second.TrackingUID, seg.SOPInstanceUID, seg.SeriesInstanceUID}) == 4
    assert all(uid.startswith("2.25.") for uid in (first.TrackingUID, seg.SOPInstanceUID, seg.SeriesInstanceUID))
    assert "RESEARCH ONLY" in seg.SeriesDescription
    assert (seg.Manufacturer, seg.ContentDate, seg.ContentTime) == ("Reading Room", "20251122", "010002")


def test_the_patient_is_the_sources_and_keeps_the_name(tmp_path: Path) -> None:
    place = world([acquire(tmp_path / "ct", DIRECTIONS["axial"])])
    seg = opened(to_dicom_seg(place.report, place.material))
    assert str(seg.PatientName) == "Müller^Jörg"
    assert str(seg.ReferringPhysicianName) == "Weiß^Anna"
    assert (seg.PatientID, seg.StudyID, seg.AccessionNumber) == ("P-77", "S1", "A-99")
    assert seg.StudyInstanceUID == "1.2.826.0.1.3680043.8.498.2"
    assert seg.SpecificCharacterSet == "ISO_IR 192"


def test_common_faults_of_a_source_are_not_copied(tmp_path: Path) -> None:
    folder = acquire(tmp_path / "ct", DIRECTIONS["axial"])
    for path in folder.iterdir():
        data = pydicom.dcmread(path)
        with pydicom.config.disable_value_validation():
            data.PatientAge, data.PatientSex, data.PatientIdentityRemoved = "42", "W", "YES"
            del data.StudyID
            del data.AccessionNumber
            path.write_bytes(dicom_bytes(data))
    place = world([folder])
    written = to_dicom_seg(place.report, place.material)
    assert not complaints(written, tmp_path)
    seg = opened(written)
    assert "PatientAge" not in seg
    assert (seg.PatientSex, seg.StudyID, seg.PatientID) == ("", "", "P-77")


def test_the_same_report_gives_the_same_bytes_and_changes_nothing(tmp_path: Path) -> None:
    folder = acquire(tmp_path / "ct", DIRECTIONS["axial"])
    place, again = world([folder]), world([folder])
    before = [str(one) for one in place.material.instances["img-1"]]
    data = to_dicom_seg(place.report, place.material)
    assert data == to_dicom_seg(place.report, place.material) == to_dicom_seg(again.report, again.material)
    assert [str(one) for one in place.material.instances["img-1"]] == before
    other = to_dicom_seg(place.report.model_copy(update={"title": "Other"}), place.material)
    assert opened(other).SOPInstanceUID != opened(data).SOPInstanceUID
    assert opened(other).SeriesInstanceUID == opened(data).SeriesInstanceUID
    assert opened(other).SegmentSequence[0].TrackingUID == opened(data).SegmentSequence[0].TrackingUID


def without(place: World, **changes: Any) -> Material:
    fields = {"mask": place.material.mask, "study": place.material.study, "instances": place.material.instances}
    return Material(**{**fields, **changes})


def test_what_is_missing_is_told_with_what_to_do(tmp_path: Path) -> None:
    place = world([acquire(tmp_path / "ct", DIRECTIONS["axial"])])
    with pytest.raises(BadStudy, match="--source"):
        to_dicom_seg(place.report, without(place, study=None))
    with pytest.raises(BadStudy, match="--source"):
        to_dicom_seg(place.report, without(place, instances={}))
    with pytest.raises(BadRequest, match="no image 'img-9'"):
        to_dicom_seg(place.report, place.material, "img-9")
    changed = place.report.images[0].model_copy(update={"sha256": "f" * 64})
    with pytest.raises(BadStudy, match="not the image that the report was made from"):
        to_dicom_seg(place.report.model_copy(update={"images": (changed,)}), place.material)
    with pytest.raises(ToolFailed, match="does not fit"):
        to_dicom_seg(place.report, without(place, mask=lambda _: np.ones((3, 3), bool)))
    bare = place.report.model_copy(update={"evidence": ()})
    assert segmented(bare) == ()
    with pytest.raises(BadRequest, match="no outline"):
        to_dicom_seg(bare, place.material)
    with pytest.raises(BadRequest, match="no outline"):
        to_dicom_seg(place.report, without(place, mask=lambda _: np.zeros((9, 24, 20), bool)))


def test_slices_without_frame_of_reference_are_refused_without_quoting_the_header(tmp_path: Path) -> None:
    for z in range(4):
        path = tmp_path / f"{z}.dcm"
        path.write_bytes(dicom_bytes(ct_slice(ramp(24, 20, np.int16), float(z), PatientName="Secret^Person")))
    place = world([tmp_path])
    with pytest.raises(BadStudy) as caught:
        to_dicom_seg(place.report, place.material)
    assert "Secret" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_a_label_cannot_part_or_break_an_element(tmp_path: Path) -> None:
    place = world([acquire(tmp_path / "ct", DIRECTIONS["axial"])])
    item = place.report.evidence[0]
    region = item.regions[0].model_copy(update={"label": "a\\b\n\x1b[31m\u202e" + "x" * 200})
    hostile = item.model_copy(update={"regions": (region,), "observation": "open:<script>\\x\n" + "y" * 99})
    data = to_dicom_seg(place.report.model_copy(update={"evidence": (hostile,), "findings": (), "impression": ()}),
                        place.material)  # fmt: skip
    label = opened(data).SegmentSequence[0].SegmentLabel
    assert isinstance(label, str)
    assert len(label) <= 64
    assert label.startswith("a/b ")
    assert not [line for line in complaints(data, tmp_path) if line.startswith("Error")]
