"""Uploads freed of names before anything reads them, in place, as `readingroom deidentify` frees files.

Words burned into the pixels stay, since looking for them decodes every file once more: the gate asks for them where a
header says that they are there, and the command holds such files back.
"""

from __future__ import annotations

from pathlib import Path

from readingroom.deidentification.choices import Choices
from readingroom.deidentification.dicom_file import DicomFile
from readingroom.deidentification.other_files import nifti_anew, picture_anew, png_of
from readingroom.errors import BadFile
from readingroom.imaging.dicom import Header, open_dicom, quiet
from readingroom.imaging.facts import facts_of
from readingroom.imaging.folder import read_bytes, read_head
from readingroom.imaging.limits import Limits
from readingroom.imaging.sniff import Format, sniff

BASIC = Choices(burned_in="keep")


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
    where = path.name
    data = read_bytes(path, Limits(), where=where)
    if kind == "dicom":
        with quiet():
            return _dicom(data, key, where=where)
    if kind in ("nifti", "nifti_gz"):
        return nifti_anew(data, Limits(), where=where).content
    if kind in ("png", "jpeg", "bmp"):
        return png_of(picture_anew(data, kind, Limits(), where=where)[0])
    raise BadFile(
        f"files of this kind ({kind}) cannot be freed of names here", where=where,
        do="Give DICOM, NIfTI, PNG, JPEG or BMP, or leave de-identification off.",
    )  # fmt: skip


def _dicom(data: bytes, key: bytes, *, where: str) -> bytes:
    """By the profile, and with what of view and body part only a text that is left out had told.

    Else a lateral film would pass for a frontal one, whose sides go by convention.
    """
    before = facts_of(open_dicom(data, Limits(), where=where))
    file = DicomFile(data, key, BASIC, where=where)
    content = file.written(masked=False)
    after = facts_of(Header(file.dataset))
    told = {}
    if before.view_source == "header" and after.view != before.view:
        told["ViewPosition"] = "LATERAL" if before.view == "lateral" else before.view.upper()
    if before.anatomy_source == "header" and after.anatomy != before.anatomy:
        told["BodyPartExamined"] = before.anatomy.upper()[:16]
    for name, value in told.items():
        setattr(file.dataset, name, value)
    return file.saved() if told else content
