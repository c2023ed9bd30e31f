"""A scripted writer that errs on purpose at a known rate, for measuring what is caught of it: no model, no network."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from difflib import SequenceMatcher
from functools import cache
from random import Random
from typing import Any, Literal

from readingroom.agents.assembling import Basics
from readingroom.agents.chat_model import Message, Offer, Turn
from readingroom.agents.second_reader import Line, Lines
from readingroom.agents.sentence_rules import kind_of
from readingroom.domain.finding import Finding
from readingroom.domain.terms import Section
from readingroom.domain.value import canonical_json
from readingroom.experiments.draft import Slip
from readingroom.prompts.words import load_words, read_words

FILE = "experiments/sloppy_writer.yaml"

Kind = Literal["side", "negation", "number", "omission", "invention"]
SIDES = ("left", "right")

NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\))")
"""A number of a sentence; what stands in brackets is how certain another is."""
REFUSED = re.compile(r"^(\d+)\. ", re.MULTILINE)
"""How the second reader numbers the sentences that it sends back."""


@cache
def _words() -> dict[str, Any]:
    found: dict[str, Any] = load_words(read_words(FILE), FILE)
    return found


class SloppyWriter:
    """A ChatModel that answers with the template's own sentences, each wrong with the given chance.

    It errs by a swapped side, a turned negation, a changed number, a sentence left out or one that is made up. Told by
    the second reader what is wrong, it writes the sentence anew, no more careful than before. The same dice fall for
    every check, so that arms meet the same errors.
    """

    def __init__(self, base: Basics, rate: float, dice: str) -> None:
        self.name = f"sloppy writer, rate {rate:g}"
        self.slips: list[Slip] = []
        """Every error that it wrote."""
        self._base, self._rate = base, rate
        self._rng = {section: Random(f"{dice}:{section}") for section in ("findings", "impression")}  # noqa: S311 - no secret
        self._right: dict[str, tuple[Line, Finding | None]] = {}
        """The right line behind each that was written."""

    async def turn(
        self,
        messages: Sequence[Message],
        offers: Sequence[Offer] = (),
        *,
        form: dict[str, Any] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Turn:
        """The sentences of the section that is asked for, or those that were sent back."""
        del offers, form, tell
        section: Section = "impression" if "the impression" in messages[1].text[:60] else "findings"
        last = messages[-1]
        if last is messages[1]:
            drafts = self._findings() if section == "findings" else self._impression(last.text)
            lines = [*self._written(drafts, section), *self._invented(section)]
        else:
            drafts = self._sent_back(messages[-2].text, last.text)
            lines = list(self._written(drafts, section))
        return Turn(text=canonical_json(Lines(sentences=tuple(lines))), finish="stop", model=self.name)

    def _findings(self) -> list[tuple[Line, Finding | None]]:
        return [(Line(text=one.text, evidence=one.evidence), one) for one in self._base.findings]

    def _impression(self, told: str) -> list[tuple[Line, Finding | None]]:
        """The template's statements, on those of the findings that it is told which are most like its own."""
        given = _told_findings(told)
        own = {one.id: one for one in self._base.findings}
        found: list[tuple[Line, Finding | None]] = []
        for statement in self._base.impression:
            sources = (own[name] for name in statement.derived_from)
            cites = dict.fromkeys(_most_like(one.text, given) for one in sources) if given else {}
            found.append((Line(text=statement.text, evidence=tuple(cites)), None))
        return found

    def _sent_back(self, answer: str, told: str) -> list[tuple[Line, Finding | None]]:
        before = Lines.model_validate_json(answer).sentences
        places = [int(place) for place in REFUSED.findall(told)]
        refused = (before[place - 1] for place in places if place <= len(before))
        return [self._right[line.text] for line in refused if line.text in self._right]

    def _written(self, drafts: Sequence[tuple[Line, Finding | None]], section: Section) -> Iterator[Line]:
        for line, finding in drafts:
            wrong = self._wrong(line, finding, section) if self._rng[section].random() < self._rate else line
            if wrong is not None:
                self._right[wrong.text] = (line, finding)
                yield wrong

    def _wrong(self, line: Line, finding: Finding | None, section: Section) -> Line | None:
        """The line with one error; None where that is to leave it out; the line itself where nothing can go wrong."""
        rng = self._rng[section]
        said: list[tuple[Kind, str]] = [
            ("side", _other_side(line.text)),
            ("negation", _turned(line.text)),
            ("number", _other_number(line.text, rng)),
        ]
        options = [(kind, text) for kind, text in said if text != line.text]
        if finding is not None and _must_be_told(finding):
            options.append(("omission", line.text))
        if not options:
            return line
        kind, text = rng.choice(options)
        self._slipped(kind, section, text, line)
        return None if kind == "omission" else line.model_copy(update={"text": text})

    def _invented(self, section: Section) -> Iterator[Line]:
        """At times a finding that nothing shows; it cites whatever is at hand."""
        rng = self._rng[section]
        if section != "findings" or rng.random() >= self._rate:
            return
        seen = {item.observation for item in self._base.ledger.evidence}
        choices = [words for concept, words in _words()["inventions"].items() if concept not in seen]
        text = rng.choice(choices).format(side=rng.choice(SIDES))
        line = Line(
            text=text, evidence=tuple(rng.choice(self._base.findings).evidence[:1]) if self._base.findings else ()
        )
        self._slipped("invention", section, text, line)
        yield line

    def _slipped(self, kind: Kind, section: Section, text: str, right: Line) -> None:
        place: Literal["findings", "impression"] = "impression" if section == "impression" else "findings"
        was = "" if kind == "invention" else right.text
        self.slips.append(Slip(kind=kind, section=place, text=text, was=was, evidence=right.evidence))


def _must_be_told(finding: Finding) -> bool:
    """What a reader misses: a finding that is there or may be, and what has changed; not a structure's size."""
    if finding.presence not in ("present", "indeterminate"):
        return False
    return kind_of(finding.observation) == "finding" or finding.comparison is not None


def _told_findings(told: str) -> dict[str, str]:
    """Findings by id, as an impression's writer is told them."""
    start, end = told.find("["), told.rfind("]")
    return {one["id"]: one["text"] for one in json.loads(told[start : end + 1])} if start >= 0 else {}


def _most_like(text: str, given: dict[str, str]) -> str:
    return max(given, key=lambda name: SequenceMatcher(None, text, given[name], autojunk=False).ratio())


def _other_side(text: str) -> str:
    sides: dict[str, str] = _words()["sides"]
    return re.sub(r"\b(" + "|".join(sides) + r")\b", lambda found: sides[found[1]], text)


def _turned(text: str) -> str:
    for pattern, other in _words()["negations"]:
        turned = re.sub(pattern, other, text, count=1)
        if turned != text:
            return turned
    return text


def _other_number(text: str, rng: Random) -> str:
    """One number a quarter to a half larger, with as many digits; its place on the paper stays."""
    found = list(NUMBER.finditer(text))
    if not found:
        return text
    one = rng.choice(found)
    decimals = len(one[0].partition(".")[2])
    least = 10.0**-decimals
    value = max(float(one[0]) * rng.uniform(1.25, 1.5), float(one[0]) + least)
    return f"{text[: one.start()]}{value:.{decimals}f}{text[one.end() :]}"
