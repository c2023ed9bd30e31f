"""A synthetic report in the making: facts, the lines that tell them, and the typed report that both make."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from random import Random
from typing import NamedTuple

from readingroom.domain.finding import Comparison, Finding, Limitation, Statement
from readingroom.domain.image import ImageRef, Spacing
from readingroom.domain.report import Provenance, Report
from readingroom.verifier_bench.facts import Fact, draw_facts
from readingroom.verifier_bench.phrasebook import Entry, Phrasebook, StudyKind
from readingroom.verifier_bench.tools import CURRENT, LATERAL, PRIOR, evidence_of_facts
from readingroom.verifier_bench.wording import OTHERS, Line, Speaker, Worded

SLOTS = ("noun", "side", "site", "severity", "size")
SIZED = ("{size", "{long}", "{prior}")
"""Slots that tell a number."""

SIZE = 512

LIMIT = Limitation(code="research_only", text="For research only.")
PROVENANCE = Provenance(
    run="r-20260101-000000-0000", workflow="bench", template="bench 1", template_sha256="0" * 64, planner="rules",
    writer="bench", backends=("bench 1",), code_version="0", started="2026-01-01T00:00:00Z",
    finished="2026-01-01T00:00:01Z",
)  # fmt: skip


class Draft(NamedTuple):
    """One report before it is typed."""

    kind: StudyKind
    book: Phrasebook
    facts: tuple[Fact, ...]
    lines: tuple[Line, ...]
    """Findings, in order; a line may make two sentences."""
    statements: tuple[Line, ...]
    """The impression."""
    has_prior: bool
    number: int
    heads: Mapping[str, str]

    def fact(self, line: Line) -> Fact:
        return self.facts[line.fact]

    def worded(self, line: Line, fact: Fact | None = None, speaker: Speaker | None = None) -> Worded | None:
        """The line's sentences, of its own fact or of another in its place."""
        others = tuple(self.facts[at] for at in line.others)
        return (speaker or Speaker(self.book)).say(line, fact or self.fact(line), others)

    def tells(self, line: Line) -> frozenset[str]:
        """Which parts of its fact the line tells."""
        worded = self.worded(line)
        return worded.tells if worded else frozenset()


def seeded(seed: int, *names: object) -> Random:
    """One stream of numbers for one purpose, the same every time."""
    return Random(":".join(map(str, (seed, *names))))  # noqa: S311 - a benchmark's dice, no secret


def roll(rng: Random) -> dict[str, float]:
    return {slot: rng.random() for slot in SLOTS}


def draw_draft(book: Phrasebook, seed: int, number: int) -> Draft:
    """The report of this number: its facts, and a writer's words for each."""
    rng = seeded(seed, book.writer, number)
    kind = rng.choice(book.kinds)
    book = book.within(kind.name)
    has_prior = rng.random() < 0.5
    facts = draw_facts(kind, rng, has_prior=has_prior)
    heads = {name: rng.choice(options) for name, options in book.own("heads").items()}
    draft = Draft(kind, book, facts, (), (), has_prior, number, heads)
    lines = _each_once(draft, rng)
    rng.shuffle(lines)
    draft = draft._replace(lines=tuple(lines))
    return draft._replace(statements=tuple(_statements(draft, rng)))


def _each_once(draft: Draft, rng: Random) -> list[Line]:
    """A line for each fact that no other line tells beside its own."""
    lines: list[Line] = []
    told: frozenset[int] = frozenset()
    for at in range(len(draft.facts)):
        line = None if at in told else draw_line(draft, at, rng, taken=told | {at})
        if line is not None:
            lines.append(line)
            told |= {at, *line.others}
    return lines


def frames_for(book: Phrasebook, fact: Fact) -> tuple[str, ...]:
    """The frames that a fact may be told in."""
    if not isinstance(fact.entry, Entry):
        return tuple(book.own("numbers"))
    if fact.conflict:
        return book.frames("conflict")
    if fact.presence == "absent":
        return (*book.frames("absent"), *fact.entry.denials)
    if fact.change is not None:
        return book.frames(fact.change)
    if fact.certainty != "definite":
        return book.frames(fact.certainty)
    return (*book.frames("present"), *fact.entry.idioms)


def draw_line(
    draft: Draft, at: int, rng: Random, *, brief: bool = False, taken: frozenset[int] | None = None
) -> Line | None:
    """A frame that fits the fact, and dice for its words.

    `brief` tells no number and makes one sentence. `taken`: facts that the sentence may not tell beside its own; None
    leaves it alone.
    """
    frames = list(frames_for(draft.book, draft.facts[at]))
    rng.shuffle(frames)
    for frame in frames:
        if brief and (" // " in frame or any(slot in frame for slot in SIZED)):
            continue
        others = _others(draft, frame, taken, rng)
        line = Line(at, frame, roll(rng), others)
        if len(others) == sum(f"{{{name}}}" in frame for name in OTHERS) and draft.worded(line) is not None:
            return line
    return None


def _others(draft: Draft, frame: str, taken: frozenset[int] | None, rng: Random) -> tuple[int, ...]:
    """Facts for the frame's further slots; too few where there are not as many."""
    if taken is None:
        return ()
    free = [at for at in range(len(draft.facts)) if at not in taken]
    there = [at for at in free if _is_plain(draft.facts[at])]
    absent = [at for at in free if draft.facts[at].presence == "absent"]
    rng.shuffle(absent)
    beside = there[:1] if "{with}" in frame else []
    wanted = sum(f"{{{name}}}" in frame for name in ("other", "third"))
    return (*beside, *absent[:wanted])


