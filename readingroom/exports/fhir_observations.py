"""FHIR Observations: one a finding, one an evidence, one a category, and one for each thing that was not assessed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from readingroom.domain.category import NOT_ASSESSABLE, Category
from readingroom.domain.check import Check
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Finding, Limitation
from readingroom.domain.measurement import Measurement
from readingroom.domain.terms import Change, Presence
from readingroom.exports.fhir_elements import (
    HL7,
    Data,
    Draft,
    code,
    coded,
    concept,
    hl7,
    instant,
    line,
    quantity,
    share,
    some,
    text,
)
from readingroom.exports.fhir_imaging import told_regions
from readingroom.exports.fhir_sources import model_name
from readingroom.exports.wording import MEANINGS, words
from readingroom.language.codes import codings_of, site_codings
from readingroom.language.lexicon import lexicon

INTERPRETED: dict[Presence, tuple[str, str]] = {
    "present": ("POS", "Positive"), "absent": ("NEG", "Negative"), "indeterminate": ("IND", "Indeterminate"),
}  # fmt: skip

REASONS = {
    "not_assessed": ("not-performed", "Not Performed"), "not_served": ("unsupported", "Unsupported"),
    "tool_failed": ("error", "Error"), "view": ("not-performed", "Not Performed"),
    "low_quality": ("error", "Error"),
}  # fmt: skip
"""Limitations that say why something has no result, by FHIR's data-absent-reason; the others stand in the narrative."""


def add_evidence(draft: Draft, item: Evidence, placed: Sequence[Data]) -> Data:
    """What a tool or a text said. `placed` are the regions that have a resource of their own."""
    notes = [item.summary, f"The source's own words: {item.quote}" if item.quote else ""]
    if item.trust == "untrusted_text":
        notes.append("From a text, not from the image.")
    body = _observation(draft, item, item.change) | some({
        "device": draft.ref(model_name(item.origin)) if item.trust == "tool" else None,
        "derivedFrom": [draft.ref(f"study {item.image_id}"), *placed,
                        *(draft.ref(f"evidence {name}") for name in item.derived_from if _known(draft, name))],
        "note": [{"text": line(note)} for note in notes if line(note)],
    })  # fmt: skip
    body["component"] = [*body.get("component", ()), *_scores(item), *([] if placed else told_regions(item))]
    return draft.add("Observation", f"evidence {item.id}", some(body))


def add_finding(draft: Draft, finding: Finding, check: Check | None) -> Data:
    """One sentence of the report with its typed meaning, what was checked of it and what it stands on."""
    compared = finding.comparison
    body = _observation(draft, finding, compared.change if compared else None)
    notes = [finding.text, checked(check)]
    if compared:
        notes.append(f"Compared with image {compared.prior_image_id}.")
    body |= {
        "device": draft.ref("software"),
        "derivedFrom": [draft.ref(f"evidence {name}") for name in dict.fromkeys(finding.evidence)],
        "note": [{"text": line(note)} for note in notes if line(note)],
    }
    verdict = check.verdict if check else "not_checkable"
    body["component"] = [
        *body.get("component", ()),
        {"code": concept("significance"), "valueCodeableConcept": concept(finding.significance)},
        {"code": concept("verdict"), "valueCodeableConcept": concept(verdict, "" if check else "not checked")},
    ]
    return draft.add("Observation", f"finding {finding.id}", some(body))


def add_category(draft: Draft, category: Category) -> Data:
    """A RADS category with its inputs; without a value where an input is missing."""
    name = f"{category.system} {category.version}"
    assessable = category.value != NOT_ASSESSABLE
    cited = dict.fromkeys(name for given in category.inputs for name in given.evidence)
    missing = f"Missing: {', '.join(category.missing)}." if category.missing else ""
    body = {
        **_head(draft),
        "code": coded(codings_of(category.system.lower().replace("-", "_")), name),
        "valueCodeableConcept": {"text": text(f"{category.system} {category.value}: {category.meaning}")}
        if assessable else None,
        "dataAbsentReason": None if assessable else hl7("data-absent-reason", "unknown", "Unknown"),
        "device": draft.ref("software"),
        "derivedFrom": [draft.ref(f"evidence {each}") for each in cited],
        "note": [{"text": line(each)} for each in ("" if assessable else category.meaning, missing) if line(each)],
        "component": [
            {"code": coded(codings_of(given.name), words(given.name)), "valueString": text(given.value)}
            for given in category.inputs if text(given.value)
        ],
    }  # fmt: skip
    return draft.add("Observation", f"category {category.id}", some(body))


