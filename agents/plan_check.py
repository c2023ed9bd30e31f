"""A plan against the toolbox and the study before anything runs: what is wrong with each step, and what would do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, get_args

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from readingroom.domain.image import ImageRef
from readingroom.domain.plan import FROM, Plan, PlannedStep, references
from readingroom.domain.value import Value
from readingroom.tools.models import would_serve
from readingroom.tools.target import target_of
from readingroom.tools.tool import Tool

MOST_STEPS = 32
"""Tool calls of one question (EVIDENCE F21: 32 tool calls a run)."""

FIELD = "field"
"""Key of a reference that names a field of the other step's result."""

Reason = Literal["too_many_steps", "duplicate_step", "unknown_tool", "bad_arguments", "bad_reference", "unknown_image",
                 "wrong_image", "not_served", "no_prior"]  # fmt: skip


class Flaw(Value):
    """One reason why a plan does not run."""

    step: str
    """Its id; empty where the plan as a whole is meant."""
    field: str
    """Path of the argument: "targets.0"; empty where the step as a whole is meant."""
    kind: Reason
    reason: str
    """What is wrong, in one clause."""
    do: str
    """What would do, in words a model can act on."""

    @property
    def line(self) -> str:
        """The same for people."""
        where = " ".join(part for part in (f"step {self.step!r}" if self.step else "the plan", self.field) if part)
        return " ".join(f"{where}: {self.reason}. {self.do}".split())


class Study(NamedTuple):
    """What a plan is held against, beside the tools."""

    images: tuple[ImageRef, ...]
    named: Mapping[str, tuple[str, ...] | None]
    """What the backend outlines by name in each image, by its id; None, or no entry: it takes any words."""


class Earlier(NamedTuple):
    """A step already checked, with its tool where there is such a tool."""

    step: PlannedStep
    tool: Tool | None


def check_plan(
    plan: Plan,
    tools: Sequence[Tool],
    images: tuple[ImageRef, ...],
    named: Mapping[str, tuple[str, ...] | None],
) -> tuple[Flaw, ...]:
    """Everything wrong with a plan, in the order of its steps; empty: it may run. Never raises.

    `named`: see `Study`. A reference must point to an earlier step, so a plan without flaws has no cycle.
    """
    study = Study(images, named)
    known = {tool.name: tool for tool in tools}
    flaws: list[Flaw] = []
    if len(plan.steps) > MOST_STEPS:
        flaws.append(_flaw("", "", "too_many_steps", f"{len(plan.steps)} steps", f"Plan at most {MOST_STEPS}."))
    before: dict[str, Earlier] = {}
    names = Counter(step.id for step in plan.steps)
    for step in plan.steps[:MOST_STEPS]:
        if step.id in before:
            flaws.append(_flaw(step.id, "", "duplicate_step", "two steps have this id", "Give each its own."))
        tool = known.get(step.tool)
        if tool is None:
            do = f"Use one of {', '.join(sorted(known))}."
            flaws.append(_flaw(step.id, "tool", "unknown_tool", f"there is no tool {step.tool[:60]!r}", do))
        flaws += _step_flaws(step, tool, before, study, frozenset(names))
        before.setdefault(step.id, Earlier(step, tool))
    return tuple(flaws)


def check_step(
    step: PlannedStep, tool: Tool, before: Mapping[str, Earlier], study: Study, *, fits: bool = False
) -> Flaw | None:
    """The first thing wrong with one more step behind those of `before`, by the same rules; None: it may run.

    `fits`: its arguments were read whole by `whole_request`, so each of them is what the tool wants.
    """
    flaws = _study_flaws(step, before, study) if fits else _step_flaws(step, tool, before, study, frozenset())
    return next(flaws, None)


def whole_request(tool: Tool, arguments: str, parsed: Mapping[str, Any]) -> Value | None:
    """The request that arguments are, given as JSON and parsed; None where they need a closer look.

    They do where they refer to what tools give, or do not fit. Nothing is coerced.
    """
    if any(True for _ in references(parsed)) or not _only_referred(tool.request).isdisjoint(parsed):
        return None
    try:
        return tool.request.model_validate_json(arguments or "{}", strict=True)
    except ValidationError:
        return None


@cache
def _only_referred(request: type[Value]) -> frozenset[str]:
    return frozenset(name for name, info in request.model_fields.items() if _is_given_by_tools(info))


