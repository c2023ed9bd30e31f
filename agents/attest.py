"""A text's own claims as evidence: of a prior report, of a reader, or of a reference report in a benchmark."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

from readingroom.domain.evidence import Evidence, Origin
from readingroom.language.claim import Claim
from readingroom.language.claims import read_claims
from readingroom.language.measured import measurement_of
from readingroom.language.sentences import Sentence

Kind = Literal["prior_report", "clinical_note", "human"]


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
        measurements=tuple(measurement_of(number) for number in claim.quantities if number.role != "limit"),
        certainty=claim.certainty,
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
