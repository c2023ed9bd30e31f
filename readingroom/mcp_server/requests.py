"""What each tool takes: the docstrings are what a host is told of it, and no study, file or setting changes a word."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from readingroom.domain.value import Value

StudyId = Annotated[str, Field(pattern=r"^study-[0-9a-f]{10}$")]
"""As list_studies tells it; never a path or a URL."""
RunId = Annotated[str, Field(pattern=r"^r-[0-9a-f-]{4,40}$")]
Words = Annotated[str, Field(max_length=20_000)]
Names = Annotated[tuple[Annotated[str, Field(max_length=100)], ...], Field(max_length=50)]


class ListStudies(Value):
    """List the studies of the workspace by the ids that other tools take. No pixel is read."""


class OpenStudy(Value):
    """Read one study and tell its images: kind, modality, body part, view, size, sides and spacing, and what reading
    had to assume."""

    study: StudyId


class Segment(Value):
    """Outline targets such as "heart" or "liver" in a study. Every outline is evidence with an id, an image region and
    measurements; what is not served or not visible is told by name."""

    study: StudyId
    targets: Names = ()
    """What to outline; empty: what this kind of image is served with."""


class Measure(Value):
    """Outline and measure targets: areas, diameters, volumes, intensities, ratios, each with unit, method and
    uncertainty. Without a known pixel spacing no length is told in millimetres."""

    study: StudyId
    targets: Names = ()
    """What to measure; empty: what this kind of image is served with."""


class Draft(Value):
    """Draft a structured report of a study for research. Every sentence is held against evidence that tools returned
    and carries a verdict. The draft is preliminary and never final; it is not a diagnosis."""

    study: StudyId
    prior: StudyId | None = None
    """An earlier study of the same patient, to compare with."""
    lateral: StudyId | None = None
    """The lateral view of the same examination."""
    indication: Words | None = None
    targets: Names = ()
    template: str | None = Field(default=None, max_length=100)
    """A report template by its id; none: the one that fits the kind of image."""
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")


class Ask(Value):
    """Answer one question about a study from what the tools find; each sentence names its evidence and is checked."""

    study: StudyId
    question: Words
    prior: StudyId | None = None


class Classify(Value):
    """Which of the labels fits the first image of a study. Scores are told as uncalibrated unless a calibrated head
    gave them; what the configured models cannot judge is refused by name."""

    study: StudyId
    labels: Names = ()
    label_set: str = Field(default="", max_length=60)
    """The name of a set of labels instead: chest_xray, brain_tumor ..."""


class Search(Value):
    """Find the pictures of the index that look most like a study, or like a text. Likeness of pictures is no finding,
    and a neighbour's diagnosis is not this patient's."""

    study: StudyId | None = None
    text: Words | None = None
    """Instead of a study, where the configured model embeds text."""
    k: int = Field(default=5, ge=1, le=50)


class Verify(Value):
    """Hold any text, sentence by sentence, against the evidence of a run: supported, contradicted, unsupported or not
    checkable, each with the rule, the reason and the evidence."""

    run: RunId
    text: Words


class Explain(Value):
    """Tell what a sentence or an evidence of a finished report stands on, from its record alone."""

    run: RunId
    question: Words
    """Such as "why F2?" or "what is E3?"."""
