"""The gate: what does not hold is marked, or struck from the draft and kept with the reasons; nothing is corrected."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal

from readingroom.agents.limitations import limitation, limits_in
from readingroom.agents.translation import verify_worded_report
from readingroom.domain.check import Check, Problem, Rule, Struck, Verification
from readingroom.domain.finding import Limitation, Statement
from readingroom.domain.report import Report
from readingroom.domain.terms import Verdict

Policy = Literal["mark", "strike"]
"""mark: every sentence stays and carries its verdict. strike: contradicted and unsupported ones leave the draft."""

REFUSED: tuple[Verdict, ...] = ("contradicted", "unsupported")

BESIDE: frozenset[Rule] = frozenset(("R12", "R13", "R14"))
"""Rules on sentences beside each other: whoever breaks only these may hold once the others are gone."""


Verifier = Callable[[Report], Verification]


def gated(report: Report, policy: Policy, *, verifier: Verifier = verify_worded_report) -> Report:
    """The report as the policy lets it stand, verified; a report that was not verified yet is verified first.

    Struck are sentences of findings and impression with their checks and what they cite, and statements that then rest
    on nothing; what stands is verified again until nothing more falls. What a struck sentence alone told shows as left
    out (R11). The same report comes back where nothing has to be struck, so that gating twice changes nothing.
    `verifier`: holds a report against its evidence as it was held first, with its language and its template.
    """
    if report.verification is None:
        report = _verified(report, verifier)
    while policy == "strike" and (falling := _falling(report)):
        report = _verified(_without(report, falling), verifier)
    return report


def _verified(report: Report, verifier: Verifier) -> Report:
    """Verified anew by the rules; what a model or a human said of a sentence that the rules cannot read is kept."""
    found = verifier(report)
    before = report.verification.checks if report.verification else ()
    said = {(check.target, check.text): check for check in before if check.by != "rules"}
    checks = tuple(
        said.get((check.target, check.text), check) if check.verdict == "not_checkable" else check
        for check in found.checks
    )
    return report.model_copy(update={"verification": found.model_copy(update={"checks": checks})})


def _falling(report: Report) -> dict[str, Check]:
    """The checks of the sentences that fall next, by id: those that fail by themselves before those that fail beside
    others, findings before the statements that rest on them."""
    checks = report.verification.checks if report.verification else ()
    findings = {finding.id for finding in report.findings}
    statements = {statement.id for statement in report.impression}
    bad = [check for check in checks if check.verdict in REFUSED and check.target in findings | statements]
    ranks = (
        [check for check in bad if check.target in findings and _by_itself(check)],
        [check for check in bad if check.target in findings],
        [check for check in bad if _by_itself(check)],
        bad,
    )
    first = next(filter(None, ranks), [])
    return {check.target: check for check in first}


def _by_itself(check: Check) -> bool:
    return any(problem.verdict in REFUSED and problem.rule not in BESIDE for problem in check.problems)


def _without(report: Report, falling: dict[str, Check]) -> Report:
    """The report without the sentences, and without statements that rest on nothing any more."""
    gone = {finding.id: finding.evidence for finding in report.findings if finding.id in falling}
    gone |= {statement.id: statement.derived_from for statement in report.impression if statement.id in falling}
    struck = [Struck(check=check, cites=gone[name]) for name, check in falling.items() if name in gone]
    standing: list[Statement] = []
    for statement in report.impression:
        left = tuple(name for name in statement.derived_from if name not in gone)
        if statement.id in gone:
            continue
        if left:
            standing.append(statement.model_copy(update={"derived_from": left}))
        else:
            struck.append(_orphan(statement, report))
    changed = {
        "findings": tuple(finding for finding in report.findings if finding.id not in gone),
        "impression": tuple(standing),
        "struck": (*report.struck, *struck),
        "limitations": _limits(report, (*report.struck, *struck)),
    }
    return Report.model_validate({**dict(report), **changed})


def _orphan(statement: Statement, report: Report) -> Struck:
    """A statement whose findings are all struck."""
    checks = report.verification.checks if report.verification else ()
    told = next((check for check in checks if check.target == statement.id), None)
    bare = told or Check(target=statement.id, section="impression", text=statement.text, verdict="unsupported")
    lost = ", ".join(statement.derived_from)
    reason = f"rests on {lost}, which {'were' if len(statement.derived_from) > 1 else 'was'} struck"
    problem = Problem(rule="R14", verdict="unsupported", reason=reason)
    verdict: Verdict = "contradicted" if bare.verdict == "contradicted" else "unsupported"
    changed = {"verdict": verdict, "problems": (*bare.problems, problem)}
    return Struck(check=bare.model_copy(update=changed), cites=statement.derived_from)


def _limits(report: Report, struck: tuple[Struck, ...]) -> tuple[Limitation, ...]:
    """The report's limitations with one line on all that was struck; an earlier count is replaced."""
    before = told_of(report.struck, report.language) if report.struck else None
    return (*(line for line in report.limitations if line != before), told_of(struck, report.language))


def told_of(struck: Iterable[Struck], language: str = "en") -> Limitation:
    """How many sentences were struck, by which rules and with which verdicts, in the report's language."""
    items = tuple(struck)
    rules = {problem.rule for item in items for problem in item.check.problems if problem.verdict in REFUSED}
    counts = Counter(item.check.verdict for item in items)
    told = [f"{counts[verdict]} {verdict}" for verdict in REFUSED if counts[verdict]]
    with limits_in(language):
        return limitation("struck", count=len(items), rules=sorted(rules), told=told)
