"""Forty and more broken or hostile files, written from code: what each is, and what reading it must come to."""

from __future__ import annotations

import gzip
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from pydicom import config
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

from readingroom.errors import BadFile, BadInput, BadStudy
from tests.imaging.dicom_files import CORONAL, ct_slice, dataset, dicom_bytes, ramp


@dataclass(frozen=True)
class HostileCase:
    """One file or folder, and how it must end."""

    path: Path
    why: str
    outcome: type[BadInput] | None
    """The error that reading raises; None where the file reads, with `says` in its notes."""
    says: str = ""
    """Words of the error's line, or of a note."""
    gate: str = ""
    """Of a file that reads: the check of the gate that refuses it."""
    bomb: bool = False
    """Whether it asks for more memory than it may get."""


Write = Callable[[Path], object]


@dataclass(frozen=True)
class _Recipe:
    name: str
    why: str
    write: Write
    outcome: type[BadInput] | None
    says: str = ""
    gate: str = ""
    bomb: bool = False


def write_hostile(folder: Path) -> list[HostileCase]:
    """Write every case into `folder` and tell them."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for recipe in (*_TEXTS, *_DICOM, *_PICTURES, *_GRIDS, *_FOLDERS):
        path = folder / recipe.name
        with config.disable_value_validation():
            recipe.write(path)
        cases.append(HostileCase(path, recipe.why, recipe.outcome, recipe.says, recipe.gate, recipe.bomb))
    return cases


def _bytes(content: bytes) -> Write:
    return lambda path: path.write_bytes(content)


def _data(make: Callable[[], Dataset]) -> Write:
    return lambda path: path.write_bytes(dicom_bytes(make()))


def _cut(make: Callable[[], Dataset], share: float) -> Write:
    def write(path: Path) -> None:
        content = dicom_bytes(make())
        path.write_bytes(content[: int(len(content) * share)])

    return write


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil.dcm", b"x")


_TEXT = b"This is a letter about a patient, not an image.\n" * 40
_TEXTS = (
    _Recipe("empty.dcm", "zero bytes", _bytes(b""), BadFile, "empty"),
    _Recipe("empty.png", "zero bytes", _bytes(b""), BadFile, "empty"),
    _Recipe("zeros.dcm", "a megabyte of zeros", _bytes(b"\0" * 1_000_000), BadFile, "zeros"),
    _Recipe("letter.dcm", "a text renamed", _bytes(_TEXT), BadFile, "a text"),
    _Recipe("letter.png", "a text renamed", _bytes(_TEXT), BadFile, "a text"),
    _Recipe("letter.nii.gz", "a text renamed", _bytes(_TEXT), BadFile, "a text"),
    _Recipe("error.dcm", "an error page saved as DICOM", _bytes(b"<!DOCTYPE html><html>404</html>"), BadFile, "web page"),
    _Recipe("error.json.png", "a JSON error", _bytes(b'{"error": "not found"}'), BadFile, "JSON"),
    _Recipe("study.dcm", "a ZIP archive renamed", _zip, BadFile, "ZIP"),
    _Recipe("report.dcm", "a PDF renamed", _bytes(b"%PDF-1.7\n" + b"\1" * 200), BadFile, "PDF"),
    _Recipe("noise.dcm", "random bytes", _bytes(np.random.default_rng(1).bytes(5000)), BadFile, "no known format"),
    _Recipe("lfs.png", "a Git LFS pointer", _bytes(b"version https://git-lfs.github.com/spec/v1\n"), BadFile, "LFS"),
)  # fmt: skip


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


_GARBAGE = np.random.default_rng(2).bytes(3000)
_SIZ = b"\xff\x4f\xff\x51\x00\x29\x00\x00" + struct.pack(">8I", 60000, 60000, 0, 0, 60000, 60000, 0, 0)
_J2K_HUGE = _SIZ + b"\x00\x01\x07\x01\x01" + _GARBAGE
_SAME_SIZE = _SIZ.replace(struct.pack(">I", 60000), struct.pack(">I", 80)) + b"\x00\x01\x07\x01\x01" + _GARBAGE
_DICOM = (
    _Recipe("cut_in_preamble.dcm", "ends within the preamble", _cut(_plain, 0.005), BadFile),
    _Recipe("cut_in_meta.dcm", "ends within the meta group", _cut(_plain, 0.012), BadFile),
    _Recipe("cut_in_header.dcm", "ends within the header", _cut(_plain, 0.03), BadFile),
    _Recipe("cut_in_pixels.dcm", "ends within the pixels", _cut(_plain, 0.7), BadFile, "end early"),
    _Recipe("only_mark.dcm", "preamble and DICM, then nothing", _bytes(b"\0" * 128 + b"DICM"), BadFile, "no DICOM data"),
    _Recipe("no_pixels.dcm", "no PixelData", _data(lambda: dataset(ramp(), PixelData=None)), BadFile, "no image"),
    _Recipe("nested_40.dcm", "sequences 40 deep", _data(lambda: _nested(40)), BadFile, "nest"),
    _Recipe("nested_200.dcm", "sequences 200 deep, undefined length", _deep, BadFile, "nest"),
    _Recipe("deflated_bomb.dcm", "120 MB in 120 kB", _deflated_bomb, BadFile, "bomb", bomb=True),
    _Recipe("deflate_broken.dcm", "a broken deflate stream", _broken_deflate, BadFile, "deflated"),
    _Recipe("huge_claim.dcm", "65535 x 65535 claimed",
            _data(lambda: dataset(ramp(), Rows=65535, Columns=65535)), BadFile, "million", bomb=True),
    _Recipe("many_frames.dcm", "two milliard frames claimed",
            _data(lambda: dataset(ramp(), NumberOfFrames=2_000_000_000)), BadFile, "frames", bomb=True),
    _Recipe("no_rows.dcm", "zero rows", _data(lambda: dataset(ramp(), Rows=0)), BadFile, "0 rows"),
    _Recipe("rle_claim.dcm", "RLE that cannot hold what it claims",
            _data(_compressed(RLELossless, _GARBAGE, Rows=8000, Columns=8000)), BadFile, "hold", bomb=True),
    _Recipe("bits_12.dcm", "12 bits allocated", _data(lambda: dataset(ramp(), BitsAllocated=12)), BadFile, "bits"),
    _Recipe("bits_do_not_fit.dcm", "more stored than allocated",
            _data(lambda: dataset(ramp(), BitsStored=20)), BadFile, "bits"),
    _Recipe("samples_5.dcm", "five samples a pixel", _data(lambda: dataset(ramp(), SamplesPerPixel=5)), BadFile, "samples"),
    _Recipe("slope_zero.dcm", "rescale slope 0",
            _data(lambda: dataset(ramp(), RescaleSlope="0", RescaleIntercept="0")), BadFile, "slope"),
    _Recipe("rle_garbage.dcm", "RLE garbage", _data(_compressed(RLELossless, _GARBAGE)), BadFile, "decoded"),
    _Recipe("jpeg_garbage.dcm", "JPEG garbage", _data(_compressed(JPEGBaseline8Bit, _GARBAGE)), BadFile, "decoded"),
    _Recipe("jpeg_lossless_garbage.dcm", "JPEG lossless garbage",
            _data(_compressed(JPEGLosslessSV1, _GARBAGE)), BadFile, "decoded"),
    _Recipe("jpegls_garbage.dcm", "JPEG-LS garbage", _data(_compressed(JPEGLSLossless, _GARBAGE)), BadFile, "decoded"),
    _Recipe("j2k_garbage.dcm", "JPEG 2000 garbage behind a good head",
            _data(_compressed(JPEG2000Lossless, _SAME_SIZE, Columns=80)), BadFile, "decoded"),
    _Recipe("j2k_huge.dcm", "JPEG 2000 that claims 60000 x 60000",
            _data(_compressed(JPEG2000Lossless, _J2K_HUGE)), BadFile, "60000", bomb=True),
    _Recipe("jpeg_other_size.dcm", "a JPEG larger than the header says",
            _data(_compressed(JPEGBaseline8Bit, _jpeg(4000, 3000))), BadFile, "4000"),
    _Recipe("jpeg_cut.dcm", "a JPEG that ends early",
            _data(_compressed(JPEGBaseline8Bit, _jpeg(96, 80)[:200])), BadFile, "decoded"),
    _Recipe("video.dcm", "an MPEG-4 video",
            _data(_compressed("1.2.840.10008.1.2.4.102", _GARBAGE)), BadFile, "transfer syntax"),
    _Recipe("made_up_syntax.dcm", "an unknown transfer syntax",
            lambda path: _other_syntax(path), BadFile, "transfer syntax"),
    _Recipe("dicomdir", "a DICOMDIR that points to /etc/passwd", lambda path: _dicomdir(path), BadFile, "DICOMDIR"),
    _Recipe("seg.dcm", "a segmentation",
            _data(lambda: dataset(ramp(), SOPClassUID="1.2.840.10008.5.1.4.1.1.66.4", Modality="SEG")), BadFile, "SEG"),
    _Recipe("spacing_zero.dcm", "pixel spacing 0",
            _data(lambda: dataset(ramp(), PixelSpacing=["0", "0"])), None, "PixelSpacing is not two plausible"),
    _Recipe("spacing_negative.dcm", "negative pixel spacing",
            _data(lambda: dataset(ramp(), PixelSpacing=["-1", "-1"])), None, "PixelSpacing is not two plausible"),
    _Recipe("spacing_nan.dcm", "pixel spacing NaN",
            _data(lambda: dataset(ramp(), PixelSpacing=["nan", "nan"])), None, "PixelSpacing is not two plausible"),
    _Recipe("spacing_word.dcm", "pixel spacing that is no number", lambda path: _spacing_word(path), None, "PixelSpacing"),
    _Recipe("spacing_missing.dcm", "no pixel spacing", _data(lambda: dataset(ramp())), None, "no pixel spacing"),
    _Recipe("window_zero.dcm", "a display window of no width",
            _data(lambda: dataset(ramp(), WindowCenter="100", WindowWidth="0")), None, "display window"),
    _Recipe("colour_film.dcm", "a radiograph in colour",
            _data(lambda: dataset(_rainbow())), None, gate="colour"),
    _Recipe("black_film.dcm", "a radiograph of one value",
            _data(lambda: dataset(np.zeros((80, 96), np.uint16))), None, gate="constant"),
)  # fmt: skip


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


def _rainbow() -> np.ndarray:
    grey = ramp(kind=np.uint8)
    return np.stack([grey, np.roll(grey, 20, 1), 255 - grey], axis=-1)


def _picture(kind: str, pixels: np.ndarray, **options: object) -> bytes:
    buffer = BytesIO()
    Pillow.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def _png_bomb(path: Path) -> None:
    """13000 x 13000 of one value: 160 kB that would become 169 MB grey, 507 MB as RGB."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    side = 13_000
    packer = zlib.compressobj(9)
    rows = b"".join(packer.compress(b"\0" * (side + 1)) for _ in range(side)) + packer.flush()
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", rows) + chunk(b"IEND", b""))


