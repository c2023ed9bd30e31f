"""Inputs of a reporting system out of evidence: sizes that a tool measured, and what a person stated; nothing else.

A person's statement is evidence of kind "human" whose observation is "lung_rads.type" and whose quote is "solid"; its
`derived_from` names the finding it speaks of, or nothing where it speaks of the whole exam.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from readingroom.domain.category import Category
from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Measurement
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.language.lexicon import lexicon
from readingroom.rads.systems import System, inputs_of, typed

LENGTHS: Mapping[str, float] = {"mm": 1, "cm": 10}
VOLUMES: Mapping[str, float] = {"mm3": 1, "mL": 1000}

SIZES: Mapping[str, Mapping[str, str]] = {
    "lung-rads": {
        "mean_diameter": "diameter", "longest_diameter": "long_axis", "perpendicular_diameter": "short_axis",
        "volume": "volume", "prior_mean_diameter": "prior_diameter",
        "solid_component_mean_diameter": "solid_component",
    },
    "ti-rads": {"longest_diameter": "diameter"},
    "bi-rads": {},
}  # fmt: skip
"""Which measurement of the finding gives which input."""

CHANGES: Mapping[str, str] = {"new": "new", "stable": "stable", "smaller": "decreased"}
"""What a comparison gives of itself; "larger" is growth only by the sizes and the months between."""

FINDINGS: Mapping[str, tuple[str, ...]] = {
    "lung-rads": ("nodule", "mass"),
    "ti-rads": ("nodule",),
    "bi-rads": ("mass",),
}
"""What of the lexicon a system classifies; what a person names outright may be called otherwise."""

MODALITIES: Mapping[str, tuple[str, ...]] = {
    "lung-rads": ("ct",), "ti-rads": ("ultrasound",), "bi-rads": ("ultrasound", "mammography")
}  # fmt: skip


class Given(NamedTuple):
    """Inputs that were read, where each came from, and what was not taken."""

    inputs: Value
    evidence: dict[str, tuple[str, ...]]
    """Ids by input."""
    refused: tuple[str, ...]
    """Why a piece of evidence gave nothing, one sentence each."""


class _Taken(NamedTuple):
    name: str
    value: Any
    source: str


def read_inputs(
    system: System, finding: Evidence | None, ledger: Sequence[Evidence], images: Sequence[ImageRef]
) -> Given:
    """The inputs that a finding and what people stated of it or of the exam give.

    Only lengths in mm or cm with a known spacing in the patient are taken, never pixels or lengths at a detector; a
    score is never a descriptor; texts from outside state nothing. Two values of one input give none.
    `finding`: None where there is none to measure.
    """
    refused: list[str] = []
    taken: list[_Taken] = []
    by_id = {image.id: image for image in images}
    if finding is not None:
        taken += _of_finding(system, finding, by_id.get(finding.image_id), refused)
    for item in ledger:
        if item.observation.startswith(f"{system.file}."):
            taken += _stated(system, item, finding, refused)
    fields: dict[str, Any] = {}
    sources: dict[str, tuple[str, ...]] = {}
    for name in dict.fromkeys(one.name for one in taken):
        same = [one for one in taken if one.name == name]
        if len({one.value for one in same}) > 1:
            refused.append(f"{name}: {', '.join(one.source for one in same)} do not agree")
            continue
        fields[name] = same[0].value
        sources[name] = tuple(dict.fromkeys(one.source for one in same))
    return Given(typed(system, fields), sources, tuple(refused))


def _of_finding(system: System, item: Evidence, image: ImageRef | None, refused: list[str]) -> Iterator[_Taken]:
    """What a tool's own finding gives: that it is there, its size, and its change."""
    why = _not_taken(system, item, image)
    if why:
        refused.append(f"{item.id}: {why}")
        return
    if system.name == "lung-rads":
        yield _Taken("finding", "nodule", item.id)
        if change := CHANGES.get(item.change or ""):
            yield _Taken("change", change, item.id)
    if system.name == "bi-rads" and image is not None:
        yield _Taken("modality", image.modality, item.id)
    for part in item.measurements:
        name = SIZES[system.name].get(part.name)
        if name is None:
            continue
        value, fault = _length(part, VOLUMES if name == "volume" else LENGTHS)
        if value is None:
            refused.append(f"{item.id}, {part.title}: {fault}")
        else:
            yield _Taken(name, value, item.id)


