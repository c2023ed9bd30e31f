"""Uploads freed of names before anything reads them: pixels and technical attributes stay, all else is left out.

Kept of a DICOM file are attributes whose kind of value can hold numbers or codes alone, so that what nobody thought of
is left out, too: the opposite of a list of what to remove (PS3.15 Annex E asks for more than 400 removals). What is
burned into the pixels stays: BurnedInAnnotation is kept, and the gate asks it. Texts in NIfTI headers are blanked;
PNG and JPEG are written anew without their metadata; other files are refused, for what they hold is not known.
"""

from __future__ import annotations

import gzip
import hashlib
import hmac
import io
import math
import re
import struct
import zlib
from pathlib import Path
from typing import Literal

from PIL import Image as Pillow
from PIL import ImageOps
from pydicom import Dataset, dcmread
from pydicom.datadict import keyword_for_tag
from pydicom.dataelem import DataElement
from pydicom.dataset import FileMetaDataset
from pydicom.errors import BytesLengthException, InvalidDicomError
from pydicom.uid import UID

from readingroom.errors import BadFile
from readingroom.imaging.dicom import PARSE_ERRORS, Header, quiet
from readingroom.imaging.facts import facts_of
from readingroom.imaging.folder import read_head
from readingroom.imaging.limits import Limits
from readingroom.imaging.sniff import Format, sniff
from readingroom.imaging.subject import NAMING, UNKNOWN, pseudonym

NUMBERS = frozenset({"US", "SS", "UL", "SL", "UV", "SV", "FL", "FD", "AT", "OW", "OB", "OF", "OD", "OL"})
BYTES = frozenset({"OB", "OW", "OF", "OD", "OL"})
"""Whatever somebody put there; kept of pixels and their tables alone."""
WRITTEN_NUMBERS = frozenset({"DS", "IS"})
CODES = frozenset({"CS"})
NO_GROUPS = frozenset({0x0010, 0x0012, 0x0032, 0x0038, 0x0088, 0x0400, 0x4008, 0x4FFE})
"""Of the patient, the trial, the visit, storage and signatures: nothing of them is technical."""
REPEATED = (range(0x5000, 0x5020), range(0x6000, 0x6020))
"""Groups of curves and of overlays, which hold drawings and texts."""
CODED = frozenset({"CodeValue", "CodingSchemeDesignator", "LongCodeValue", "URNCodeValue"})
"""Short texts that stay inside items which say what part of the body or which view: their meanings are not kept."""
CODE_SEQUENCES = frozenset({"AnatomicRegionSequence", "ViewCodeSequence", "ViewModifierCodeSequence"})
CODE = re.compile(r"[A-Z0-9_ .+-]{0,16}")
STANDARD_UID = "1.2.840.10008."
PIXELS = frozenset({"PixelData", "FloatPixelData", "DoubleFloatPixelData"})
LEAST_WORD = 3
"""Letters; shorter parts of names are codes, too: a patient called "CASE-CT-12" has a CT all the same."""
DEEPEST = 8
"""Sequences in sequences that are kept."""

NIFTI_TEXTS = {348: ((4, 10), (14, 18), (148, 80), (228, 24), (328, 16)), 540: ((240, 80), (320, 24), (508, 16))}
"""By size of the header: offset and length of its texts (nifti1.h, nifti2.h)."""
HEADER_OFFSETS = {348: (108, "f"), 540: (168, "q")}


def deidentified(paths: list[Path], key: bytes) -> list[Path]:
    """Uploaded files rewritten in place; those that are no image are removed. The rest comes back.

    `key`: of this installation, so that one patient's files get one pseudonym and one study's files new UIDs that
    still belong together. Raises BadFile for an image of a kind that cannot be freed of names here, or a broken one.
    """
    kept = []
    for path in paths:
        try:
            kind = sniff(read_head(path, Limits(), where=path.name), where=path.name)
        except BadFile:
            if len(paths) == 1:
                raise
            path.unlink()
            continue
        path.write_bytes(_freed(path, kind, key))
        kept.append(path)
    return kept


def _freed(path: Path, kind: Format, key: bytes) -> bytes:
    if kind == "dicom":
        return _dicom(path, key)
    if kind == "nifti":
        return _nifti(path.read_bytes(), path.name)
    if kind == "nifti_gz":
        return gzip.compress(_nifti(_inflated(path), path.name), 1, mtime=0)
    if kind in ("png", "jpeg"):
        return _picture(path)
    raise BadFile(
        f"files of this kind ({kind}) cannot be freed of names here", where=path.name,
        do="Give DICOM, NIfTI, PNG or JPEG, or leave de-identification off.",
    )  # fmt: skip


def _dicom(path: Path, key: bytes) -> bytes:
    """A new file with the attributes that stay."""
    with quiet():
        try:
            source = dcmread(path, force=True)
            words = _words(source)
            out = _kept(source, key, words, 0)
            _say_what_texts_said(Header(source), out)
            named = pseudonym(Header(source), key)
            if named != UNKNOWN:
                out.PatientID = named
            out.PatientIdentityRemoved = "YES"
            out.DeidentificationMethod = "Reading Room: pixels and technical attributes only"
            syntax = getattr(source, "file_meta", FileMetaDataset()).get("TransferSyntaxUID", "1.2.840.10008.1.2")
            meta = FileMetaDataset()
            meta.TransferSyntaxUID = UID(syntax)
            meta.MediaStorageSOPClassUID = out.get("SOPClassUID", UID("1.2.840.10008.5.1.4.1.1.7"))
            meta.MediaStorageSOPInstanceUID = out.get("SOPInstanceUID", _uid(path.name, key))
            out.file_meta = meta
            written = io.BytesIO()
            out.save_as(written, enforce_file_format=True)
        except (InvalidDicomError, BytesLengthException, *PARSE_ERRORS) as error:
            raise BadFile("the file is broken DICOM", where=path.name, do="Export it again.") from error
    return written.getvalue()


