"""A text's own claims as evidence: of a prior report, of a reader, or of a reference report in a benchmark."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.measurement import PHYSICAL, Measurement, Unit
from readingroom.domain.terms import Certainty
from readingroom.language.claim import Claim
from readingroom.language.claims import read_claims
from readingroom.language.quantities import Quantity
from readingroom.language.sentences import Sentence

Kind = Literal["prior_report", "clinical_note", "human"]

SCORE: dict[Certainty, float] = {"most_likely": 0.95, "likely": 0.8}
"""Middle of the two upper steps of the Brigham and Women's scale."""


class Source(NamedTuple):
    """Where a text comes from, and the images it speaks of."""

    kind: Kind
    image_id: str
    prior_image_id: str


def evidence_of(
    sentences: Sequence[Sentence], *, image_id: str, prior_image_id: str = "", kind: Kind = "human"
) -> tuple[Evidence, ...]:
    """One evidence a claim of findings and impression, E1, E2 ... in order.

    A human's own reading is trusted; a prior report or a note is untrusted text. A change is kept where
    `prior_image_id` names what it compares with.
    """
    source = Source(kind, image_id, prior_image_id)
    claims = [(claim, sentence.text) for sentence, told in read_claims(sentences) for claim in told]
    return tuple(_evidence(claim, f"E{number}", text, source) for number, (claim, text) in enumerate(claims, 1))


def _evidence(claim: Claim, name: str, text: str, source: Source) -> Evidence:
    digest = hashlib.sha256(text.encode()).hexdigest()
    score = SCORE.get(claim.certainty)
    return Evidence(
        id=name,
        kind=source.kind,
        trust="human" if source.kind == "human" else "untrusted_text",
        observation=claim.observation,
        presence=claim.presence,
        laterality=claim.laterality,
        zone=claim.zone,
        severity=claim.severity,
        change=claim.change if source.prior_image_id or source.kind == "prior_report" else None,
        prior_image_id=source.prior_image_id or None,
        measurements=tuple(_measurement(number) for number in claim.quantities if number.role != "limit"),
        score=score,
        score_kind="none" if score is None else "probability",
        calibrated=score is not None,
        summary=text if source.kind == "human" else _summary(claim),
        image_id=source.image_id,
        quote=text[claim.span[0] : claim.span[1]] if source.kind == "human" else "",
        origin=Origin(tool="text", tool_version="1", backend="rules", model="claims", model_version="1",
                      preprocessing_id="none", step="text", input_sha256=digest, output_sha256=digest),
    )  # fmt: skip


def _summary(claim: Claim) -> str:
    """The claim in its own terms: what an untrusted text says beside it (a name, a date) is not passed on."""
    side = "" if claim.laterality in ("unspecified", "not_applicable") else f"{claim.laterality} "
    return f"{side}{claim.observation.replace('_', ' ')}: {claim.presence.replace('_', ' ')}"


def _measurement(number: Quantity) -> Measurement:
    unit: Unit = number.unit or ("count" if number.name == "count" else "1")  # type: ignore[assignment]
    name = number.name or "size"
    return Measurement(
        name=f"prior_{name}" if number.role == "prior" else name,
        value=number.value * (1000 if number.unit == "L" else 1),
        unit="mL" if number.unit == "L" else unit,
        decimals=min(number.decimals, 4),
        sd=number.sd,
        method="read from text",
        qualifier="estimated" if number.role in ("bound", "floor") else "approximate",
        spacing_source="text" if unit in PHYSICAL else "none",
    )