def _not_taken(system: System, item: Evidence, image: ImageRef | None) -> str:
    """Why a finding is none that the system classifies; empty where it is."""
    words, allowed = lexicon(), MODALITIES[system.name]
    kind = image.modality if image else "unknown"
    reasons = (
        (item.kind not in ("tool_output", "human"), "a text from outside is no finding of this exam"),
        (image is None or image.role == "prior", "it is not of a current image"),
        (kind not in allowed, f"{system.table.system} is for {' or '.join(allowed)}, and the image is {kind}"),
        (
            image is not None and image.modality_source not in ("header", "stated"),
            f"that its image is {kind} was guessed from its pixels; state the modality",
        ),
        (item.presence != "present", f"it is {item.presence.replace('_', ' ')}"),
        (
            not any(words.is_a(item.observation, name) for name in FINDINGS[system.name]),
            f"{words.name(item.observation)} is not what {system.table.system} classifies",
        ),
        (
            not item.regions and not item.measurements,
            "a score or a label of the whole image is no finding that can be classified",
        ),
    )
    return next((why for wrong, why in reasons if wrong), "")


def _length(part: Measurement, units: Mapping[str, float]) -> tuple[float | None, str]:
    if part.unit not in units:
        return None, f"{part.unit} is not a length or volume in the patient"
    if part.at_detector:
        return None, "it holds at the detector, not in the patient"
    if part.spacing_source == "none":
        return None, "the spacing is not known"
    return part.value * units[part.unit], ""


def _stated(system: System, item: Evidence, finding: Evidence | None, refused: list[str]) -> Iterator[_Taken]:
    """What a person stated; everyone else is refused."""
    if item.derived_from and (finding is None or finding.id not in item.derived_from):
        return
    if item.kind != "human" or item.trust != "human":
        refused.append(f"{item.id}: only a person can state {item.observation}")
        return
    name = item.observation.removeprefix(f"{system.file}.")
    try:
        value = getattr(inputs_of(system, [f"{name}={item.quote}"]), name)
    except BadRequest as error:
        refused.append(f"{item.id}: {error.what}")
        return
    yield _Taken(name, value, item.id)


def assess_finding(
    system: System,
    finding: Evidence | None,
    ledger: Sequence[Evidence],
    images: Sequence[ImageRef],
    *,
    name: str = "C1",
) -> Category:
    """The category of one finding by its evidence; every input carries the ids it was read from."""
    given = read_inputs(system, finding, ledger, images)
    return system.assess(given.inputs, name=name, evidence=given.evidence)


def categories_of(system: System, ledger: Sequence[Evidence], images: Sequence[ImageRef]) -> tuple[Category, ...]:
    """One category for each finding of a current image that the system classifies, C1, C2 ...

    Where there is none, one for what people stated of the exam; without a statement, none at all.
    """
    by_id = {image.id: image for image in images}
    found: Iterable[Evidence | None] = [
        item for item in ledger if item.kind == "tool_output" and not _not_taken(system, item, by_id.get(item.image_id))
    ]
    if not found:
        stated = any(item.kind == "human" and item.observation.startswith(f"{system.file}.") for item in ledger)
        found = [None] if stated else []
    return tuple(
        assess_finding(system, item, ledger, images, name=f"C{number}") for number, item in enumerate(found, 1)
    )


MOST_MISSING = 6
"""Inputs that a reason names; `readingroom category SYSTEM` lists all."""


def withheld(system: System, ledger: Sequence[Evidence], images: Sequence[ImageRef]) -> str:
    """Why `categories_of` gives nothing: another kind of image, a finding that does not count, or what nobody measured
    and nobody stated. Empty where it gives something."""
    if categories_of(system, ledger, images):
        return ""
    by_id, allowed = {image.id: image for image in images}, MODALITIES[system.name]
    kinds = {image.modality for image in images if image.role != "prior"}
    if kinds and not kinds & set(allowed):
        return f"it is for {_called(allowed, 'or')}, and this study is {_called(sorted(kinds), 'and')}"
    words = lexicon()
    near = [
        item
        for item in ledger
        if item.kind == "tool_output" and any(words.is_a(item.observation, name) for name in FINDINGS[system.name])
    ]
    if near:
        item = near[0]
        return f"{words.name(item.observation)} ({item.id}): {_not_taken(system, item, by_id.get(item.image_id))}"
    missing = [name.replace("_", " ") for name in system.assess(typed(system, {})).missing]
    more = f" and {len(missing) - MOST_MISSING} more" if len(missing) > MOST_MISSING else ""
    what = " or ".join(words.name(name) for name in FINDINGS[system.name])
    return f"no tool found and measured a {what}, and nobody stated {', '.join(missing[:MOST_MISSING])}{more}"


def _called(modalities: Sequence[str], joint: str) -> str:
    names = {"ct": "CT", "mr": "MR", "x_ray": "X-ray"}
    return f" {joint} ".join(names.get(name, name.replace("_", " ")) for name in modalities)
