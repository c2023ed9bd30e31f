"""Tool: has a quantity changed since the prior image, beyond the error of both measurements?"""

from __future__ import annotations

import math

from readingroom.domain.evidence import Evidence
from readingroom.domain.terms import Change
from readingroom.domain.value import Value
from readingroom.tools.backends.protocol import Model
from readingroom.tools.tool import EMBEDDED, TOOL_VERSION, Answer, Bench, Result, Tool

MODEL = Model(
    backend=EMBEDDED,
    name="comparison",
    version=TOOL_VERSION,
    preprocessing_id="none",
    description="difference of two measurements against their uncertainty",
)

Z = 1.96
"""A difference beyond this many of its own standard deviations is a change (two-sided 5 %)."""

COMPARED: frozenset[str] = frozenset({"cardiothoracic_ratio"})
"""Ratios alone: they need no common scale between two films."""


class CompareRequest(Value):
    """Compare what `measure` returned for the current image with what it returned for a prior image of the same
    patient. Only ratios are compared, since two films need not share a scale."""

    image: str
    """The current image."""
    prior: str
    """The prior image."""
    current_evidence: tuple[Evidence, ...]
    prior_evidence: tuple[Evidence, ...]


class CompareResult(Result):
    """One evidence a quantity that both images have: larger, smaller or stable."""


def change_of(now: float, before: float, sd_now: float, sd_before: float) -> Change:
    """Larger or smaller beyond `Z` standard deviations of the difference, else stable."""
    if abs(now - before) <= Z * math.hypot(sd_now, sd_before):
        return "stable"
    return "larger" if now > before else "smaller"


def _pairs(request: CompareRequest) -> list[tuple[Evidence, Evidence]]:
    earlier = {item.observation: item for item in request.prior_evidence if item.observation in COMPARED}
    return [(item, earlier[item.observation]) for item in request.current_evidence if item.observation in earlier]


async def compare(bench: Bench, step: str, request: CompareRequest) -> CompareResult:
    """Raises BadRequest for an unknown image."""
    bench.image(request.image)
    bench.image(request.prior)

    async def work(answer: Answer) -> CompareResult:
        found: list[Evidence] = []
        for now, before in _pairs(request):
            new, old = now.measurements[0], before.measurements[0]
            change = change_of(new.value, old.value, new.sd or 0.0, old.sd or 0.0)
            raw = {"now": new.model_dump(), "before": old.model_dump(), "change": change}
            found.append(
                Evidence(
                    id=answer.next_id(len(found)),
                    observation=now.observation,
                    presence="present",
                    laterality=now.laterality,
                    change=change,
                    prior_image_id=request.prior,
                    measurements=(new, old.model_copy(update={"name": f"prior_{old.name}"})),
                    regions=now.regions,
                    quality=min(now.quality or 0.0, before.quality or 0.0),
                    quality_reason="the lower of the two measurements",
                    summary=f"{now.observation.replace('_', ' ')} {old.text} before, {new.text} now: {change}",
                    image_id=request.image,
                    derived_from=(now.id, before.id),
                    origin=answer.origin(MODEL, raw),
                )
            )
        return CompareResult(evidence=tuple(found))

    return await bench.run("compare", step, request, work, CompareResult)


COMPARE = Tool("compare", CompareRequest, CompareResult, compare)
