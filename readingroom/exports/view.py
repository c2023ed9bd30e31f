"""What the printed views show of a report: its sentences in order, each with its verdict and what it stands on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from readingroom.domain.check import Check, Problem, Struck
from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.domain.terms import Section, Verdict


@dataclass(frozen=True)
class Segment:
    """A stretch of a sentence; `reason` says what is wrong with it, empty where nothing is."""

    text: str
    reason: str = ""


@dataclass(frozen=True)
class Sentence:
    """One sentence of a report as a reader meets it."""

    id: str
    section: Section
    text: str
    cited: tuple[str, ...]
    """The evidence it stands on, by id, in the order given."""
    verdict: Verdict | None = None
    """None where nobody checked it."""
    problems: tuple[Problem, ...] = ()
    against: tuple[str, ...] = ()
    """Evidence named by its problems only."""
    sources: tuple[str, ...] = ()
    """Evidence that the above was computed from."""
    checked_as: str = ""
    """The text that was checked, where it is not the text that stands here."""
    by: str = ""
    """Who checked: rules, model, human."""

    @property
    def bad(self) -> bool:
        """Contradicted or unsupported: never to be read as part of a clean report."""
        return self.verdict in ("contradicted", "unsupported")

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The text cut where problems begin and end."""
        return () if self.checked_as else segments(self.text, self.problems)


Piece = str | Sentence


@dataclass(frozen=True)
class View:
    """A report laid out for reading."""

    findings: tuple[Sentence, ...]
    impression: tuple[Sentence, ...]
    texts: dict[Section, tuple[tuple[Piece, ...], ...]]
    """Indication, technique, comparison and limitations: paragraphs, cut into checked sentences and the rest."""
    elsewhere: tuple[Sentence, ...] = ()
    """Checked sentences that stand nowhere in this report."""
    evidence: dict[str, Evidence] = field(default_factory=dict)
    struck: tuple[Sentence, ...] = ()
    """What the checker took out of the draft."""
    struck_by_person: tuple[Sentence, ...] = ()
    """What the person who edited the draft took out."""

    @property
    def sentences(self) -> tuple[Sentence, ...]:
        """All sentences in reading order."""
        order: tuple[Section, ...] = ("indication", "technique", "comparison")
        before = [piece for section in order for paragraph in self.texts[section] for piece in paragraph]
        after = [piece for paragraph in self.texts["limitations"] for piece in paragraph]
        gone = (*self.struck, *self.struck_by_person)
        found = (piece for piece in (*before, *self.findings, *self.impression, *gone, *after, *self.elsewhere))
        return tuple(piece for piece in found if isinstance(piece, Sentence))


def read(report: Report) -> View:
    """Lay out a report; sentences that were checked but stand in none of its sections end in `elsewhere`."""
    evidence = {item.id: item for item in report.evidence}
    left = list(report.verification.checks) if report.verification else []
    cited = {finding.id: _once(finding.evidence) for finding in report.findings}
    inherited = {
        statement.id: _once(name for finding in statement.derived_from for name in cited[finding])
        for statement in report.impression
    }
    findings = [Sentence(each.id, "findings", each.text, cited[each.id]) for each in report.findings]
    impression = [Sentence(each.id, "impression", each.text, inherited[each.id]) for each in report.impression]
    findings, impression = (
        [_judged(sentence, _taken(left, sentence.id), evidence) for sentence in sentences]
        for sentences in (findings, impression)
    )
    paragraphs: dict[Section, tuple[str, ...]] = {
        "indication": (report.indication,) if report.indication else (),
        "technique": (report.technique,) if report.technique else (),
        "comparison": (report.comparison,),
        "limitations": tuple(limitation.text for limitation in report.limitations),
    }
    texts = {
        section: tuple(_pieces(text, section, left, evidence) for text in lines)
        for section, lines in paragraphs.items()
    }
    elsewhere = tuple(_from_check(check, evidence) for check in left)
    gone = {
        name: tuple(_from_check(one.check, evidence, one.cites) for one in some)
        for name, some in struck_in(report).items()
    }
    return View(tuple(findings), tuple(impression), texts, elsewhere, evidence, **gone)


def struck_in(report: Report) -> dict[Literal["struck", "struck_by_person"], tuple[Struck, ...]]:
    """What was taken out, by the name of the heading that says by whom; a heading without sentences is left out."""
    found: dict[Literal["struck", "struck_by_person"], tuple[Struck, ...]] = {
        "struck": tuple(one for one in report.struck if one.by == "checker"),
        "struck_by_person": tuple(one for one in report.struck if one.by == "person"),
    }
    return {name: some for name, some in found.items() if some}


def segments(text: str, problems: tuple[Problem, ...]) -> tuple[Segment, ...]:
    """Cut `text` at the spans of `problems` (characters, clipped to the text); reasons of overlapping spans join."""
    spans = [
        (max(0, problem.span[0]), min(len(text), problem.span[1]), problem.reason)
        for problem in problems
        if problem.span
    ]
    cuts = sorted({0, len(text), *(edge for low, high, _ in spans if low < high for edge in (low, high))})
    return tuple(
        Segment(text[low:high], "; ".join(_once(why for a, b, why in spans if a <= low and high <= b)))
        for low, high in pairwise(cuts)
    )


def _judged(bare: Sentence, check: Check | None, evidence: dict[str, Evidence]) -> Sentence:
    """The sentence with what its check says of it, and with the sources of all evidence it names."""
    if check is None:
        return replace(bare, sources=_sources(bare.cited, evidence))
    cited = _once((*bare.cited, *(each for each in check.evidence if each in evidence)))
    named = _once(each for problem in check.problems for each in problem.evidence if each in evidence)
    against = tuple(each for each in named if each not in cited)
    return replace(
        bare, cited=cited, against=against, sources=_sources((*cited, *against), evidence), verdict=check.verdict,
        problems=check.problems, by=check.by, checked_as="" if check.text == bare.text else check.text,
    )  # fmt: skip


def _from_check(check: Check, evidence: dict[str, Evidence], cites: tuple[str, ...] = ()) -> Sentence:
    cited = _once(name for name in cites if name in evidence)
    return _judged(Sentence(check.target, check.section, check.text, cited), check, evidence)


def _taken(left: list[Check], target: str) -> Check | None:
    """The check of one target, taken out of what is left."""
    for place, check in enumerate(left):
        if check.target == target:
            return left.pop(place)
    return None


def _pieces(text: str, section: Section, left: list[Check], evidence: dict[str, Evidence]) -> tuple[Piece, ...]:
    """A paragraph cut into the sentences that were checked, in order, and what lies between them."""
    pieces: list[Piece] = []
    start = 0
    for check in [each for each in left if each.section == section]:
        at = text.find(check.text, start) if check.text else -1
        if at >= 0:
            pieces += [text[start:at], _from_check(check, evidence)]
            start = at + len(check.text)
            left.remove(check)
    return tuple(piece for piece in (*pieces, text[start:]) if piece)


def _sources(names: tuple[str, ...], evidence: dict[str, Evidence]) -> tuple[str, ...]:
    """All that the named evidence was computed from, directly or not, without the named themselves."""
    found: list[str] = []
    waiting = list(names)
    while waiting:
        item = evidence.get(waiting.pop(0))
        for source in item.derived_from if item else ():
            if source in evidence and source not in names and source not in found:
                found.append(source)
                waiting.append(source)
    return tuple(found)


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))
