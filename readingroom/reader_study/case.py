"""What a reader sees of a case, and what only the key knows of it."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from readingroom.domain.report import Report
from readingroom.domain.value import Value, digest_of
from readingroom.errors import BadRequest
from readingroom.exports.figure import Figure

Label = Literal["A", "B"]
LABELS: tuple[Label, Label] = ("A", "B")
Part = Literal["findings", "impression"]

ORDINARY = re.compile(r"[a-z]+(?: \d+)?")
"""Names that are everyday words ("template", "rules 1"): they tell nothing where they stand in a sentence."""
SHORTEST = 5
LONGEST = 2000
"""Characters of a sentence, as drafted and as edited."""


@dataclass(frozen=True)
class Pair:
    """Two drafts of the same images, from system one and system two."""

    name: str
    """The study's own name of the case; only the key has it."""
    drafts: tuple[Report, Report]
    figures: tuple[Figure, ...] = ()
    """Images to show; their outlines are taken off, for they could tell the systems apart."""


class Line(Value):
    """One sentence of a draft."""

    number: int = Field(ge=1)
    section: Part
    text: str


class Draft(Value):
    """A draft as a reader sees it."""

    label: Label
    lines: tuple[Line, ...]


class Case(Value):
    """One case as a reader sees it: nothing in it tells who wrote what."""

    id: str
    context: tuple[tuple[str, str], ...] = ()
    """Indication, technique and comparison where both drafts give the same."""
    drafts: tuple[Draft, Draft]


class Source(Value):
    """Where a draft came from."""

    label: Label
    system: str
    report: str
    run: str
    sha256: str
    """Of the report's canonical JSON."""


class KeyCase(Value):
    """One case of the key."""

    id: str
    name: str
    sources: tuple[Source, Source]
    case: Case
    """As the reader saw it: answers are held against it."""


class Key(Value):
    """What unblinds a study: kept apart from the readers' folder."""

    schema_version: Literal["reader-study 1"] = "reader-study 1"
    study: str = Field(pattern=r"^[0-9a-f]{32}$")
    """Of what the readers see; answers name it."""
    seed: int
    systems: tuple[str, str]
    cases: tuple[KeyCase, ...]


def blinded(pairs: Sequence[Pair], systems: tuple[str, str], seed: int) -> Key:
    """Cases in random order, each system as often A as B (but for one, where their number is odd).

    Order and sides are ranks of SHA-256 over seed and name, so the same seed gives the same study. Raises BadRequest:
    no pair, a name used twice, systems of one name, or a draft whose sentences name its own run or model.
    """
    _check(pairs, systems)
    order = sorted(pairs, key=lambda pair: _rank(seed, "order", pair.name))
    swapped = {pair.name for pair in sorted(pairs, key=lambda pair: _rank(seed, "side", pair.name))[: len(pairs) // 2]}
    if len(pairs) % 2 and int(_rank(seed, "odd", "")[:1], 16) % 2:
        swapped ^= {pair.name for pair in pairs}
    cases = []
    for place, pair in enumerate(order, 1):
        turned = (1, 0) if pair.name in swapped else (0, 1)
        reports = [pair.drafts[each] for each in turned]
        drafts = tuple(Draft(label=label, lines=_lines(report)) for label, report in zip(LABELS, reports, strict=True))
        case = Case(id=f"case-{place:03d}", context=_context(pair), drafts=(drafts[0], drafts[1]))
        sources = tuple(
            Source(
                label=label, system=systems[each], report=report.id, run=report.provenance.run, sha256=digest_of(report)
            )
            for label, each, report in zip(LABELS, turned, reports, strict=True)
        )
        cases.append(KeyCase(id=case.id, name=pair.name, sources=(sources[0], sources[1]), case=case))
    seen = hashlib.sha256(digest_of([one.case.model_dump(mode="json") for one in cases]).encode()).hexdigest()
    return Key(study=seen[:32], seed=seed, systems=systems, cases=tuple(cases))


def _check(pairs: Sequence[Pair], systems: tuple[str, str]) -> None:
    if not pairs:
        raise BadRequest("there is no pair of drafts", where="reader study", do="List a case on a line of its own.")
    if systems[0] == systems[1]:
        raise BadRequest("both systems have the same name", where="reader study", do="Name them apart.")
    if doubled := [name for name, times in Counter(pair.name for pair in pairs).items() if times > 1]:
        raise BadRequest(f"the case {doubled[0]!r} is there twice", where="reader study", do="Name every case once.")
    for pair in pairs:
        said = [line.text for report in pair.drafts for line in _lines(report)]
        shown = " ".join([*said, *dict(_context(pair)).values()]).casefold()
        if any(len(text) > LONGEST for text in said):
            raise BadRequest(
                f"a sentence has more than {LONGEST} characters", where=pair.name, do="Leave the case out."
            )
        for name in (*telling(pair.drafts[0]), *telling(pair.drafts[1]), *systems):
            if _is_telling(name) and name.casefold() in shown:
                do = "Take it out of the sentence, or leave the case out."
                raise BadRequest(f"a sentence names {name!r}, which tells who wrote it", where=pair.name, do=do)


def telling(report: Report) -> tuple[str, ...]:
    """Every name in a report that tells which run, tool or model it came from."""
    told = report.provenance
    names = [told.run, report.id, told.writer, told.planner, told.workflow, told.template, *told.backends]
    names += [re.sub(r"\s+v?\d[\w.]*$", "", name) for name in told.backends]
    names += [each for item in report.evidence for each in (item.origin.backend, item.origin.model, item.origin.tool)]
    return tuple(dict.fromkeys(name.strip() for name in names if name.strip()))


def _is_telling(name: str) -> bool:
    return len(name) >= SHORTEST and not ORDINARY.fullmatch(name)


def _lines(report: Report) -> tuple[Line, ...]:
    told: list[tuple[Part, str]] = [("findings", finding.text) for finding in report.findings]
    told += [("impression", statement.text) for statement in report.impression]
    return tuple(Line(number=number, section=part, text=text) for number, (part, text) in enumerate(told, 1))


def _context(pair: Pair) -> tuple[tuple[str, str], ...]:
    one, other = pair.drafts
    pairs = (("Indication", one.indication, other.indication), ("Technique", one.technique, other.technique),
             ("Comparison", one.comparison, other.comparison))  # fmt: skip
    return tuple((name, first) for name, first, second in pairs if first and first == second)


def _rank(seed: int, what: str, name: str) -> str:
    return hashlib.sha256(f"{seed}|{what}|{name}".encode()).hexdigest()
