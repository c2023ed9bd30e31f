"""The template writer: sentences from evidence, by rules that are data. It can say nothing that no evidence carries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from readingroom.agents.agreement import FIRMNESS
from readingroom.agents.idiom import ENGLISH, OPPOSITE, Idiom, Noun, idiom_of
from readingroom.agents.sentence_rules import ReportTemplate, SentenceRule, kind_of
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Comparison, Finding, Statement
from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Measurement
from readingroom.language.lexicon import lexicon
from readingroom.prompts.words import render


@dataclass(frozen=True)
class Printed:
    """One measurement as a template sees it."""

    text: str
    spread: str
    """Its sd with as many digits; "not known" where it was not estimated."""
    at_detector: bool


@dataclass(frozen=True)
class Told:
    """One evidence as a template sees it: words and printed numbers in its language, nothing to compute with."""

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
    certainty: str
    """How firm the tool's words are, as a word of the scale; empty where it is definite."""
    structure: str
    """Its name with its side: "right lung"."""
    the: str
    """The article before it."""
    a: str
    """Its name with the article of something new: "a nodule", "pneumonia"."""
    a_object: str
    """The same as a verb's object."""
    has: str
    was: str
    be: str
    m: dict[str, Printed]
    """Its measurements by name."""


@dataclass(frozen=True)
class Pictured:
    """An image as a template sees it."""

    name: str
    columns: int
    rows: int
    depth: int
    pixel: str
    """ "0.7 by 0.7 mm"; empty where the spacing is not known or holds at the detector."""
    slice: str
    """From one slice to the next, "5.0 mm"; empty where that is not known."""


def structure_of(item: Evidence, idiom: Idiom | None = None) -> str:
    """ "right lung", "lungs", "skin lesion": how a sentence names what was outlined."""
    told = idiom or idiom_of(ENGLISH)
    noun = told.noun(item)
    return f"{told.side(item.laterality, noun.gender)} {noun.name}" if item.laterality in OPPOSITE else noun.name


def _printed(part: Measurement, idiom: Idiom) -> Printed:
    return Printed(idiom.printed(part), idiom.number(part.spread) or idiom.not_known, part.at_detector)


