"""A finding: one sentence of a report with its typed meaning and the evidence it stands on."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from readingroom.domain.measurement import Measurement
from readingroom.domain.terms import Certainty, Change, Laterality, Presence, Severity, Significance
from readingroom.domain.value import Value


class Comparison(Value):
    """How a finding differs from a prior image that was supplied."""

    prior_image_id: str
    change: Change


class Finding(Value):
    """Cannot be built without evidence."""

    id: str
    """F1, F2 ... within a report."""
    text: str = Field(min_length=1)
    observation: str
    presence: Presence
    certainty: Certainty = "definite"
    laterality: Laterality = "unspecified"
    zone: str = ""
    body_site: str = ""
    severity: Severity | None = None
    measurements: tuple[Measurement, ...] = ()
    comparison: Comparison | None = None
    evidence: tuple[str, ...] = Field(min_length=1)
    significance: Significance = "non_actionable"
    author: Literal["template", "model", "human"] = "template"

    @model_validator(mode="after")
    def _absent_has_no_size(self) -> Self:
        if self.presence == "not_assessed":
            raise ValueError(f"finding {self.id!r}: what was not assessed belongs under limitations")
        if self.presence == "absent" and self.severity:
            raise ValueError(f"finding {self.id!r}: what is absent has no severity")
        return self


class Statement(Value):
    """One sentence of the impression, inferred from findings (DICOM SR's "inferred from")."""

    id: str
    """I1, I2 ... within a report."""
    text: str = Field(min_length=1)
    derived_from: tuple[str, ...] = Field(min_length=1)
    """Findings, by id."""
    certainty: Certainty = "definite"


class Limitation(Value):
    """What was not looked at, not served, not calibrated, or not known; written by the machine."""

    code: Literal[
        "not_assessed", "not_served", "not_calibrated", "no_prior", "no_spacing", "low_quality", "research_only",
        "baseline", "view", "side_unknown", "series", "tool_failed", "partial",
    ]  # fmt: skip
    text: str = Field(min_length=1)
