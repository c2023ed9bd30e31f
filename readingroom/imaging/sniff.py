"""What a file is, by its first bytes and never by its name."""

from __future__ import annotations

import zlib
from typing import Literal

from readingroom.errors import BadFile
from readingroom.imaging.dicom_scan import lost_mark

Format = Literal["dicom", "nifti", "nifti_gz", "nrrd", "png", "jpeg", "tiff", "bmp", "gif"]

HEAD_BYTES = 4096
"""How much of a file `sniff` needs."""

_MAGIC: tuple[tuple[bytes, Format], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"NRRD000", "nrrd"),
)

_REFUSED: tuple[tuple[bytes, str, str], ...] = (
    (b"PK\x03\x04", "this is a ZIP archive", "Unpack it and give the folder."),
    (b"PK\x05\x06", "this is an empty ZIP archive", "Give DICOM, NIfTI, NRRD, PNG, JPEG or TIFF files."),
    (b"7z\xbc\xaf\x27\x1c", "this is a 7-Zip archive", "Unpack it and give the folder."),
    (b"Rar!", "this is a RAR archive", "Unpack it and give the folder."),
    (b"BZh", "this is bzip2-compressed", "Unpack it first."),
    (b"\xfd7zXZ\x00", "this is xz-compressed", "Unpack it first."),
    (b"%PDF", "this is a PDF document", "Give the image itself."),
    (b"\x7fELF", "this is a program", "Give the image itself."),
    (b"MZ", "this is a program", "Give the image itself."),
    (b"\x00\x00\x00\x0cjP  ", "this is a JPEG 2000 picture outside DICOM", "Convert it to PNG."),
    (b"\xff\x4f\xff\x51", "this is a bare JPEG 2000 stream", "Convert it to PNG."),
    (b"\x89HDF", "this is an HDF5 file", "Convert it to NIfTI."),
    (b"\x93NUMPY", "this is a NumPy array, which carries no meaning of its pixels", "Convert it to NIfTI or PNG."),
    (b"RIFF", "this is a RIFF file (WebP, AVI or WAV)", "Convert it to PNG."),
    (b"version https://git-lfs", "this is a Git LFS pointer, not the image", "Fetch the file with `git lfs pull`."),
)  # fmt: skip

_KNOWN = "Give DICOM, NIfTI, NRRD, PNG, JPEG or TIFF files."


def sniff(head: bytes, *, where: str) -> Format:
    """The format of a file from its first `HEAD_BYTES`; BadFile says what it is instead where it can be told."""
    if not head:
        raise BadFile("the file is empty", where=where, do=_KNOWN)
    if head[128:132] == b"DICM" or lost_mark(head):
        return "dicom"
    if not any(head):
        raise BadFile("the file starts with nothing but zeros", where=where, do="Copy or export it again.")
    for magic, name in _MAGIC:
        if head.startswith(magic):
            return name
    if head.startswith(b"BM") and head[6:10] == b"\0\0\0\0":
        return "bmp"
    for magic, what, do in _REFUSED:
        if head.startswith(magic):
            raise BadFile(what, where=where, do=do)
    if head.startswith(b"\x1f\x8b"):
        return _in_gzip(head, where)
    if _is_nifti(head):
        return "nifti"
    if looks_like_dataset(head):
        return "dicom"
    raise BadFile(_guess(head), where=where, do=_KNOWN)


def _is_nifti(head: bytes) -> bool:
    return head[344:348] in (b"n+1\0", b"ni1\0") or head[4:8] in (b"n+2\0", b"ni2\0")


def _in_gzip(head: bytes, where: str) -> Format:
    inflater = zlib.decompressobj(31)
    try:
        start = inflater.decompress(head, 1024)
    except zlib.error as error:
        raise BadFile("the gzip stream is broken", where=where, do="Copy or export the file again.") from error
    if _is_nifti(start):
        return "nifti_gz"
    raise BadFile("this is gzip-compressed, but not a NIfTI image", where=where, do="Unpack it and give the folder.")


def looks_like_dataset(head: bytes) -> bool:
    """Whether the bytes start like a DICOM data set without preamble: a first tag of a low even group."""
    if len(head) < 8 or head[:2] in (b"\0\0", b"  "):
        return False
    orders: tuple[Literal["little", "big"], ...] = ("little", "big")
    for order in orders:
        group = int.from_bytes(head[0:2], order)
        element = int.from_bytes(head[2:4], order)
        if group not in (0x0002, 0x0008) or element > 0x3000:
            continue
        explicit = head[4:6].isalpha() and head[4:6].isupper()
        if explicit or int.from_bytes(head[4:8], order) <= 0x10000:
            return True
    return False


def _guess(head: bytes) -> str:
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "this is a web page, perhaps the error page of a download"
    if start.startswith((b"<?xml", b"<")):
        return "this is an XML or HTML text, not an image"
    if start.startswith((b"{", b"[")):
        return "this is a JSON text, not an image"
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in head)
    if printable > 0.95 * len(head):
        return "this is a text, not an image"
    return "this is of no known format"
