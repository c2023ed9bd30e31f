"""A panel: several models or prompts draft on their own; what they agree on stands, what they do not is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Literal, NamedTuple

from readingroom.agents.assembling import Basics, assemble, basics, conclude
from readingroom.agents.desk import Desk
from readingroom.agents.idiom import ENGLISH
from readingroom.agents.ledger import Ledger
from readingroom.agents.limitations import limitation
from readingroom.agents.revising import Revised
from readingroom.agents.second_reader import Reviewed
from readingroom.agents.template import ReportTemplate
from readingroom.agents.together import at_once
from readingroom.agents.writers import Written, drafted, limits_of, write
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Limitation
from readingroom.domain.terms import Laterality, Presence
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.language.claim import GREATER, Claim
from readingroom.language.claims import claims_of
from readingroom.language.lexicon import lexicon

MOST_MEMBERS = 8
SILENT: Literal["silent"] = "silent"

Says = Literal["present", "absent", "indeterminate", "both", "silent"]


class Position(Value):
    """What one member says of one thing."""

    member: str
    says: Says
    holds: bool = True
    """False: it said so, and the second reader found that the evidence does not."""


class Row(Value):
    """One thing on one side, and who says what of it."""

    observation: str
    laterality: Laterality
    positions: tuple[Position, ...]
    evidence: tuple[str, ...] = ()
    """What the ledger has on it, by id."""

    @property
    def agreed(self) -> bool:
        """All say the same, none is silent, and it holds."""
        return len({one.says for one in self.positions}) == 1 and all(
            one.holds and one.says not in (SILENT, "both") for one in self.positions
        )


class Convened(NamedTuple):
    """What a panel came to."""

    written: Written
    table: tuple[Row, ...]


Key = tuple[str, Laterality]


async def convene(template: ReportTemplate, ledger: Ledger, members: Mapping[str, Desk]) -> Convened:
    """Findings that all members tell alike, in the words of the first; the rest as the template tells the evidence.

    `members` by the names under which they are shown. All draft at the same time from the same evidence, none sees
    another's draft, and every sentence is read by the second reader. What one says and another does not, or denies, is
    a limitation. A member whose model gives nothing is left out and that is told. Raises BadRequest for fewer than two
    members or more than eight.
    """
    if not 2 <= len(members) <= MOST_MEMBERS:
        raise BadRequest(f"a panel of {len(members)}", do=f"Give it two to {MOST_MEMBERS} members.")
    if template.language != ENGLISH:
        alone = replace(await write(template, ledger), limitations=(limitation("wrote_english"),))
        return Convened(alone, ())
    base = basics(template, ledger)
    drafts = await _drafts(base, members)
    heard = {name: draft for name, draft in drafts.items() if draft.kept or not draft.failure}
    table = _table(heard, base)
    assembled = assemble(_agreed(heard, table, base), base)
    limits = [*_thin(drafts, heard), *(_shown(row) for row in table if not row.agreed)]
    limits += [line for name, draft in heard.items() for line in limits_of("findings", members[name], draft)]
    by_model = any(finding.author == "model" for finding in assembled.findings)
    signatures = "; ".join(members[name].signature for name in heard)
    written = Written(
        findings=assembled.findings,
        impression=conclude((), assembled.findings, base),
        limitations=tuple({line.text: line for line in limits}.values()),
        writer=f"panel of {signatures}" if by_model else Written.writer,
        degraded=tuple(f"panel-{name}" for name in drafts if drafts[name].failure),
    )
    return Convened(written, table)


async def _drafts(base: Basics, members: Mapping[str, Desk]) -> dict[str, Revised]:
    """In the order of the members, whoever ends first."""
    found = await at_once(drafted(base, desk) for desk in members.values())
    return dict(zip(members, found, strict=True))


def _table(heard: Mapping[str, Revised], base: Basics) -> tuple[Row, ...]:
    """A row for each finding or device that any member speaks of, in the order in which it is first spoken of."""
    said: dict[Key, dict[str, set[tuple[Presence, bool]]]] = {}
    for name, draft in heard.items():
        for one, holds in [*((one, True) for one in draft.kept), *((one, False) for one in draft.left_out)]:
            for key, claim in _keys(one, base):
                said.setdefault(key, {}).setdefault(name, set()).add((claim.presence, holds))
    return tuple(
        Row(
            observation=observation,
            laterality=laterality,
            positions=tuple(_position(name, told.get(name, set())) for name in heard),
            evidence=_on(observation, laterality, base),
        )
        for (observation, laterality), told in said.items()
    )


def _position(name: str, told: set[tuple[Presence, bool]]) -> Position:
    holds = {presence for presence, good in told if good}
    said = holds or {presence for presence, _ in told}
    says: Says = SILENT
    if said:
        first = next(iter(said))
        says = "both" if len(said) > 1 or first == "not_assessed" else first
    return Position(member=name, says=says, holds=bool(holds) or not said)


def _keys(one: Reviewed, base: Basics) -> Iterable[tuple[Key, Claim]]:
    """The findings and devices that a sentence speaks of by name; a side it leaves open is its evidence's."""
    for claim in claims_of(one.line.text):
        name = claim.observation.removesuffix(GREATER)
        if claim.implied or claim.presence == "not_assessed" or not lexicon().reportable(name):
            continue
        side = claim.laterality
        if side == "unspecified":
            borne = [item for item in base.ledger.evidence if item.id in one.stands_on and _akin(item, name)]
            side = borne[0].laterality if borne and not one.flaws else side
        yield (name, side), claim


def _akin(item: Evidence, name: str) -> bool:
    return lexicon().is_a(item.observation, name) or lexicon().is_a(name, item.observation)


def _on(name: str, side: Laterality, base: Basics) -> tuple[str, ...]:
    either = ("unspecified", "bilateral", side)
    found = [item for item in base.tellable.values() if lexicon().is_a(item.observation, name)]
    return tuple(item.id for item in found if side == "unspecified" or item.laterality in either)


def _agreed(heard: Mapping[str, Revised], table: Iterable[Row], base: Basics) -> list[Reviewed]:
    """Sentences of the first member all of whose findings every member tells alike, and that speak of any."""
    good = {(row.observation, row.laterality) for row in table if row.agreed}
    first = next(iter(heard.values()), Revised())
    keys = [(one, {key for key, _ in _keys(one, base)}) for one in first.kept]
    return [one for one, named in keys if named and named <= good]


def _thin(drafts: Mapping[str, Revised], heard: Mapping[str, Revised]) -> list[Limitation]:
    lost = [draft.failure for name, draft in drafts.items() if name not in heard]
    if not lost:
        return []
    return [limitation("panel_thin", asked=len(drafts), count=len(heard), reason=lost[0].rstrip("."))]


def _shown(row: Row) -> Limitation:
    """A disagreement as a reader sees it: who says what, and what the evidence has."""
    told = [f"{one.member} {_saying(one)}" for one in row.positions]
    side = f", {row.laterality}" if row.laterality in ("left", "right", "bilateral") else ""
    has = f"The evidence on it is {', '.join(row.evidence)}" if row.evidence else "No evidence speaks of it"
    return limitation("panel_differs", name=lexicon().name(row.observation), side=side, positions=told, evidence=has)


def _saying(one: Position) -> str:
    if one.says == SILENT:
        return "is silent"
    return f"says {one.says}" + ("" if one.holds else ", which the evidence does not bear")