def _told(item: Evidence, idiom: Idiom) -> Told:
    printed = {part.name: _printed(part, idiom) for part in item.measurements}
    first = next(iter(printed.values()), None)
    earlier = next((part.text for name, part in printed.items() if name.startswith("prior_")), "")
    noun, forms = idiom.noun(item), idiom.forms
    zone = idiom.zone(item.zone)
    whole = Noun(name=structure_of(item, idiom), gender=noun.gender)
    placed = zone.gender if item.zone else noun.gender
    return Told(
        laterality=idiom.side(item.laterality, placed),
        opposite=idiom.side(OPPOSITE[item.laterality], placed) if item.laterality in OPPOSITE else "",
        zone=zone.name,
        text=first.text if first else "",
        spread=first.spread if first else idiom.not_known,
        earlier=earlier,
        quote=item.quote,
        kind=kind_of(item.observation) if item.observation in lexicon().concepts else "finding",
        certainty=idiom.certainty[item.certainty or "definite"],
        structure=whole.name,
        the=forms.the[noun.gender],
        a=noun.a or idiom.article(forms.a, whole),
        a_object=noun.a_object or idiom.article(forms.a_object, whole),
        has=forms.has[noun.gender],
        was=forms.was[noun.gender],
        be=forms.be[noun.gender],
        m=printed,
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


def _finding(rule: SentenceRule, told_of: Cited, index: int, place: tuple[str, Idiom]) -> Finding:
    where, idiom = place
    item, beside = told_of
    cited = (item, *beside.values())
    told = _told(item, idiom)
    text = render(rule.text, where, e=told, m=told.m, **{name: _told(other, idiom) for name, other in beside.items()})
    comparison = (
        Comparison(prior_image_id=item.prior_image_id, change=item.change)
        if item.change and item.prior_image_id
        else None
    )
    firm = item.certainty or "definite"
    return Finding(
        id=f"F{index}",
        text=text,
        observation=item.observation,
        presence=item.presence,
        laterality=item.laterality,
        zone=item.zone,
        severity=item.severity if item.presence != "absent" else None,
        certainty=min(firm, rule.certainty or firm, key=FIRMNESS.__getitem__),
        measurements=tuple(part for source in cited for part in source.measurements),
        comparison=comparison,
        evidence=tuple(source.id for source in cited),
        significance=rule.significance,
    )


def write_findings(
    template: ReportTemplate, ledger: Sequence[Evidence], current: frozenset[str]
) -> tuple[tuple[Finding, ...], tuple[Statement, ...]]:
    """Findings and impression from the evidence of the current images, in the template's sections and language.

    `current`: ids of the images that are told; prior images are context. What an earlier rule told (as its subject or
    beside it) is not told again. Texts from outside are never told as findings.
    """
    idiom = idiom_of(template.language)
    pairs = list(_chosen(template, ledger, current))
    place = {name: at for at, name in enumerate(template.sections)}
    pairs.sort(key=lambda pair: place.get(pair[0].section, len(place)))
    findings: list[Finding] = []
    statements: list[Statement] = []
    for number, (rule, cited) in enumerate(pairs, 1):
        where = f"template {template.id}, sentence {rule.key}"
        finding = _finding(rule, cited, number, (where, idiom))
        findings.append(finding)
        told = _told(cited.item, idiom)
        if rule.impression and (text := render(rule.impression, where, e=told, m=told.m)):
            name = f"I{len(statements) + 1}"
            statements.append(Statement(id=name, text=text, derived_from=(finding.id,), certainty=finding.certainty))
    seen = [cited.item for _, cited in pairs if cited.item.observation != "image" and not cited.item.quote]
    if template.impression and seen:
        structures = [structure_of(item, idiom) for item in seen]
        statements.append(_closing(template, findings, structures, len(statements) + 1))
    return tuple(findings), tuple(statements)


class Cited(NamedTuple):
    """What a sentence rests on."""

    item: Evidence
    beside: dict[str, Evidence]
    """By the names of the rule, and what else the same words of a model claim."""


def _chosen(
    template: ReportTemplate, ledger: Sequence[Evidence], current: frozenset[str]
) -> Iterator[tuple[SentenceRule, Cited]]:
    """Each rule with the evidence that it tells, in the order of the file."""
    told: set[str] = set()
    used = {source for item in ledger for source in item.derived_from}
    for rule in template.rules:
        for item in ledger:
            if item.trust != "tool" or item.id in told or item.image_id not in current or not _is_of(rule, item):
                continue
            beside = None if rule.unmeasured and item.id in used else _beside(rule, item, ledger)
            if beside is not None:
                beside |= _same_words(item, ledger)
                told |= {item.id, *(other.id for other in beside.values())}
                yield rule, Cited(item, beside)


def _is_of(rule: SentenceRule, item: Evidence) -> bool:
    return rule.subject.fits(item) and set(rule.needs) <= {part.name for part in item.measurements}


def _closing(template: ReportTemplate, findings: Sequence[Finding], structures: Sequence[str], index: int) -> Statement:
    idiom = idiom_of(template.language)
    number = "p" if len(set(structures)) > 1 else "s"
    text = render(
        template.impression or "",
        f"template {template.id}, impression",
        structures=idiom.listed(structures),
        were=idiom.forms.was.get(number, idiom.forms.was["p"]),
    )
    return Statement(id=f"I{index}", text=text, derived_from=tuple(finding.id for finding in findings))


def write_technique(template: ReportTemplate, image: ImageRef) -> str:
    """The sentence on how the image was made, from what is known of it."""
    idiom = idiom_of(template.language)
    spacing = image.spacing if image.spacing and image.spacing.plane == "patient" else None
    shown = Pictured(
        name=idiom.phrase(image.name),
        columns=image.columns,
        rows=image.rows,
        depth=image.depth,
        pixel=idiom.number(f"{spacing.column:.2f} × {spacing.row:.2f} mm") if spacing else "",
        slice=idiom.number(f"{spacing.slice:.1f} mm") if spacing and spacing.slice else "",
    )
    return render(template.technique, f"template {template.id}, technique", image=shown)
