"""Forty and more broken or hostile files, written from code: what each is, and what reading it must come to."""

from __future__ import annotations

import gzip
import os
import struct
import zipfile
import zlib
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
from pydicom import config

from readingroom.errors import BadFile, BadInput, BadStudy
from tests.imaging.dicom_files import CORONAL, ct_slice, dataset, dicom_bytes, ramp
from tests.imaging.hostile_dicom import DICOM
from tests.imaging.hostile_recipe import Recipe, Write, plain, rainbow


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


def write_hostile(folder: Path) -> list[HostileCase]:
    """Write every case into `folder` and tell them."""
    folder.mkdir(parents=True, exist_ok=True)
    cases = []
    for recipe in (*_TEXTS, *DICOM, *_PICTURES, *_GRIDS, *_FOLDERS):
        path = folder / recipe.name
        with config.disable_value_validation():
            recipe.write(path)
        cases.append(HostileCase(path, recipe.why, recipe.outcome, recipe.says, recipe.gate, recipe.bomb))
    return cases


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../evil.dcm", b"x")


_TEXT = b"This is a letter about a patient, not an image.\n" * 40
_TEXTS = (
    Recipe("empty.dcm", "zero bytes", plain(b""), BadFile, "empty"),
    Recipe("empty.png", "zero bytes", plain(b""), BadFile, "empty"),
    Recipe("zeros.dcm", "a megabyte of zeros", plain(b"\0" * 1_000_000), BadFile, "zeros"),
    Recipe("letter.dcm", "a text renamed", plain(_TEXT), BadFile, "a text"),
    Recipe("letter.png", "a text renamed", plain(_TEXT), BadFile, "a text"),
    Recipe("letter.nii.gz", "a text renamed", plain(_TEXT), BadFile, "a text"),
    Recipe("error.dcm", "an error page", plain(b"<!DOCTYPE html><html>404</html>"), BadFile, "web page"),
    Recipe("error.json.png", "a JSON error", plain(b'{"error": "not found"}'), BadFile, "JSON"),
    Recipe("study.dcm", "a ZIP archive renamed", _zip, BadFile, "ZIP"),
    Recipe("report.dcm", "a PDF renamed", plain(b"%PDF-1.7\n" + b"\1" * 200), BadFile, "PDF"),
    Recipe("noise.dcm", "random bytes", plain(np.random.default_rng(1).bytes(5000)), BadFile, "no known format"),
    Recipe("lfs.png", "a Git LFS pointer", plain(b"version https://git-lfs.github.com/spec/v1\n"), BadFile, "LFS"),
)  # fmt: skip


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


def _flipped(path: Path) -> None:
    content = bytearray(_picture("PNG", ramp(kind=np.uint8)))
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))


_PICTURES = (
    Recipe("bomb.png", "13000 x 13000 in 170 kB", _png_bomb, BadFile, "million", bomb=True),
    Recipe("cut.png", "a PNG that ends early", plain(_picture("PNG", ramp(kind=np.uint8))[:150]), BadFile, "broken"),
    Recipe("cut.jpg", "a cut JPEG", plain(_picture("JPEG", ramp(kind=np.uint8))[:300]), BadFile, "broken"),
    Recipe("only_magic.png", "a PNG of eight bytes", plain(b"\x89PNG\r\n\x1a\n"), BadFile, "broken"),
    Recipe("only_magic.jpg", "a JPEG of four bytes", plain(b"\xff\xd8\xff\xe0"), BadFile, "broken"),
    Recipe("only_magic.tif", "a TIFF of eight bytes", plain(b"II*\0\xff\xff\xff\x7f"), BadFile, "no pages"),
    Recipe("cut.tif", "a TIFF that ends early", plain(_picture("TIFF", ramp(kind=np.uint8))[:4000]), BadFile),
    Recipe("bad_crc.png", "a PNG with a flipped byte", _flipped, BadFile, "broken"),
    Recipe("moving.gif", "an animation", _animation, BadFile, "animation"),
    Recipe("all_nan.tif", "a float TIFF of NaN", _float_tiff(np.full((80, 96), np.nan)), BadFile, "number"),
    Recipe("some_nan.tif", "a float TIFF with NaN", _float_tiff(_some_nan()), None, "no number"),
    Recipe("one_pixel.png", "1 x 1", plain(_picture("PNG", np.zeros((1, 1), np.uint8))), None, gate="size"),
    Recipe("constant.png", "one value", plain(_picture("PNG", np.full((80, 96), 7, np.uint8))), None,
            gate="constant"),
    Recipe("mask.png", "black and white only",
            plain(_picture("PNG", ((ramp() > 100) * 255).astype(np.uint8))), None, gate="clipped"),
    Recipe("see_through.png", "an alpha channel",
            plain(_picture("PNG", np.dstack([rainbow(), ramp(kind=np.uint8)]))), None, "transparency"),
)  # fmt: skip


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
    return plain(b"NRRD0004\n" + header.encode() + b"\n" + body)


