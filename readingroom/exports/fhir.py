"""A report as a FHIR bundle, R4 or R5: a transaction that an EHR or a FHIR server takes as it is.

A transaction and not a document: a document is a signed whole with a Composition, which a draft is not; and not a
collection, which a server only stores as one block. Each entry is created unless its identifier is there already, so
that sending the bundle again adds no second report. Nothing in it is final, and nothing is a diagnosis: the report is
`preliminary` or `partial`, its Observations `preliminary`, and each resource is marked for research.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from readingroom.domain.check import Check
from readingroom.domain.finding import Statement
from readingroom.domain.report import Report
from readingroom.exports import wording
from readingroom.exports.fhir_elements import (
    HL7,
    OURS,
    Data,
    Draft,
    Release,
    code,
    coded,
    coding,
    instant,
    line,
    meta,
    narrative,
    some,
    text,
)
from readingroom.exports.fhir_imaging import add_selections, add_studies
from readingroom.exports.fhir_observations import add_category, add_evidence, add_finding, add_unassessed, checked
from readingroom.exports.fhir_sources import add_devices, add_provenance
from readingroom.exports.markdown import to_markdown
from readingroom.exports.material import Material
from readingroom.exports.view import struck_in
from readingroom.language.codes import codings_of, public, report_codings

RADIOLOGY = {"x_ray", "ct", "mr", "ultrasound", "mammography", "nuclear"}


class Form(NamedTuple):
    """The report as a person reads it, to go along."""

    content_type: str
    """Media type: "application/pdf"."""
    content: bytes
    title: str


def to_fhir(report: Report, material: Material, *, release: Release = "R4", forms: Sequence[Form] = ()) -> str:
    """The report as a JSON Bundle of FHIR `release`; the same report gives the same text.

    `material.instances` adds series, instances and, in R5, a selection of pixels for each region. `forms` are
    renderings to carry along (a PDF); the Markdown goes first always.
    """
    draft = Draft(report, release)
    _add_patient(draft)
    add_devices(draft)
    add_studies(draft, material)
    for item in report.evidence:
        add_evidence(draft, item, add_selections(draft, item, material))
    checks = {check.target: check for check in report.verification.checks} if report.verification else {}
    results = [add_finding(draft, finding, checks.get(finding.id)) for finding in report.findings]
    results += [add_category(draft, category) for category in report.categories]
    unassessed = [add_unassessed(draft, each, number) for number, each in enumerate(report.limitations)]
    results += [each for each in unassessed if each]
    made = draft.add("DiagnosticReport", "report", _report(draft, results, checks, forms))
    add_provenance(draft, made, results)
    bundle = some({
        "resourceType": "Bundle",
        "meta": meta(),
        "identifier": draft.identifier("bundle"),
        "type": "transaction",
        "timestamp": instant(report.provenance.finished),
        "entry": [draft.entries["report"], *(each for name, each in draft.entries.items() if name != "report")],
    })  # fmt: skip
    return json.dumps(bundle, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _add_patient(draft: Draft) -> None:
    """A pseudonym and nothing else; marked as such. Who is unknown is nobody else's unknown."""
    subject = text(draft.report.subject)
    nameless = subject in ("", "unknown")
    known = None if nameless else {"system": OURS + "subject", "value": subject}
    draft.add("Patient", "subject", {}, identifier=known)
    patient = draft.entries["subject"]["resource"]
    patient["meta"]["security"].append(code(HL7 + "v3-ObservationValue", "PSEUDED", "pseudonymized"))
    patient["text"] = narrative(draft.report.notice, ("A pseudonymous subject.",))


