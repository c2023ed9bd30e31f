"""Tiles of a slide where there is tissue: at a stated size of pixel, one at a time, with their place on the slide."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from readingroom.domain.image import ImageRef
from readingroom.errors import BadRequest
from readingroom.imaging.image import Image
from readingroom.imaging.slide import Colours, Slide

SIDE = 256
"""Pixels of a tile, as Prov-GigaPath takes them."""
MPP = 0.5
"""Micrometres a pixel that Prov-GigaPath was trained at (20x)."""
LEAST_SATURATION = 15
"""Of 255: below it Otsu parts the glass from itself on a slide without tissue."""
MOST_SATURATION = 30
"""Of 255: above it Otsu may part dark nuclei from pale stroma, where a slide is small or much of it is stained; CLAM's
own presets hold fixed thresholds of 8 to 20."""
BLUR = 7
"""Side of the median in pixels of the overview: dust and grain go, tissue stays (as CLAM does, Lu 2021)."""
FINER = 0.98
"""Share of the slide's own pixel size from which a tile counts as made of pixels that are there."""


class Terms(NamedTuple):
    """How a slide is cut."""

    mpp: float = MPP
    side: int = SIDE
    tissue: float = 0.5
    """Share of a tile that has to be tissue."""
    most: int | None = None
    """Tiles at most, at equal steps through all of them."""

    @property
    def title(self) -> str:
        """For preprocessing ids: vectors of slides cut otherwise are not compared."""
        most = f"-most{self.most}" if self.most else ""
        return f"tiles{self.side}at{self.mpp:g}um-tissue{self.tissue:g}{most}"


class Place(NamedTuple):
    """A tile on the slide, in pixels of its largest level."""

    column: int
    row: int
    side: float
    tissue: float
    """Share of it that is tissue."""


def tissue_mask(overview: Colours) -> NDArray[np.bool_]:
    """Where there is stain: saturation (HSV), smoothed, above Otsu's threshold (1979), which is kept between
    `LEAST_SATURATION` and `MOST_SATURATION`.

    Ink of pens and coloured edges count as tissue; grey folds and black borders do not.
    """
    saturation = cv2.medianBlur(cv2.cvtColor(overview, cv2.COLOR_RGB2HSV)[..., 1], BLUR)
    dark = overview.max(axis=2) < LEAST_SATURATION
    cut, _ = cv2.threshold(saturation, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return np.asarray((saturation > np.clip(cut, LEAST_SATURATION, MOST_SATURATION)) & ~dark, np.bool_)


def places(slide: Slide, terms: Terms | None = None) -> tuple[Place, ...]:
    """Whole tiles of a grid without overlap that hold enough tissue, row by row; what the edges cut is left out.

    Raises BadRequest for pixels finer than the slide has.
    """
    how = terms or Terms()
    if how.side < 16 or not 0 <= how.tissue <= 1 or (how.most is not None and how.most < 1):
        raise BadRequest(f"a slide is not cut into {how.title}", do="Mend --side, --tissue or --most.")
    if how.mpp < slide.mpp * FINER:
        raise BadRequest(f"the slide has {slide.mpp:.3g} micrometres a pixel, and {how.mpp:g} are asked for",
                         where=slide.where, do="Take tiles no finer than the slide.")  # fmt: skip
    mask = tissue_mask(slide.overview())
    step = how.side * how.mpp / slide.mpp
    first = slide.levels[0]
    whole = np.asarray(cv2.integral(mask.astype(np.uint8)), np.int32)
    scale = (mask.shape[1] / first.columns, mask.shape[0] / first.rows)
    found = []
    for down in range(int(first.rows / step + 1e-6)):
        for right in range(int(first.columns / step + 1e-6)):
            share = _share(whole, (right * step, down * step, step), scale)
            if share >= how.tissue:
                found.append(Place(round(right * step), round(down * step), step, share))
    if how.most is not None and len(found) > how.most:
        found = [found[at] for at in np.linspace(0, len(found) - 1, how.most).round().astype(int)]
    return tuple(found)


def tissue_places(slide: Slide, terms: Terms | None = None) -> tuple[Place, ...]:
    """As `places`. Raises BadRequest where there are none, too."""
    found = places(slide, terms)
    if not found:
        raise BadRequest("no tile of the slide holds enough tissue", where=slide.where,
                         do="Look at its overview, or ask for a smaller share of tissue.")  # fmt: skip
    return found


def level_of(slide: Slide, terms: Terms) -> int:
    """The level of the slide that tiles are read from."""
    return slide.level_of(terms.mpp / slide.mpp)


def tile(slide: Slide, place: Place, terms: Terms | None = None) -> Image:
    """The pixels of one place, averaged down from the nearest finer level."""
    how = terms or Terms()
    level = level_of(slide, how)
    downsample = slide.levels[level].downsample
    side = max(1, round(place.side / downsample))
    taken = slide.read(level, round(place.column / downsample), round(place.row / downsample), (side, side))
    pixels = taken if side == how.side else cv2.resize(taken, (how.side, how.side), interpolation=cv2.INTER_AREA)
    name = f"tile at column {place.column}, row {place.row}"
    seen = np.ascontiguousarray(pixels, np.uint8)
    digest = hashlib.sha256(seen.tobytes()).hexdigest()
    ref = ImageRef(id="img-1", sha256=digest, kind="image", rows=how.side, columns=how.side, colour=True,
                   units="colour", modality="pathology", modality_source="stated", name=name)  # fmt: skip
    return Image(ref, seen)


def tiles(slide: Slide, found: tuple[Place, ...], terms: Terms | None = None) -> Iterator[tuple[Place, Image]]:
    """Each in turn: one tile and the slide's cache are all that is in memory."""
    for place in found:
        yield place, tile(slide, place, terms)


def _share(whole: NDArray[np.int32], box: tuple[float, float, float], scale: tuple[float, float]) -> float:
    """Of the mask within (column, row, side) of the largest level; `whole` is the mask's integral."""
    left, top = int(box[0] * scale[0]), int(box[1] * scale[1])
    right = min(max(left + 1, round((box[0] + box[2]) * scale[0])), whole.shape[1] - 1)
    under = min(max(top + 1, round((box[1] + box[2]) * scale[1])), whole.shape[0] - 1)
    area = (right - left) * (under - top)
    inside = int(whole[under, right] - whole[top, right] - whole[under, left] + whole[top, left])
    return inside / area if area > 0 else 0.0