def add_unassessed(draft: Draft, limitation: Limitation, number: int) -> Data | None:
    """An Observation without a value, for what a reader might take for normal; None for other limitations."""
    if limitation.code not in REASONS:
        return None
    body = {
        **_head(draft),
        "code": coded(codings_of(limitation.code), limitation.text),
        "dataAbsentReason": hl7("data-absent-reason", *REASONS[limitation.code]),
        "device": draft.ref("software"),
    }
    return draft.add("Observation", f"limitation {number}", some(body))


def checked(check: Check | None) -> str:
    """The verdict on a sentence, in one."""
    if check is None:
        return "Not checked."
    reasons = "; ".join(f"{problem.rule}: {problem.reason}" for problem in check.problems)
    return f"Checked: {check.verdict.replace('_', ' ')} ({reasons or MEANINGS[check.verdict]})."


def _known(draft: Draft, name: str) -> bool:
    return any(item.id == name for item in draft.report.evidence)


def _head(draft: Draft) -> Data:
    """What every Observation begins with; never final."""
    withdrawn = draft.report.status == "entered-in-error"
    return some({
        "language": draft.report.language,
        "status": "entered-in-error" if withdrawn else "preliminary",
        "category": [hl7("observation-category", "imaging", "Imaging")],
        "subject": draft.ref("subject"),
        "issued": instant(draft.report.provenance.finished),
    })  # fmt: skip


def _observation(draft: Draft, item: Finding | Evidence, change: Change | None) -> Data:
    """What findings and evidence have in common."""
    main = next((each for each in item.measurements if each.name == item.observation), None)
    methods = {each.method for each in item.measurements}
    body = {
        **_head(draft),
        "code": concept(item.observation),
        **_value(item.presence, main),
        "interpretation": _interpreted(item),
        "bodySite": _site(item),
        "method": {"text": text(methods.pop())} if len(methods) == 1 and text(next(iter(methods))) else None,
        "component": [*_attributes(item, change, main), *_measured(item, main)],
    }
    return some(body)


def _value(presence: Presence, main: Measurement | None) -> Data:
    """The measured value of what is itself a measurement, else the presence; no value where nothing was assessed.

    An Observation with a value may not have a component with its own code (obs-7).
    """
    if presence == "not_assessed":
        return {"dataAbsentReason": hl7("data-absent-reason", "not-performed", "Not Performed")}
    return {"valueQuantity": quantity(main)} if main else {"valueCodeableConcept": concept(presence)}


def _interpreted(item: Finding | Evidence) -> list[Data]:
    """Of findings and devices only: an outlined lung or a measured ratio is no positive result."""
    known = lexicon().concepts.get(item.observation)
    if item.presence not in INTERPRETED or (known and known.kind not in ("finding", "device")):
        return []
    value, display = INTERPRETED[item.presence]
    return [{"coding": [code(HL7 + "v3-ObservationInterpretation", value, display)]}]


def _site(item: Finding | Evidence) -> Data | None:
    named = item.body_site if isinstance(item, Finding) else ""
    side = item.laterality if item.laterality in ("left", "right", "bilateral", "midline") else ""
    said = text(" ".join(filter(None, (side, item.zone, words(named)))))
    return coded(site_codings(item.zone, named), said) if item.zone or named else None


def _attributes(item: Finding | Evidence, change: Change | None, main: Measurement | None) -> Iterable[Data]:
    """Presence beside a measured value, side, severity, certainty and change: each a component of its own."""
    given = {
        "presence": item.presence if main else None,
        "laterality": None if item.laterality in ("unspecified", "not_applicable") else item.laterality,
        "severity": item.severity,
        "certainty": item.certainty if item.presence != "not_assessed" else None,
        "change": change,
    }
    for name, value in given.items():
        if value is not None:
            yield {"code": concept(name), "valueCodeableConcept": concept(value)}


def _measured(item: Finding | Evidence, main: Measurement | None) -> Iterable[Data]:
    """Every measurement that is not the value itself, and the standard deviation of each."""
    for each in item.measurements:
        same = each.name == item.observation
        if each is not main:
            named = coded(() if same else codings_of(each.name), each.title)
            yield {"code": named, "valueQuantity": quantity(each)}
        if each.sd is not None:
            named = coded(codings_of("standard_deviation"), f"{each.title}: standard deviation")
            yield {"code": named, "valueQuantity": quantity(each, each.sd)}


def _scores(item: Evidence) -> Iterable[Data]:
    if item.score is not None:
        kind = "score" if item.score_kind == "none" else item.score_kind
        said = f"{kind}, {'calibrated' if item.calibrated else 'not calibrated'}"
        yield {"code": coded(codings_of(kind), said), "valueQuantity": share(item.score)}
    if item.quality is not None:
        yield {
            "code": concept("quality", item.quality_reason and f"quality: {item.quality_reason}"),
            "valueQuantity": share(item.quality),
        }
    if item.prior_image_id:
        yield {"code": concept("prior_image"), "valueString": text(item.prior_image_id) or "unnamed"}
