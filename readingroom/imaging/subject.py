"""The pseudonym of a patient: the same for the same patient in this installation, meaningless elsewhere."""

from __future__ import annotations

import hashlib
import hmac

from readingroom.domain.name_marks import name_marks
from readingroom.imaging.dicom import Header

UNKNOWN = "unknown"


def pseudonym(header: Header, key: bytes) -> str:
    """First 12 hexadecimal digits of HMAC-SHA256 over patient identifier and issuer; "unknown" without identifier."""
    identifier = header.text("PatientID")
    if not identifier or identifier == "None":
        return UNKNOWN
    return pseudonym_of(identifier, key, header.text("IssuerOfPatientID"))


def pseudonym_of(identifier: str, key: bytes, issuer: str = "") -> str:
    """The same of an identifier that a table or another part of the header gives."""
    text = f"{identifier}\x1f{issuer}"
    return hmac.new(key, text.encode(errors="replace"), hashlib.sha256).hexdigest()[:12]


NAMING = (
    "PatientName", "PatientID", "OtherPatientIDs", "AccessionNumber", "ReferringPhysicianName",
    "PerformingPhysicianName", "OperatorsName", "PatientBirthName", "PatientMotherBirthName",
)  # fmt: skip
"""Header fields whose words must not leave in a text."""


def marks_of(header: Header, key: bytes) -> frozenset[str]:
    """The marks of every name and number in the header that could say who it is."""
    return frozenset().union(*(name_marks(header.text(field), key) for field in NAMING))
