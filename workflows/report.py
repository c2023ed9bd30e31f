"""The reading that picks by modality: chest film, measurements, or an honest description of the pixels."""

from __future__ import annotations

from readingroom.agents.limitations import limitation
from readingroom.domain.request import Request
from readingroom.imaging.image import Study
from readingroom.tools.describe import DescribeRequest, describe
from readingroom.tools.models import models
from readingroom.tools.tool import Bench
from readingroom.workflows import chest_xray_report, segment_and_measure
from readingroom.workflows.reading import Gathered, name_of


def why_nothing(bench: Bench, study: Study) -> str:
    """Why the backend outlines nothing unasked in the first image, and what would."""
    ref = study.current[0].ref
    if ref.modality == "unknown":
        return "neither header nor pixels tell the modality (say it with --modality and --anatomy)."
    kind = f"{ref.modality.replace('_', '-')} {ref.anatomy}"
    if ref.modality == "ct" and ref.units != "HU":
        return "a CT picture without Hounsfield units cannot be outlined by the classical baseline."
    named = sorted(
        {row.name for row in models().values() for key in row.segments if key.startswith(f"{ref.modality}/")}
    )
    others = [name for name in named if name != models()["classical"].name]
    return f"the {bench.backend.name} backend outlines nothing unasked in {kind}" + (
        f"; {' and '.join(others)} would." if others else "."
    )


async def report(bench: Bench, study: Study, request: Request) -> Gathered:
    """Named targets if any are named; a chest film's report; else what is served; else a description."""
    if request.targets:
        return await segment_and_measure.segment_and_measure(bench, study, request)
    if study.current and chest_xray_report.serves(study.current[0]):
        return await chest_xray_report.chest_xray_report(bench, study, request)
    gathered = await segment_and_measure.segment_and_measure(bench, study, request)
    if any(item.presence == "present" for part in gathered.evidence for item in part):
        return gathered
    image = study.current[0]
    found = await describe(bench, "describe", DescribeRequest(image=image.ref.id))
    gathered.evidence.append(found.evidence)
    if not bench.backend.targets(image.ref):
        reason = why_nothing(bench, study)
        gathered.limitations.insert(0, limitation("descriptive", image=name_of(image.ref), reason=reason))
    return gathered
