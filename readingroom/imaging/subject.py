"""The pseudonym of a patient: the same for the same patient in this installation, meaningless elsewhere."""

from __future__ import annotations

import hashlib
import hmac

from readingroom.imaging.dicom import Header

UNKNOWN = "unknown"


def pseudonym(header: Header, key: bytes) -> str:
    """First 12 hexadecimal digits of HMAC-SHA256 over patient identifier and issuer; "unknown" without identifier."""
    identifier = header.text("PatientID")
    if not identifier or identifier == "None":
        return UNKNOWN
    text = f"{identifier}\x1f{header.text('IssuerOfPatientID')}"
    return hmac.new(key, text.encode(errors="replace"), hashlib.sha256).hexdigest()[:12]