def _flaw(step: str, field: str, kind: Reason, reason: str, do: str) -> Flaw:
    return Flaw(step=step, field=field, kind=kind, reason=reason, do=do)


def _step_flaws(
    step: PlannedStep, tool: Tool | None, before: Mapping[str, Earlier], study: Study, names: frozenset[str]
) -> Iterator[Flaw]:
    yield from _reference_flaws(step, before, names)
    if tool is None:
        return
    yield from _argument_flaws(step, tool, before)
    yield from _study_flaws(step, before, study)


def _study_flaws(step: PlannedStep, before: Mapping[str, Earlier], study: Study) -> Iterator[Flaw]:
    """What the study, its images and the steps before do not allow."""
    yield from _image_flaws(step, study)
    yield from _source_flaws(step, before)
    if step.tool == "segment":
        yield from _target_flaws(step, study)


def _reference_flaws(step: PlannedStep, before: Mapping[str, Earlier], names: frozenset[str]) -> Iterator[Flaw]:
    """References to steps that are not there or not done yet, and to fields that their results do not have."""
    for reference in references(step.arguments):
        other, field = reference.get(FROM), reference.get(FIELD)
        if set(reference) != {FROM, FIELD} or not isinstance(other, str) or not isinstance(field, str):
            do = 'Write {"from": "<step id>", "field": "<field of its result>"} and nothing else.'
            yield _flaw(step.id, "", "bad_reference", "a reference is malformed", do)
        elif other not in before:
            what = "comes later or is the step itself" if other in names else "is not in the plan"
            do = f"Refer to an earlier step: {', '.join(before) or 'there is none'}."
            yield _flaw(step.id, "", "bad_reference", f"it needs {other[:60]!r}, which {what}", do)
        elif (source := before[other].tool) is not None and field not in source.result.model_fields:
            do = f"{source.name} gives {', '.join(source.result.model_fields)}."
            yield _flaw(step.id, "", "bad_reference", f"{other!r} gives no {field[:60]!r}", do)


def _argument_flaws(step: PlannedStep, tool: Tool, before: Mapping[str, Earlier]) -> Iterator[Flaw]:
    """Arguments that do not fit the tool's request, and references to fields of another type than it wants.

    Nothing is coerced: a number is no name, and a text is no list of one.
    """
    fields = tool.request.model_fields
    for name in step.arguments:
        if name not in fields:
            yield _flaw(
                step.id, name[:60], "bad_arguments", f"{tool.name} takes no such argument",
                f"It takes {', '.join(fields)}.",
            )  # fmt: skip
    for name, info in fields.items():
        if name not in step.arguments:
            if info.is_required():
                yield _flaw(step.id, name, "bad_arguments", "this argument is missing", info.description or "Give it.")
        else:
            yield from _value_flaws(step, name, tool, before)


@cache
def _adapter(request: type[Value], name: str) -> TypeAdapter[Any]:
    """Reads one field of a request; making it takes longer than all the rest of a check."""
    return TypeAdapter(request.model_fields[name].rebuild_annotation())


def _value_flaws(step: PlannedStep, name: str, tool: Tool, before: Mapping[str, Earlier]) -> Iterator[Flaw]:
    info = tool.request.model_fields[name]
    given = step.arguments[name]
    if tool.outside and any(True for _ in references(given)):
        yield _flaw(step.id, name, "bad_reference", "what tools gave is not sent to others", "Write it in words.")
        return
    if isinstance(given, dict) and FROM in given:
        earlier = before.get(given[FROM]) if isinstance(given[FROM], str) else None
        source = earlier.tool if earlier else None
        gives = source.result.model_fields.get(str(given.get(FIELD))) if source else None
        if source and gives is not None and gives.annotation != info.annotation:
            fits = [key for key, field in source.result.model_fields.items() if field.annotation == info.annotation]
            do = f"Of {source.name}'s result {', '.join(fits)} would fit." if fits else f"{source.name} gives none."
            yield _flaw(step.id, name, "bad_reference", f"{given.get(FIELD)!r} is of another kind than wanted", do)
        return
    if any(True for _ in references(given)):
        yield _flaw(
            step.id, name, "bad_reference", "a reference stands inside a list or an object",
            "Let one reference stand for the whole argument.",
        )  # fmt: skip
        return
    if _is_given_by_tools(info):
        do = 'Refer to it: {"from": "<step id>", "field": "<field>"}.'
        yield _flaw(step.id, name, "bad_arguments", "what tools give cannot be written by hand", do)
        return
    try:
        _adapter(tool.request, name).validate_json(json.dumps(given), strict=True)
    except ValidationError as error:
        for one in error.errors()[:3]:
            place = ".".join([name, *(str(part)[:40] for part in one["loc"])])
            yield _flaw(step.id, place, "bad_arguments", str(one["msg"])[:200], info.description or "Mend it.")
    except (TypeError, ValueError):
        yield _flaw(step.id, name, "bad_arguments", "this is no JSON", info.description or "Mend it.")


