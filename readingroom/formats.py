"""What a report can be written as, by the names that --format and --to take."""

from __future__ import annotations

from readingroom.errors import BadRequest

FORMATS = (
    "html",
    "json",
    "md",
    "csv",
    "docx",
    "pdf",
    "fhir",
    "fhir-r5",
    "radfact",
    "dicom-sr",
    "dicom-seg",
    "dicom-sc",
)
"""fhir is R4."""

USUAL = ("html", "json", "md")
"""Where nobody says otherwise."""


def formats_of(text: str) -> tuple[str, ...]:
    """The formats of a comma-separated list, each once. Raises BadRequest for none, or for one there is not."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    if not names:
        raise BadRequest("no format was named", do=f"Choose from {', '.join(FORMATS)}.")
    if strange := [name for name in names if name not in FORMATS]:
        raise BadRequest(f"there is no format {strange[0]!r}", do=f"Choose from {', '.join(FORMATS)}.")
    return names
