"""One DICOM file to meant values: every transfer syntax, bits, rescale, polarity, padding, windows, colour."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset
from pydicom.pixels import convert_color_space
from pydicom.sequence import Sequence

from readingroom.imaging.image import Image, Window
from readingroom.imaging.reader import read_study
from tests.imaging.dicom_files import CT_CLASS, ramp, write


def read(path: Path | str) -> Image:
    (image,) = read_study([Path(path)], subject_key=b"k").images
    return image


def read_new(path: Path, pixels: np.ndarray, **elements: Any) -> Image:
    return read(write(path / "one.dcm", pixels, **elements))


@pytest.mark.parametrize(
    "name",
    [
        "MR_small.dcm", "MR_small_implicit.dcm", "MR_small_bigendian.dcm", "MR_small_RLE.dcm", "MR_small_padded.dcm",
        "MR_small_jp2klossless.dcm", "MR_small_jpeg_ls_lossless.dcm",
    ],
)  # fmt: skip
def test_every_lossless_syntax_gives_the_same_pixels(name: str) -> None:
    plain = dcmread(get_testdata_file("MR_small.dcm", download=False)).pixel_array
    image = read(get_testdata_file(name, download=False))
    assert image.pixels.dtype == np.int16
    assert np.array_equal(image.pixels, plain)


def test_twelve_bit_jpeg_reads_as_its_makers_publish() -> None:
    image = read(get_testdata_file("JPGExtended.dcm", download=False))
    assert image.pixels.shape == (1024, 256)
    assert (image.pixels[420, 140], image.pixels[230, 120]) == (244, 95)  # from pydicom's own reference table


def test_deflated_reads() -> None:
    assert read(get_testdata_file("image_dfl.dcm", download=False)).pixels.shape == (512, 512)


@pytest.mark.parametrize("name", ["SC_rgb_jpeg_dcmtk.dcm", "SC_rgb_dcmtk_+eb+cy+np.dcm", "SC_rgb_jls_lossy_sample.dcm"])
def test_compressed_colour_comes_out_as_rgb(name: str) -> None:
    path = get_testdata_file(name, download=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = dcmread(path)
        wanted = data.pixel_array
    if "YBR_FULL" in data.PhotometricInterpretation:
        wanted = wanted if wanted[5, 50, 0] > 200 else convert_color_space(wanted, "YBR_FULL", "RGB")
    image = read(path)
    assert image.ref.units == "colour"
    assert image.pixels.dtype == np.uint8
    assert np.abs(image.pixels.astype(int) - wanted).max() <= 2
    assert image.pixels[5, 50, 0] > 200  # the top bar of this picture is red
    assert image.pixels[5, 50, 1] < 60


def test_uncompressed_ybr_422_is_red_at_the_top() -> None:
    image = read(get_testdata_file("SC_ybr_full_422_uncompressed.dcm", download=False))
    red, green, blue = (int(value) for value in image.pixels[5, 50])
    assert red > 200
    assert max(green, blue) < 60


def test_sixteen_bit_colour_becomes_eight(tmp_path: Path) -> None:
    grey = ramp().astype(np.uint16)
    pixels = np.stack([grey * 257, grey * 128, grey], axis=-1)
    image = read_new(tmp_path, pixels, SOPClassUID="1.2.840.10008.5.1.4.1.1.77.1.4", Modality="XC")
    assert np.array_equal(image.pixels, (pixels >> 8).astype(np.uint8))


def test_palette_colour_is_painted() -> None:
    image = read(get_testdata_file("examples_palette.dcm", download=False))
    assert image.pixels.shape == (350, 800, 3)
    assert image.ref.colour


def test_frames_of_an_ultrasound_clip() -> None:
    image = read(get_testdata_file("examples_ybr_color.dcm", download=False))
    assert (image.ref.kind, image.ref.depth, image.pixels.shape) == ("frames", 30, (30, 240, 320, 3))


def test_ct_comes_in_hounsfield_units(tmp_path: Path) -> None:
    pixels = ramp().astype(np.uint16)
    image = read_new(tmp_path, pixels, Modality="CT", SOPClassUID=CT_CLASS, RescaleSlope="2", RescaleIntercept="-1000")
    assert image.ref.units == "HU"
    assert image.pixels.dtype == np.float32
    assert np.array_equal(image.pixels, pixels * 2.0 - 1000)


def test_ct_without_rescale_and_localizers_are_no_hounsfield_units(tmp_path: Path) -> None:
    plain = read_new(tmp_path, ramp(), Modality="CT", SOPClassUID=CT_CLASS)
    scout = read_new(
        tmp_path, ramp(), Modality="CT", SOPClassUID=CT_CLASS, RescaleSlope="1", RescaleIntercept="-1024",
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
    )  # fmt: skip
    assert (plain.ref.units, scout.ref.units) == ("grey", "grey")


def test_monochrome1_is_inverted_once_with_its_window(tmp_path: Path) -> None:
    pixels = ramp(kind=np.uint8)
    image = read_new(
        tmp_path, pixels, PhotometricInterpretation="MONOCHROME1", WindowCenter="100", WindowWidth="50",
        VOILUTFunction="LINEAR_EXACT",
    )  # fmt: skip
    assert np.array_equal(image.pixels, 255 - pixels)
    assert image.window == Window(255 - 125, 255 - 75, "VOI window 1 of 1")


def test_monochrome1_of_signed_values_mirrors_in_their_range(tmp_path: Path) -> None:
    pixels = (ramp().astype(np.int16) - 100).astype(np.int16)
    image = read_new(tmp_path, pixels, PhotometricInterpretation="MONOCHROME1", BitsStored=12, HighBit=11)
    assert np.array_equal(image.pixels, -1 - pixels)


@pytest.mark.parametrize(("high_bit", "shift"), [(11, 0), (15, 4), (13, 2)])
def test_only_the_stored_bits_count(tmp_path: Path, high_bit: int, shift: int) -> None:
    meant = ramp().astype(np.uint16) * 16
    rubbish = np.uint16(0xFFFF ^ (0x0FFF << shift))
    image = read_new(tmp_path, (meant << shift) | rubbish, BitsStored=12, HighBit=high_bit)
    assert np.array_equal(image.pixels, meant)


def test_signed_twelve_bits_keep_their_sign(tmp_path: Path) -> None:
    meant = (ramp().astype(np.int16) - 125) * 8
    stored = (meant & 0x0FFF).astype(np.int16)
    image = read_new(tmp_path, stored, BitsStored=12, HighBit=11)
    assert np.array_equal(image.pixels, meant)


def test_padding_becomes_the_darkest_real_value(tmp_path: Path) -> None:
    pixels = ramp().astype(np.int16) + 10
    pixels[:10] = -2000
    image = read_new(
        tmp_path, pixels, Modality="CT", SOPClassUID=CT_CLASS, RescaleSlope="1", RescaleIntercept="0",
        PixelPaddingValue=-2000,
    )  # fmt: skip
    assert image.pixels.min() == 10
    assert any("padding" in note for note in image.ref.notes)


def test_of_several_windows_the_first_is_used_and_the_others_named(tmp_path: Path) -> None:
    image = read_new(
        tmp_path, ramp(), WindowCenter=["100", "50"], WindowWidth=["101", "20"],
        WindowCenterWidthExplanation=["LUNG", "BONE"],
    )  # fmt: skip
    assert image.window == Window(49.5, 149.5, "VOI window 1 of 2 (LUNG)")
    assert any("50/20" in note for note in image.ref.notes)


def test_a_voi_table_becomes_the_window_over_its_range(tmp_path: Path) -> None:
    table = Dataset()
    table.LUTDescriptor = [200, 20, 16]
    ramped = np.concatenate([np.zeros(50), np.linspace(0, 65535, 100), np.full(50, 65535)])
    table.LUTData = ramped.astype("<u2").tobytes()
    table["LUTData"].VR = "OW"
    image = read_new(tmp_path, ramp(), VOILUTSequence=Sequence([table]))
    assert image.window is not None
    assert (image.window.low, image.window.high) == (pytest.approx(71, abs=2), pytest.approx(168, abs=2))


def test_a_modality_table_is_applied(tmp_path: Path) -> None:
    table = Dataset()
    table.LUTDescriptor = [256, 0, 16]
    table.LUTData = (np.arange(256) * 3).astype("<u2").tobytes()
    table["LUTData"].VR = "OW"
    table.ModalityLUTType = "US"
    pixels = ramp(kind=np.uint8)
    image = read_new(tmp_path, pixels, ModalityLUTSequence=Sequence([table]))
    assert np.array_equal(image.pixels, pixels.astype(np.float32) * 3)


def test_overlays_and_burned_in_text_are_noted(tmp_path: Path) -> None:
    image = read_new(tmp_path, ramp(), BurnedInAnnotation="YES")
    overlay = read(get_testdata_file("examples_overlay.dcm", download=False))
    assert any("burned" in note for note in image.ref.notes)
    assert (image.ref.burned_in, overlay.ref.burned_in) == ("yes", "unknown")
    assert any("Overlays" in note for note in overlay.ref.notes)


def test_a_file_without_preamble_or_meta_reads(tmp_path: Path) -> None:
    path = write(tmp_path / "whole.dcm", ramp())
    content = path.read_bytes()
    body = content[content.index(b"\x08\x00\x16\x00UI") :]
    (tmp_path / "bare.dcm").write_bytes(body)
    assert np.array_equal(read(tmp_path / "bare.dcm").pixels, ramp())


def test_the_digest_is_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "one.dcm", ramp())
    assert read(path).ref.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_sources_name_the_instance(tmp_path: Path) -> None:
    assert read_new(tmp_path, ramp(), SOPInstanceUID="1.2.3.99").sources == ("1.2.3.99",)
