"""Lung-RADS v2022 of one finding of a lung cancer screening CT."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Literal

from pydantic import Field

from readingroom.domain.category import NOT_ASSESSABLE, Category
from readingroom.domain.value import Value
from readingroom.rads.completion import Evidences, Rules, assess_known, printed
from readingroom.rads.table import Answer, Known, contradiction, first_row, load_table

YesNo = Literal["yes", "no"]

BANDS = "diameter and volume fall into different size categories; state the one that was measured well"


class LungRads(Value):
    """Inputs of Lung-RADS v2022; None is not known. What each means stands in prompts/rads/lung_rads.yaml."""

    lungs: Literal["evaluable", "not_evaluable"] | None = None
    prior: Literal["compared", "none", "being_located"] | None = None
    infection: Literal["none", "suspected"] | None = None
    finding: Literal["none", "nodule", "airway", "cyst"] | None = None
    benign_feature: Literal[
        "none", "complete_calcification", "central_calcification", "popcorn_calcification", "concentric_rings", "fat"
    ] | None = None  # fmt: skip
    type: Literal["solid", "part_solid", "ground_glass"] | None = None
    diameter: float | None = Field(default=None, gt=0, le=300)
    long_axis: float | None = Field(default=None, gt=0, le=300)
    short_axis: float | None = Field(default=None, gt=0, le=300)
    volume: float | None = Field(default=None, gt=0, le=1e7)
    solid_component: float | None = Field(default=None, ge=0, le=300)
    solid_component_change: Literal["none", "new", "growing"] | None = None
    juxtapleural: YesNo | None = None
    margin: Literal["smooth", "other"] | None = None
    shape: Literal["oval", "lentiform", "triangular", "other"] | None = None
    change: Literal["baseline", "new", "stable", "decreased", "crossed", "growing", "slow_growing"] | None = None
    prior_diameter: float | None = Field(default=None, gt=0, le=300)
    months: float | None = Field(default=None, gt=0, le=1200)
    previous: Literal["none", "2", "3", "4A", "4B", "4X"] | None = None
    scheduled_follow_up: YesNo | None = None
    workup: Literal["none", "benign"] | None = None
    airway: Literal["subsegmental", "segmental_or_proximal"] | None = None
    airway_content: Literal["soft_tissue", "air"] | None = None
    cyst: Literal["thin_walled", "thick_walled", "multilocular", "fluid_filled", "multiple"] | None = None
    cyst_growth: Literal["none", "size", "wall", "loculation_or_opacity", "became_multilocular"] | None = None
    suspicious_features: YesNo | None = None
    other_finding: YesNo | None = None


MILLIMETRES = ("diameter", "long_axis", "short_axis", "solid_component", "prior_diameter")


def tenths(number: float | Decimal) -> float:
    """To one decimal, half up, as note 4 has diameters reported."""
    return float(Decimal(str(number)).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))


def mean_diameter(long_axis: float, short_axis: float) -> float:
    """Mean of two axes in mm: each to one decimal, and so their mean (note 4)."""
    return tenths((Decimal(str(tenths(long_axis))) + Decimal(str(tenths(short_axis)))) / 2)


def _known(inputs: LungRads) -> dict[str, Answer]:
    """The answers as the rules ask for them: diameters to one decimal, volumes to whole mm³, axes as their mean."""
    known: dict[str, Answer] = {key: value for key, value in inputs.model_dump().items() if value is not None}
    for name in MILLIMETRES:
        if isinstance(size := known.get(name), float):
            known[name] = tenths(size)
    if inputs.volume is not None:
        known["volume"] = float(Decimal(str(inputs.volume)).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    if inputs.long_axis is not None and inputs.short_axis is not None and inputs.diameter is None:
        known["diameter"] = mean_diameter(inputs.long_axis, inputs.short_axis)
    return known


def _band_of_volume(volume: float) -> float:
    """The size in mm at which the volume's size category begins; half the first where it lies below it."""
    table: Mapping[int, int] = load_table("lung_rads").extra["volumes"]
    return max((float(size) for size, least in table.items() if volume >= least), default=min(table) / 2)


def _band(diameter: float) -> int:
    return sum(diameter >= size for size in load_table("lung_rads").extra["volumes"])


def _crosses(kind: Answer | None, before: float, now: float) -> bool | None:
    """Whether a nodule of a composition has crossed one of its size thresholds; None where it is not known which."""
    thresholds = load_table("lung_rads").extra["thresholds"]
    if kind is None:
        return None if _band(before) != _band(now) else False
    return any(before < size <= now for size in thresholds[kind])


