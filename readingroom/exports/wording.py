"""The words in which every printed view names verdicts, rules, measurements and where an evidence comes from."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from readingroom.domain.check import Rule, Verification
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Measurement
from readingroom.domain.report import Report
from readingroom.domain.terms import Verdict
from readingroom.exports.headings import headings, headings_of

VERDICTS: dict[Verdict, str] = {
    "supported": "supported",
    "contradicted": "contradicted",
    "unsupported": "not supported",
    "not_checkable": "not checkable",
}

MEANINGS: dict[Verdict, str] = {
    "supported": "the evidence says the same",
    "contradicted": "the evidence says otherwise",
    "unsupported": "no evidence says so",
    "not_checkable": "makes no claim that a rule could hold against the evidence",
}

RULES: dict[Rule, str] = {
    "R01": "no support", "R02": "contradicts a negative", "R03": "false negation",
    "R04": "side", "R05": "location", "R06": "number", "R07": "unit", "R08": "comparison", "R09": "severity",
    "R10": "certainty", "R11": "left out", "R12": "contradicts itself", "R13": "said twice",
    "R14": "impression without finding", "R15": "grounding", "R16": "tools disagree", "R17": "words not allowed here",
}  # fmt: skip

STATUSES = {"preliminary": "Preliminary draft", "partial": "Partial draft", "entered-in-error": "Entered in error"}

TRUSTS = {"tool": "", "untrusted_text": "from a text, not from the image", "human": "entered by a person"}

BIDI = {*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C}
"""Characters that reorder the text around them (UAX 9): on a page they could make a sentence read as another."""


class Tally(NamedTuple):
    """One line of the verification summary."""

    kind: str
    number: int
    word: str
    meaning: str


def plain(text: str) -> str:
    """Text without what could act on a page or terminal, or hide in it: control, reordering and invisible format
    characters become U+FFFD."""
    if text.isprintable():
        return text
    return "".join(
        "\ufffd" if ord(sign) in BIDI or (unicodedata.category(sign) in ("Cc", "Cf") and sign not in "\t\n") else sign
        for sign in text
    )


def nothing(section: str, report: Report) -> str:
    """What stands where a section has no sentence: an empty draft must not read as a normal one."""
    told = headings_of(report).nothing
    if section == "findings":
        return told["findings"]
    return told["impression"] if report.findings else told["neither"]


def status(report: Report) -> str:
    """The report's status in its language."""
    return headings_of(report).statuses[report.status]


def words(name: str) -> str:
    """A concept's name as words: "cardiothoracic_ratio" becomes "cardiothoracic ratio"."""
    return " ".join("HU" if word == "hu" else word for word in name.split("_"))


def backend_words(origin: Origin) -> str:
    """The backend, with the classical baseline named as what it is."""
    if origin.backend.lower().startswith("classical"):
        return "classical baseline (image analysis, not a foundation model)"
    return origin.backend


def spread(measurement: Measurement) -> str:
    """ "± 0.03 (1 sd)", with the digits that the value has or one significant digit; empty where not estimated."""
    sd = measurement.sd
    if sd is None:
        return ""
    printed = measurement.spread
    return f"± {printed if float(printed) else f'{sd:.1g}'} (1 sd)"


def measured(measurement: Measurement) -> str:
    """ "cardiothoracic ratio 0.58 ± 0.03 (1 sd)"."""
    return " ".join(filter(None, (words(measurement.name), measurement.text, spread(measurement))))


def how_measured(measurement: Measurement) -> str:
    """Method, qualifier and where millimetres hold, in one clause."""
    spacing = "" if measurement.spacing_source == "none" else f"spacing from {measurement.spacing_source}"
    place = "true at the detector, smaller in the patient" if measurement.at_detector else ""
    return ", ".join(filter(None, (measurement.method, measurement.qualifier, spacing, place)))


def scored(evidence: Evidence) -> str:
    """ "probability 0.71, not calibrated"; empty without a score."""
    if evidence.score is None:
        return ""
    kind = "score" if evidence.score_kind == "none" else evidence.score_kind
    return f"{kind} {evidence.score:.2f}, {'calibrated' if evidence.calibrated else 'not calibrated'}"


def image_words(image: ImageRef) -> str:
    """What a report calls an image: its name, or what is known of it."""
    known = [words(part) for part in (image.view, image.modality) if part != "unknown"]
    return image.name or " ".join(known) or "image"


def image_title(image: ImageRef) -> str:
    """The same, with "Prior" or "Lateral" before it where it is none of today's frontal images."""
    role, name = {"current": "", "lateral": "Lateral", "prior": "Prior"}[image.role], image_words(image)
    return f"{role}: {name}" if role and role.lower() not in name.lower() else name


def provenance_rows(report: Report) -> list[tuple[str, str]]:
    """How the report came about, as names and values; what is empty is left out."""
    told = report.provenance
    rows = [
        ("report", report.id), ("schema", report.schema_version), ("run", told.run), ("workflow", told.workflow),
        ("template", f"{told.template} (sha256 {told.template_sha256[:12]})"), ("planner", told.planner),
        ("writer", told.writer), ("backends", ", ".join(told.backends)), ("code", told.code_version),
        ("started", told.started), ("finished", told.finished), ("degraded", "; ".join(told.degraded)),
        *((f"image {each.id}", f"{image_title(each)}, sha256 {each.sha256[:12]}") for each in report.images),
    ]  # fmt: skip
    return [row for row in rows if row[1]]


def tallies(verification: Verification, language: str = "en") -> tuple[Tally, ...]:
    """How many sentences got each verdict, and how much was left out, with what each word means."""
    heads = headings(language)
    found: dict[str, int] = {kind: sum(one.verdict == kind for one in verification.checks) for kind in VERDICTS}
    found["omitted"] = len(verification.omissions)
    return tuple(Tally(kind, number, heads.verdicts[kind], heads.meanings[kind]) for kind, number in found.items())


def warning(report: Report) -> str:
    """Why this report is not clean, in one sentence; empty where it is, and every sentence was checked."""
    heads = headings_of(report)
    if report.verification is None:
        return heads.not_verified
    found = {row.kind: row.number for row in tallies(report.verification)}
    checked = {check.target for check in report.verification.checks}
    told = [*(finding.id for finding in report.findings), *(statement.id for statement in report.impression)]
    found["unchecked"] = len(set(told) - checked)
    parts = [
        words[found[kind] != 1].replace("{n}", str(found[kind])) for kind, words in heads.faults.items() if found[kind]
    ]
    return heads.not_clean.replace("{why}", "; ".join(parts)) if parts else ""
