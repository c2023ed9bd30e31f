"""Broken and hostile DICOM files, written from code."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from readingroom.errors import BadFile
from tests.imaging.dicom_files import dataset, dicom_bytes, ramp
from tests.imaging.hostile_recipe import Recipe, cut_short, plain, rainbow, saved


def _plain() -> Dataset:
    return dataset(ramp())


def _nested(depth: int) -> Dataset:
    inner = Dataset()
    inner.PatientID = "x"
    for _ in range(depth):
        outer = Dataset()
        outer.RequestAttributesSequence = Sequence([inner])
        inner = outer
    data = _plain()
    data.RequestAttributesSequence = Sequence([inner])
    return data


def _deep(path: Path) -> None:
    """Two hundred sequences of undefined length, written by hand: pydicom's own writer would give up."""
    shallow = dicom_bytes(_plain())
    at = shallow.index(b"\x28\x00\x02\x00US")
    start = b"\x08\x00\x40\x11SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff"
    end = b"\xfe\xff\x0d\xe0\0\0\0\0\xfe\xff\xdd\xe0\0\0\0\0"
    path.write_bytes(shallow[:at] + start * 200 + end * 200 + shallow[at:])


def _deflated_bomb(path: Path) -> None:
    data = dataset(ramp(8, 8, np.uint8), syntax=DeflatedExplicitVRLittleEndian)
    content = dicom_bytes(data)
    start = 132 + 12 + struct.unpack("<I", content[140:144])[0]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    head = zlib.decompress(content[start:], -zlib.MAX_WBITS)
    bomb = packer.compress(head[: head.index(b"\xe0\x7f\x10\x00")] + b"\xe0\x7f\x10\x00OB\0\0" + b"\0\0\0\x20")
    block = b"\0" * 1_000_000
    body = b"".join(packer.compress(block) for _ in range(120))
    path.write_bytes(content[:start] + bomb + body + packer.flush())


def _broken_deflate(path: Path) -> None:
    content = dicom_bytes(dataset(ramp(), syntax=DeflatedExplicitVRLittleEndian))
    start = 132 + 12 + struct.unpack("<I", content[140:144])[0]
    path.write_bytes(content[:start] + b"\xff" * 400)


def _compressed(syntax: str, stream: bytes, **elements: object) -> Callable[[], Dataset]:
    def make() -> Dataset:
        data = dataset(ramp(kind=np.uint8), syntax=syntax, PixelData=encapsulate([stream]), **elements)
        data["PixelData"].is_undefined_length = True
        return data

    return make


def _jpeg(columns: int, rows: int) -> bytes:
    buffer = BytesIO()
    Pillow.new("L", (columns, rows), 90).save(buffer, "JPEG")
    return buffer.getvalue()


def _other_syntax(path: Path) -> None:
    content = dicom_bytes(_compressed(JPEGBaseline8Bit, _GARBAGE)())
    path.write_bytes(content.replace(b"1.2.840.10008.1.2.4.50", b"1.2.840.10008.1.2.4.99"))


def _dicomdir(path: Path) -> None:
    record = Dataset()
    record.DirectoryRecordType = "IMAGE"
    record.ReferencedFileID = ["..", "..", "..", "etc", "passwd"]
    data = Dataset()
    data.file_meta = _plain().file_meta
    data.DirectoryRecordSequence = Sequence([record])
    data.SOPClassUID = "1.2.840.10008.1.3.10"
    path.write_bytes(dicom_bytes(data))


def _spacing_word(path: Path) -> None:
    content = dicom_bytes(dataset(ramp(), PixelSpacing=["1.23", "4.56"]))
    path.write_bytes(content.replace(b"1.23\\4.56", b"abcd\\efgh"))


