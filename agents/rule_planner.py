"""The planner without a model: the same words about the same study always make the same Plan."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from readingroom.agents.planning import PlanContext
from readingroom.agents.wish import Wish, read_wish, words
from readingroom.domain.image import ImageRef
from readingroom.domain.plan import Aim, Plan, PlannedStep
from readingroom.language.lexicon import lexicon
from readingroom.prompts.words import render
from readingroom.tools.backends.foundation.kinds import kinds
from readingroom.tools.label_sets import finding_of
from readingroom.tools.models import models, would_serve

NAME = "rules"

CHEST = ("right lung", "left lung", "heart")
"""What the measures of a frontal chest film need (workflows/chest_xray_report.py)."""

MOST_IMAGES = 12
"""Current images that one question segments and measures: two steps each, within the 32 of a plan."""

FIRST: tuple[Aim, ...] = ("draft", "compare", "explain", "measure", "classify", "segment", "similar", "embed",
                          "describe")  # fmt: skip
"""Of several wishes the first of these is the plan's aim; the steps serve them all."""

ASKING: frozenset[Aim] = frozenset(("classify", "embed", "describe"))
"""Wishes that are one tool call on the first image."""

KINDS_ASKED: dict[str, str] = {"mri": "mr", "mr": "mr", "ct": "ct", "x-ray": "x_ray", "xray": "x_ray",
                               "ultrasound": "ultrasound", "us": "ultrasound", "radiograph": "x_ray"}  # fmt: skip
"""Names of a modality by itself: to tell it, every kind of image is asked for."""


MODALITIES = {"x_ray": "X-ray", "ct": "CT", "mr": "MR", "oct": "OCT", "octa": "OCTA"}


class Desk(NamedTuple):
    """What the steps are made from."""

    wish: Wish
    context: PlanContext
    first: ImageRef | None

    @property
    def chest(self) -> bool:
        """A frontal chest film, for which there is a reading of its own."""
        ref = self.first
        return ref is not None and (ref.modality, ref.anatomy) == ("x_ray", "chest") and ref.view != "lateral"

    @property
    def kind(self) -> str:
        """What the first image is, in a reader's words."""
        ref = self.first
        if ref is None:
            return "a study without a current image"
        return f"{MODALITIES.get(ref.modality, ref.modality)} {ref.anatomy}".replace("_", " ")


async def plan_by_rules(question: str, context: PlanContext) -> Plan:
    """The plan of `rules_for`, as a Planner; after a draft in which nothing was found it adds a description."""
    if context.done is not None:
        return described(context.done, context)
    return rules_for(question, context)


def rules_for(question: str, context: PlanContext) -> Plan:
    """What the question's words ask of this study, and what of it cannot be done; no model, no network, no chance."""
    wish = read_wish(question)
    desk = Desk(wish, context, context.current[0] if context.current else None)
    aim = _aim(desk)
    steps, cannot = _steps(desk, aim)
    refused = tuple(words().cannot[key].says for key in wish.cannot)
    if not (steps or cannot or refused or aim == "explain"):
        cannot = (words().says["not_understood"],)
    return Plan(
        question=question,
        aim=aim,
        steps=_merged(steps),
        cannot=tuple(dict.fromkeys((*cannot, *refused))),
        planner=f"{NAME} {words().version}",
    )


def described(plan: Plan, context: PlanContext) -> Plan:
    """A draft of another image than a chest film that found nothing ends with a description of the pixels."""
    desk = Desk(Wish(), context, context.current[0] if context.current else None)
    found = any(item.presence == "present" for item in context.evidence)
    if plan.aim != "draft" or desk.chest or desk.first is None or found:
        return plan
    if any(step.tool == "describe" for step in plan.steps):
        return plan
    return plan.model_copy(update={"steps": (*plan.steps, _single("describe", desk.first))})


