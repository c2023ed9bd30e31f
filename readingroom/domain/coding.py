"""A concept in a public vocabulary: what a PACS or an EHR understands of what we say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from readingroom.domain.value import Value

System = Literal["RADLEX", "SCT", "LN", "UCUM", "DCM", "FMA", "LOCAL"]
"""Coding schemes by their DICOM designator (PS3.16 table 8-1); LOCAL is written as 99READINGROOM."""


class Coding(Value):
    """One code of one vocabulary."""

    system: System
    code: str = Field(min_length=1)
    display: str = Field(min_length=1)
