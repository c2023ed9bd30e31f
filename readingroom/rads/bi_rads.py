"""BI-RADS, 5th edition, of one finding of an ultrasound or a mammogram: only what the atlas states as a rule."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import Field

from readingroom.domain.category import Category
from readingroom.domain.value import Value
from readingroom.rads.completion import Evidences, Rules, against_table, assess_known, printed
from readingroom.rads.table import Answer, first_row, load_table

YesNo = Literal["yes", "no"]


class BiRads(Value):
    """Inputs of BI-RADS; None is not known. What each means stands in prompts/rads/bi_rads.yaml."""

    known_malignancy: YesNo | None = None
    complete: YesNo | None = None
    modality: Literal["ultrasound", "mammography"] | None = None
    finding: Literal["none", "mass", "calcification", "benign_entity", "other"] | None = None
    shape: Literal["oval", "round", "irregular"] | None = None
    margin: Literal["circumscribed", "obscured", "microlobulated", "indistinct", "angular", "spiculated"] | None = None
    echo: Literal["anechoic", "hyperechoic", "complex", "hypoechoic", "isoechoic", "heterogeneous"] | None = None
    posterior: Literal["none", "enhancement", "shadowing", "combined"] | None = None
    calcification: Literal[
        "skin", "vascular", "coarse", "large_rod_like", "round", "rim", "dystrophic", "milk_of_calcium", "suture",
        "amorphous", "coarse_heterogeneous", "fine_pleomorphic", "fine_linear",
    ] | None = None  # fmt: skip
    benign_entity: Literal[
        "intramammary_node", "calcified_fibroadenoma", "fat_containing", "implant", "surgical_scar",
        "fluid_collection", "foreign_body", "stable_two_years",
    ] | None = None  # fmt: skip
    likelihood: float | None = Field(default=None, ge=0, le=100)


@cache
def rules() -> Rules:
    """The rules over prompts/rads/bi_rads.yaml."""
    table = load_table("bi_rads")
    return Rules(table, lambda known: first_row(table, known), against_table(table))


def assess(inputs: BiRads, *, name: str = "C1", evidence: Evidences | None = None) -> Category:
    """The category of one finding, with what it rests on; never raises.

    Categories 3 to 5 come from the likelihood of malignancy that a reader states, since the atlas has no rule from
    descriptors to them; without it they are "not assessable", and the meaning says why.
    """
    known: dict[str, Answer] = {key: value for key, value in inputs.model_dump().items() if value is not None}
    return assess_known(rules(), known, printed(rules().table, known, evidence or {}), name=name)[0]
