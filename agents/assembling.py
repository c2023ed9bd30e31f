"""Sentences of a model and of the template made into one report: what is present is told, whoever tells it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from readingroom.agents.agreement import FIRMNESS
from readingroom.agents.ledger import Ledger
from readingroom.agents.second_reader import REFUSED, Reviewed
from readingroom.agents.template import ReportTemplate
from readingroom.agents.verifier import verify
from readingroom.agents.writer import write_findings
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Comparison, Finding, Statement
from readingroom.domain.terms import Significance
from readingroom.language.lexicon import lexicon
from readingroom.language.sentences import Sentence

WEIGHT: dict[Significance, int] = {"urgent": 3, "actionable": 2, "non_actionable": 1, "expected": 0}


class Basics(NamedTuple):
    """What may be told, and how the template tells it."""

    ledger: Ledger
    findings: tuple[Finding, ...]
    impression: tuple[Statement, ...]

    @property
    def tellable(self) -> dict[str, Evidence]:
        """What the tools saw in current images; texts from outside and prior images are context."""
        earlier = {image.id for image in self.ledger.images if image.role == "prior"}
        return {item.id: item for item in self.ledger.evidence if item.trust == "tool" and item.image_id not in earlier}

    @property
    def plain(self) -> dict[str, tuple[str, ...]]:
        """The template's sentences by the evidence that they cite."""
        return sentences_by(self.findings)


class Assembled(NamedTuple):
    """Findings in order, and the sentences of the model that did not hold beside the others."""

    findings: tuple[Finding, ...]
    dropped: tuple[Reviewed, ...]


def sentences_by(findings: Iterable[Finding]) -> dict[str, tuple[str, ...]]:
    """Sentences by the ids of the evidence that they cite."""
    found: dict[str, tuple[str, ...]] = {}
    for finding in findings:
        for name in finding.evidence:
            found[name] = (*found.get(name, ()), finding.text)
    return found


def basics(template: ReportTemplate, ledger: Ledger) -> Basics:
    """Everything the template would write of this ledger."""
    current = frozenset(image.id for image in ledger.images if image.role != "prior")
    return Basics(ledger, *write_findings(template, ledger.evidence, current))


def told_by(one: Reviewed, known: dict[str, Evidence]) -> frozenset[str]:
    """The evidence that a sentence tells: what bears its claims, what it quotes, and the numbers it prints."""
    cited = [known[name] for name in one.line.evidence if name in known]
    text = one.line.text
    words = {item.quote for item in cited if item.quote and item.quote.strip(" .").lower() in text.lower()}
    quoted = [item.id for item in known.values() if item.quote in words]
    printed = [item.id for item in cited if any(_prints(text, part.text) for part in item.measurements)]
    return frozenset((*one.stands_on, *quoted, *printed))


def _prints(text: str, number: str) -> bool:
    """Whether a measure stands in a text as it is printed, and not as the end of a longer number."""
    return re.search(rf"(?<![\d.,]){re.escape(number)}(?!\d)", text) is not None


def assemble(kept: Sequence[Reviewed], base: Basics) -> Assembled:
    """A model's sentences in the template's order, and the template's own for what is present and told by none.

    A sentence of the model is dropped where the template's says all of it and more, or where it does not hold in the
    whole text.
    """
    known = base.tellable
    standing = list(kept)
    dropped: list[Reviewed] = []
    omitted: frozenset[str] = frozenset()
    while True:
        added = _missing(standing, base, known, omitted)
        covered = [frozenset(finding.evidence) for finding in added]
        rest = [one for one in standing if not any(told_by(one, known) <= whole for whole in covered)]
        if len(rest) < len(standing):
            standing = rest
            continue
        findings = _in_order(standing, added, base, known)
        read = verify(of_findings(findings), base.ledger)
        refused = {check.text for check in read.checks if check.verdict in REFUSED}
        fallen = [one for one in standing if one.line.text.strip() in refused]
        left = {name for one in read.omissions for name in one.evidence if name in base.plain} - omitted
        if not (fallen or left):
            return Assembled(findings, tuple(dropped))
        dropped += fallen
        standing = [one for one in standing if one not in fallen]
        omitted |= left


