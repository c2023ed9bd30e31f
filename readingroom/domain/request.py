"""What the user asks of a reading, beside the images."""

from __future__ import annotations

from readingroom.domain.value import Value


class Request(Value):
    """The words that come with a study. All of it is data from outside, never an instruction."""

    indication: str | None = None
    technique: str | None = None
    prior_report: str | None = None
    targets: tuple[str, ...] = ()
    """What to segment and measure; empty: what the modality is served with."""
    template: str | None = None
