"""A report, its verdicts and its runs as text for a terminal; nothing from outside reaches it as control characters."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from readingroom.domain.check import Check, Verification
from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.domain.terms import Verdict
from readingroom.exports import wording
from readingroom.exports.headings import headings_of
from readingroom.exports.view import struck_in
from readingroom.runs.run import Run, Step

MARKS: dict[Verdict, tuple[str, str]] = {
    "supported": ("✓", "green"),
    "contradicted": ("✗", "bold red"),
    "unsupported": ("?", "bold yellow"),
    "not_checkable": ("–", "dim"),
}
"""Sign and colour of a verdict; the sign says it without the colour."""


def plain(text: str, style: str = "") -> Text:
    """Text without markup, control or bidirectional override characters."""
    return Text(wording.plain(text), style=style)


def _sentence(check: Check | None, text: str, cites: Iterable[str]) -> Text:
    sign, style = MARKS[check.verdict if check else "not_checkable"]
    line = Text.assemble((f"{sign} ", style), plain(text), (f"  [{', '.join(cites)}]", "dim"))
    for problem in check.problems if check else ():
        line.append(f"\n    {problem.verdict.replace('_', ' ')} ({problem.rule}): ", style)
        line.append(plain(problem.reason))
    return line


def _heading(console: Console, text: str) -> None:
    console.print(Text(f"\n{text}", style="bold"))


def summary_line(verification: Verification | None) -> Text:
    """How many sentences hold, in one line."""
    if verification is None:
        return Text("Not verified.", style="bold red")
    counts = {verdict: sum(check.verdict == verdict for check in verification.checks) for verdict in MARKS}
    text = Text("Checked: ")
    text.append(", ".join(f"{count} {name.replace('_', ' ')}" for name, count in counts.items() if count) or "nothing")
    if verification.omissions:
        text.append(f", {len(verification.omissions)} omitted", "bold yellow")
    text.append("." if verification.clean else ". This draft is not clean.", "" if verification.clean else "bold red")
    return text


def print_report(console: Console, report: Report) -> None:
    """The whole report, sentence by sentence with its verdict and evidence."""
    checks = {check.target: check for check in report.verification.checks} if report.verification else {}
    heads = headings_of(report)
    console.print(Text.assemble((report.title, "bold"), (f"   {wording.status(report)}, {report.subject}", "dim")))
    console.print(plain(report.notice, "yellow"))
    for name in ("indication", "technique", "comparison"):
        if value := getattr(report, name):
            console.print(Text.assemble((f"{heads.sections[name]}: ", "bold"), plain(value)))
    _heading(console, heads.sections["findings"])
    for finding in report.findings:
        console.print(
            Padding(_sentence(checks.get(finding.id), finding.text, finding.evidence), (0, 0, 0, 2), expand=False)
        )
    if not report.findings:
        console.print(f"  {wording.nothing('findings', report)}")
    if report.impression:
        _heading(console, heads.sections["impression"])
    for statement in report.impression:
        line = _sentence(checks.get(statement.id), statement.text, statement.derived_from)
        console.print(Padding(line, (0, 0, 0, 2), expand=False))
    for omission in report.verification.omissions if report.verification else ():
        console.print(
            Padding(Text.assemble(("! left out: ", "bold yellow"), plain(omission.reason)), (0, 0, 0, 2), expand=False)
        )
    for name, gone in struck_in(report).items():
        _heading(console, heads.sections[name])
        for one in gone:
            line = _sentence(one.check, one.check.text, one.cites)
            console.print(Padding(line, (0, 0, 0, 2), expand=False), style="dim")
    _heading(console, heads.sections["limitations"])
    for limitation in report.limitations:
        console.print(Padding(Text.assemble("· ", plain(limitation.text)), (0, 0, 0, 2), expand=False), style="dim")
    console.print()
    console.print(summary_line(report.verification))


def print_checks(console: Console, verification: Verification, worse: Sequence[Check]) -> None:
    """Every sentence of a text with its verdict; what got worse comes first."""
    if worse:
        _heading(console, "Worse than in the recorded report")
        for check in worse:
            console.print(Padding(_sentence(check, check.text, check.evidence), (0, 0, 0, 2), expand=False))
    _heading(console, "All sentences")
    for check in verification.checks:
        console.print(Padding(_sentence(check, check.text, check.evidence), (0, 0, 0, 2), expand=False))
    for omission in verification.omissions:
        console.print(
            Padding(Text.assemble(("! left out: ", "bold yellow"), plain(omission.reason)), (0, 0, 0, 2), expand=False)
        )
    console.print()
    console.print(summary_line(verification))


def print_measurements(console: Console, evidence: Iterable[Evidence]) -> None:
    """One row a measured quantity."""
    table = Table(box=None, pad_edge=False)
    for name in ("evidence", "of", "quantity", "value", "sd", "quality", "method"):
        table.add_column(name, justify="right" if name in ("value", "sd", "quality") else "left")
    for item in evidence:
        side = f"{item.laterality} " if item.laterality in ("left", "right") else ""
        quality = "" if item.quality is None else f"{item.quality:.2f}"
        for part in item.measurements:
            structure = f"{side}{item.observation.replace('_', ' ')}"
            table.add_row(item.id, structure, part.title, part.text, part.spread, quality, part.method)
        if item.presence == "not_assessed":
            table.add_row(
                item.id, item.observation.replace("_", " "), "", "not assessable", "", quality, item.quality_reason
            )
    console.print(table)


def print_runs(console: Console, runs: Iterable[Run]) -> None:
    """One line a run, newest first."""
    table = Table(box=None, pad_edge=False)
    for name in ("run", "workflow", "status", "subject", "started", "error"):
        table.add_column(name)
    for run in runs:
        table.add_row(run.id, run.workflow, run.status, run.subject, run.started, plain(run.error or ""))
    console.print(table)


def print_steps(console: Console, run: Run, steps: Iterable[Step]) -> None:
    """What happened in a run, call by call."""
    line = f"{run.workflow}, {run.status}, started {run.started}, code {run.code_version}"
    console.print(Text.assemble((run.id, "bold"), f"  {line}"))
    table = Table(box=None, pad_edge=False)
    for name in ("step", "tool", "status", "ms", "key", "output", "error"):
        table.add_column(name, justify="right" if name == "ms" else "left")
    for step in steps:
        elapsed = "" if step.elapsed_ms is None else f"{step.elapsed_ms:.0f}"
        output = (step.output_sha256 or "")[:12]
        table.add_row(step.name, step.tool, step.status, elapsed, step.key[:12], output, plain(step.error or ""))
    console.print(table)
