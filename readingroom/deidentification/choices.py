"""What the user may choose: dates, device, and what is done with text in the pixels."""

from __future__ import annotations

from typing import Literal

from readingroom.domain.value import Value

Dates = Literal["remove", "shift"]
BurnedIn = Literal["hold", "mask", "keep"]


class Choices(Value):
    """By default the basic profile and nothing beside it."""

    dates: Dates = "remove"
    """shift: each patient's dates move back by the same number of days, times of day stay."""
    device: bool = False
    """Keep serial numbers and names of the devices."""
    burned_in: BurnedIn = "hold"
    """Files with words in their pixels: held back, painted over, or written as they are."""