_VOLUME = np.arange(24 * 24 * 24, dtype=np.float32)
_NAN = _VOLUME.copy()
_NAN[:100] = np.nan
_GRIDS = (
    Recipe("bomb.nii.gz", "120 MB in 120 kB", _nifti_bomb, BadFile, "bomb", bomb=True),
    Recipe("cut.nii", "a NIfTI that ends early", plain(_nifti((24, 24, 24), 16, 32, b"\0" * 100)), BadFile, "early"),
    Recipe("cut.nii.gz", "a gzip that ends early",
            plain(gzip.compress(_nifti((24, 24, 24), 16, 32, _VOLUME.tobytes()))[:9000]), BadFile, "early"),
    Recipe("huge.nii", "30000 each way claimed", plain(_nifti((30000, 30000, 30000), 16, 32, b"\0" * 100)), BadFile,
            "large", bomb=True),
    Recipe("negative.nii", "a negative size", plain(_nifti((-5, 24, 24), 16, 32, b"\0" * 100)), BadFile),
    Recipe("odd_type.nii", "an unknown data type", plain(_nifti((24, 24, 24), 999, 32, b"\0" * 100)), BadFile),
    Recipe("all_nan.nii", "nothing but NaN",
            plain(_nifti((24, 24, 24), 16, 32, np.full(24**3, np.nan, np.float32).tobytes())), BadFile, "number"),
    Recipe("some_nan.nii", "some NaN", plain(_nifti((24, 24, 24), 16, 32, _NAN.tobytes())), None, "no number"),
    Recipe("bad_header.nrrd", "a broken NRRD header", _nrrd("type: nonsense\nsizes: a b c\n"), BadFile, "header"),
    Recipe("detached.nrrd", "an NRRD that points to /etc/passwd",
            _nrrd("type: uchar\ndimension: 3\nsizes: 4 4 4\nencoding: raw\ndata file: ../../../../etc/passwd\n"),
            BadFile, "another file"),
    Recipe("listed.nrrd", "an NRRD with a list of files",
            _nrrd("type: uchar\ndimension: 3\nsizes: 4 4 4\nencoding: raw\ndata file: LIST\n/etc/passwd\n"), BadFile),
    Recipe("huge.nrrd", "an NRRD of 10^15 voxels",
            _nrrd("type: float\ndimension: 3\nsizes: 100000 100000 100000\nencoding: raw\n", b"x"), BadFile, "large",
            bomb=True),
    Recipe("endless.nrrd", "an NRRD header without end", plain(b"NRRD0004\n" + b"# x\n" * 50_000), BadFile, "no end"),
    Recipe("cut.nrrd", "an NRRD that ends early",
            _nrrd("type: short\ndimension: 3\nsizes: 24 24 24\nencoding: raw\nendian: little\n", b"12"), BadFile,
            "early"),
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
    Recipe("nothing", "an empty folder", lambda path: path.mkdir(exist_ok=True), BadStudy, "empty"),
    Recipe("links", "link loops and a link out of the folder", _link_loop, BadStudy, "empty"),
    Recipe("two_patients", "two patients in one folder", _two_patients, BadStudy, "different patients"),
    Recipe("doubled", "two slices in one place", lambda p: _series(p, (0, 1, 1, 2, 3)), None, "left out"),
    Recipe("one_missing", "a slice is missing", lambda p: _series(p, (0, 1, 2, 4, 5)), None, "missing"),
    Recipe("many_missing", "most slices are missing", lambda p: _series(p, (0, 1, 2, 9, 10, 11)), BadStudy, "missing"),
    Recipe("uneven", "slices at random heights", lambda p: _series(p, (0, 1, 1.4, 3.3, 7.7)), BadStudy, "evenly"),
    Recipe("mixed", "axial and coronal in one series", _mixed_orientations, None, "left out"),
)  # fmt: skip
