"""Codes as DICOM writes them: what the tables of the vocabularies have, in highdicom's form."""

from __future__ import annotations

from collections.abc import Iterable

from highdicom.sr import CodedConcept

from readingroom.domain.coding import Coding, System
from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Unit
from readingroom.exports.dicom_source import SCHEME, line
from readingroom.language.codes import OPEN, codings_of, public, site_codings, unit_coding
from readingroom.language.lexicon import lexicon

_DESIGNATORS: dict[System, str] = {"LOCAL": SCHEME}
"""By which a DICOM code names its scheme; the others are named as we name them (PS3.16 table 8-1)."""


def coded(coding: Coding) -> CodedConcept:
    """The meaning is cut to the 64 characters that DICOM allows."""
    return CodedConcept(coding.code, _DESIGNATORS.get(coding.system, coding.system), line(coding.display))


def own(name: str, meaning: str) -> CodedConcept:
    """A concept of our own scheme."""
    return CodedConcept(line(name), SCHEME, line(meaning))


def concept(name: str) -> CodedConcept:
    """A concept of the lexicon or a closed term; what no vocabulary has is named by itself."""
    words = line(name.removeprefix(OPEN)) or "unnamed"
    if not public(name):
        return own(words.replace(" ", "_"), line(lexicon().name(name)) or words)
    return coded(codings_of(name)[0])


def judged(question: str, answer: str) -> tuple[CodedConcept, CodedConcept]:
    """Name and value of a qualitative evaluation: ("severity", "mild")."""
    value = concept(answer) if public(answer) else own(f"{question}_{answer}", answer.replace("_", " "))
    return _PRESENCE if question == "presence" else concept(question), value


_PRESENCE = CodedConcept("705057003", "SCT", "Presence")


def category(name: str) -> CodedConcept:
    """Segmented property category and finding category (CID 7150): a place, a thing put there, or a finding."""
    known = lexicon().concepts.get(name)
    kind = known.kind if known else "finding"
    table = {"structure": _ANATOMY, "measurement": _ANATOMY, "device": "category_physical_object"}
    return concept(table.get(kind, "category_morphologically_abnormal_structure"))


_ANATOMY = "category_anatomical_structure"


def site(item: Evidence, ref: ImageRef) -> CodedConcept | None:
    """Where it is: a place in the lung, the structure, what a measurement is of, or the region that was imaged."""
    known = lexicon().concepts.get(item.observation)
    structure = (item.observation if known.kind == "structure" else known.about) if known else ""
    found = site_codings(item.zone, structure) if item.zone else ()
    if found:
        return coded(found[0])
    name = structure or ("" if ref.anatomy == "unknown" else ref.anatomy)
    return concept(name) if name else None


def side(item: Evidence) -> CodedConcept | None:
    """A side of the patient (CID 244); None where there is none to tell."""
    return concept(item.laterality) if item.laterality in ("left", "right", "bilateral", "midline") else None


def unit(name: Unit) -> CodedConcept:
    """In UCUM."""
    return coded(unit_coding(name))


def procedures(refs: Iterable[ImageRef]) -> tuple[CodedConcept, ...]:
    """What was done to get the images, each once."""
    found = {}
    for ref in refs:
        sct = [one for one in codings_of(ref.modality) if one.system == "SCT"]
        code = coded(sct[0]) if sct else CodedConcept("363679005", "SCT", "Imaging procedure")
        found[code.value] = code
    return tuple(found.values())
