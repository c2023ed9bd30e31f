"""A frontal chest radiograph, with its lateral and a prior where given: outlines, measures, findings, comparison."""

from __future__ import annotations

import asyncio

from readingroom.agents.limitations import limitation
from readingroom.domain.evidence import Evidence
from readingroom.domain.request import Request
from readingroom.errors import BadStudy
from readingroom.imaging.image import Image, Study
from readingroom.tools.compare import CompareRequest, compare
from readingroom.tools.draft_findings import DraftRequest, DraftResult, draft_findings
from readingroom.tools.measure import MeasureRequest, measure
from readingroom.tools.segment import SegmentRequest, segment
from readingroom.tools.tool import Bench
from readingroom.workflows.reading import Gathered, caveats, draft_limits, name_of, outline_limits

TARGETS = ("right lung", "left lung", "heart")
"""What the measures of a chest film need; a backend that lacks one leaves out the measures that need it."""


def serves(image: Image) -> bool:
    """A chest radiograph, lateral views excepted."""
    return image.ref.modality == "x_ray" and image.ref.anatomy == "chest" and image.ref.view != "lateral"


async def _outlined(bench: Bench, gathered: Gathered, image: Image, name: str) -> tuple[Evidence, ...]:
    """Outlines of one film, measured; empty where the backend could not."""
    served = bench.backend.targets(image.ref)
    targets = tuple(target for target in TARGETS if target in served)
    gathered.limitations += [
        limitation("not_outlined", target=target, image=name_of(image.ref), backend=bench.backend.name)
        for target in TARGETS
        if target not in served
    ]
    if not targets:
        return ()
    outlines = await gathered.attempt(
        f"segment-{name}", segment(bench, f"segment-{name}", SegmentRequest(image=image.ref.id, targets=targets))
    )
    if outlines is None:
        return ()
    gathered.limitations += outline_limits(outlines, image.ref)
    request = MeasureRequest(image=image.ref.id, outlines=outlines.outlines)
    measured = await gathered.attempt(f"measure-{name}", measure(bench, f"measure-{name}", request))
    found = () if measured is None else measured.evidence
    gathered.evidence.append((*outlines.evidence, *found))
    return found


async def _drafted(bench: Bench, gathered: Gathered, study: Study, request: Request) -> DraftResult | None:
    images = tuple(image.ref.id for image in (study.current[0], *study.laterals, *study.priors))
    asked = DraftRequest(images=images, indication=request.indication, prior_report=request.prior_report)
    return await gathered.attempt("draft-findings", draft_findings(bench, "draft-findings", asked))


async def chest_xray_report(bench: Bench, study: Study, request: Request) -> Gathered:
    """Current film, prior film and drafting at the same time; then the comparison.

    Raises BadStudy for another kind of study.
    """
    if not study.current or not serves(study.current[0]):
        raise BadStudy(
            "this workflow reads a frontal chest radiograph", do="Use `report`, which picks by modality, or say --view."
        )
    frontal = study.current[0]
    gathered = Gathered()
    sides = [Gathered() for _ in range(2)]
    prior = study.priors[0] if study.priors else None

    async def earlier() -> tuple[Evidence, ...]:
        return () if prior is None else await _outlined(bench, sides[1], prior, "prior")

    now, before, drafted = await asyncio.gather(
        _outlined(bench, sides[0], frontal, "frontal"), earlier(), _drafted(bench, gathered, study, request)
    )
    for side in sides:  # in the order of the plan, whatever finished first
        gathered.evidence += side.evidence
        gathered.limitations += side.limitations
        gathered.degraded += side.degraded
    if drafted is not None:
        gathered.evidence.append(drafted.evidence)
        gathered.limitations += draft_limits(drafted, lateral_given=bool(study.laterals))
    if prior is None:
        gathered.limitations.append(limitation("no_prior"))
    elif now and before:
        asked = CompareRequest(image=frontal.ref.id, prior=prior.ref.id, current_evidence=now, prior_evidence=before)
        compared = await gathered.attempt("compare", compare(bench, "compare", asked))
        gathered.evidence.append(compared.evidence if compared else ())
    gathered.limitations += caveats(image.ref for image in (frontal, *study.priors))
    return gathered
