"""The report's sentences in a structured report: findings and impression, each inferred from what it stands on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from highdicom.sr import (
    CodeContentItem,
    ContainerContentItem,
    ContentItem,
    ContentSequence,
    RelationshipTypeValues,
    TextContentItem,
    UIDRefContentItem,
)
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from readingroom.domain.check import Check
from readingroom.domain.finding import Finding, Statement
from readingroom.domain.report import Report
from readingroom.exports import dicom_codes as table
from readingroom.exports import wording
from readingroom.exports.dicom_sr_groups import Group

_WITHIN = RelationshipTypeValues.CONTAINS
_OF = RelationshipTypeValues.HAS_PROPERTIES
_FROM = RelationshipTypeValues.INFERRED_FROM


def sentences_of(report: Report, groups: Iterable[Group]) -> list[ContentItem]:
    """Findings, impression with categories, and as comments the limitations and how the draft was made.

    They stand at the end of the document's root: TID 1500 is extensible. A finding is inferred from the tracking UIDs
    of its measurement groups, an impression from the texts of its findings: by value, since common readers of such
    reports fail on references to other places of the tree.
    """
    tracked: dict[str, list[str]] = {}
    for group in groups:
        tracked.setdefault(group.evidence, []).append(group.tracking.uid)
    texts = {finding.id: finding.text for finding in report.findings}
    checks = {check.target: check for check in report.verification.checks} if report.verification else {}
    found: list[ContentItem] = []
    if report.findings:
        items = [_finding(finding, checks.get(finding.id), tracked) for finding in report.findings]
        found.append(_container(codes.DCM.Findings, items))
    if report.impression or report.categories:
        statements = [_statement(statement, checks.get(statement.id), texts) for statement in report.impression]
        found.append(_container(codes.DCM.Impressions, [*statements, *_categories(report)]))
    made = report.provenance
    notes = (
        wording.STATUSES[report.status],
        wording.warning(report),
        *(f"Limitation: {limitation.text}" for limitation in report.limitations),
        f"Made by run {made.run} with {', '.join(made.backends)}; template {made.template}; planner {made.planner};"
        f" writer {made.writer}; Reading Room {made.code_version}",
    )
    return [*found, *(TextContentItem(codes.DCM.Comment, wording.plain(note), _WITHIN) for note in notes if note)]


def _container(name: Code, content: Iterable[ContentItem]) -> ContainerContentItem:
    container = ContainerContentItem(name, relationship_type=_WITHIN)
    container.ContentSequence = ContentSequence(list(content))
    return container


def _finding(finding: Finding, check: Check | None, tracked: Mapping[str, list[str]]) -> TextContentItem:
    item = TextContentItem(codes.DCM.Finding, wording.plain(finding.text), _WITHIN)
    told: dict[str, str | None] = {
        "presence": finding.presence, "certainty": finding.certainty, "severity": finding.severity,
        "change": finding.comparison.change if finding.comparison else None,
    }  # fmt: skip
    properties = [CodeContentItem(*table.judged(name, value), _OF) for name, value in told.items() if value]
    uids = dict.fromkeys(uid for name in finding.evidence for uid in tracked.get(name, ()))
    sources = [UIDRefContentItem(codes.DCM.TrackingUniqueIdentifier, uid, _FROM) for uid in uids]
    name = f"{finding.id} ({', '.join(finding.evidence)})"
    item.ContentSequence = ContentSequence([*properties, _verdict(name, check), *sources])
    return item


def _statement(statement: Statement, check: Check | None, texts: Mapping[str, str]) -> TextContentItem:
    item = TextContentItem(codes.DCM.Impression, wording.plain(statement.text), _WITHIN)
    certainty = CodeContentItem(*table.judged("certainty", statement.certainty), _OF)
    names = dict.fromkeys(statement.derived_from)
    sources = [TextContentItem(codes.DCM.Finding, wording.plain(texts[name]), _FROM) for name in names]
    verdict = _verdict(f"{statement.id} ({', '.join(names)})", check)
    item.ContentSequence = ContentSequence([certainty, verdict, *sources])
    return item


def _verdict(target: str, check: Check | None) -> TextContentItem:
    """What the verifier says of a sentence; a contradicted one must not read as a finding."""
    text = "not checked"
    if check is not None:
        reasons = "; ".join(problem.reason for problem in check.problems)
        text = f"checked by {check.by}: {wording.VERDICTS[check.verdict]} ({wording.MEANINGS[check.verdict]})" + (
            f": {reasons}" if reasons else ""
        )
    return TextContentItem(codes.DCM.Comment, wording.plain(f"{target}: {text}"), _OF)


def _categories(report: Report) -> list[TextContentItem]:
    return [
        TextContentItem(
            table.own(f"category_{category.system}", f"{category.system} {category.version} category"),
            wording.plain(f"{category.value}: {category.meaning}"), _WITHIN,
        )
        for category in report.categories
    ]  # fmt: skip