def _is_given_by_tools(info: FieldInfo) -> bool:
    """Outlines and evidence: whoever could write them by hand could invent them."""
    return any(isinstance(part, type) and issubclass(part, Value) for part in get_args(info.annotation))


def _named_images(step: PlannedStep) -> Iterator[tuple[str, str]]:
    """Arguments that name images, with the ids."""
    for name in ("image", "prior"):
        if isinstance(given := step.arguments.get(name), str):
            yield name, given
    many = step.arguments.get("images")
    if isinstance(many, list | tuple):
        yield from ((f"images.{index}", one) for index, one in enumerate(many) if isinstance(one, str))


def _image_flaws(step: PlannedStep, study: Study) -> Iterator[Flaw]:
    """Images that are not of this study, or stand in another's place."""
    roles = {image.id: image.role for image in study.images}
    for field in ("image", "prior", "images"):
        given = step.arguments.get(field)
        if (isinstance(given, dict) and FROM in given) or given in ([], ()):
            do = f"Its images are {', '.join(roles)}."
            yield _flaw(step.id, field, "bad_arguments", "an image is named by its id", do)
    for field, name in _named_images(step):
        if name not in roles:
            do = f"Its images are {', '.join(f'{key} ({role})' for key, role in roles.items())}."
            yield _flaw(step.id, field, "unknown_image", f"there is no image {name[:60]!r} in this study", do)
            continue
        priors = [key for key, role in roles.items() if role == "prior"]
        now = [key for key, role in roles.items() if role == "current"]
        if field == "prior" and not priors:
            yield _flaw(step.id, field, "no_prior", "the study has no prior image", "Leave the comparison out.")
        elif field == "prior" and roles[name] != "prior":
            yield _flaw(step.id, field, "wrong_image", f"{name!r} is no prior image", f"Use {', '.join(priors)}.")
        elif roles[name] != "current" and (field == "images.0" or (field == "image" and step.tool == "compare")):
            reason = f"{name!r} is a {roles[name]} image, which cannot stand for the current one"
            yield _flaw(step.id, field, "wrong_image", reason, f"Use {', '.join(now)}.")


OF_IMAGE = {"outlines": "image", "current_evidence": "image", "prior_evidence": "prior"}
"""Which argument names the image that what is referred to must have been made of."""


def _source_flaws(step: PlannedStep, before: Mapping[str, Earlier]) -> Iterator[Flaw]:
    """Outlines or evidence of another image than the one they are given for."""
    for field, owner in OF_IMAGE.items():
        reference, wanted = step.arguments.get(field), step.arguments.get(owner)
        name = reference.get(FROM) if isinstance(reference, dict) else None
        source = before.get(name) if isinstance(name, str) else None
        if source is not None and source.step.arguments.get("image") != wanted:
            seen = str(source.step.arguments.get("image"))[:60]
            reason = f"{name!r} looks at {seen!r}, not at {str(wanted)[:60]!r}"
            yield _flaw(step.id, field, "wrong_image", reason, f"Refer to a step on the image given as {owner!r}.")


def _target_flaws(step: PlannedStep, study: Study) -> Iterator[Flaw]:
    image, targets = step.arguments.get("image"), step.arguments.get("targets", ())
    ref = next((one for one in study.images if one.id == image), None)
    if ref is None or not isinstance(targets, list | tuple):
        return
    served = study.named.get(ref.id)
    if served is None:
        return
    for index, name in enumerate(targets):
        if isinstance(name, str) and target_of(name).name not in served:
            do = f"Served here: {', '.join(served) or 'nothing'}. {would_serve(target_of(name).name, ref)}."
            reason = f"no model here outlines {name[:60]!r} in {ref.modality.replace('_', '-')} {ref.anatomy}"
            yield _flaw(step.id, f"targets.{index}", "not_served", reason, do)
