"""A category of a reporting system (Lung-RADS, BI-RADS, TI-RADS): computed by published rules, chosen by nobody."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from readingroom.domain.value import Value

CategorySystem = Literal["Lung-RADS", "BI-RADS", "TI-RADS"]

NOT_ASSESSABLE = "not assessable"


class CategoryInput(Value):
    """One input that the rule looked at, as text, with the evidence it came from."""

    name: str
    value: str
    evidence: tuple[str, ...] = ()


class Category(Value):
    """What the rule returned, and all that it rests on."""

    id: str
    """C1, C2 ... within a report."""
    system: CategorySystem
    version: str
    """Of the published rule: "2022"."""
    value: str
    """The category as printed, "4A"; "not assessable" where an input is missing."""
    meaning: str
    """The system's own words for the category, or why it is not assessable."""
    management: str = ""
    """What the system's published table says to do next, in its words; no advice of this report. Empty where it says
    nothing."""
    inputs: tuple[CategoryInput, ...] = ()
    missing: tuple[str, ...] = ()
    """Inputs that the rule needs and nothing gave, by name."""
    rule_sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    """Of the file that holds the rule's tables."""

    @model_validator(mode="after")
    def _missing_means_not_assessable(self) -> Self:
        if self.missing and self.value != NOT_ASSESSABLE:
            raise ValueError(f"category {self.id!r}: {self.missing[0]} is missing, so it is {NOT_ASSESSABLE!r}")
        return self
