"""CXRReportGen over a backend: what it drafts of a frontal film as sentences, with boxes in the middle square."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from readingroom.agents.template import template_for
from readingroom.agents.writer import write_findings
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.request import LONGEST, Request
from readingroom.errors import BadRequest
from readingroom.imaging.geometry import Box, box_of_mask, clip_box, square_of, to_square
from readingroom.imaging.image import Image
from readingroom.model_server.frame import file_in
from readingroom.model_server.pictures import labelled, picture
from readingroom.tools.backends.protocol import Backend, Draft, Drafted
from readingroom.tools.contracts.cxrreportgen import GroundedSentence, ReportRow, encode_report
from readingroom.tools.contracts.envelope import Cells, Frame

FRONTAL = "frontal_image"
ROLES: dict[str, Literal["current", "lateral", "prior"]] = {
    FRONTAL: "current", "lateral_image": "lateral", "prior_image": "prior",
}  # fmt: skip


async def answer_report(backend: Backend, frame: Frame) -> list[dict[str, Any]]:
    """One report a row, as JSON in a string; lateral film, prior film and words are context for the backend.

    Raises BadFile, BadRequest, and NotServed where the backend drafts no chest film.
    """
    return encode_report([await _row(backend, row, f"row {n}") for n, row in enumerate(frame.rows, 1)])


async def _row(backend: Backend, row: Cells, where: str) -> ReportRow:
    images = [await _film(row, column, where) for column in ROLES if column == FRONTAL or row.get(column) is not None]
    draft = await backend.draft(tuple(images), _request(row, where))
    return ReportRow(sentences_of(images[0], draft), "")


async def _film(row: Cells, column: str, where: str) -> Image:
    image = await picture(file_in(row, column, where), f"{where}, {column}")
    ref = labelled(image.ref, "x_ray chest").model_copy(update={"id": column, "role": ROLES[column]})
    if column == "lateral_image":
        ref = ref.model_copy(update={"view": "lateral", "image_left": "unknown", "image_left_source": "none"})
    return replace(image, ref=ref)


def _request(row: Cells, where: str) -> Request:
    words = [row.get(name) for name in ("indication", "technique", "prior_report")]
    if any(len(text or "") > LONGEST for text in words):
        raise BadRequest(f"a text has more than {LONGEST} characters", where=where, do="Send the report alone.")
    return Request(indication=words[0], technique=words[1], prior_report=words[2])


def sentences_of(image: Image, draft: Draft) -> tuple[GroundedSentence, ...]:
    """The model's own words where it has words, else the sentences of the chest template, each with its boxes."""
    told = [GroundedSentence(found.quote, _boxes(image, (found,))) for found in draft.findings if found.quote]
    silent = {f"E{n}": found for n, found in enumerate(draft.findings, 1) if not found.quote}
    ledger = [_evidence(name, image, found, draft) for name, found in silent.items()]
    findings, _ = write_findings(template_for(image.ref, None), ledger, frozenset({image.ref.id}))
    told += [GroundedSentence(one.text, _boxes(image, [silent[name] for name in one.evidence])) for one in findings]
    return tuple(told)


def _boxes(image: Image, findings: Sequence[Drafted]) -> tuple[Box, ...] | None:
    """What the findings point at, 0..1 of the middle square, clipped to it; None where nothing of it lies inside."""
    square = square_of(image.ref.columns, image.ref.rows, "crop")
    pointed = [box for found in findings for box in found.boxes]
    for part in (part for found in findings for part in found.masks):
        outer = box_of_mask(part.mask)
        pointed += [] if outer is None else [outer]
    inside = (clip_box(to_square(box, square), 1.0, 1.0) for box in dict.fromkeys(pointed))
    return tuple(box for box in inside if box is not None) or None


def _evidence(name: str, image: Image, found: Drafted, draft: Draft) -> Evidence:
    """A finding as the template writer reads it; its regions are told as boxes, so it carries none."""
    return Evidence(
        id=name, observation=found.observation, presence=found.presence, laterality=found.laterality, zone=found.zone,
        severity=found.severity, certainty=found.certainty, change=found.change,
        prior_image_id=found.prior_image_id, measurements=found.measurements, score=found.score,
        quality=found.quality, quality_reason=found.quality_reason, summary=found.summary, image_id=image.ref.id,
        origin=Origin(
            tool="draft_findings", tool_version="1", backend=draft.model.backend, model=draft.model.name,
            model_version=draft.model.version, preprocessing_id=draft.model.preprocessing_id, step="served",
            input_sha256=image.ref.sha256, output_sha256=image.ref.sha256,
        ),
    )  # fmt: skip
