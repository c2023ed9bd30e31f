"""A report as rows of the tables: one for the item, one for each finding, statement, evidence, measure and limit."""

from __future__ import annotations

from collections import Counter
from typing import Any

from readingroom.cohorts.parquet import Columns
from readingroom.domain.check import Check
from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.domain.terms import Verdict
from readingroom.domain.value import digest_of
from readingroom.imaging.image import Study

ITEMS: Columns = {
    "id": "text", "status": "text", "reason": "text", "error": "text", "workflow": "text", "generation": "whole",
    "subject": "text", "study": "text", "modality": "text", "anatomy": "text", "view": "text", "images": "whole",
    "files": "whole", "bytes": "number", "paths_sha256": "text", "contents_sha256": "text", "key": "text",
    "report_status": "text", "report_sha256": "text", "clean": "yes", "sentences": "whole", "supported": "whole",
    "contradicted": "whole", "unsupported": "whole", "not_checkable": "whole", "omitted": "whole", "struck": "whole",
    "findings": "whole", "evidence": "whole", "impression": "text", "answer": "text", "label": "text",
    "label_score": "number", "model": "text", "vector_sha256": "text", "about": "text",
}  # fmt: skip

FINDINGS: Columns = {
    "id": "text", "row": "text", "name": "text", "section": "text", "text": "text", "observation": "text",
    "presence": "text", "certainty": "text", "laterality": "text", "zone": "text", "severity": "text",
    "change": "text", "measurement": "text", "value": "number", "unit": "text", "sd": "number", "method": "text",
    "score": "number", "score_kind": "text", "calibrated": "yes", "quality": "number", "image": "text",
    "plane": "whole",
    "x0": "number", "y0": "number", "x1": "number", "y1": "number", "mask": "text", "tool": "text", "model": "text",
    "verdict": "text", "rules": "text", "reasons": "text", "cites": "text",
}  # fmt: skip
"""`row` is finding, impression, evidence, measurement, label, answer, struck, omitted or limitation. Boxes are in
source pixels, of a mask its bounding box; `mask` is its digest in the record."""

TIMES: Columns = {
    "id": "text", "run": "text", "seconds": "number", "calls": "whole", "call_seconds": "number", "tokens": "whole",
    "cost": "number",
}  # fmt: skip

PATHS: Columns = {"id": "text", "role": "text", "path": "text"}

VECTORS: Columns = {
    "id": "text", "image_sha256": "text", "model": "text", "version": "text", "preprocessing_id": "text",
    "vector": "vector",
}  # fmt: skip

Row = dict[str, Any]


def timeless(report: Report) -> str:
    """Digest of a report without its run's id and clock: the same for the same reading."""
    provenance = report.provenance.model_copy(update={"run": "", "started": "", "finished": ""})
    return digest_of(report.model_copy(update={"id": "", "provenance": provenance}))


def study_row(study: Study) -> Row:
    """What was read, of the first current image."""
    ref = (study.current or study.images)[0].ref
    return {"subject": study.subject, "modality": ref.modality, "anatomy": ref.anatomy, "view": ref.view,
            "images": len(study.images)}  # fmt: skip


def report_row(report: Report) -> Row:
    checks = report.verification.checks if report.verification else ()
    verdicts = Counter(check.verdict for check in checks)
    first = report.images[0]
    return {
        "subject": report.subject, "modality": first.modality, "anatomy": first.anatomy, "view": first.view,
        "images": len(report.images), "report_status": report.status, "report_sha256": timeless(report),
        "clean": report.clean, "sentences": len(checks), **{name: verdicts[name] for name in VERDICTS},
        "omitted": len(report.verification.omissions) if report.verification else 0, "struck": len(report.struck),
        "findings": len(report.findings), "evidence": len(report.evidence),
        "impression": " ".join(statement.text for statement in report.impression),
        "model": "; ".join(report.provenance.backends),
    }  # fmt: skip


VERDICTS: tuple[Verdict, ...] = ("supported", "contradicted", "unsupported", "not_checkable")


def finding_rows(report: Report) -> tuple[Row, ...]:
    checks = {check.target: check for check in report.verification.checks} if report.verification else {}
    rows: list[Row] = []
    for finding in report.findings:
        change = finding.comparison.change if finding.comparison else None
        rows.append({
            "row": "finding", "name": finding.id, "section": "findings", "text": finding.text,
            "observation": finding.observation, "presence": finding.presence, "certainty": finding.certainty,
            "laterality": finding.laterality, "zone": finding.zone, "severity": finding.severity, "change": change,
            "cites": " ".join(finding.evidence), **_judged(checks.get(finding.id)),
        })  # fmt: skip
    rows += [{"row": "impression", "name": statement.id, "section": "impression", "text": statement.text,
              "certainty": statement.certainty, "cites": " ".join(statement.derived_from),
              **_judged(checks.get(statement.id))} for statement in report.impression]  # fmt: skip
    for item in report.evidence:
        rows += evidence_rows(item)
    rows += [{"row": "struck", "name": one.check.target, "section": one.check.section, "text": one.check.text,
              "cites": " ".join(one.cites), **_judged(one.check)} for one in report.struck]  # fmt: skip
    omissions = report.verification.omissions if report.verification else ()
    rows += [{"row": "omitted", "text": one.reason, "rules": one.rule, "cites": " ".join(one.evidence)}
             for one in omissions]  # fmt: skip
    rows += [{"row": "limitation", "name": one.code, "section": "limitations", "text": one.text}
             for one in report.limitations]  # fmt: skip
    return tuple(rows)


def evidence_rows(item: Evidence) -> list[Row]:
    """One row for the evidence, and one for each of its measures."""
    region = item.regions[0] if item.regions else None
    placed: Row = {"image": item.image_id, "laterality": item.laterality, "zone": item.zone, "tool": item.origin.tool,
                   "observation": item.observation, "name": item.id,
                   "model": f"{item.origin.model} {item.origin.model_version}".strip()}  # fmt: skip
    if region:
        placed |= {**dict(zip(("x0", "y0", "x1", "y1"), region.box, strict=True)), "plane": region.plane,
                   "mask": region.mask_digest}  # fmt: skip
    rows: list[Row] = [{
        **placed, "row": "evidence", "text": item.summary, "presence": item.presence, "certainty": item.certainty,
        "severity": item.severity, "change": item.change, "score": item.score, "score_kind": item.score_kind,
        "calibrated": item.calibrated, "quality": item.quality, "cites": " ".join(item.derived_from),
    }]  # fmt: skip
    rows += [{**placed, "row": "measurement", "text": one.text, "measurement": one.name, "value": one.value,
              "unit": one.unit, "sd": one.sd, "method": one.method} for one in item.measurements]  # fmt: skip
    return rows


def _judged(check: Check | None) -> Row:
    if check is None:
        return {}
    return {"verdict": check.verdict, "rules": " ".join(problem.rule for problem in check.problems),
            "reasons": "; ".join(problem.reason for problem in check.problems)}  # fmt: skip