def _report(draft: Draft, results: list[Data], checks: Mapping[str, Check], forms: Sequence[Form]) -> Data:
    report = draft.report
    first = report.images[0]
    studies = list(
        {each["reference"]: each for each in (draft.ref(f"study {image.id}") for image in report.images)}.values()
    )
    concluded = _conclusion(report, checks)
    return some({
        "language": report.language,
        "text": narrative(report.notice, _paragraphs(report, checks), report.title),
        "status": report.status,
        "category": [_category(first.modality)],
        "code": coded(report_codings(first.modality, first.anatomy), report.title),
        "subject": draft.ref("subject"),
        "issued": instant(report.provenance.finished),
        "result": results,
        "imagingStudy" if draft.release == "R4" else "study": studies,
        "conclusion": concluded if draft.release == "R4" else "\n\n".join(map(line, concluded.split("\n"))),
        "conclusionCode": _conclusion_codes(report, checks),
        "presentedForm": [_attachment(form, report.language) for form in (_markdown(report), *forms)],
    })  # fmt: skip


def _category(modality: str) -> Data:
    """The diagnostic service (HL7 table 0074)."""
    if modality in RADIOLOGY:
        return {"coding": [code(HL7 + "v2-0074", "RAD", "Radiology")]}
    if modality == "pathology":
        return {"coding": [code(HL7 + "v2-0074", "SP", "Surgical Pathology")]}
    return {"coding": [code(HL7 + "v2-0074", "OTH", "Other")]}


def _conclusion(report: Report, checks: Mapping[str, Check]) -> str:
    """The impression, each sentence that does not hold marked as such; the notice and what is not clean come first."""
    warned = wording.warning(report)
    said = [text(report.notice), text(warned), *(_said(each.text, checks.get(each.id)) for each in report.impression)]
    if not report.impression:
        said.append(wording.nothing("impression", report))
    return "\n".join(filter(None, said))


def _said(sentence: str, check: Check | None) -> str:
    mark = checked(check) if check is None or check.verdict in ("contradicted", "unsupported") else ""
    return " ".join(text(f"{sentence} {f'[{mark}]' if mark else ''}").split())


def _conclusion_codes(report: Report, checks: Mapping[str, Check]) -> list[Data]:
    """Of findings that are stated as definite, that the impression rests on and that the verifier supports."""
    cited = {name for each in report.impression if _holds(each, checks) for name in each.derived_from}
    held = {
        finding.observation: None
        for finding in report.findings
        if finding.id in cited and finding.presence == "present" and finding.certainty == "definite"
        and public(finding.observation) and _supported(finding.id, checks)
    }  # fmt: skip
    return [{"coding": [coding(each) for each in codings_of(name)], "text": wording.words(name)} for name in held]


def _holds(statement: Statement, checks: Mapping[str, Check]) -> bool:
    return statement.certainty == "definite" and _supported(statement.id, checks)


def _supported(target: str, checks: Mapping[str, Check]) -> bool:
    return target in checks and checks[target].verdict == "supported"


def _paragraphs(report: Report, checks: Mapping[str, Check]) -> Iterable[str]:
    yield wording.warning(report)
    yield f"Indication: {report.indication}" if report.indication else ""
    yield f"Technique: {report.technique}" if report.technique else ""
    yield f"Comparison: {report.comparison}"
    yield "Findings"
    yield from (_said(each.text, checks.get(each.id)) for each in report.findings)
    yield "Impression"
    yield from (_said(each.text, checks.get(each.id)) for each in report.impression)
    yield from (f"{each.system} {each.version}: {each.value} ({each.meaning})" for each in report.categories)
    yield "Limitations"
    yield from (each.text for each in report.limitations)
    yield from (f"Degraded: {each}" for each in report.provenance.degraded)
    for name, gone in struck_in(report).items():
        by = "the verifier" if name == "struck" else "a person"
        yield f"Struck by {by}, and not part of this report: {len(gone)} (kept in its JSON)."


def _markdown(report: Report) -> Form:
    return Form("text/markdown; charset=utf-8", to_markdown(report).encode(), report.title)


def _attachment(form: Form, language: str) -> Data:
    return some({
        "contentType": form.content_type, "language": language,
        "data": base64.b64encode(form.content).decode("ascii"), "title": text(form.title),
    })  # fmt: skip
