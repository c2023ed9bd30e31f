"""What the gate found before any tool ran: can this image be read, as what, and how well."""

from __future__ import annotations

from typing import Literal

from readingroom.domain.value import Value


class GateCheck(Value):
    """One question the gate asked of one image."""

    name: Literal["modality", "anatomy", "view", "side", "spacing", "size", "constant", "clipped", "colour", "contrast"]
    outcome: Literal["pass", "warn", "refuse"]
    reason: str


class Gate(Value):
    """All answers for one image."""

    image_id: str
    checks: tuple[GateCheck, ...]

    @property
    def refusals(self) -> tuple[GateCheck, ...]:
        return tuple(check for check in self.checks if check.outcome == "refuse")

    @property
    def warnings(self) -> tuple[GateCheck, ...]:
        return tuple(check for check in self.checks if check.outcome == "warn")
