"""A report as a table for a spreadsheet: one row a finding and measurement, then impression, categories, strikes.

RFC 4180: commas, doubled quotes, CRLF, one header row, the same columns in every row. No byte order mark: the table is
UTF-8, which every reader of data takes as it is, while a mark becomes part of the first column's name in many of them.
(Excel opens it through Data > From Text, which asks for the encoding; or give `mark=True`.)
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from readingroom.domain.check import Check, Problem
from readingroom.domain.finding import Finding
from readingroom.domain.measurement import Measurement
from readingroom.domain.report import Report
from readingroom.exports.wording import plain
from readingroom.language.codes import coding_of, unit_coding

COLUMNS = (
    "row", "report", "status", "run", "subject", "id", "section", "text", "observation", "sct", "radlex", "presence",
    "certainty", "laterality", "zone", "body_site", "severity", "change", "prior_image", "significance",
    "measurement", "value", "unit", "ucum", "sd", "method", "qualifier", "at_detector", "evidence", "images",
    "verdict", "rules", "reasons", "author", "notice",
)  # fmt: skip

STARTS_FORMULA = "=+-@\t\r\n"
"""Signs with which a spreadsheet begins a formula, or behind which it still finds one (OWASP, CSV injection)."""
WIDE = {0xFF1D: "=", 0xFF0B: "+", 0xFF0D: "-", 0xFF20: "@"}
"""Their full-width forms, which a spreadsheet may read alike."""

BREAKS = re.compile(r"[\n\t\u2028\u2029]")

Row = dict[str, str]


def to_csv(report: Report, *, mark: bool = False) -> str:
    """The table. `row` says what a row is: finding, impression, category, struck, struck_by_person, omitted or
    limitation.

    A finding with several measurements has one row for each; one without has one row. Struck sentences are there with
    why, and never as findings. No cell can act as a formula: a text that would is led by an apostrophe; numbers of the
    columns `value` and `sd` are numbers and stay so.
    """
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, COLUMNS, restval="", lineterminator="\r\n")
    table.writeheader()
    common = {
        "report": report.id, "status": report.status, "run": report.provenance.run, "subject": report.subject,
        "notice": report.notice,
    }  # fmt: skip
    for row in _rows(report):
        table.writerow({name: cell(name, value) for name, value in {**common, **row}.items()})
    return ("\ufeff" if mark else "") + text.getvalue()


def cell(column: str, value: str) -> str:
    """A value that a spreadsheet shows and never runs."""
    if column in ("value", "sd"):
        return value
    shown = BREAKS.sub(" ", plain(value))
    first = shown.lstrip(" \u00a0'\"")[:1].translate(WIDE)
    return f"'{shown}" if first and first in STARTS_FORMULA else shown


def _rows(report: Report) -> Iterable[Row]:
    checks = {check.target: check for check in report.verification.checks} if report.verification else {}
    images = {item.id: item.image_id for item in report.evidence}
    for finding in report.findings:
        for measurement in finding.measurements or (None,):
            cited = {"evidence": " ".join(finding.evidence),
                     "images": " ".join(dict.fromkeys(images[name] for name in finding.evidence))}  # fmt: skip
            yield _finding(finding) | _measured(measurement) | _judged(checks.get(finding.id)) | cited
    for statement in report.impression:
        yield {
            "row": "impression", "id": statement.id, "section": "impression", "text": statement.text,
            "certainty": statement.certainty, "evidence": " ".join(statement.derived_from),
            **_judged(checks.get(statement.id)),
        }  # fmt: skip
    for category in report.categories:
        cited_by = dict.fromkeys(name for given in category.inputs for name in given.evidence)
        yield {
            "row": "category", "id": category.id, "observation": f"{category.system} {category.version}",
            "text": f"{category.value}: {category.meaning}", "evidence": " ".join(cited_by),
            "reasons": f"missing: {', '.join(category.missing)}" if category.missing else "",
        }  # fmt: skip
    for struck in report.struck:
        check = struck.check
        row = "struck" if struck.by == "checker" else "struck_by_person"
        yield {"row": row, "id": check.target, "section": check.section, "text": check.text,
               "evidence": " ".join(struck.cites), **_judged(check)}  # fmt: skip
    for omission in report.verification.omissions if report.verification else ():
        yield {"row": "omitted", "text": omission.reason, "evidence": " ".join(omission.evidence),
               "rules": omission.rule}  # fmt: skip
    for limitation in report.limitations:
        yield {"row": "limitation", "id": limitation.code, "section": "limitations", "text": limitation.text}


def _finding(finding: Finding) -> Row:
    compared = finding.comparison
    sct, radlex = coding_of(finding.observation, "SCT"), coding_of(finding.observation, "RADLEX")
    return {
        "row": "finding", "id": finding.id, "section": "findings", "text": finding.text,
        "observation": finding.observation, "sct": sct.code if sct else "", "radlex": radlex.code if radlex else "",
        "presence": finding.presence, "certainty": finding.certainty, "laterality": finding.laterality,
        "zone": finding.zone, "body_site": finding.body_site, "severity": finding.severity or "",
        "change": compared.change if compared else "", "prior_image": compared.prior_image_id if compared else "",
        "significance": finding.significance, "author": finding.author,
    }  # fmt: skip


def _measured(measurement: Measurement | None) -> Row:
    """The number as it is printed, no finer than its uncertainty allows."""
    if measurement is None:
        return {}
    digits = max(measurement.decimals, 0)
    return {
        "measurement": measurement.name, "value": f"{round(measurement.value, measurement.decimals):.{digits}f}",
        "unit": measurement.unit, "ucum": unit_coding(measurement.unit).code,
        "sd": "" if measurement.sd is None else f"{measurement.sd:.{digits}f}", "method": measurement.method,
        "qualifier": measurement.qualifier, "at_detector": "yes" if measurement.at_detector else "no",
    }  # fmt: skip


def _judged(check: Check | None) -> Row:
    if check is None:
        return {"verdict": "not_checked"}
    problems: tuple[Problem, ...] = check.problems
    return {
        "verdict": check.verdict, "rules": " ".join(problem.rule for problem in problems),
        "reasons": "; ".join(problem.reason for problem in problems),
    }  # fmt: skip