def _animation(path: Path) -> None:
    frames = [Pillow.fromarray(ramp(kind=np.uint8) + np.uint8(n)) for n in range(3)]
    frames[0].save(path, "GIF", save_all=True, append_images=frames[1:])


def _float_tiff(values: np.ndarray) -> Write:
    return lambda path: Pillow.fromarray(values.astype(np.float32)).save(path, "TIFF")


def _some_nan() -> np.ndarray:
    values = ramp().astype(np.float32)
    values[:5] = np.nan
    return values


_PICTURES = (
    _Recipe("bomb.png", "13000 x 13000 in 170 kB", _png_bomb, BadFile, "million", bomb=True),
    _Recipe("cut.png", "a PNG that ends early", _bytes(_picture("PNG", ramp(kind=np.uint8))[:150]), BadFile, "broken"),
    _Recipe("cut.jpg", "a JPEG that ends early", _bytes(_picture("JPEG", ramp(kind=np.uint8))[:300]), BadFile, "broken"),
    _Recipe("only_magic.png", "a PNG of eight bytes", _bytes(b"\x89PNG\r\n\x1a\n"), BadFile, "broken"),
    _Recipe("only_magic.jpg", "a JPEG of four bytes", _bytes(b"\xff\xd8\xff\xe0"), BadFile, "broken"),
    _Recipe("only_magic.tif", "a TIFF of eight bytes", _bytes(b"II*\0\xff\xff\xff\x7f"), BadFile, "no pages"),
    _Recipe("cut.tif", "a TIFF that ends early", _bytes(_picture("TIFF", ramp(kind=np.uint8))[:4000]), BadFile),
    _Recipe("bad_crc.png", "a PNG with a flipped byte", lambda path: _flipped(path), BadFile, "broken"),
    _Recipe("moving.gif", "an animation", _animation, BadFile, "animation"),
    _Recipe("all_nan.tif", "a float TIFF of NaN", _float_tiff(np.full((80, 96), np.nan)), BadFile, "number"),
    _Recipe("some_nan.tif", "a float TIFF with NaN", _float_tiff(_some_nan()), None, "no number"),
    _Recipe("one_pixel.png", "1 x 1", _bytes(_picture("PNG", np.zeros((1, 1), np.uint8))), None, gate="size"),
    _Recipe("constant.png", "one value", _bytes(_picture("PNG", np.full((80, 96), 7, np.uint8))), None, gate="constant"),
    _Recipe("mask.png", "black and white only",
            _bytes(_picture("PNG", ((ramp() > 100) * 255).astype(np.uint8))), None, gate="clipped"),
    _Recipe("see_through.png", "an alpha channel",
            _bytes(_picture("PNG", np.dstack([_rainbow(), ramp(kind=np.uint8)]))), None, "transparency"),
)  # fmt: skip