def _aim(desk: Desk) -> Aim:
    wish = desk.wish
    aims = set(wish.aims)
    asked_about = bool(wish.ids or wish.quotes or wish.ordinal or (wish.findings and desk.context.report))
    if "explain" in aims and (asked_about or desk.context.report or not aims - {"explain"}):
        return "explain"
    aims -= {"explain"}
    if not aims and asked_about and (wish.ids or desk.context.report):
        return "explain"
    if wish.cannot and not aims - {"compare"} and "other_patients" in wish.cannot:
        return "answer"
    if "sign" in wish.cannot and aims <= {"draft"}:
        return "answer"
    return next((aim for aim in FIRST if aim in aims), "answer")


def _say(name: str, /, **told: Any) -> str:
    return render(words().says[name], f"words.yaml, says.{name}", **told)


def _steps(desk: Desk, aim: Aim) -> tuple[list[PlannedStep], tuple[str, ...]]:
    """Steps in an order in which each stands after what it needs, with what cannot be done."""
    wish = desk.wish
    if aim == "explain":
        return [], () if desk.context.report else (_say("no_report"),)
    if aim == "answer":
        return _looked_for(desk) if not wish.cannot else ([], ())
    cannot: list[str] = []
    steps: list[PlannedStep] = []
    aims = set(wish.aims)
    if desk.first is None:
        return [], (_say("no_structure", kind=desk.kind, backend=desk.context.backend),)
    if "draft" in aims:
        steps += _draft(desk, desk.first)
    else:
        if aims & {"segment", "measure"}:
            made, refused = _outlined(desk, measured="measure" in aims)
            steps, cannot = steps + made, cannot + refused
        if "compare" in aims:
            made, refused = _compared(desk, desk.first)
            steps, cannot = made + steps, cannot + refused
    steps += [_single(name, desk.first, _labels(desk)) for name in ("classify", "embed", "describe") if name in aims]
    if "similar" in aims:
        made, refused = ([_single("similar", desk.first)], []) if desk.context.index else ([], [_say("similar")])
        steps, cannot = steps + made, cannot + refused
    if "draft" not in aims and ASKS.search(wish.question):
        more, missing = _looked_for(desk)
        steps, cannot = steps + more, [*cannot, *missing]
    return steps, tuple(cannot)


def _merged(steps: Iterable[PlannedStep]) -> tuple[PlannedStep, ...]:
    """Each step once; two that outline the same image outline what either wants."""
    found: dict[str, PlannedStep] = {}
    for step in steps:
        first = found.setdefault(step.id, step)
        if step.tool == "segment" and first is not step:
            targets = dict.fromkeys((*first.arguments["targets"], *step.arguments["targets"]))
            arguments = {**first.arguments, "targets": list(targets)}
            found[step.id] = first.model_copy(update={"arguments": arguments})
    return tuple(found.values())


def _labels(desk: Desk) -> tuple[str, ...]:
    """Labels as the tool words them; kinds of image by our own names, and a modality alone asks for all of them."""
    given = desk.wish.labels
    if len(given) == 1 and not (_adapted(desk) or finding_of(given[0])):
        given = ()  # "classify it with your model" names no label
    low = tuple(label.lower() for label in given)
    if all(label in KINDS_ASKED for label in low):
        return _adapted(desk) if not given else ()
    ours = tuple(label.replace("x-ray", "x_ray").replace("mri", "mr") for label in low)
    return ours if all(label in kinds() for label in ours) else given


def _adapted(desk: Desk) -> tuple[str, ...]:
    """Labels of adapters that the question names, by their own words or as a finding of that kind."""
    asked = f" {' '.join(WORD.findall(desk.wish.question.lower()))} "
    findings = [name for name in desk.wish.findings if _is_finding(name)]
    return tuple(
        label
        for label in desk.context.adapted
        if f" {' '.join(WORD.findall(label.lower()))} " in asked or any(_tells(label, name) for name in findings)
    )


def _single(tool: str, ref: ImageRef, labels: tuple[str, ...] = ()) -> PlannedStep:
    arguments: dict[str, Any] = {"image": ref.id}
    if tool == "classify" and labels:
        arguments["labels"] = list(labels)
    return PlannedStep(id=tool, tool=tool, arguments=arguments, why=WHY[tool])


