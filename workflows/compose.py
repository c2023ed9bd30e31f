"""From gathered evidence to a checked report: number, write, verify, and tell the limits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from readingroom.agents.attest import evidence_of
from readingroom.agents.gate import Verifier
from readingroom.agents.idiom import idiom_of
from readingroom.agents.ledger import Ledger
from readingroom.agents.limitations import limitation
from readingroom.agents.numbering import number
from readingroom.agents.template import ReportTemplate, parse_template, template_for
from readingroom.agents.translation import Tables, verify_worded_report
from readingroom.agents.wordings import worded
from readingroom.agents.writer import write_findings, write_technique
from readingroom.agents.writers import Written
from readingroom.domain.category import Category
from readingroom.domain.check import Verification
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Limitation
from readingroom.domain.gate import Gate
from readingroom.domain.image import ImageRef
from readingroom.domain.report import Provenance, Report
from readingroom.domain.request import Request
from readingroom.imaging.image import Study
from readingroom.language.lexicon import lexicon
from readingroom.language.sentences import read_report
from readingroom.rads.from_evidence import categories_of, withheld
from readingroom.rads.systems import system_of
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
    """Which of prior images and prior report there is to compare with."""
    given = {(True, True): "both", (True, False): "image", (False, True): "report"}
    found = given.get((bool(study.priors), bool(request.prior_report)), "none")
    return idiom_of(request.language).comparison[found]


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


def verifier_of(study: Study, request: Request) -> Verifier:
    """How a report of this reading is held against its evidence: with its language, and what its template forbids."""
    tables = _tables(study, request)

    def verified(report: Report) -> Verification:
        ledger = Ledger(evidence=report.evidence, images=report.images, forbids=tables.english.forbids)
        return verify_worded_report(report, ledger, tables)

    return verified


def categories_in(systems: Iterable[str], ledger: Ledger) -> tuple[Category, ...]:
    """The categories asked for, computed from the evidence. Raises BadRequest for a system that there is not."""
    found = [one for name in systems for one in categories_of(system_of(name), ledger.evidence, ledger.images)]
    return tuple(one.model_copy(update={"id": f"C{number}"}) for number, one in enumerate(found, 1))


def _uncategorised(systems: Iterable[str], ledger: Ledger) -> tuple[Limitation, ...]:
    """Each category that was asked for and is not given, with what it lacks."""
    known = [system_of(name) for name in dict.fromkeys(systems)]
    reasons = [(one.table.system, withheld(one, ledger.evidence, ledger.images)) for one in known]
    return tuple(limitation("no_category", system=name, reason=reason) for name, reason in reasons if reason)


def template_of(study: Study, request: Request) -> ReportTemplate:
    """The template of a reading in the language asked for. Raises BadRequest for an unknown one."""
    return _tables(study, request).worded


def _tables(study: Study, request: Request) -> Tables:
    if request.template_text is not None:
        english = parse_template(request.template_text, request.template or "the template")
    else:
        english = template_for(_first(study), request.template)
    return Tables(english, worded(english, request.language, request.wording_text))


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
    tables = _tables(study, request)
    template = tables.worded
    ledger = ledger_of(gathered, study, request)
    current = frozenset(image.id for image in ledger.images if image.role != "prior")
    if written is None:
        written = Written(*write_findings(template, ledger.evidence, current))
    limits = limits_of(gathered, study, gates, occasion.answered)
    if unlooked := template.unlooked(ledger.evidence, current):
        names = [lexicon().name(name) for name in unlooked]
        limits += (limitation("not_assessed", concepts=names),)
    limits += _uncategorised(request.categories, ledger)
    report = Report(
        id=f"report-{occasion.run}",
        status="partial" if gathered.degraded else "preliminary",
        notice=idiom_of(request.language).notice,
        title=template.title,
        language=request.language,
        subject=study.subject,
        images=ledger.images,
        indication=request.indication,
        technique=request.technique or write_technique(template, _first(study)),
        comparison=_comparison(study, request),
        findings=written.findings,
        impression=written.impression,
        categories=categories_in(request.categories, ledger),
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
    return report.model_copy(update={"verification": verifier_of(study, request)(report)})
