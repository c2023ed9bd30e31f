"""The report of what was taken out: counts by attribute and action, files flagged and refused, and never a value."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from readingroom.deidentification.choices import Choices
from readingroom.deidentification.ledger import Entry, Status
from readingroom.deidentification.profile import EDITION
from readingroom.domain.value import Value

STATUSES: tuple[Status, ...] = ("written", "held back", "refused", "failed")
LIMITS = (
    "Faces are not removed from volumes of the head.",
    "Text in pixels is found by its look: handwriting, slanted lines and faint text may be missed.",
    "Sizes and weights of bodies, rare findings and dates in other sources may still tell who somebody is.",
)


class Unwritten(Value):
    """A file that is not among the new ones, by a number of ours: its name stands in the list of sources alone."""

    number: int
    """Its line among the sources, in the order of their paths."""
    status: Status
    reason: str


class Report(Value):
    """What was done with all files of a folder so far."""

    profile: str = f"DICOM PS3.15 {EDITION}, Basic Application Level Confidentiality Profile"
    choices: Choices
    files: dict[str, int]
    """By status."""
    patients: int
    with_text: int
    """Files that were written though text stood in their pixels: painted over, or kept as chosen."""
    removed: dict[str, dict[str, int]]
    """Attribute by keyword, action, how often."""
    unwritten: tuple[Unwritten, ...]
    limits: tuple[str, ...] = LIMITS


def report_of(entries: Iterable[Entry], choices: Choices) -> Report:
    """Equal for equal entries, whatever their order."""
    files: Counter[str] = Counter(dict.fromkeys(STATUSES, 0))
    counts: dict[str, Counter[str]] = {}
    unwritten: list[Unwritten] = []
    patients: set[str] = set()
    text = 0
    for number, entry in enumerate(sorted(entries, key=lambda one: one.source), 1):
        files[entry.status] += 1
        if entry.status != "written":
            unwritten.append(Unwritten(number=number, status=entry.status, reason=entry.reason))
            continue
        patients.add(entry.output.split("/")[0])
        text += entry.lines > 0
        for name, action, count in entry.counts:
            counts.setdefault(name, Counter())[action] += count
    removed = {name: dict(sorted(counts[name].items())) for name in sorted(counts)}
    return Report(choices=choices, files=dict(files), patients=len(patients), with_text=text, removed=removed,
                  unwritten=tuple(unwritten))  # fmt: skip


def markdown_of(report: Report) -> str:
    """The same for people."""
    choices = report.choices
    lines = [
        "# De-identification", "", f"{report.profile}.", "",
        f"Dates: {'moved back, each patient by days of its own' if choices.dates == 'shift' else 'removed'}. "
        f"Devices: {'kept' if choices.device else 'removed'}. "
        f"Files with text in their pixels: {_TEXT[choices.burned_in]}.", "",
        "| Files | |", "|---|---|", *(f"| {name} | {count} |" for name, count in report.files.items()),
        f"| folders of patients | {report.patients} |", f"| written with text found | {report.with_text} |", "",
        "## What was taken out of the written files", "", "| Attribute | Action | Times |", "|---|---|---|",
        *(f"| {name} | {action} | {count} |" for name, found in report.removed.items()
          for action, count in found.items()), "",
    ]  # fmt: skip
    if report.unwritten:
        lines += ["## Files that were not written", "",
                  "Numbers are those of the sources in the order of their paths.", "", "| Number | | Reason |",
                  "|---|---|---|",
                  *(f"| {one.number} | {one.status} | {one.reason} |" for one in report.unwritten), ""]  # fmt: skip
    lines += ["## Not done", "", *(f"- {text}" for text in report.limits), ""]
    return "\n".join(lines)


_TEXT = {"hold": "held back", "mask": "painted over", "keep": "written as they are"}
