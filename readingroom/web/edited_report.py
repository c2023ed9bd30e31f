"""An edited version as a report: the person's words marked as theirs, with their verdicts; never final."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from readingroom.domain.check import Check, Struck
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.finding import Finding, Limitation, Statement
from readingroom.domain.report import Report
from readingroom.domain.terms import Presence
from readingroom.errors import BadRequest
from readingroom.language.claim import Claim
from readingroom.language.claims import read_claims
from readingroom.language.sentences import Sentence
from readingroom.web.edits import EditedSentence
from readingroom.web.versions import Version

EDITOR = "edited by a person"
UNNAMED = "statement"
"""The observation of a person's sentence in which the lexicon finds none."""


def edited_report(report: Report, version: Version) -> Report:
    """The report with the sentences of a version. The same report for version 0.

    A person's sentence is typed anew from its own words, so that no export says by its codes what its text does not;
    where no evidence of the run backs it, it stands on the person's word, which is evidence of kind "human".
    """
    if version.version == 0:
        return report
    standing = [one for one in version.sentences if one.state != "struck" and one.text]
    checks = {check.target: check for check in version.verification.checks}
    evidence: list[Evidence] = list(report.evidence)
    findings = [_finding(one, report, checks, evidence) for one in standing if one.section == "findings"]
    told = {one.id for one in findings}
    impression = tuple(_statement(one, report, told, findings) for one in standing if one.section == "impression")
    changed: dict[str, Any] = {
        "id": f"{report.id}-v{version.version}",
        "findings": tuple(findings),
        "impression": impression,
        "evidence": tuple(evidence),
        "verification": version.verification,
        "struck": _struck(report, version),
        "limitations": _limitations(report, version),
        "provenance": report.provenance.model_copy(
            update={"writer": f"{report.provenance.writer}; {EDITOR}", "finished": version.at}
        ),
        **_heads(standing),
    }
    return Report.model_validate({**dict(report), **changed})


def _heads(standing: Sequence[EditedSentence]) -> dict[str, str | None]:
    """Indication, technique and comparison, put together again."""
    joined = {
        section: " ".join(one.text for one in standing if one.section == section)
        for section in ("indication", "technique", "comparison")
    }
    return {
        "indication": joined["indication"] or None,
        "technique": joined["technique"] or None,
        "comparison": joined["comparison"] or "None provided.",
    }


def _finding(one: EditedSentence, report: Report, checks: dict[str, Check], evidence: list[Evidence]) -> Finding:
    drafted = next((finding for finding in report.findings if finding.id == one.id), None)
    if drafted is not None and one.state in ("kept", "accepted"):
        return drafted
    claim = _claim(one)
    known = {item.id for item in evidence}
    backing = checks[one.id].evidence if one.id in checks else ()
    cites = tuple(name for name in (backing or one.cites) if name in known)
    presence: Presence = claim.presence if claim and claim.presence != "not_assessed" else "indeterminate"
    if not cites:
        evidence.append(_human(one, report, claim, presence, len(evidence) + 1))
        cites = (evidence[-1].id,)
    return Finding(
        id=one.id,
        text=one.text,
        observation=claim.observation if claim else UNNAMED,
        presence=presence,
        certainty=claim.certainty if claim else "definite",
        laterality=claim.laterality if claim else "unspecified",
        zone=claim.zone if claim else "",
        severity=claim.severity if claim and presence != "absent" else None,
        evidence=cites,
        significance=drafted.significance if drafted else "non_actionable",
        author="human",
    )


def _claim(one: EditedSentence) -> Claim | None:
    """What its words say first, as the checker reads them."""
    read = read_claims([Sentence(id=one.id, section=one.section, text=one.text)])
    return next((claim for _, claims in read for claim in claims), None)


def _human(one: EditedSentence, report: Report, claim: Claim | None, presence: Presence, number: int) -> Evidence:
    known = {item.id for item in report.evidence}
    name = next(f"E{free}" for free in range(number, number + len(known) + 2) if f"E{free}" not in known)
    origin = Origin(
        tool="editor", tool_version="1", backend="user", model="person", model_version="", preprocessing_id="none",
        step="edit", input_sha256="", output_sha256="",
    )  # fmt: skip
    return Evidence(
        id=name, kind="human", trust="human", observation=claim.observation if claim else UNNAMED, presence=presence,
        laterality=claim.laterality if claim else "unspecified", summary="said by the person who edited the draft",
        image_id=report.images[0].id, quote=one.text, origin=origin,
    )  # fmt: skip


def _statement(one: EditedSentence, report: Report, told: set[str], findings: Sequence[Finding]) -> Statement:
    """A sentence of the impression rests on the findings it rested on, as far as they stand, else on all of them."""
    drafted = next((statement for statement in report.impression if statement.id == one.id), None)
    rests = tuple(name for name in (drafted.derived_from if drafted else ()) if name in told)
    rests = rests or tuple(finding.id for finding in findings)
    if not rests:
        raise BadRequest("the impression rests on no finding", do="Strike it too, or restore a finding.")
    certainty = drafted.certainty if drafted else "definite"
    return Statement(id=one.id, text=one.text, derived_from=rests, certainty=certainty)


def _struck(report: Report, version: Version) -> tuple[Struck, ...]:
    """What the gate struck and the person did not restore, then what the person struck, with the draft's verdicts.

    What the person alone had written was never part of the draft, so that it is gone without a trace.
    """
    gone = {one.id: one for one in version.sentences if one.state == "struck"}
    gated = tuple(one for one in report.struck if one.check.target in gone)
    checks = {check.target: check for check in (report.verification.checks if report.verification else ())}
    known = {one.check.target for one in report.struck}
    by_hand = (
        Struck(check=checks.get(one.id) or _unchecked(one), cites=one.cites, by="person")
        for one in gone.values()
        if one.id not in known and one.original is not None
    )
    return (*gated, *by_hand)


def _unchecked(one: EditedSentence) -> Check:
    return Check(target=one.id, section=one.section, text=one.original or one.text, verdict="not_checkable")


def _limitations(report: Report, version: Version) -> tuple[Limitation, ...]:
    """The report's own, and what the person did, in one line."""
    gated = {one.check.target for one in report.struck}
    done: dict[str, list[str]] = {}
    for one in version.sentences:
        mine = one.state in ("edited", "added", "accepted")
        if mine or (one.state == "struck" and one.id not in gated and one.original is not None):
            done.setdefault(one.state, []).append(one.id)
    said = "; ".join(f"{state}: {', '.join(ids)}" for state, ids in done.items()) or "no sentence reworded"
    line = f"Edited by a person, version {version.version} ({said}); every sentence was checked again."
    return (*report.limitations, Limitation(code="partial", text=line))
