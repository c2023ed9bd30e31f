"""What may be in a request: images that were cleared, and texts that are texts."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence

from readingroom.errors import EgressRefused
from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask

TEXT_LIMIT = 100_000
"""Characters of one text; the longest reports with all priors stay under 20,000."""
BLOB_LIMIT = 200
"""Characters in a text that look encoded. UIDs, links and names of drugs do not reach it; a thumbnail passes it."""

_SIGNATURES = {"image/png": b"\x89PNG\r\n\x1a\n", "application/gzip": b"\x1f\x8b"}
_ENCODED = re.compile(r"[A-Za-z0-9+/_=-]{32,}")
_BINARY = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ufffd]")
_DATA_URI = re.compile(r"data:[^,\s]{0,80};base64,", re.IGNORECASE)


def vet(ask: Ask) -> None:
    """Raises EgressRefused, naming the cell and never its content, where something in `ask` may not leave."""
    for number, row in enumerate(ask.rows):
        if len(row) != len(ask.columns):
            raise _refused(f"row {number} has {len(row)} cells for {len(ask.columns)} columns", "", "")
        for column, cell in zip(ask.columns, row, strict=True):
            where = f"{ask.model}, row {number}, {column}"
            if isinstance(cell, str):
                _vet_text(cell, where, image="image" in column)
            elif cell is not None:
                _vet_image(cell, where)
    for text in (*ask.columns, *_texts(ask.params)):
        _vet_text(text, f"{ask.model}, params", image=False)


def _vet_image(cell: object, where: str) -> None:
    if type(cell) is not Cleared:
        raise _refused("these pixels were not cleared to leave", where, "Prepare images with readingroom.")
    if not cell.content.startswith(_SIGNATURES[cell.media]):
        raise _refused(f"these bytes are not {cell.media}", where, "Prepare images with readingroom.")
    if hashlib.sha256(cell.content).hexdigest() != cell.sha256:
        raise _refused("the bytes are not those that were cleared", where, "Prepare the image again.")


def _vet_text(text: str, where: str, *, image: bool) -> None:
    if image:
        raise _refused("an image came as text, past the clearance", where, "Prepare images with readingroom.")
    encoded = sum(map(len, filter(_looks_encoded, _ENCODED.findall(text))))
    if encoded >= BLOB_LIMIT or _DATA_URI.search(text) or _BINARY.search(text):
        raise _refused("this text holds encoded or binary data", where, "Send words; images go through the clearance.")
    if len(text) > TEXT_LIMIT:
        raise _refused(f"this text has {len(text)} characters, {TEXT_LIMIT} may leave", where, "Shorten it.")


def _looks_encoded(run: str) -> bool:
    """A long run is, a shorter one where it mixes letters and digits; a line of dashes is not."""
    if len(set(run)) <= 2:
        return False
    return len(run) >= BLOB_LIMIT or (any(map(str.isdigit, run)) and any(map(str.isalpha, run)))


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, held in value.items():
            yield from _texts(key)
            yield from _texts(held)
    elif isinstance(value, Sequence):
        for held in value:
            yield from _texts(held)


def _refused(what: str, where: str, do: str) -> EgressRefused:
    return EgressRefused(what, where=where, do=do)