def _flipped(path: Path) -> None:
    content = bytearray(_picture("PNG", ramp(kind=np.uint8)))
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


def _nifti(shape: tuple[int, ...], kind: int, bits: int, body: bytes) -> bytes:
    """A NIfTI-1 file by hand: sform upright, 1 mm."""
    head = bytearray(352)
    struct.pack_into("<i", head, 0, 348)
    struct.pack_into("<8h", head, 40, len(shape), *(*shape, 1, 1, 1, 1, 1, 1, 1)[:7])
    struct.pack_into("<2h", head, 70, kind, bits)
    struct.pack_into("<8f", head, 76, 1, 1, 1, 1, 1, 1, 1, 1)
    struct.pack_into("<f", head, 108, 352)
    struct.pack_into("<h", head, 254, 1)
    struct.pack_into("<12f", head, 280, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0)
    head[344:348] = b"n+1\0"
    return bytes(head) + body


def _nifti_bomb(path: Path) -> None:
    with gzip.open(path, "wb") as stream:
        stream.write(_nifti((1000, 1000, 120), 2, 8, b""))
        for _ in range(120):
            stream.write(b"\0" * 1_000_000)


def _nrrd(header: str, body: bytes = b"") -> Write:
    return _bytes(b"NRRD0004\n" + header.encode() + b"\n" + body)


