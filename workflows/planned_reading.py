"""A carried plan as a reading: its evidence in order, and the limits that the house's own workflows tell."""

from __future__ import annotations

from readingroom.agents.answer import Worded
from readingroom.agents.limitations import limitation
from readingroom.agents.rule_planner import CHEST
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Limitation
from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import PHYSICAL
from readingroom.imaging.image import Study
from readingroom.language.lexicon import lexicon
from readingroom.tools.draft_findings import DraftResult
from readingroom.tools.segment import SegmentResult
from readingroom.tools.tool import Bench
from readingroom.workflows.chest_xray_report import serves
from readingroom.workflows.plan_runner import Carried
from readingroom.workflows.reading import Gathered, caveats, disease_limit, draft_limits, name_of, outline_limits
from readingroom.workflows.report import why_nothing

SAID_BY_NOTICE = frozenset(("research_only", "not_calibrated"))
"""Limitations that an answer leaves to its notice."""

LENGTHS = PHYSICAL | {"px", "px2"}


def gathered_of(carried: Carried, bench: Bench, study: Study) -> Gathered:
    """What a report is composed from: of a chest film as `chest_xray_report` gathers it, else as `report` does."""
    gathered = answered_of(carried, bench, study)
    described = any(step.tool == "describe" for step in carried.plan.steps)
    if study.current and not serves(study.current[0]):
        gathered.limitations.append(disease_limit(item for part in gathered.evidence for item in part))
        image = study.current[0].ref
        if described and not bench.backend.targets(image):
            reason = why_nothing(bench, study)
            gathered.limitations.insert(0, limitation("descriptive", image=name_of(image), reason=reason))
    return gathered


def answered_of(carried: Carried, bench: Bench, study: Study) -> Gathered:
    """What an answer in words is made from."""
    refs = {image.ref.id: image.ref for image in study.images}
    looked = _looked_at(carried)
    told_of = {
        lexicon().name(item.observation)
        for part in carried.evidence
        for item in part
        if item.origin.tool == "classify" and item.calibrated
    }
    gathered = Gathered(evidence=list(carried.evidence), degraded=list(carried.degraded))
    for name, outcome in carried.outcomes.items():
        gathered.limitations += outcome.limits
        result = outcome.result
        if isinstance(result, SegmentResult):
            gathered.limitations += _not_outlined(carried, name, refs[result.image], bench)
            gathered.limitations += outline_limits(result, refs[result.image])
        elif isinstance(result, DraftResult):
            left = _without(result, told_of)
            gathered.limitations += draft_limits(left, lateral_given=bool(study.laterals))
    chest = bool(study.current) and serves(study.current[0])
    if carried.plan.aim == "draft" and chest and not study.priors:
        gathered.limitations.append(limitation("no_prior"))
    told = [ref for ref in refs.values() if ref.id in looked and ref.role != "lateral"]
    gathered.limitations += caveats(told)
    return gathered


def _without(drafted: DraftResult, told_of: set[str]) -> DraftResult:
    """Of what a drafting model left out, all but what an adapter told."""
    kept = {
        name: tuple(one for one in getattr(drafted, name) if one.lower() not in told_of)
        for name in ("not_assessed", "unspoken")
    }
    return drafted.model_copy(update=kept)


def _looked_at(carried: Carried) -> set[str]:
    """The images that any step of the plan names."""
    found: set[str] = set()
    for step in carried.plan.steps:
        found |= {step.arguments[name] for name in ("image", "prior") if isinstance(step.arguments.get(name), str)}
        found |= set(step.arguments.get("images", ()))
    return found


def _not_outlined(carried: Carried, step: str, ref: ImageRef, bench: Bench) -> list[Limitation]:
    """Of a drafted chest film: what its measures need and the backend does not outline."""
    if carried.plan.aim != "draft" or (ref.modality, ref.anatomy) != ("x_ray", "chest"):
        return []
    asked = next(one.arguments.get("targets", ()) for one in carried.plan.steps if one.id == step)
    served = bench.backend.targets(ref)
    return [
        limitation("not_outlined", target=target, image=name_of(ref), backend=bench.backend.name)
        for target in CHEST
        if target not in served and target not in asked
    ]


def bears(limit: Limitation, words: Worded, ledger: tuple[Evidence, ...]) -> bool:
    """Whether a limit has to do with what is told: one of lengths only with lengths, one of sides only with sides."""
    cited = {name for sentence in words.sentences for name in sentence.evidence}
    told = [item for item in ledger if item.id in cited]
    if limit.code == "no_spacing":
        return any(part.unit in LENGTHS for item in told for part in item.measurements)
    if limit.code == "side_unknown":
        return any(item.laterality in ("left", "right") for item in told)
    return limit.code not in SAID_BY_NOTICE
