"""What each draft of a case says, for the page: sentences with verdicts and citations, and whether they are wrong."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.domain.value import Value, digest_of
from readingroom.experiments.metrics.bearing import bearing, is_wrong
from readingroom.experiments.metrics.telling import Told, told_in
from readingroom.experiments.metrics.truth import Truth
from readingroom.exports.view import Sentence, read
from readingroom.exports.wording import RULES, TRUSTS, backend_words
from readingroom.language.lexicon import lexicon


class Said(Value):
    """One sentence as the reader meets it."""

    section: str
    text: str
    verdict: str = ""
    """Empty where nobody checked it."""
    struck: bool = False
    wrong: bool | None = None
    """By the reference; None where the reference does not judge it."""
    why: tuple[str, ...] = ()
    proofs: tuple[int, ...] = ()
    """What it cites, by place in the case's pool."""


class Proof(Value):
    """One evidence as a line."""

    id: str
    summary: str
    origin: str


class Pool:
    """The evidence of a case, each once however many arms and tool sets share it."""

    def __init__(self) -> None:
        self.items: list[Evidence] = []
        self._places: dict[str, int] = {}

    def places(self, report: Report) -> dict[str, int]:
        """Where each evidence of a report stands in the pool, by its id; those not seen yet join it."""
        return {item.id: self._place(item) for item in report.evidence}

    def _place(self, item: Evidence) -> int:
        key = digest_of(item.model_dump(mode="json", exclude={"origin": {"step"}}))
        if key not in self._places:
            self._places[key] = len(self.items)
            self.items.append(item)
        return self._places[key]

    @property
    def proofs(self) -> tuple[Proof, ...]:
        return tuple(map(_proof, self.items))


def _proof(item: Evidence) -> Proof:
    parts = (item.origin.tool, backend_words(item.origin), TRUSTS[item.trust])
    return Proof(id=item.id, summary=item.summary, origin=" · ".join(filter(None, parts)))


def said_in(report: Report, truth: Truth | None, pool: Pool) -> Iterator[Said]:
    """Findings, impression, then what was struck. Raises BadRequest for a report whose language cannot be read."""
    view, places = read(report), pool.places(report)
    told = told_in(report)
    standing = _verdicts((one for one in told if not one.struck), truth)
    struck = [_is_wrong((one,), truth) for one in told if one.struck]
    for sentence in (*view.findings, *view.impression):
        yield _said(sentence, standing.get(sentence.id), places, struck=False)
    for place, sentence in enumerate(one for one in view.struck if one.section in ("findings", "impression")):
        yield _said(sentence, struck[place] if place < len(struck) else None, places, struck=True)


def _said(sentence: Sentence, wrong: bool | None, places: dict[str, int], *, struck: bool) -> Said:
    why = tuple(f"{RULES[one.rule]}: {one.reason}" for one in sentence.problems)
    cited = tuple(places[name] for name in (*sentence.cited, *sentence.against) if name in places)
    return Said(
        section=sentence.section, text=sentence.text, verdict=sentence.verdict or "", struck=struck, wrong=wrong,
        why=why, proofs=cited,
    )  # fmt: skip


def _verdicts(told: Iterable[Told], truth: Truth | None) -> dict[str, bool | None]:
    """By the finding or statement, which may hold several sentences that were read apart."""
    return {name: _is_wrong(tuple(group), truth) for name, group in groupby(told, attrgetter("id"))}


def _is_wrong(told: Sequence[Told], truth: Truth | None) -> bool | None:
    """As the metric of marking has it: one claim that the reference refutes, or would name, is enough."""
    claims = [claim for one in told for claim in one.claims]
    if truth is None or all(bearing(claim, truth, lexicon()) == "unjudged" for claim in claims):
        return None
    return any(is_wrong(claim, truth, lexicon()) for claim in claims)
