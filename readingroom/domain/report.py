"""The report: what is said, what it stands on, what was checked, and what it does not cover. JSON is the truth."""

from __future__ import annotations

from collections import Counter
from typing import Literal, Self

from pydantic import Field, model_validator

from readingroom.domain.category import Category
from readingroom.domain.check import Struck, Verification
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Finding, Limitation, Statement
from readingroom.domain.image import ImageRef
from readingroom.domain.value import Value

SCHEMA_VERSION: Literal["1.1"] = "1.1"

NOTICE = "Research use only. Not a medical device. This is a machine-written draft; it is not a diagnosis."


class Provenance(Value):
    """How the report came about."""

    run: str
    workflow: str
    template: str
    template_sha256: str
    planner: str
    writer: str
    backends: tuple[str, ...]
    """Name and version of every backend used: "classical baseline 0.1.0"."""
    code_version: str
    started: str
    """ISO 8601, UTC."""
    finished: str
    degraded: tuple[str, ...] = ()


class Report(Value):
    """A draft; it can be preliminary, partial or entered in error, never final."""

    schema_version: Literal["1.1"] = SCHEMA_VERSION
    id: str
    status: Literal["preliminary", "partial", "entered-in-error"] = "preliminary"
    intended_use: Literal["research-only"] = "research-only"
    notice: str = NOTICE
    title: str
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    """Of the sentences, by ISO 639-1."""
    subject: str
    """A pseudonym; never a name, a number from the hospital, or a date of birth."""
    images: tuple[ImageRef, ...] = Field(min_length=1)
    indication: str | None = None
    technique: str | None = None
    comparison: str = "None provided."
    findings: tuple[Finding, ...] = ()
    impression: tuple[Statement, ...] = ()
    categories: tuple[Category, ...] = ()
    limitations: tuple[Limitation, ...] = Field(min_length=1)
    evidence: tuple[Evidence, ...] = ()
    verification: Verification | None = None
    struck: tuple[Struck, ...] = ()
    """What the gate took out, with why; empty where its policy only marks."""
    provenance: Provenance

    @model_validator(mode="after")
    def _stands_on_what_it_has(self) -> Self:
        images = {image.id for image in self.images}
        evidence = {item.id for item in self.evidence}
        findings = {finding.id for finding in self.findings}
        ids = [*(e.id for e in self.evidence), *(f.id for f in self.findings), *(s.id for s in self.impression)]
        ids += [category.id for category in self.categories]
        if doubled := [name for name, times in Counter(ids).items() if times > 1]:
            raise ValueError(f"ids used twice: {doubled}")
        for finding in self.findings:
            if missing := set(finding.evidence) - evidence:
                raise ValueError(f"finding {finding.id!r} cites evidence that is not there: {sorted(missing)}")
            if finding.comparison and finding.comparison.prior_image_id not in images:
                raise ValueError(f"finding {finding.id!r} compares with an image that was not supplied")
        for statement in self.impression:
            if missing := set(statement.derived_from) - findings:
                raise ValueError(f"statement {statement.id!r} rests on findings that are not there: {sorted(missing)}")
        for category in self.categories:
            if missing := {name for given in category.inputs for name in given.evidence} - evidence:
                raise ValueError(f"category {category.id!r} rests on evidence that is not there: {sorted(missing)}")
        for item in self.evidence:
            if item.image_id not in images or any(region.image_id not in images for region in item.regions):
                raise ValueError(f"evidence {item.id!r} speaks of an image that was not supplied")
        return self

    @property
    def clean(self) -> bool:
        """Verified, and nothing in it is contradicted, unsupported or omitted."""
        return self.verification is not None and self.verification.clean