WORD = re.compile(r"[^\W_]+")

ASKS = re.compile(
    r"\b(?:is|are|was) there\b|\bwhether\b|\bany\b|\b(?:signs?|evidence) of\b|\brule out\b|"
    r"\bdo(?:es)?\b.{1,30}\bhave\b",
    re.IGNORECASE,
)
"""How a question after a finding stands beside another wish: "... and is there an effusion?"."""

WHY = {
    "segment": "outlines to show and to measure",
    "measure": "sizes, with unit, method and uncertainty",
    "draft_findings": "what a model sees, each finding with its place",
    "compare": "has it changed beyond the error of both measurements?",
    "classify": "which label fits",
    "embed": "the image as a vector",
    "similar": "which images of the index look most like it",
    "describe": "what the pixels are, where nothing is outlined",
}


def _pair(ref: ImageRef, name: str, targets: Iterable[str], *, measured: bool) -> list[PlannedStep]:
    """Outlines of one image, and their measures."""
    wanted = list(targets)
    if not wanted:
        return []
    outlines = PlannedStep(
        id=f"segment-{name}", tool="segment", arguments={"image": ref.id, "targets": wanted}, why=WHY["segment"]
    )
    if not measured:
        return [outlines]
    given = {"image": ref.id, "outlines": {"from": outlines.id, "field": "outlines"}}
    return [outlines, PlannedStep(id=f"measure-{name}", tool="measure", arguments=given, why=WHY["measure"])]


def _chest_targets(desk: Desk, ref: ImageRef) -> tuple[str, ...]:
    served = desk.context.unasked.get(ref.id, ())
    return tuple(target for target in CHEST if target in served)


def _draft(desk: Desk, first: ImageRef) -> list[PlannedStep]:
    """The steps of the house's own readings: of a chest film, else of whatever is served unasked."""
    if desk.chest:
        steps, _ = ([], []) if "compare" in desk.wish.declined else _compared(desk, first)
        before = [step for step in steps if step.tool != "compare"]
        own = before or _pair(first, "frontal", _chest_targets(desk, first), measured=True)
        return [*own, _findings_step(desk, first), *(step for step in steps if step.tool == "compare")]
    steps = []
    for index, ref in enumerate(desk.context.current[:MOST_IMAGES], 1):
        steps += _pair(ref, str(index), desk.context.unasked.get(ref.id, ()), measured=True)
    return steps or [_single("describe", first)]


def _findings_step(desk: Desk, first: ImageRef) -> PlannedStep:
    laterals = [ref.id for ref in desk.context.images if ref.role == "lateral"]
    priors = [] if "compare" in desk.wish.declined else [ref.id for ref in desk.context.priors]
    request = desk.context.request
    arguments = {
        "images": [first.id, *laterals, *priors],
        "indication": request.indication,
        "prior_report": request.prior_report,
    }
    return PlannedStep(id="draft-findings", tool="draft_findings", arguments=arguments, why=WHY["draft_findings"])


def _compared(desk: Desk, first: ImageRef) -> tuple[list[PlannedStep], list[str]]:
    """Both films measured and held against each other."""
    if not desk.context.priors:
        return [], [_say("no_prior")]
    if not desk.chest:
        return [], [_say("compare_kind", kind=desk.kind)]
    prior = desk.context.priors[0]
    now = _pair(first, "frontal", _chest_targets(desk, first), measured=True)
    before = _pair(prior, "prior", _chest_targets(desk, prior), measured=True)
    if not (now and before):
        return now, [_say("no_structure", kind=desk.kind, backend=desk.context.backend)]
    arguments = {
        "image": first.id,
        "prior": prior.id,
        "current_evidence": {"from": now[-1].id, "field": "evidence"},
        "prior_evidence": {"from": before[-1].id, "field": "evidence"},
    }
    return [*now, *before, PlannedStep(id="compare", tool="compare", arguments=arguments, why=WHY["compare"])], []