def _say_what_texts_said(before: Header, out: Dataset) -> None:
    """View and body part, where only a text that is left out told them: else a lateral film would pass for a frontal
    one, whose sides go by convention."""
    facts = facts_of(before)
    if facts.view_source == "header" and facts_of(Header(out)).view != facts.view:
        out.ViewPosition = "LATERAL" if facts.view == "lateral" else facts.view.upper()
    if facts.anatomy_source == "header" and facts_of(Header(out)).anatomy != facts.anatomy:
        out.BodyPartExamined = facts.anatomy.upper()[:16]


def _kept(source: Dataset, key: bytes, words: frozenset[str], depth: int, coded: bool = False) -> Dataset:
    out = Dataset()
    for element in source:
        name = keyword_for_tag(element.tag)
        group = element.tag.group
        if not name or element.tag.is_private or group in NO_GROUPS or any(group in one for one in REPEATED):
            continue
        if element.VR == "SQ":
            if depth < DEEPEST:
                inside = name in CODE_SEQUENCES
                items = [_kept(item, key, words, depth + 1, inside) for item in element.value]
                if any(len(item) for item in items):
                    out.add_new(element.tag, "SQ", items)
        elif _stays(element, name, words, coded):
            value = _renamed(element, key) if element.VR == "UI" else element.value
            out.add_new(element.tag, element.VR, value)
            if name in PIXELS:
                out[element.tag].is_undefined_length = element.is_undefined_length
    return out


def _stays(element: DataElement, name: str, words: frozenset[str], coded: bool) -> bool:
    kinds = set(element.VR.split(" or "))  # of two, where the file does not say which
    if kinds <= NUMBERS:
        return not kinds & BYTES or name in PIXELS or element.tag.group == 0x0028
    if element.VR in WRITTEN_NUMBERS:
        return element.tag.group != 0x0008
    if element.VR == "UI":
        return True
    texts = element.value if isinstance(element.value, list | tuple) or element.VM > 1 else [element.value]
    if element.VR in CODES or (coded and name in CODED):
        return all(CODE.fullmatch(str(text)) and not _words_in(str(text)) & words for text in texts)
    return False


def _renamed(element: DataElement, key: bytes) -> str | list[str]:
    """UIDs that the standard gives stay; others become new ones, the same for the same."""
    many = list(element.value) if element.VM > 1 else [element.value]
    found = [str(one) if str(one).startswith(STANDARD_UID) or not one else _uid(str(one), key) for one in many]
    return found if len(found) > 1 else found[0] if found else ""


def _uid(given: str, key: bytes) -> UID:
    """Under 2.25, from the first 120 bits of an HMAC (PS3.5 B.2 takes any such number)."""
    digest = hmac.new(key, b"uid\x1f" + given.encode(errors="replace"), hashlib.sha256).digest()
    return UID(f"2.25.{int.from_bytes(digest[:15], 'big')}")


def _words(source: Dataset) -> frozenset[str]:
    """Of the names and numbers in the header that say who it is."""
    header = Header(source)
    return frozenset().union(*(_words_in(text) for field in NAMING for text in header.texts(field)))


def _words_in(text: str) -> frozenset[str]:
    return frozenset(word for word in re.split(r"[^0-9A-Za-z]+", text.upper()) if len(word) >= LEAST_WORD)


def _inflated(path: Path) -> bytes:
    limits = Limits()
    try:
        with gzip.open(path) as stream:
            content = stream.read(limits.inflated_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile("the file is broken", where=path.name) from error
    if len(content) > limits.inflated_bytes:
        raise BadFile("the file inflates to too much", where=path.name)
    return content


def _nifti(content: bytes, where: str) -> bytes:
    """Its header's texts blanked, and what stands between header and voxels, which are extensions."""
    out = bytearray(content)
    orders: tuple[Literal["little", "big"], ...] = ("little", "big")
    order = next((one for one in orders if int.from_bytes(out[:4], one) in NIFTI_TEXTS), None)
    if order is None or len(out) < int.from_bytes(out[:4], order):
        raise BadFile("the file is broken NIfTI", where=where)
    size = int.from_bytes(out[:4], order)
    for at, length in NIFTI_TEXTS[size]:
        out[at : at + length] = bytes(length)
    start = _voxels_at(bytes(out), size, order)
    if not size <= start <= len(out):
        raise BadFile("the file is broken NIfTI", where=where)
    out[size:start] = bytes(start - size)
    return bytes(out)


def _voxels_at(content: bytes, size: int, order: str) -> int:
    at, kind = HEADER_OFFSETS[size]
    (value,) = struct.unpack_from(("<" if order == "little" else ">") + kind, content, at)
    return int(value) if math.isfinite(value) else -1


def _picture(path: Path) -> bytes:
    """The same samples as PNG, turned as its metadata said; nothing beside them."""
    try:
        with Pillow.open(path) as opened:
            turned = ImageOps.exif_transpose(opened) or opened
            out = io.BytesIO()
            turned.info = {}
            turned.save(out, "PNG", compress_level=1)
    except (OSError, ValueError, Pillow.DecompressionBombError) as error:
        raise BadFile("the picture is broken or too large", where=path.name) from error
    return out.getvalue()
