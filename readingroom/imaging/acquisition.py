"""How an image was acquired, as a DICOM header says it: conservatively, and "not said" where it does not."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from readingroom.imaging.dicom import Header, quiet
from readingroom.imaging.facts import facts_of
from readingroom.imaging.image import Study
from readingroom.imaging.instances import instances_of
from readingroom.imaging.multiframe import frame_header

Field = Literal["modality", "anatomy", "plane", "sequence", "contrast"]
FIELDS: tuple[Field, ...] = get_args(Field)
NOT_SAID = "not said"

_SEQUENCES = (
    ("FLAIR", r"\bflair\b|\bdark.?fluid\b|\btirm\b"),
    ("STIR", r"\bstir\b"),
    ("ADC", r"\badc\b|\bapparent diffusion\b"),
    ("DWI", r"\bdwi\b|\bdiffusion\b|\bdti\b|\btrace.?w"),
    ("SWI", r"\bswi\b|\bswan\b|\bsusceptibility\b"),
    ("T2*", r"\bt2\s?\*|\bt2.?star\b"),
    ("T1", r"\bt1\b|\bt1.?w(i|eighted)?\b|\bmp.?rage\b|\bbravo\b"),
    ("T2", r"\bt2\b(?!\s?\*|.?star)|\bt2.?w(i|eighted)?\b"),
    ("PD", r"\bpd\b|\bpd.?w\b|\bproton.density\b"),
    ("angiography", r"\btof\b|\bmra\b|\btime.of.flight\b"),
    ("perfusion", r"\bperfusion\b|\bdsc\b|\bdce\b|\basl\b|\bpwi\b"),
)
_KINDS = {
    "T1": "T1", "T2": "T2", "T2_STAR": "T2*", "FLUID_ATTENUATED": "FLAIR", "STIR": "STIR", "DIFFUSION": "DWI",
    "PERFUSION": "perfusion", "PROTON_DENSITY": "PD", "TOF": "angiography",
}  # fmt: skip
"""AcquisitionContrast of enhanced MR (PS3.3 C.8.13.3.1)."""
_AGENT = r"(contrast|contr|kontrast|kontrastmittel|km|gd|gad|gadolinium)"
_BOTH = re.compile(r"\b(pre|nativ|native)\b.*\bpost\b")
_WITHOUT = re.compile(
    rf"\b((pre|non|no|without|ohne)[\s.-]?{_AGENT}|unenhanced|native?)\b|(?<![\w-])-\s?c\b",
)
_WITH = re.compile(
    rf"\b((post|with|mit|after|nach)[\s.-]?{_AGENT}|contrast.?enhanced|gadolinium|gd|gad|km|ce)\b|\+\s?(c|gd|km)\b|\bc\+"
)
_NOTHING = frozenset({"no", "none", "n", "without", "no contrast", "non-contrast", "w/o", "0", "nil", "ohne", "false"})
_SAYS_SO = frozenset({"yes", "y", "with", "contrast", "iv", "i.v.", "true"})
_DESCRIPTIONS = ("SeriesDescription", "ProtocolName")


class Said(NamedTuple):
    """One word of a header, and the attribute that it rests on."""

    value: str = NOT_SAID
    source: str = ""


def sequences_named(text: str) -> frozenset[str]:
    """MR sequences that a text names; FLAIR beside T2, and ADC beside diffusion, are one."""
    words = _words(text)
    found = {name for name, pattern in _SEQUENCES if re.search(pattern, words)}
    if "FLAIR" in found or "STIR" in found:
        found.discard("T2")
    if "ADC" in found:
        found.discard("DWI")
    return frozenset(found)


def contrast_named(text: str) -> str:
    """ "with", "without", or empty where a text says neither or both."""
    words = _words(text)
    if _BOTH.search(words):
        return ""
    without = bool(_WITHOUT.search(words))
    given = bool(_WITH.search(_WITHOUT.sub(" ", words)))
    return "" if without == given else "with" if given else "without"


def acquisition_of(header: Header) -> dict[Field, Said]:
    """What one file says; what is ambiguous is not said."""
    facts = facts_of(header)
    view = facts.view if facts.view_source == "header" else "unknown"
    return {
        "modality": _known(facts.modality, "Modality"),
        "anatomy": _known(facts.anatomy, "BodyPartExamined or a description"),
        "plane": _known(view, "ImageOrientationPatient" if facts.modality in ("ct", "mr", "nuclear") else "a view"),
        "sequence": _sequence(header) if facts.modality == "mr" else Said(),
        "contrast": _contrast(header),
    }


def said_of(paths: Sequence[Path], study: Study) -> dict[Field, Said]:
    """What the files say that a study's first image was read from; where they differ, or are no DICOM, not said.

    `paths` as `read_study` took them. Raises BadStudy or BadFile where the files are no longer there or others.
    """
    first = study.images[0]
    headers = instances_of(paths, Study(study.subject, (first,))).get(first.ref.id, ())
    with quiet():
        told = [acquisition_of(Header(header)) for header in headers]
    return {field: _agreed([one[field] for one in told]) for field in FIELDS}


def _agreed(told: Sequence[Said]) -> Said:
    return told[0] if len({one.value for one in told}) == 1 else Said()


def _words(text: str) -> str:
    return re.sub(r"[_,;:/()]+", " ", text.lower().replace("w/o", "without"))


def _known(value: str, source: str) -> Said:
    return Said() if value in ("", "unknown") else Said(value, source)


def _sequence(header: Header) -> Said:
    coded = frame_header(header, "MRImageFrameTypeSequence").text("AcquisitionContrast").upper()
    if coded in _KINDS:
        return Said(_KINDS[coded], "AcquisitionContrast")
    for keyword in _DESCRIPTIONS:
        found = sequences_named(header.text(keyword))
        if len(found) > 1:
            return Said()
        if found:
            return Said(next(iter(found)), keyword)
    return _weighting(header)


def _weighting(header: Header) -> Said:
    """By the times of a spin echo alone, with room between the kinds; of a gradient echo they depend on the angle.

    T1: TR up to 800 ms, TE up to 30; T2: TR from 2000, TE from 80; PD: TR from 2000, TE up to 30 (the usual teaching
    bounds). With an inversion pulse: STIR at TI 100-250 ms; FLAIR at TI 1700-3000 and TE from 70.
    """
    kinds = {text.upper() for text in header.texts("ScanningSequence")}
    repetition, echo = header.number("RepetitionTime"), header.number("EchoTime")
    if "SE" not in kinds or kinds - {"SE", "IR"} or repetition is None or echo is None:
        return Said()
    source = "ScanningSequence, RepetitionTime, EchoTime"
    if "IR" in kinds:
        inversion = header.number("InversionTime") or 0.0
        if 100 <= inversion <= 250:
            return Said("STIR", f"{source}, InversionTime")
        return Said("FLAIR", f"{source}, InversionTime") if 1700 <= inversion <= 3000 and echo >= 70 else Said()
    if repetition <= 800 and 0 < echo <= 30:
        return Said("T1", source)
    if repetition >= 2000:
        return Said("T2", source) if echo >= 80 else Said("PD", source) if 0 < echo <= 30 else Said()
    return Said()


def _contrast(header: Header) -> Said:
    """An agent that is named was given; an empty element says nothing, for most machines write it so."""
    agent = header.text("ContrastBolusAgent").lower()
    if agent:
        told = "without" if agent in _NOTHING or contrast_named(agent) == "without" else "with"
        if agent in _SAYS_SO or re.search("[a-z]{3}", agent) or told == "without":
            return Said(told, "ContrastBolusAgent")
    if header.items("ContrastBolusAgentSequence"):
        return Said("with", "ContrastBolusAgentSequence")
    named = {contrast_named(header.text(keyword)) for keyword in _DESCRIPTIONS} - {""}
    return Said(named.pop(), "SeriesDescription or ProtocolName") if len(named) == 1 else Said()