_VOLUME = np.arange(24 * 24 * 24, dtype=np.float32)
_NAN = _VOLUME.copy()
_NAN[:100] = np.nan
_GRIDS = (
    _Recipe("bomb.nii.gz", "120 MB in 120 kB", _nifti_bomb, BadFile, "bomb", bomb=True),
    _Recipe("cut.nii", "a NIfTI that ends early", _bytes(_nifti((24, 24, 24), 16, 32, b"\0" * 100)), BadFile, "early"),
    _Recipe("cut.nii.gz", "a gzip that ends early",
            _bytes(gzip.compress(_nifti((24, 24, 24), 16, 32, _VOLUME.tobytes()))[:9000]), BadFile, "early"),
    _Recipe("huge.nii", "30000 each way claimed", _bytes(_nifti((30000, 30000, 30000), 16, 32, b"\0" * 100)), BadFile,
            "large", bomb=True),
    _Recipe("negative.nii", "a negative size", _bytes(_nifti((-5, 24, 24), 16, 32, b"\0" * 100)), BadFile),
    _Recipe("odd_type.nii", "an unknown data type", _bytes(_nifti((24, 24, 24), 999, 32, b"\0" * 100)), BadFile),
    _Recipe("all_nan.nii", "nothing but NaN",
            _bytes(_nifti((24, 24, 24), 16, 32, np.full(24**3, np.nan, np.float32).tobytes())), BadFile, "number"),
    _Recipe("some_nan.nii", "some NaN", _bytes(_nifti((24, 24, 24), 16, 32, _NAN.tobytes())), None, "no number"),
    _Recipe("bad_header.nrrd", "a broken NRRD header", _nrrd("type: nonsense\nsizes: a b c\n"), BadFile, "header"),
    _Recipe("detached.nrrd", "an NRRD that points to /etc/passwd",
            _nrrd("type: uchar\ndimension: 3\nsizes: 4 4 4\nencoding: raw\ndata file: ../../../../etc/passwd\n"),
            BadFile, "another file"),
    _Recipe("listed.nrrd", "an NRRD with a list of files",
            _nrrd("type: uchar\ndimension: 3\nsizes: 4 4 4\nencoding: raw\ndata file: LIST\n/etc/passwd\n"), BadFile),
    _Recipe("huge.nrrd", "an NRRD of 10^15 voxels",
            _nrrd("type: float\ndimension: 3\nsizes: 100000 100000 100000\nencoding: raw\n", b"x"), BadFile, "large",
            bomb=True),
    _Recipe("endless.nrrd", "an NRRD header without end", _bytes(b"NRRD0004\n" + b"# x\n" * 50_000), BadFile, "no end"),
    _Recipe("cut.nrrd", "an NRRD that ends early",
            _nrrd("type: short\ndimension: 3\nsizes: 24 24 24\nencoding: raw\nendian: little\n", b"12"), BadFile, "early"),
)  # fmt: skip