def _outlined(desk: Desk, *, measured: bool) -> tuple[list[PlannedStep], list[str]]:
    """What is named, in every current image that serves it; what none of them serves is told."""
    steps: list[PlannedStep] = []
    refused: dict[str, None] = {}
    served_somewhere: set[str] = set()
    for index, ref in enumerate(desk.context.current[:MOST_IMAGES], 1):
        targets, missing = _targets(desk, ref)
        name = "frontal" if index == 1 and desk.chest else str(index)
        steps += _pair(ref, name, targets, measured=measured)
        served_somewhere |= set(targets)
        refused |= dict.fromkeys(missing)
    lacking = [_not_served(target, desk) for target in refused if target not in served_somewhere]
    if "cardiothoracic_ratio" in desk.wish.quantities and not desk.chest:
        return steps, [_say("no_ratio", kind=desk.kind), *lacking]
    if not steps and not lacking:
        lacking.append(_say("no_structure", kind=desk.kind, backend=desk.context.backend))
    return steps, lacking


def _targets(desk: Desk, ref: ImageRef) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What to outline in one image, in the backend's order, and what it does not serve by name."""
    wish, unasked = desk.wish, desk.context.unasked.get(ref.id, ())
    named = desk.context.named.get(ref.id)
    wanted: dict[str, None] = {}
    missing: dict[str, None] = dict.fromkeys(wish.strange if named is not None else ())
    for targets, otherwise in wish.structures:
        fits = [target for target in targets if named is None or target in named]
        fits = fits or [target for target in otherwise if named is None or target in named]
        wanted |= dict.fromkeys(fits)
        missing |= {} if fits else dict.fromkeys(targets[:1])
    for quantity in wish.quantities:
        kind = words().quantities[quantity]
        if kind.only in ("", ref.modality):
            wanted |= {target: None for target in kind.targets if named is None or target in named}
            missing |= {target: None for target in kind.targets if named is not None and target not in named}
    wanted |= dict.fromkeys(wish.strange if named is None else ())
    nothing_named = not (wish.structures or wish.strange or any(words().quantities[q].targets for q in wish.quantities))
    if nothing_named or (wish.everything and not wanted and not missing):
        return unasked, ()
    order = [*unasked, *(named or ())]
    ranked = sorted(wanted, key=lambda target: order.index(target) if target in order else len(order))
    return tuple(ranked), tuple(missing)


def _not_served(target: str, desk: Desk) -> str:
    would = would_serve(target, desk.first).rstrip(".") if desk.first else ""
    return _say("not_served", target=f"the {target}", kind=desk.kind, would=would)


def _looked_for(desk: Desk) -> tuple[list[PlannedStep], tuple[str, ...]]:
    """A question after findings: drafted and measured where there is a model for it."""
    concepts = [name for name in desk.wish.findings if _is_finding(name)]
    ref, labels = desk.first, _adapted(desk)
    told = [_single("classify", ref, labels)] if ref and labels else []
    if not concepts:
        return told, ()
    if desk.chest and ref is not None:
        own = _pair(ref, "frontal", _chest_targets(desk, ref), measured=True)
        return [*own, _findings_step(desk, ref), *told], ()
    concepts = [name for name in concepts if not (told and any(_tells(label, name) for label in labels))]
    if not concepts:
        return told, ()
    kind = f"{ref.modality}/{ref.anatomy}" if ref else ""
    would = [row.name for key, row in models().items() if kind in row.drafts and key != "classical"]
    named = " or ".join(lexicon().name(name) for name in concepts)
    return told, (_say("finding", finding=named, kind=desk.kind, would=f"{would[0]} would." if would else ""),)


def _is_finding(name: str) -> bool:
    """A finding or a device of the lexicon, or what an adjective makes of a structure; no mere noun."""
    concept = lexicon().concepts.get(name)
    return concept.kind in ("finding", "device") if concept else ":" in name and not name.startswith("open:")


def _tells(label: str, concept: str) -> bool:
    """Whether a label speaks of a finding: the same, or one of its kinds."""
    found = finding_of(label)
    return bool(found) and lexicon().is_a(found, concept)
