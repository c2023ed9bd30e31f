"""Public vocabularies for what a report says: concepts of the lexicon, closed terms, sections, kinds of report, units.

The tables are `prompts/codes/*.yaml`; its README names the source that each was checked against. A concept that no
public vocabulary has is coded LOCAL by its own name, so that an export always has something to write.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, get_args

from readingroom.domain.coding import Coding, System
from readingroom.domain.measurement import Unit
from readingroom.errors import BadRequest
from readingroom.prompts.words import load_words, read_words

FOLDER = "codes"
TABLES = ("findings", "anatomy", "devices", "measures", "terms", "modalities", "sections", "segments")
UNITS = "units"

OPEN = "open:"
"""Marks an observation that the lexicon does not have, named by the text's own noun."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
"""What a concept's name looks like; a text that is none gets no code."""

PLACES: Mapping[str, str] = MappingProxyType({
    "upper zone": "upper_zone", "middle zone": "middle_zone", "lower zone": "lower_zone",
    "upper lobe": "upper_lobe", "middle lobe": "middle_lobe", "lower lobe": "lower_lobe", "lingula": "lingula",
})  # fmt: skip
"""Places of the lexicon that are sites of the lung by their name, with a code of their own."""

LUNG_PLACES: Mapping[str, str] = MappingProxyType({
    "upper": "upper_zone", "middle": "middle_zone", "lower": "lower_zone", "apex": "apex", "hilar": "hilum",
})  # fmt: skip
"""Places that are sites of the lung where the structure is the lung."""


def codings_of(concept: str) -> tuple[Coding, ...]:
    """Every code of a concept or closed term: SNOMED CT before RadLex, LOINC before DICOM, as the tables list them.

    A concept without a public code is one LOCAL code. Empty for a text that is no concept's name.
    """
    return _tables().get(concept) or _local(concept)


def coding_of(concept: str, system: System) -> Coding | None:
    """The concept's code in one vocabulary; None where it has none there."""
    return next((coding for coding in codings_of(concept) if coding.system == system), None)


def public(concept: str) -> bool:
    """Whether any public vocabulary has the concept."""
    return concept in _tables()


def unit_coding(unit: Unit) -> Coding:
    """The UCUM code of a unit: "mm", "[hnsf'U]", "{pixels}"."""
    return _units()[unit]


def site_codings(zone: str, structure: str = "") -> tuple[Coding, ...]:
    """Codes of a body site: of the place within the lung where it has its own, else of the structure. Else empty."""
    key = zone.strip().lower()
    place = PLACES.get(key, "") if structure in ("", "lung", "chest") else ""
    if not place and structure == "lung":
        place = LUNG_PLACES.get(key, "")
    return _tables().get(place or structure, ())


def report_codings(modality: str, anatomy: str) -> tuple[Coding, ...]:
    """LOINC codes of the kind of report, the most specific first; the last is "Diagnostic imaging report"."""
    names = (f"report_{modality}_{anatomy}", f"report_{modality}", "report")
    return tuple(coding for name in names for coding in _tables().get(name, ()))


def _local(concept: str) -> tuple[Coding, ...]:
    name = concept.removeprefix(OPEN).strip().replace(" ", "_").replace("-", "_")
    if not NAME.fullmatch(name):
        return ()
    return (Coding(system="LOCAL", code=name, display=name.replace("_", " ")),)


@cache
def _tables() -> Mapping[str, tuple[Coding, ...]]:
    found: dict[str, tuple[Coding, ...]] = {}
    for table in TABLES:
        for concept, codings in _read(table).items():
            if concept in found:
                raise BadRequest(f"{concept!r} stands in two tables", where=f"{FOLDER}/{table}.yaml")
            found[concept] = codings
    return MappingProxyType(found)


@cache
def _units() -> Mapping[str, Coding]:
    found = {unit: codings[0] for unit, codings in _read(UNITS).items()}
    if missing := set(get_args(Unit)) - set(found):
        raise BadRequest(f"has no code for {sorted(missing)}", where=f"{FOLDER}/{UNITS}.yaml")
    return MappingProxyType(found)


def _read(table: str) -> dict[str, tuple[Coding, ...]]:
    where = f"{FOLDER}/{table}.yaml"
    data: dict[str, dict[System, list[Any]]] = load_words(read_words(where), where)
    return {
        concept: tuple(Coding(system=system, code=code, display=display) for system, (code, display) in listed.items())
        for concept, listed in data.items()
    }