def changes_of(kind: Answer | None, before: float, now: float, months: Answer | None) -> frozenset[str]:
    """The kinds of change that two mean diameters in mm and the months between allow (notes 5 to 7)."""
    growth = load_table("lung_rads").extra["growth"]
    increase = tenths(now - before)
    if increase <= 0:
        return frozenset(("stable", "decreased"))
    crosses = _crosses(kind, before, now)
    slower = {"slow_growing", *(("crossed",) if crosses in (True, None) else ()),
              *(("stable",) if crosses in (False, None) else ())}  # fmt: skip
    if increase <= growth["more_than"]:
        return frozenset(slower)
    if isinstance(months, float) and months <= growth["within_months"]:
        return frozenset(("growing",))
    return frozenset((*slower, "growing"))


def _contradiction(known: Known) -> str | None:
    return contradiction(load_table("lung_rads"), known) or _sizes_against(known) or _change_against(known)


def _sizes_against(known: Known) -> str | None:
    """Sizes of one nodule that do not fit one another."""
    numbers = {key: value for key, value in known.items() if isinstance(value, float)}
    size, long_axis, short_axis = (numbers.get(name) for name in ("diameter", "long_axis", "short_axis"))
    if size is not None and numbers.get("solid_component", 0) > size:
        return "the solid component is larger than the nodule"
    if long_axis is not None and short_axis is not None:
        if short_axis > long_axis:
            return "the short axis is longer than the long one"
        if size not in (None, mean_diameter(long_axis, short_axis)):
            return "the mean diameter is not the mean of the axes"
    volume = numbers.get("volume")
    if volume is not None and size is not None and _band(size) != _band(_band_of_volume(volume)):
        return BANDS
    return None


def _change_against(known: Known) -> str | None:
    """A change that the sizes do not show."""
    size, before, change = known.get("diameter"), known.get("prior_diameter"), known.get("change")
    if not (isinstance(size, float) and isinstance(before, float) and change in CHANGED):
        return None
    if change in changes_of(known.get("type"), before, size, known.get("months")):
        return None
    return f"from {before:g} to {size:g} mm is not {str(change).replace('_', ' ')}"


CHANGED = ("stable", "decreased", "crossed", "growing", "slow_growing")


def _near(known: Known) -> Iterable[float]:
    """Sizes at which `_contradiction` changes: the thresholds, a known size, and that with the growth that counts."""
    table = load_table("lung_rads").extra
    most = table["growth"]["more_than"]
    yield from (float(size) for size in table["volumes"])
    for name in MILLIMETRES:
        if isinstance(size := known.get(name), float):
            yield from (size, tenths(size + most), tenths(size + most + 0.1))


@cache
def rules() -> Rules:
    """The rules over prompts/rads/lung_rads.yaml."""
    table = load_table("lung_rads")
    return Rules(table, lambda known: first_row(table, known), _contradiction, _near)


def assess(inputs: LungRads, *, name: str = "C1", evidence: Evidences | None = None) -> Category:
    """The category of one finding, with what it rests on; never raises.

    "not assessable" names the inputs on which it depends; an input that cannot change the category is not asked for.
    `evidence`: ids of the evidence that an input was read from, by input.
    """
    known = _known(inputs)
    sources = dict(evidence or {})
    if "diameter" in known and inputs.diameter is None:
        both = (*sources.get("long_axis", ()), *sources.get("short_axis", ()))
        sources.setdefault("diameter", tuple(dict.fromkeys(both)))
    told = printed(rules().table, known, sources)
    if "diameter" not in known and isinstance(volume := known.get("volume"), float):
        known["diameter"] = _band_of_volume(volume)
        known.pop("prior_diameter", None)
    return assess_known(rules(), known, told, name=name)[0]


def of_exam(categories: Iterable[Category]) -> Category | None:
    """The exam's category: that of its most suspicious finding (note 1); of none, None.

    Where a finding is not assessable, so is the exam, unless another finding has the highest category there is.
    """
    found = list(categories)
    order = rules().table.order
    rank = {**{value: at for at, value in enumerate(order)}, **{f"{value}S": at for at, value in enumerate(order)}}
    open_ones = [one for one in found if one.value == NOT_ASSESSABLE]
    settled = sorted((one for one in found if one.value in rank), key=lambda one: rank[one.value])
    incomplete = [one for one in settled if rank[one.value] == 0]
    if incomplete:
        return incomplete[0]
    if open_ones and not (settled and rank[settled[-1].value] == len(order) - 1):
        return open_ones[0]
    return settled[-1] if settled else None