def _is_plain(fact: Fact) -> bool:
    """There for certain, and without a course of its own."""
    is_there = isinstance(fact.entry, Entry) and fact.presence == "present"
    return is_there and fact.certainty == "definite" and fact.change is None


def _statements(draft: Draft, rng: Random) -> Iterator[Line]:
    """The impression: what is present, all that is urgent and one denial, no finer than the findings tell it."""
    present = [line for line in draft.lines if draft.fact(line).presence == "present"
               and isinstance(draft.fact(line).entry, Entry)]  # fmt: skip
    absent = [line for line in draft.lines if draft.fact(line).presence == "absent" and not line.others]
    urgent = [line for line in present[3:] if draft.fact(line).urgent]
    chosen = [*present[:3], *(absent[:1] if rng.random() < 0.4 else ()), *urgent]
    for line in chosen:
        told = reduced(draft.fact(line), draft.tells(line))
        shadow = draft._replace(facts=(*draft.facts[: line.fact], told, *draft.facts[line.fact + 1 :]))
        brief = draw_line(shadow, line.fact, rng, brief=True)
        if brief is not None:
            yield brief


def reduced(fact: Fact, tells: frozenset[str]) -> Fact:
    """The fact as far as a sentence tells it."""
    return fact._replace(
        side=fact.side if "side" in tells else "unspecified",
        zone=fact.zone if "zone" in tells else "",
        severity=fact.severity if "severity" in tells else None,
        size=None, cross=None, prior=None,
    )  # fmt: skip


def images_of(draft: Draft) -> tuple[ImageRef, ...]:
    """The current image, a lateral of chest films, and the prior where there is one."""
    film = draft.kind.image["view" if "view" in draft.kind.image else "anatomy"] == "PA"
    spacing = None
    if draft.kind.name != "dermoscopy":
        plane = "detector" if film else "patient"
        spacing = Spacing(row=0.7, column=0.7, source="PixelSpacing", plane=plane)  # type: ignore[arg-type]
    names = [(CURRENT, "current"), *([(LATERAL, "lateral")] if film else []), *([(PRIOR, "prior")] * draft.has_prior)]
    return tuple(
        ImageRef.model_validate({
            "id": name, "sha256": hashlib.sha256(f"{draft.number} {name}".encode()).hexdigest(), "kind": "image",
            "rows": SIZE, "columns": SIZE, "role": role, "spacing": spacing, **draft.kind.image,
            **({"view": "lateral"} if role == "lateral" else {}), **({"image_left": "right"} if film else {}),
        })
        for name, role in names
    )  # fmt: skip


def report_of(draft: Draft, *, speaker: Speaker | None = None) -> Report:
    """The typed report: evidence from the facts, findings and impression from the lines."""
    evidence, of_fact = evidence_of_facts(draft.facts, has_side_view=draft.kind.name == "chest_film")
    findings: list[Finding] = []
    first: dict[int, str] = {}
    for line in draft.lines:
        worded = draft.worded(line, speaker=speaker) or draft.worded(line)
        for text in worded.texts if worded else ():
            name = f"F{len(findings) + 1}"
            first.setdefault(line.fact, name)
            cites = tuple(name for at in (line.fact, *line.others) for name in of_fact[at])
            findings.append(finding_of(draft.fact(line), name, text, cites))
    statements = [
        Statement(id=f"I{at}", text=text, derived_from=(first[line.fact],), certainty=draft.fact(line).certainty)
        for at, (line, text) in enumerate(_impression(draft, speaker), 1)
    ]
    return Report(
        id=f"bench-{draft.number}", title=draft.kind.name.replace("_", " "), subject="synthetic",
        images=images_of(draft), indication=draft.heads["indication"], technique=draft.heads["technique"],
        comparison="One earlier examination." if draft.has_prior else "None.", findings=tuple(findings),
        impression=tuple(statements), limitations=(LIMIT,), evidence=evidence, provenance=PROVENANCE,
    )  # fmt: skip


def _impression(draft: Draft, speaker: Speaker | None) -> Iterator[tuple[Line, str]]:
    told = {line.fact: draft.tells(line) for line in draft.lines}
    for line in draft.statements:
        fact = reduced(draft.fact(line), told[line.fact])
        worded = draft.worded(line, fact, speaker) or draft.worded(line, fact)
        if worded is not None:
            yield line, worded.texts[0]


def finding_of(fact: Fact, name: str, text: str, cites: tuple[str, ...]) -> Finding:
    """The fact's fields with a sentence and what it cites."""
    from_tools = evidence_of_facts((fact,), has_side_view=False)[0]
    numbers = {part.name: part for item in from_tools for part in item.measurements}
    return Finding(
        id=name, text=text, observation=fact.observation, presence=fact.presence, certainty=fact.certainty,
        laterality=fact.side, zone=fact.zone, severity=fact.severity,
        measurements=tuple(part for key, part in numbers.items() if not key.startswith("prior_")),
        comparison=Comparison(prior_image_id=PRIOR, change=fact.change) if fact.change else None, evidence=cites,
        significance="urgent" if fact.urgent else "non_actionable",
    )  # fmt: skip
