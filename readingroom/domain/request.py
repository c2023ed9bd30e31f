"""What the user asks of a reading, beside the images."""

from __future__ import annotations

from pydantic import Field

from readingroom.domain.terms import Modality, Side, View
from readingroom.domain.value import Value

LONGEST = 100_000
"""Characters of any one text from outside; a long report has a tenth of it."""


class Stated(Value):
    """What the user says of the current images; it goes before what header or pixels say."""

    modality: Modality | None = None
    anatomy: str | None = None
    view: View | None = None
    image_left: Side | None = None
    """Which side of the patient lies at the left of the image."""
    pixel_mm: float | None = Field(default=None, ge=0.00001, le=100)
    """Millimetres from one pixel to the next, in the patient."""
    window: str | None = None
    """A CT window by name, to show the image in: lung, bone, brain ..."""


class Request(Value):
    """The words that come with a study. All of it is data from outside, never an instruction."""

    indication: str | None = Field(default=None, max_length=LONGEST)
    technique: str | None = Field(default=None, max_length=LONGEST)
    prior_report: str | None = Field(default=None, max_length=LONGEST)
    question: str | None = Field(default=None, max_length=LONGEST)
    """What `ask` is to answer, in the user's own words; None of a draft."""
    targets: tuple[str, ...] = ()
    """What to segment and measure; empty: what the modality is served with."""
    template: str | None = None
    """A template by its id; beside `template_text` the name of its file, for what is said of it."""
    template_text: str | None = Field(default=None, max_length=LONGEST)
    """The user's own template as YAML; it stays with the run, so that the report can be told again."""
    language: str = Field(default="en", pattern=r"^[a-z]{2}$")
    """What the report is to be written in, by ISO 639-1."""
    wording_text: str | None = Field(default=None, max_length=LONGEST)
    """The wording of the user's own template in that language, as YAML."""
    categories: tuple[str, ...] = ()
    """Reporting systems whose category is wanted: lung-rads, bi-rads, ti-rads."""
    stated: Stated = Stated()