def _missing(
    standing: Iterable[Reviewed], base: Basics, known: dict[str, Evidence], omitted: frozenset[str]
) -> list[Finding]:
    """The template's sentences on what is present or indeterminate and no sentence of the model tells.

    What is absent may be left out, unless nothing at all was written. `omitted`: what the rules found left out.
    """
    told = frozenset[str]().union(*(told_by(one, known) for one in standing))
    if not told:
        return list(base.findings)
    return [one for one in base.findings if _must_be_told(one, known) - told or omitted.intersection(one.evidence)]


def _must_be_told(finding: Finding, known: dict[str, Evidence]) -> set[str]:
    main, *beside = (known[name] for name in finding.evidence)
    wanted = {main.id} if main.presence in ("present", "indeterminate") else set()
    return wanted | {
        item.id for item in beside if item.presence == "present" and lexicon().reportable(item.observation)
    }


def _in_order(
    standing: Sequence[Reviewed], added: Sequence[Finding], base: Basics, known: dict[str, Evidence]
) -> tuple[Finding, ...]:
    place = {name: at for at, finding in reversed(list(enumerate(base.findings))) for name in finding.evidence}
    last = len(base.findings)
    rows = [(min((place.get(name, last) for name in told_by(one, known)), default=last), 0, _finding(one, base, known))
            for one in standing]  # fmt: skip
    rows += [(base.findings.index(finding), 1, finding) for finding in added]
    ordered = [finding for *_, finding in sorted(rows, key=lambda row: row[:2])]
    return tuple(finding.model_copy(update={"id": f"F{number}"}) for number, finding in enumerate(ordered, 1))


def _finding(one: Reviewed, base: Basics, known: dict[str, Evidence]) -> Finding:
    """A model's sentence with the fields of its evidence; none of them is the model's.

    The evidence that the template would have told it of comes first, else the one that bears its first claim.
    """
    told = told_by(one, known)
    first = [finding.evidence[0] for finding in base.findings if finding.evidence[0] in told]
    cited = [known[name] for name in dict.fromkeys((*first, *one.stands_on, *one.line.evidence)) if name in known]
    main = cited[0]
    same = [finding.significance for finding in base.findings if main.id in finding.evidence]
    compared = (
        Comparison(prior_image_id=main.prior_image_id, change=main.change)
        if main.change and main.prior_image_id
        else None
    )
    return Finding(
        id="F0",
        text=one.line.text.strip(),
        observation=main.observation,
        presence=main.presence,
        laterality=main.laterality,
        zone=main.zone,
        severity=main.severity if main.presence != "absent" else None,
        certainty=main.certainty or "definite",
        measurements=tuple(part for item in cited for part in item.measurements),
        comparison=compared,
        evidence=tuple(item.id for item in cited),
        significance=max(same, key=WEIGHT.__getitem__, default="non_actionable"),
        author="model",
    )


def of_findings(findings: Iterable[Finding]) -> tuple[Sentence, ...]:
    """As the verifier reads them."""
    return tuple(Sentence(id=one.id, section="findings", text=one.text, cites=one.evidence) for one in findings)


def conclude(kept: Sequence[Reviewed], findings: Sequence[Finding], base: Basics) -> tuple[Statement, ...]:
    """A model's statements, and the template's own on findings that matter and no statement tells.

    Where the model has none, all of the template's stand, as far as their findings do.
    """
    home = {name: finding.id for finding in reversed(findings) for name in finding.evidence}
    main = {finding.id: finding.evidence[0] for finding in base.findings}
    evidence = {finding.id: frozenset(finding.evidence) for finding in findings}
    matter = {one.id for one in findings if WEIGHT[one.significance] >= WEIGHT["actionable"]}
    told = {name for one in kept for name in one.line.evidence
            if one.stands_on == one.line.evidence or evidence[name] & {*one.stands_on}}  # fmt: skip
    rows = [(one.line.text.strip(), tuple(dict.fromkeys(one.line.evidence))) for one in kept]
    for statement in base.impression:
        sources = tuple(dict.fromkeys(home[main[name]] for name in statement.derived_from if main[name] in home))
        if sources and (not kept or (set(sources) & matter) - told):
            rows.append((statement.text, sources))
    firm = {finding.id: finding.certainty for finding in findings}
    return tuple(
        Statement(
            id=f"I{at}",
            text=text,
            derived_from=cites,
            certainty=max((firm[name] for name in cites), key=FIRMNESS.__getitem__, default="definite"),
        )
        for at, (text, cites) in enumerate(rows, 1)
    )
