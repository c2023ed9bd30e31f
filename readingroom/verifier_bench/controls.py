"""Harmless rewordings: reports that are right, said another way, in which every problem is a false alarm."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from random import Random

from readingroom.agents.template import template_for
from readingroom.agents.writer import write_findings
from readingroom.domain.report import Report
from readingroom.verifier_bench.drafts import Draft, draw_line, report_of
from readingroom.verifier_bench.tools import CURRENT
from readingroom.verifier_bench.wording import Speaker

Control = Callable[[Draft, Random], Report | None]
"""The same report in other words; None where these words do not occur."""

LENGTHS = re.compile(
    r"(\d+(?:\.\d+)?)((?: ?(?:x|×|by) ?\d+(?:\.\d+)?)?)(\s|-)?(mm|cm|millimet(?:er|re)s|centimet(?:er|re)s)\b"
)
OTHER = {
    "mm": "cm", "cm": "mm", "millimeters": "centimeters", "centimeters": "millimeters",
    "millimetres": "centimetres", "centimetres": "millimetres",
}  # fmt: skip
RATIO = re.compile(r"\b0\.(\d\d)\b")


def unmutated(draft: Draft, rng: Random) -> Report | None:
    return report_of(draft)


def paraphrase(draft: Draft, rng: Random) -> Report | None:
    """Every finding in another frame that tells as much."""
    lines = []
    for line in draft.lines:
        told = draft.tells(line)
        drawn = (draw_line(draft, line.fact, rng) for _ in range(8) if not line.others)
        fit = [one for one in drawn if one and draft.tells(one) == told]
        other = next((one for one in fit if one.frame != line.frame), None)
        lines.append(other or line)
    return report_of(draft._replace(lines=tuple(lines)))


def reordering(draft: Draft, rng: Random) -> Report | None:
    lines = list(draft.lines)
    rng.shuffle(lines)
    return report_of(draft._replace(lines=tuple(lines)))


def side_synonyms(draft: Draft, rng: Random) -> Report | None:
    """Sides as "R", "right-sided", "on the right", "in the upper lobe, right"."""
    if not any("side" in draft.tells(line) for line in draft.lines):
        return None
    return report_of(draft, speaker=Speaker(draft.book, other_sides=True))


def reworded(report: Report, change: Callable[[str], str]) -> Report | None:
    """Every sentence changed; None where nothing changes."""
    findings = tuple(one.model_copy(update={"text": change(one.text)}) for one in report.findings)
    said = tuple(one.model_copy(update={"text": change(one.text)}) for one in report.impression)
    if findings == report.findings and said == report.impression:
        return None
    return report.model_copy(update={"findings": findings, "impression": said})


def other_unit(draft: Draft, rng: Random) -> Report | None:
    """Millimetres as centimetres and back, a ratio as a percentage."""

    def change(text: str) -> str:
        return RATIO.sub(lambda match: f"{int(match[1])} %", LENGTHS.sub(_converted, text))

    return reworded(report_of(draft), change)


def _converted(match: re.Match[str]) -> str:
    up = match[4].startswith("m")

    def convert(number: re.Match[str]) -> str:
        return f"{float(number[0]) / 10:.1f}" if up else f"{float(number[0]) * 10:.0f}"

    numbers = re.sub(r"\d+(?:\.\d+)?", convert, match[1] + match[2])
    return f"{numbers}{match[3] or ''}{OTHER[match[4]]}"


def case(draft: Draft, rng: Random) -> Report | None:
    """All capitals, or none."""
    return reworded(report_of(draft), str.upper if rng.random() < 0.5 else str.lower)


def spelling(draft: Draft, rng: Random) -> Report | None:
    """American words in British spelling, and the other way round."""
    pairs = draft.book.words["spelling"]
    return reworded(report_of(draft), lambda text: _swapped(text, [*pairs, *(pair[::-1] for pair in pairs)], r"\w*"))


def abbreviation(draft: Draft, rng: Random) -> Report | None:
    return reworded(report_of(draft), lambda text: _swapped(text, draft.book.words["abbreviation"]))


def own_templates(draft: Draft, rng: Random) -> Report | None:
    """The same evidence told by the package's own templates.

    None where tools disagree, which is settled before them, and where they leave something out, which is an error.
    """
    if any(fact.conflict for fact in draft.facts):
        return None
    report = report_of(draft)
    template = template_for(report.images[0], None)
    findings, said = write_findings(template, report.evidence, frozenset((CURRENT,)))
    told = {name for one in findings for name in one.evidence}
    if not told.issuperset(item.id for item in report.evidence if item.image_id == CURRENT):
        return None
    return report.model_copy(update={"findings": findings, "impression": said})


def _swapped(text: str, pairs: Sequence[Sequence[str]], ending: str = "") -> str:
    """Each word for its pair, once, with what may end it; capitals at the start of a sentence stay."""
    to = {first.lower(): second for first, second in pairs}
    words = "|".join(re.escape(first) for first in sorted(to, key=len, reverse=True))

    def swap(match: re.Match[str]) -> str:
        other = to[match[1].lower()] + match[2]
        return other[:1].upper() + other[1:] if match[0][:1].isupper() else other

    return re.sub(rf"\b({words})({ending})\b", swap, text, flags=re.IGNORECASE)


CONTROLS: Mapping[str, Control] = {
    "unmutated": unmutated, "paraphrase": paraphrase, "reordering": reordering, "unit-equivalent": other_unit,
    "laterality synonyms": side_synonyms, "case": case, "spelling": spelling, "abbreviation": abbreviation,
    "own templates": own_templates,
}  # fmt: skip
