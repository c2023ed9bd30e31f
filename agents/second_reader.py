"""The second reader: every sentence of a model is held against what it cites before it may stand anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from pydantic import Field

from readingroom.agents.ledger import Ledger
from readingroom.agents.strays import strays
from readingroom.agents.verifier import verify
from readingroom.domain.check import Check
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Finding
from readingroom.domain.terms import Section
from readingroom.domain.value import Value
from readingroom.language.sentences import Sentence, split_sentences

MOST_SENTENCES = 100
REFUSED = ("unsupported", "contradicted")


class Line(Value):
    """One sentence with what it rests on."""

    text: str = Field(min_length=1, max_length=600)
    evidence: tuple[str, ...] = Field(max_length=60)
    """Ids."""


class Lines(Value):
    """What a writing model answers."""

    sentences: tuple[Line, ...] = Field(max_length=MOST_SENTENCES)


class Flaw(NamedTuple):
    """One reason why a sentence may not stand."""

    rule: str
    """The verifier's, else "words" for what the sentence adds and "form" for how it is given."""
    reason: str


class Reviewed(NamedTuple):
    """A sentence read by the second reader."""

    line: Line
    flaws: tuple[Flaw, ...] = ()
    check: Check | None = None

    @property
    def stands_on(self) -> tuple[str, ...]:
        """The evidence that bears its claims; of a tool's own words all that it cites."""
        return (self.check.evidence if self.check else ()) or self.line.evidence


class Basis(NamedTuple):
    """What the sentences of one section may stand on."""

    ledger: Ledger
    citable: Mapping[str, Evidence | Finding]
    """By id: evidence for findings and answers, findings for an impression."""
    section: Section = "findings"
    before: tuple[Sentence, ...] = ()
    """Sentences that stand already: the findings, for an impression."""
    plain: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """How the template tells what may be cited, by id."""


def review(lines: Sequence[Line], kept: Sequence[Line], basis: Basis) -> list[Reviewed]:
    """Each line by itself, then those that hold beside each other and beside the lines kept before.

    A line holds if it is one sentence, cites what may be cited, is supported by the rules (or is a tool's own words),
    and adds no number, side or word to what it cites. What the rules cannot read does not hold.
    """
    alone = [_alone(line, basis) for line in lines]
    sound = [one for one in alone if not one.flaws]
    sentences = _sentences([*kept, *(one.line for one in sound)], basis)
    checks = verify((*basis.before, *sentences), basis.ledger).checks[len(basis.before) + len(kept) :]
    beside = {id(one): _flaws_of(check) for one, check in zip(sound, checks, strict=True)}
    return [one._replace(flaws=beside.get(id(one), one.flaws)) for one in alone]


def _sentences(lines: Iterable[Line], basis: Basis) -> tuple[Sentence, ...]:
    mark = "I" if basis.section == "impression" else "F"
    return tuple(
        Sentence(id=f"{mark}{number}", section=basis.section, text=line.text, cites=line.evidence)
        for number, line in enumerate(lines, 1)
    )


def _alone(line: Line, basis: Basis) -> Reviewed:
    flaws = tuple(_flaws_of_form(line, basis))
    if flaws:
        return Reviewed(line, flaws)
    (sentence,) = _sentences([line], basis)
    check = verify((*basis.before, sentence), basis.ledger).checks[-1]
    cited = [basis.citable[name] for name in line.evidence]
    plain = [text for name in line.evidence for text in basis.plain.get(name, ())]
    found = [*_flaws_of(check), *(Flaw("words", reason) for reason in strays(line.text, cited, plain))]
    if check.verdict == "not_checkable" and not _is_quoted(line.text, cited):
        found.append(Flaw("form", "says nothing that can be held against the evidence; use its own words"))
    return Reviewed(line, tuple(found), check)


def _flaws_of_form(line: Line, basis: Basis) -> Iterator[Flaw]:
    if len(split_sentences(line.text)) != 1 or "\n" in line.text.strip():
        yield Flaw("form", "is not one sentence")
    if not line.evidence:
        yield Flaw("form", "cites nothing")
    unknown = [name for name in line.evidence if name not in basis.citable]
    if unknown:
        names = ", ".join(name[:12] for name in unknown[:5])
        yield Flaw("R15", f"cites {names}, which is not among what may be cited here")


def _flaws_of(check: Check) -> tuple[Flaw, ...]:
    """What the rules hold against a sentence; a repetition is one too, since a model need not write it."""
    return tuple(
        Flaw(problem.rule, problem.reason.partition(":")[0] if problem.rule == "R17" else problem.reason)
        for problem in check.problems
        if problem.verdict in REFUSED or problem.rule == "R13"
    )


def _is_quoted(text: str, cited: Iterable[Evidence | Finding]) -> bool:
    """Whether the sentence is, word for word, one that a tool or a finding has."""
    wanted = _bare(text)
    own = (item.text if isinstance(item, Finding) else item.quote for item in cited)
    return any(wanted == _bare(piece) for words in own if words for piece in (words, *split_sentences(words)))


def _bare(text: str) -> str:
    return " ".join(text.lower().split()).rstrip(".")


def reasons(reviewed: Sequence[Reviewed | None], quoted: Callable[[str], str] = str) -> str:
    """What goes back to the model: each sentence that may not stand, by its place, with the reasons.

    `quoted` marks a reason as data: it holds words of the model, which may be those that some text had it write.
    """
    told = [
        f"{place}. {quoted('; '.join(flaw.reason for flaw in one.flaws) + '.')}"
        for place, one in enumerate(reviewed, 1)
        if one is not None and one.flaws
    ]
    return "\n".join(told)
