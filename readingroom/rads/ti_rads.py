"""ACR TI-RADS 2017 of one thyroid nodule at ultrasound: points, level, and what the chart says at which size."""

from __future__ import annotations

from functools import cache
from typing import Literal, Self

from pydantic import Field, model_validator

from readingroom.domain.category import NOT_ASSESSABLE, Category, CategoryInput
from readingroom.domain.value import Value
from readingroom.rads.completion import Evidences, Found, Rules, against_table, assess_known, printed
from readingroom.rads.table import Answer, Ask, Known, Verdict, load_table

Foci = Literal["none", "comet_tail", "macrocalcification", "peripheral", "punctate"]


class TiRads(Value):
    """Inputs of TI-RADS; None is not known. What each means stands in prompts/rads/ti_rads.yaml."""

    composition: Literal["cystic", "spongiform", "mixed", "solid", "undetermined"] | None = None
    echogenicity: Literal[
        "anechoic", "hyperechoic", "isoechoic", "hypoechoic", "very_hypoechoic", "undetermined"
    ] | None = None  # fmt: skip
    shape: Literal["wider_than_tall", "taller_than_wide"] | None = None
    margin: Literal["smooth", "ill_defined", "lobulated", "irregular", "extrathyroidal", "undetermined"] | None = None
    foci: frozenset[Foci] | None = Field(default=None, min_length=1)
    """All that apply; {"none"} where there are none."""
    diameter: float | None = Field(default=None, gt=0, le=300)
    """The largest, in mm."""

    @model_validator(mode="after")
    def _none_stands_alone(self) -> Self:
        if self.foci and "none" in self.foci and len(self.foci) > 1:
            raise ValueError("foci: none does not go with another")
        return self


def points_of(known: Known) -> int | None:
    """Points of what is known; None where the composition alone decides."""
    extra = load_table("ti_rads").extra
    if known.get("composition") == extra["alone"]["composition"]:
        return None
    total = 0
    for name, points in extra["points"].items():
        answer = known.get(name)
        words = answer if isinstance(answer, frozenset) else (answer,)
        total += sum(points[word] for word in words if word is not None)
    return total


def _decide(known: Known) -> Verdict | Ask:
    extra = load_table("ti_rads").extra
    if "composition" not in known:
        return Ask("composition")
    if known["composition"] == extra["alone"]["composition"]:
        return Verdict(extra["alone"]["category"], "spongiform, no further points")
    for name in extra["points"]:
        if name not in known:
            return Ask(name)
    points = points_of(known) or 0
    level = next((one["category"] for one in extra["levels"] if one["from"] <= points <= one["to"]), None)
    counted = f"{points} point{'' if points == 1 else 's'}"
    return Verdict(level, counted if level else f"the chart has no level for a sum of {counted}")


@cache
def rules() -> Rules:
    """The rules over prompts/rads/ti_rads.yaml."""
    table = load_table("ti_rads")
    return Rules(table, _decide, against_table(table))


def management_of(level: str, diameter: float | None) -> str:
    """What the chart says of a level at a largest diameter in mm; empty where the size decides and is not known."""
    table = load_table("ti_rads")
    sizes = table.extra["sizes"].get(level)
    if sizes is None:
        return table.categories[level].management
    if diameter is None:
        return ""
    if diameter >= sizes["fna_mm"]:
        return f"FNA (at {sizes['fna_mm']} mm or more)"
    if diameter >= sizes["follow_mm"]:
        return f"Follow-up at {sizes['years']} (at {sizes['follow_mm']} mm or more)".replace("at every", "every")
    return f"Neither FNA nor follow-up (below {sizes['follow_mm']} mm)"


def assess(inputs: TiRads, *, name: str = "C1", evidence: Evidences | None = None) -> Category:
    """The level of one nodule, with its points where they are settled; never raises.

    Without the diameter the level stands and what to do is left empty.
    """
    known: dict[str, Answer] = {key: value for key, value in inputs.model_dump().items() if value is not None}
    told = printed(rules().table, known, evidence or {})
    category, found = assess_known(rules(), known, told, name=name)
    if category.value == NOT_ASSESSABLE:
        return category
    sources = tuple(dict.fromkeys(one for given in told if given.name != "diameter" for one in given.evidence))
    counted = _counted(found, known)
    points = (CategoryInput(name="points", value=str(counted), evidence=sources),) if counted is not None else ()
    management = management_of(category.value, inputs.diameter)
    return category.model_copy(update={"inputs": (*category.inputs, *points), "management": management})


def _counted(found: Found, known: Known) -> int | None:
    """The points where every completion has the same."""
    return points_of(known) if len({verdict.why for verdict in found.verdicts}) == 1 else None
