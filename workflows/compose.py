"""From gathered evidence to a checked report: number, write, verify, and tell the limits."""

from __future__ import annotations

from dataclasses import dataclass

from readingroom.agents.attest import evidence_of
from readingroom.agents.limitations import limitation
from readingroom.agents.numbering import number
from readingroom.agents.template import ReportTemplate, template_for
from readingroom.agents.verifier import Ledger, of_report, verify
from readingroom.agents.writer import write_findings, write_technique
from readingroom.agents.writers import Written
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Limitation
from readingroom.domain.gate import Gate
from readingroom.domain.image import ImageRef
from readingroom.domain.report import Provenance, Report
from readingroom.domain.request import Request
from readingroom.imaging.image import Study
from readingroom.language.sentences import read_report
from readingroom.tools.backends.classical.backend import BASELINE
from readingroom.tools.backends.protocol import Model
from readingroom.workflows.reading import Gathered, name_of

TOLD_ELSEWHERE = frozenset({"spacing", "side"})
"""Warnings of the gate that the workflows put in words of their own."""


@dataclass(frozen=True)
class Occasion:
    """Who read, when and with what: the part of the provenance that the workflow cannot know."""

    run: str
    workflow: str
    planner: str
    answered: tuple[Model, ...]
    """Who looked at the pixels, by name."""
    code_version: str
    started: str
    finished: str


def _who(answered: tuple[Model, ...]) -> list[Limitation]:
    """One sentence for each model that looked at the pixels."""
    lookers = answered or (BASELINE,)
    only = all(model.backend == BASELINE.backend for model in lookers)
    return [
        limitation(
            "baseline" if only else "answered",
            model=f"{'The ' if model.backend == BASELINE.backend else ''}{model.name} {model.version}".strip(),
            description=model.description,
        )
        for model in lookers
    ]


def limits_of(
    gathered: Gathered, study: Study, gates: tuple[Gate, ...], answered: tuple[Model, ...]
) -> tuple[Limitation, ...]:
    """Every limit of a reading, each once: who answered, what came up, what the gate and the reader minded."""
    refs = {image.ref.id: image.ref for image in study.images}
    found = [limitation("research_only"), *_who(answered)]
    found += gathered.limitations
    found += [
        limitation("gate", image=name_of(refs[gate.image_id]), reason=check.reason)
        for gate in gates
        for check in gate.warnings
        if check.name not in TOLD_ELSEWHERE
    ]
    found += [limitation("series", note=note) for note in study.notes]
    found += [limitation("series", note=note) for image in study.images for note in image.ref.notes]
    found.append(limitation("not_calibrated"))
    return tuple({item.text: item for item in found}.values())


def _comparison(study: Study, request: Request) -> str:
    given = ["A prior image"] if study.priors else []
    if request.prior_report:
        given.append("a prior report" if given else "A prior report")
    return f"{' and '.join(given)} {'were' if len(given) > 1 else 'was'} provided." if given else "None provided."


def _told_before(study: Study, request: Request) -> tuple[Evidence, ...]:
    """The prior report's claims: untrusted text, which lets a sentence compare and never lets it find anything."""
    if not request.prior_report:
        return ()
    image = study.priors[0] if study.priors else study.images[0]
    return evidence_of(read_report(request.prior_report), image_id=image.ref.id, kind="prior_report")


def ledger_of(gathered: Gathered, study: Study, request: Request) -> Ledger:
    """The evidence of a reading, numbered, and its images: what any writer writes from."""
    evidence = number([*gathered.evidence, _told_before(study, request)], gathered.known)
    return Ledger(evidence=evidence, images=tuple(image.ref for image in study.images))


def template_of(study: Study, request: Request) -> ReportTemplate:
    """The template of a reading. Raises BadRequest for an unknown one."""
    return template_for(_first(study), request.template)


def _first(study: Study) -> ImageRef:
    return study.current[0].ref if study.current else study.images[0].ref


def compose(
    gathered: Gathered,
    study: Study,
    request: Request,
    gates: tuple[Gate, ...],
    occasion: Occasion,
    *,
    written: Written | None = None,
) -> Report:
    """Raises BadRequest for an unknown template. The report comes verified: every sentence carries its verdict.

    `written`: the words of `agents.writers.write` from `ledger_of` and `template_of`; without it the template writes.
    """
    template = template_of(study, request)
    ledger = ledger_of(gathered, study, request)
    if written is None:
        current = frozenset(image.id for image in ledger.images if image.role != "prior")
        written = Written(*write_findings(template, ledger.evidence, current))
    limits = limits_of(gathered, study, gates, occasion.answered)
    report = Report(
        id=f"report-{occasion.run}",
        status="partial" if gathered.degraded else "preliminary",
        title=template.title,
        subject=study.subject,
        images=ledger.images,
        indication=request.indication,
        technique=request.technique or write_technique(template, _first(study)),
        comparison=_comparison(study, request),
        findings=written.findings,
        impression=written.impression,
        limitations=(*limits, *written.limitations),
        evidence=ledger.evidence,
        provenance=Provenance(
            run=occasion.run,
            workflow=occasion.workflow,
            template=f"{template.id} {template.version}",
            template_sha256=template.sha256,
            planner=occasion.planner,
            writer=written.writer,
            backends=tuple(f"{model.name} {model.version}".strip() for model in occasion.answered),
            code_version=occasion.code_version,
            started=occasion.started,
            finished=occasion.finished,
            degraded=(*gathered.degraded, *written.degraded),
        ),
    )
    verification = verify(of_report(report), ledger)
    return report.model_copy(update={"verification": verification})
