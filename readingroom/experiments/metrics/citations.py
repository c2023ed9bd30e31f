"""Citation precision and recall, as ALCE has them, by typed claims in place of a language model's entailment.

Source: Gao et al. 2023, "Enabling Large Language Models to Generate Text with Citations" (EMNLP): recall asks whether
what is cited supports what is said, precision whether each citation has a part in that.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from readingroom.agents.agreement import distance
from readingroom.agents.ledger import Index, Ledger, index_of
from readingroom.agents.matching import match
from readingroom.domain.report import Report
from readingroom.experiments.metrics.tally import Tally, counted
from readingroom.experiments.metrics.telling import Told
from readingroom.language.claim import Claim

NOTHING: frozenset[str] = frozenset()


def citation_scores(report: Report, told: Sequence[Told]) -> dict[str, Tally]:
    """precision: citations that by themselves, with what they were computed from, back a claim of their sentence.
    recall: claims for which the report has supporting evidence and whose sentence cites such evidence. A statement of
    the impression cites through the findings it rests on."""
    whole = index_of(Ledger(evidence=report.evidence, images=report.images))
    cites = {one.id: one.cites for one in told}
    right: list[bool] = []
    cited: list[bool] = []
    for one in told:
        if one.struck:
            continue
        named = _evidence(one, cites, whole)
        within = {name: _only(report, whole, (name,)) for name in named}
        if one.claims:
            right += [any(_backed(claim, index) for claim in one.claims) for index in within.values()]
        together = _only(report, whole, named)
        cited += [_backed(claim, together) for claim in one.claims if _backed(claim, whole)]
    return {"citation_precision": counted(right), "citation_recall": counted(cited)}


def _evidence(one: Told, cites: dict[str, tuple[str, ...]], whole: Index) -> tuple[str, ...]:
    """Of a finding its own citations, of a statement those of its findings; each once."""
    beneath = (name for cite in one.cites for name in ((cite,) if cite in whole.by_id else cites.get(cite, ())))
    return tuple(dict.fromkeys(name for name in beneath if name in whole.by_id))


def _only(report: Report, whole: Index, names: Iterable[str]) -> Index:
    kept = whole.closure(names)
    return index_of(Ledger(evidence=tuple(item for item in report.evidence if item.id in kept), images=report.images))


def _backed(claim: Claim, index: Index) -> bool:
    """Whether the evidence says all that the claim says of side, place, degree, course and certainty."""
    found = match(claim, index, NOTHING)
    return found.stance == "backed" and found.best is not None and distance(claim, found.best, index.words) == 0