def _series(path: Path, heights: tuple[float, ...], **elements: object) -> None:
    path.mkdir(exist_ok=True)
    for n, z in enumerate(heights):
        data = ct_slice(ramp(kind=np.int16), z, InstanceNumber=n + 1, **elements)
        (path / f"{n:03}.dcm").write_bytes(dicom_bytes(data))


def _mixed_orientations(path: Path) -> None:
    _series(path, (0, 1, 2, 3))
    for n in range(3):
        data = ct_slice(ramp(kind=np.int16), 50, ImageOrientationPatient=CORONAL, InstanceNumber=90 + n)
        data.ImagePositionPatient = [0.0, float(n), 50.0]
        (path / f"cor{n}.dcm").write_bytes(dicom_bytes(data))


def _link_loop(path: Path) -> None:
    path.mkdir(exist_ok=True)
    for name, target in (("again", path), ("a", "b"), ("b", "a"), ("out", "/etc/passwd")):
        if not (path / name).is_symlink():
            os.symlink(target, path / name)


def _two_patients(path: Path) -> None:
    path.mkdir(exist_ok=True)
    for name in ("ANNA", "BERTA"):
        (path / f"{name}.dcm").write_bytes(dicom_bytes(dataset(ramp(), PatientID=name)))


_FOLDERS = (
    _Recipe("nothing", "an empty folder", lambda path: path.mkdir(exist_ok=True), BadStudy, "empty"),
    _Recipe("links", "link loops and a link out of the folder", _link_loop, BadStudy, "empty"),
    _Recipe("two_patients", "two patients in one folder", _two_patients, BadStudy, "different patients"),
    _Recipe("doubled", "two slices in one place", lambda p: _series(p, (0, 1, 1, 2, 3)), None, "left out"),
    _Recipe("one_missing", "a slice is missing", lambda p: _series(p, (0, 1, 2, 4, 5)), None, "missing"),
    _Recipe("many_missing", "most slices are missing", lambda p: _series(p, (0, 1, 2, 9, 10, 11)), BadStudy, "missing"),
    _Recipe("uneven", "slices at random heights", lambda p: _series(p, (0, 1, 1.4, 3.3, 7.7)), BadStudy, "evenly"),
    _Recipe("mixed", "axial and coronal in one series", _mixed_orientations, None, "left out"),
)  # fmt: skip
