"""GigaTIME's probabilities of one tile, for summaries of a slide."""

from __future__ import annotations

from readingroom.imaging.image import Image
from readingroom.tools.backends.scorer import Scorer, model_seeing
from readingroom.tools.backends.stains import Stained
from readingroom.tools.contracts.gigatime import CHANNELS, ask_markers, cut, decode_markers
from readingroom.tools.preparation import BurnedIn, prepare


async def stain_tile(scorer: Scorer, image: Image, burned_in: BurnedIn) -> Stained:
    """All 23 channels in one call."""
    cleared = prepare("gigatime", image, policy=burned_in)
    (row,) = await scorer.score(ask_markers((cleared,)), decode_markers)
    return Stained(CHANNELS, tuple(map(cut, CHANNELS)), row.probabilities, model_seeing(scorer, cleared))
