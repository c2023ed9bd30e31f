"""DICOM Secondary Capture: the source's pixels with the outlines over them, and the warning beside."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest
from numpy.typing import NDArray
from pydicom import Dataset

from readingroom.errors import BadStudy
from readingroom.exports.dicom_sc import COLOURS, NARROWEST, strokes, to_dicom_sc
from readingroom.exports.figure import Figure, build_figures
from readingroom.exports.material import Material
from tests.exports.dicom_world import DIRECTIONS, World, acquire, complaints, world
from tests.imaging.dicom_files import ramp, write


def figures(place: World) -> tuple[Figure, ...]:
    assert place.material.study is not None
    return build_figures(place.report, place.material.study, place.masks)


def opened(data: bytes) -> Dataset:
    return pydicom.dcmread(BytesIO(data))


def coloured(pixels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    return np.asarray(np.ptp(pixels.astype(int), axis=-1) > 40)


@pytest.fixture
def radiograph(tmp_path: Path) -> World:
    path = write(tmp_path / "dx.dcm", ramp(700, 800), StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.4",
                 PatientName="Doe^Jane", PatientID="P-1", BodyPartExamined="CHEST", PatientOrientation=["L", "F"],
                 WindowCenter="125", WindowWidth="251")  # fmt: skip
    return world([path])


def test_source_pixels_are_kept_beside_the_outlines(radiograph: World, tmp_path: Path) -> None:
    image = opened(to_dicom_sc(radiograph.report, radiograph.material, figures(radiograph)[0]))
    pixels = image.pixel_array
    top = next(
        row for row in range(len(pixels)) if not np.array_equal(pixels[row, :, 0] * 0, pixels[row, :, 0]) and row > 25
    )
    shown = pixels[top : top + 700]
    assert pixels.shape[1] == 800
    untouched = ~coloured(shown)
    expected = ramp(700, 800).astype(float) / 250 * 255
    assert np.abs(shown[..., 0].astype(float) - expected)[untouched].mean() < 2
    letter = radiograph.masks["img-1-letter"]
    inner = letter[1:-1, 1:-1] & letter[:-2, 1:-1] & letter[2:, 1:-1] & letter[1:-1, :-2] & letter[1:-1, 2:]
    edge = letter.copy()
    edge[1:-1, 1:-1] &= ~inner
    assert coloured(shown)[edge].mean() > 0.9
    assert not complaints(to_dicom_sc(radiograph.report, radiograph.material, figures(radiograph)[0]), tmp_path)


def test_what_the_header_says(radiograph: World) -> None:
    image = opened(to_dicom_sc(radiograph.report, radiograph.material, figures(radiograph)[0]))
    assert (image.PhotometricInterpretation, image.BurnedInAnnotation, image.ConversionType) == ("RGB", "YES", "WSD")
    assert image.DerivationDescription.startswith("RESEARCH ONLY - NOT FOR DIAGNOSIS")
    assert image.ImageType[0] == "DERIVED"
    (source,) = image.SourceImageSequence
    assert source.ReferencedSOPInstanceUID == radiograph.material.instances["img-1"][0].SOPInstanceUID
    assert (str(image.PatientName), image.PatientID, image.StudyInstanceUID) == ("Doe^Jane", "P-1", "1.2.3")
    assert image.PatientOrientation == ["L", "F"]
    assert "PixelSpacing" not in image


def test_the_warning_is_in_the_picture(radiograph: World) -> None:
    pixels = opened(to_dicom_sc(radiograph.report, radiograph.material, figures(radiograph)[0])).pixel_array
    top = pixels[:22].astype(int)
    words = (top[..., 0] > 150) & (top[..., 2] < 150)
    assert 200 < words.sum() < top[..., 0].size / 3
    assert len(pixels) > 700 + 22 * 4


def test_few_and_oblong_pixels_are_enlarged_in_true_proportions(tmp_path: Path) -> None:
    place = world([acquire(tmp_path / "ct", DIRECTIONS["axial"])])
    first = figures(place)[0]
    image = opened(to_dicom_sc(place.report, place.material, first))
    assert image.Columns >= NARROWEST
    row, column = (float(value) for value in image.PixelSpacing)
    assert row == pytest.approx(column, rel=0.01)
    assert column * image.Columns == pytest.approx(20 * 1.3, rel=0.01)
    (source,) = image.SourceImageSequence
    instances = sorted(place.material.instances["img-1"], key=lambda one: float(one.ImagePositionPatient[2]))
    assert source.ReferencedSOPInstanceUID == instances[first.plane or 0].SOPInstanceUID
    assert image.PatientOrientation == ["L", "P"]


def test_each_figure_of_a_volume_is_an_instance_of_one_series(tmp_path: Path) -> None:
    place = world([acquire(tmp_path / "ct", DIRECTIONS["coronal"])])
    shown = figures(place)
    files = [to_dicom_sc(place.report, place.material, figure) for figure in shown]
    images = [opened(data) for data in files]
    assert [figure.plane for figure in shown][-1] is None
    assert len({image.SOPInstanceUID for image in images}) == len(images) == len({i.InstanceNumber for i in images})
    assert len({image.SeriesInstanceUID for image in images}) == 1
    assert len(images[0].SourceImageSequence) == 9
    for data in files:
        assert not complaints(data, tmp_path)


def test_the_same_report_gives_the_same_bytes(radiograph: World) -> None:
    figure = figures(radiograph)[0]
    assert to_dicom_sc(radiograph.report, radiograph.material, figure) == to_dicom_sc(
        radiograph.report, radiograph.material, figure
    )


def test_without_the_files_it_says_what_to_give(radiograph: World) -> None:
    figure = figures(radiograph)[0]
    with pytest.raises(BadStudy, match="--source"):
        to_dicom_sc(radiograph.report, Material(radiograph.material.mask, radiograph.material.study), figure)


def test_paths_of_overlays_become_strokes() -> None:
    assert list(strokes("M1 2H5V6H1Z")) == [([(1, 2), (5, 2), (5, 6), (1, 6)], True)]
    assert list(strokes("M1.5 2L3 4")) == [([(1.5, 2), (3, 4)], False)]
    assert list(strokes("M0 0L1 0L1 1ZM5 5L6 6L5 6Z")) == [
        ([(0, 0), (1, 0), (1, 1)], True), ([(5, 5), (6, 6), (5, 6)], True),
    ]  # fmt: skip
    assert list(strokes("")) == []
    assert len({*COLOURS}) == len(COLOURS)


@pytest.mark.parametrize("label", ["a\\b", "\x1b[2J\x00", "Ä" * 400, "", "%s {0} <script>"])
def test_any_label_can_be_drawn(radiograph: World, tmp_path: Path, label: str) -> None:
    item = radiograph.report.evidence[0]
    region = item.regions[0].model_copy(update={"label": label})
    evidence = (item.model_copy(update={"regions": (region,)}),)
    report = radiograph.report.model_copy(update={"evidence": evidence, "findings": (), "impression": ()})
    place = World(report, radiograph.material, radiograph.masks)
    data = to_dicom_sc(report, radiograph.material, figures(place)[0])
    assert opened(data).Columns == 800
    assert not complaints(data, tmp_path)
