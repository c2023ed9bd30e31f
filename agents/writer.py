"""The template writer: sentences from evidence, by rules that are data. It can say nothing that no evidence carries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from readingroom.agents.template import ReportTemplate, SentenceRule
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Comparison, Finding, Statement
from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Measurement
from readingroom.domain.terms import Laterality
from readingroom.language.lexicon import lexicon
from readingroom.prompts.words import render

OPPOSITE: dict[Laterality, str] = {"left": "right", "right": "left"}

PLURAL = frozenset({"nuclei", "retinal_vessels", "lungs"})


@dataclass(frozen=True)
class Told:
    """One evidence as a template sees it: words and printed numbers, nothing to compute with."""

    laterality: str
    opposite: str
    zone: str
    text: str
    """Its first measurement, printed."""
    spread: str
    """That measurement's sd with as many digits."""
    earlier: str
    """The same quantity on the prior image."""
    quote: str
    """Its own words, where a model returned words."""
    kind: str
    """What the observation is in the lexicon: finding, structure, measurement, device, quality."""
    structure: str
    has: str
    was: str


def structure_of(item: Evidence) -> str:
    """ "right lung", "lungs", "skin lesion": how a sentence names what was outlined."""
    name = item.observation.replace("_", " ")
    if item.laterality in OPPOSITE:
        return f"{item.laterality} {name}"
    return "lungs" if item.observation == "lung" else name


def _told(item: Evidence) -> Told:
    first = item.measurements[0] if item.measurements else None
    earlier = next((part for part in item.measurements if part.name.startswith("prior_")), None)
    structure = structure_of(item)
    plural = structure.replace(" ", "_") in PLURAL
    return Told(
        laterality=item.laterality,
        opposite=OPPOSITE.get(item.laterality, ""),
        zone=item.zone,
        quote=item.quote,
        kind=lexicon().concepts[item.observation].kind if item.observation in lexicon().concepts else "finding",
        text=first.text if first else "",
        spread=(first.spread if first else "") or "not known",
        earlier=earlier.text if earlier else "",
        structure=structure,
        has="have" if plural else "has",
        was="were" if plural else "was",
    )


def _beside(rule: SentenceRule, item: Evidence, ledger: Sequence[Evidence]) -> dict[str, Evidence] | None:
    """The other evidence a rule waits for, of the same image; None where some is missing."""
    found: dict[str, Evidence] = {}
    for name, selector in rule.beside.items():
        match = next(
            (e for e in ledger if e.trust == "tool" and e.image_id == item.image_id and selector.fits(e)), None
        )
        if match is None:
            return None
        found[name] = match
    return found


def _same_words(item: Evidence, ledger: Sequence[Evidence]) -> dict[str, Evidence]:
    """What else the same sentence of a model claims, by id: one sentence is told once, on all of it."""
    if not item.quote:
        return {}
    return {
        other.id: other
        for other in ledger
        if other is not item
        and (other.quote, other.image_id, other.origin.step) == (item.quote, item.image_id, item.origin.step)
    }


def _finding(rule: SentenceRule, item: Evidence, beside: dict[str, Evidence], index: int, where: str) -> Finding:
    cited = (item, *beside.values())
    measured: dict[str, Measurement] = {part.name: part for part in item.measurements}
    text = render(rule.text, where, e=_told(item), m=measured, **{name: _told(other) for name, other in beside.items()})
    comparison = (
        Comparison(prior_image_id=item.prior_image_id, change=item.change)
        if item.change and item.prior_image_id
        else None
    )
    return Finding(
        id=f"F{index}",
        text=text,
        observation=item.observation,
        presence=item.presence,
        laterality=item.laterality,
        zone=item.zone,
        severity=item.severity if item.presence != "absent" else None,
        certainty=item.certainty or "definite",
        measurements=tuple(part for source in cited for part in source.measurements),
        comparison=comparison,
        evidence=tuple(source.id for source in cited),
        significance=rule.significance,
    )


def write_findings(
    template: ReportTemplate, ledger: Sequence[Evidence], current: frozenset[str]
) -> tuple[tuple[Finding, ...], tuple[Statement, ...]]:
    """Findings and impression from the evidence of the current images, in the template's order.

    `current`: ids of the images that are told; prior images are context. What an earlier rule told (as its subject or
    beside it) is not told again. Texts from outside are never told as findings.
    """
    findings: list[Finding] = []
    statements: list[Statement] = []
    told: set[str] = set()
    structures: list[str] = []
    for number, rule in enumerate(template.findings, 1):
        where = f"template {template.id}, sentence {number}"
        for item in ledger:
            carries = {part.name for part in item.measurements}
            if item.trust != "tool" or item.id in told or item.image_id not in current:
                continue
            if not rule.subject.fits(item):
                continue
            if not set(rule.needs) <= carries:
                continue
            beside = _beside(rule, item, ledger)
            if beside is None:
                continue
            beside |= _same_words(item, ledger)
            finding = _finding(rule, item, beside, len(findings) + 1, where)
            findings.append(finding)
            told |= {item.id, *(other.id for other in beside.values())}
            if item.observation != "image" and not item.quote:
                structures.append(structure_of(item))
            if rule.impression:
                text = render(rule.impression, where, e=_told(item))
                if text:
                    statements.append(Statement(id=f"I{len(statements) + 1}", text=text, derived_from=(finding.id,)))
    if template.impression and structures:
        statements.append(_closing(template, findings, structures, len(statements) + 1))
    return tuple(findings), tuple(statements)


def _closing(template: ReportTemplate, findings: Sequence[Finding], structures: Sequence[str], index: int) -> Statement:
    names = list(dict.fromkeys(structures))
    listed = names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
    plural = len(names) > 1 or names[0].replace(" ", "_") in PLURAL
    text = render(
        template.impression or "",
        f"template {template.id}, impression",
        structures=listed,
        were="were" if plural else "was",
    )
    return Statement(id=f"I{index}", text=text, derived_from=tuple(finding.id for finding in findings))


def write_technique(template: ReportTemplate, image: ImageRef) -> str:
    """The sentence on how the image was made, from what is known of it."""
    return render(template.technique, f"template {template.id}, technique", image=image)
