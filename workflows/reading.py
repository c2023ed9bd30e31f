"""What every workflow hands over: evidence, what was not assessed, and what to say of the limits."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from readingroom.agents.limitations import limitation
from readingroom.agents.sentence_rules import kind_of
from readingroom.domain.evidence import Evidence
from readingroom.domain.finding import Limitation
from readingroom.domain.image import ImageRef
from readingroom.errors import BadInput, ReadingRoomError, RecordError
from readingroom.tools.draft_findings import DraftResult
from readingroom.tools.segment import SegmentResult

Result = TypeVar("Result")


@dataclass
class Gathered:
    """Evidence in the order of the plan, and the limitations that came up on the way."""

    evidence: list[tuple[Evidence, ...]] = field(default_factory=list)
    limitations: list[Limitation] = field(default_factory=list)
    degraded: list[str] = field(default_factory=list)
    """Steps that failed; the report is then partial."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Ids that evidence has already (agents/numbering.py)."""

    async def attempt(self, step: str, call: Awaitable[Result]) -> Result | None:
        """The step's result, or None where the tool failed: the reading goes on and says so.

        What the user must mend (BadInput) and what the record cannot hold (RecordError) still end the reading.
        """
        try:
            return await call
        except (BadInput, RecordError):
            raise
        except ReadingRoomError as error:
            self.degraded.append(step)
            self.limitations.append(limitation("tool_failed", step=step.replace("-", " "), reason=error.line()))
            return None


def name_of(ref: ImageRef) -> str:
    """How a sentence names an image: "the frontal radiograph", "the prior image"."""
    if ref.role == "prior":
        return "the prior image"
    return f"the {ref.name}" if ref.name else "the image"


def outline_limits(result: SegmentResult, ref: ImageRef) -> list[Limitation]:
    """One limitation for each target of low quality, each not found, and each with something to mind."""
    return (
        [
            limitation("low_quality", target=f"the {part.target}", image=name_of(ref), reason=part.reason.rstrip("."))
            for part in result.outlines
            if not part.assessable
        ]
        + [
            limitation("absent", target=f"the {part.target}", image=name_of(ref), reason=part.reason.rstrip("."))
            for part in result.outlines
            if part.assessable and part.absent
        ]
        + [
            limitation("caveat", target=part.target, caveat=part.caveat.rstrip("."))
            for part in result.outlines
            if part.assessable and part.caveat
        ]
    )


def disease_limit(evidence: Iterable[Evidence]) -> Limitation:
    """Nobody looked for disease, or for none but what was asked by name."""
    sought = any(kind_of(item.observation) == "finding" for item in evidence)
    return limitation("not_assessed", concepts=["any other disease" if sought else "disease of any kind"])


def draft_limits(drafted: DraftResult, *, lateral_given: bool) -> list[Limitation]:
    """What the drafting model did not look for, was silent about, said without being understood, and did not see."""
    found = [limitation("not_assessed", concepts=list(drafted.not_assessed))] if drafted.not_assessed else []
    if drafted.unspoken:
        found.append(limitation("unspoken", model=drafted.model, concepts=list(drafted.unspoken)))
    found += [limitation("unread", model=drafted.model, reason=said) for said in drafted.unread]
    if lateral_given and not drafted.lateral_seen:
        found.append(limitation("lateral", model=drafted.model))
    return found


def caveats(refs: Iterable[ImageRef]) -> list[Limitation]:
    """What an image's header leaves open: spacing and side."""
    found: list[Limitation] = []
    for ref in refs:
        name = name_of(ref)
        if "pixels" in (ref.modality_source, ref.anatomy_source):
            guessed = [ref.modality.replace("_", "-")] if ref.modality_source == "pixels" else []
            guessed += [ref.anatomy] if ref.anatomy_source == "pixels" else []
            found.append(limitation("guessed", image=name, kind=" ".join(guessed)))
        if ref.spacing is None:
            found.append(limitation("no_spacing", image=name, note=ref.spacing_note))
        elif ref.spacing.plane == "detector":
            found.append(limitation("detector_spacing", image=name, source=ref.spacing.source))
        if ref.image_left == "unknown" and ref.modality in ("x_ray", "ct", "mr"):
            found.append(limitation("side_unknown", image=name))
        elif ref.image_left_source == "convention":
            found.append(limitation("side_convention", image=name))
    return found