_GARBAGE = np.random.default_rng(2).bytes(3000)
_SIZ = b"\xff\x4f\xff\x51\x00\x29\x00\x00" + struct.pack(">8I", 60000, 60000, 0, 0, 60000, 60000, 0, 0)
_J2K_HUGE = _SIZ + b"\x00\x01\x07\x01\x01" + _GARBAGE
_SAME_SIZE = _SIZ.replace(struct.pack(">I", 60000), struct.pack(">I", 80)) + b"\x00\x01\x07\x01\x01" + _GARBAGE
DICOM = (
    Recipe("cut_in_preamble.dcm", "ends within the preamble", cut_short(_plain, 0.005), BadFile),
    Recipe("cut_in_meta.dcm", "ends within the meta group", cut_short(_plain, 0.012), BadFile),
    Recipe("cut_in_header.dcm", "ends within the header", cut_short(_plain, 0.03), BadFile),
    Recipe("cut_in_pixels.dcm", "ends within the pixels", cut_short(_plain, 0.7), BadFile, "end early"),
    Recipe("only_mark.dcm", "nothing behind DICM", plain(b"\0" * 128 + b"DICM"), BadFile, "no DICOM data"),
    Recipe("no_pixels.dcm", "no PixelData", saved(lambda: dataset(ramp(), PixelData=None)), BadFile, "no image"),
    Recipe("nested_40.dcm", "sequences 40 deep", saved(lambda: _nested(40)), BadFile, "nest"),
    Recipe("nested_200.dcm", "sequences 200 deep, undefined length", _deep, BadFile, "nest"),
    Recipe("deflated_bomb.dcm", "120 MB in 120 kB", _deflated_bomb, BadFile, "bomb", bomb=True),
    Recipe("deflate_broken.dcm", "a broken deflate stream", _broken_deflate, BadFile, "deflated"),
    Recipe("huge_claim.dcm", "65535 x 65535 claimed",
            saved(lambda: dataset(ramp(), Rows=65535, Columns=65535)), BadFile, "million", bomb=True),
    Recipe("many_frames.dcm", "two milliard frames claimed",
            saved(lambda: dataset(ramp(), NumberOfFrames=2_000_000_000)), BadFile, "frames", bomb=True),
    Recipe("no_rows.dcm", "zero rows", saved(lambda: dataset(ramp(), Rows=0)), BadFile, "0 rows"),
    Recipe("rle_claim.dcm", "RLE that cannot hold what it claims",
            saved(_compressed(RLELossless, _GARBAGE, Rows=8000, Columns=8000)), BadFile, "hold", bomb=True),
    Recipe("bits_12.dcm", "12 bits allocated", saved(lambda: dataset(ramp(), BitsAllocated=12)), BadFile, "bits"),
    Recipe("bits_do_not_fit.dcm", "more stored than allocated",
            saved(lambda: dataset(ramp(), BitsStored=20)), BadFile, "bits"),
    Recipe("samples_5.dcm", "five samples", saved(lambda: dataset(ramp(), SamplesPerPixel=5)), BadFile, "samples"),
    Recipe("slope_zero.dcm", "rescale slope 0",
            saved(lambda: dataset(ramp(), RescaleSlope="0", RescaleIntercept="0")), BadFile, "slope"),
    Recipe("rle_garbage.dcm", "RLE garbage", saved(_compressed(RLELossless, _GARBAGE)), BadFile, "decoded"),
    Recipe("jpeg_garbage.dcm", "JPEG garbage", saved(_compressed(JPEGBaseline8Bit, _GARBAGE)), BadFile, "decoded"),
    Recipe("jpeg_lossless_garbage.dcm", "JPEG lossless garbage",
            saved(_compressed(JPEGLosslessSV1, _GARBAGE)), BadFile, "decoded"),
    Recipe("jpegls_garbage.dcm", "JPEG-LS garbage", saved(_compressed(JPEGLSLossless, _GARBAGE)), BadFile, "decoded"),
    Recipe("j2k_garbage.dcm", "JPEG 2000 garbage behind a good head",
            saved(_compressed(JPEG2000Lossless, _SAME_SIZE, Columns=80)), BadFile, "decoded"),
    Recipe("j2k_huge.dcm", "JPEG 2000 that claims 60000 x 60000",
            saved(_compressed(JPEG2000Lossless, _J2K_HUGE)), BadFile, "60000", bomb=True),
    Recipe("jpeg_other_size.dcm", "a JPEG larger than the header says",
            saved(_compressed(JPEGBaseline8Bit, _jpeg(4000, 3000))), BadFile, "4000"),
    Recipe("jpeg_cut.dcm", "a JPEG that ends early",
            saved(_compressed(JPEGBaseline8Bit, _jpeg(96, 80)[:200])), BadFile, "decoded"),
    Recipe("video.dcm", "an MPEG-4 video",
            saved(_compressed("1.2.840.10008.1.2.4.102", _GARBAGE)), BadFile, "transfer syntax"),
    Recipe("made_up_syntax.dcm", "an unknown transfer syntax",
            _other_syntax, BadFile, "transfer syntax"),
    Recipe("dicomdir", "a DICOMDIR that points to /etc/passwd", _dicomdir, BadFile, "DICOMDIR"),
    Recipe("seg.dcm", "a segmentation",
            saved(lambda: dataset(ramp(), SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4")), BadFile, "SEG"),
    Recipe("spacing_zero.dcm", "pixel spacing 0",
            saved(lambda: dataset(ramp(), PixelSpacing=["0", "0"])), None, "PixelSpacing is not two plausible"),
    Recipe("spacing_negative.dcm", "negative pixel spacing",
            saved(lambda: dataset(ramp(), PixelSpacing=["-1", "-1"])), None, "PixelSpacing is not two plausible"),
    Recipe("spacing_nan.dcm", "pixel spacing NaN",
            saved(lambda: dataset(ramp(), PixelSpacing=["nan", "nan"])), None, "PixelSpacing is not two plausible"),
    Recipe("spacing_word.dcm", "spacing that is no number", _spacing_word, None, "PixelSpacing"),
    Recipe("spacing_missing.dcm", "no pixel spacing", saved(lambda: dataset(ramp())), None, "no pixel spacing"),
    Recipe("window_zero.dcm", "a display window of no width",
            saved(lambda: dataset(ramp(), WindowCenter="100", WindowWidth="0")), None, "display window"),
    Recipe("colour_film.dcm", "a radiograph in colour",
            saved(lambda: dataset(rainbow())), None, gate="colour"),
    Recipe("black_film.dcm", "a radiograph of one value",
            saved(lambda: dataset(np.zeros((80, 96), np.uint16))), None, gate="constant"),
)  # fmt: skip
