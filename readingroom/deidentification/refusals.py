"""Files that are not de-identified here, apart from those that are broken."""

from __future__ import annotations

from readingroom.errors import BadFile, BadInput


class Refused(BadFile):
    """The file is of a kind that may name the patient anywhere, or of none that is known."""


class HeldBack(BadInput):
    """Words in the pixels may name the patient."""
