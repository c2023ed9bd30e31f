"""Evidence: one typed fact that a tool returned, with everything needed to find and repeat it."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from readingroom.domain.measurement import Measurement
from readingroom.domain.region import Region
from readingroom.domain.terms import Certainty, Change, Laterality, Presence, Severity
from readingroom.domain.value import Value


class Origin(Value):
    """Which tool, model and call an evidence came from."""

    tool: str
    tool_version: str
    backend: str
    model: str
    model_version: str
    preprocessing_id: str
    """Names the exact way the pixels were prepared; part of every cache key."""
    step: str
    """The step of the run, whose stored output holds the raw answer."""
    input_sha256: str
    output_sha256: str
    pointer: str = ""
    """RFC 6901 pointer into the step's stored output."""


class Evidence(Value):
    """What a tool (or a trusted or untrusted text) says of one observation."""

    id: str
    """E1, E2 ... within a report."""
    kind: Literal["tool_output", "prior_report", "clinical_note", "header", "human"] = "tool_output"
    trust: Literal["tool", "untrusted_text", "human"] = "tool"
    """Untrusted text can fill indication and comparison; it never supports a positive image finding."""
    observation: str
    """A concept of the lexicon: cardiac_enlargement, cardiothoracic_ratio, lung, lesion ..."""
    presence: Presence
    laterality: Laterality = "unspecified"
    zone: str = ""
    """upper, middle, lower zone or another place word of the lexicon; empty where the tool does not localise."""
    severity: Severity | None = None
    certainty: Certainty | None = None
    """How firm the tool's own words are, where it returned words; a sentence may be no firmer."""
    change: Change | None = None
    prior_image_id: str | None = None
    """The image that `change` compares with."""
    measurements: tuple[Measurement, ...] = ()
    regions: tuple[Region, ...] = ()
    score: float | None = None
    score_kind: Literal["probability", "cosine", "logit", "quality", "none"] = "none"
    calibrated: bool = False
    quality: float | None = Field(default=None, ge=0, le=1)
    quality_reason: str = ""
    summary: str
    """One line for the ledger, written by the tool: "cardiothoracic ratio 0.52 (sd 0.03)"."""
    image_id: str
    quote: str = ""
    """The tool's own words, where it returned words."""
    derived_from: tuple[str, ...] = ()
    """Evidence that this was computed from, by id."""
    origin: Origin

    @model_validator(mode="after")
    def _is_consistent(self) -> Self:
        if any(region.frame != "source_pixels" for region in self.regions):
            raise ValueError(f"evidence {self.id!r}: regions are in source pixels; convert at the edge")
        if self.change and not self.prior_image_id and self.kind != "prior_report":
            raise ValueError(f"evidence {self.id!r}: a change names the prior image it compares with")
        if self.trust == "untrusted_text" and self.kind == "tool_output":
            raise ValueError(f"evidence {self.id!r}: a tool's output is not untrusted text")
        return self
