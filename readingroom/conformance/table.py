"""A conformance run as a table for people; the JSON is `Conformance.model_dump`."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table
from rich.text import Text

from readingroom.conformance.found import Checked, Conformance, Mark
from readingroom.exports.terminal import plain

SIGNS: dict[Mark, tuple[str, str]] = {
    "pass": ("✓", "green"),
    "warn": ("!", "bold yellow"),
    "fail": ("✗", "bold red"),
    "skipped": ("–", "dim"),
}
"""Sign and colour of a verdict; the word stands beside it."""


def print_table(console: Console, found: Conformance) -> None:
    """One row a check, then the forms met, the times and the verdict in a line each."""
    console.print(Text.assemble((found.model, "bold"), (f" at {found.host}", "dim")))
    table = Table(box=None, pad_edge=False)
    for name in ("", "check", "found", "ms"):
        table.add_column(name, justify="right" if name == "ms" else "left", no_wrap=name in ("", "check", "ms"))
    for check in found.checks:
        sign, style = SIGNS[check.verdict]
        mark = Text(f"{sign} {check.verdict}", style=style)
        table.add_row(mark, check.id, _told(check), f"{check.milliseconds:.0f}")
    console.print(table)
    for line in summary(found):
        console.print(plain(line))
    console.print(_verdict(found))


def _told(check: Checked) -> Text:
    """What came; where that is not right, what was asked and expected as well."""
    if check.verdict in ("pass", "skipped"):
        return plain(check.found)
    return Text.assemble(plain(check.found), "\n", plain(f"asked: {check.asked}; expected: {check.expected}", "dim"))


def summary(found: Conformance) -> list[str]:
    """The forms of answer, the latency and the limits, a line each where they are known."""
    lines = [f"Answer forms met: {'; '.join(found.variants)}."] if found.variants else []
    if took := found.latency:
        lines.append(
            f"Latency of {took.calls} calls, one at a time: median {took.median * 1000:.0f} ms, "
            f"p95 {took.p95 * 1000:.0f} ms; the first call took {took.first * 1000:.0f} ms. "
            f"A request of {took.request_bytes / 1000:.0f} kB, an answer of {took.answer_bytes / 1000:.0f} kB."
        )
    if seen := found.limits:
        told = f"Retry-After {seen.retry_after}" if seen.retry_after else "no Retry-After"
        end = f"a 429 came at {seen.refused_at} ({told})" if seen.refused_at else "no 429 came"
        lines.append(f"Admission: {seen.admitted} calls at once; {end}.")
    return lines


def _verdict(found: Conformance) -> Text:
    counts = ", ".join(f"{len(found.of(mark))} {mark}" for mark in SIGNS if found.of(mark))
    word = ("Conforms", "bold green") if found.passed else ("Does not conform", "bold red")
    return Text.assemble(word, f": {counts}.")
