"""A whole slide through Prov-GigaPath to one vector, and through GigaTIME to a table of markers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.imaging.image import Image
from readingroom.imaging.slide import Slide
from readingroom.imaging.slide_tiles import Place, Terms, tile, tissue_places
from readingroom.index.entry import Entry, Metadata, Space
from readingroom.index.pooling import Pooling, pooled
from readingroom.learning.rates import ENDS, draws
from readingroom.tools.backends.protocol import Backend, Embedded, Model
from readingroom.tools.backends.stains import stain

AT_ONCE = 8
"""Tiles in flight: 200 kB each."""
MARKER_TERMS = Terms(side=512)
CAUTION = "Predicted from haematoxylin and eosin: no stain was made. Uncalibrated; for research only."

Tell = Callable[[int, int], None]
"""Called with the tiles that are done and all tiles."""
Answer = TypeVar("Answer")


class SlideVector(Value):
    """What stands for a slide, beside its vector."""

    space: Space
    """Model, version and the preparation of tiles and pixels: slides cut otherwise are not comparable."""
    tiles: int
    mpp: float
    """Micrometres a pixel of the tiles."""
    slide_mpp: float
    mpp_source: str
    pooling: Pooling


class Marker(Value):
    """One channel over all tiles of a slide."""

    name: str
    mean: float
    """Mean probability over pixels, 0 to 1."""
    mean_low: float
    mean_high: float
    area: float
    """Share of the pixels above the published cut, 0 to 1."""
    area_low: float
    area_high: float
    """95 %, tiles drawn anew: of this slide's tiles, not of patients."""
    area_mm2: float
    """The same of the tiles looked at."""
    cut: float


class Markers(Value):
    """What GigaTIME's virtual stains say of a slide."""

    markers: tuple[Marker, ...]
    tiles: int
    seen_mm2: float
    """Area of the tiles looked at."""
    mpp: float
    model: Model
    caution: str = CAUTION


async def slide_vector(
    slide: Slide, backend: Backend, terms: Terms | None = None, *, model: str = "gigapath", how: Pooling = "mean",
    tell: Tell | None = None,
) -> tuple[NDArray[np.float32], SlideVector]:  # fmt: skip
    """Every tile with tissue embedded and pooled (index/pooling.py), of length 1.

    Raises BadRequest for a slide without tissue, what reading it raises, and the first error of the model.
    """
    cut = terms or Terms()
    found = tissue_places(slide, cut)
    rows: list[Embedded] = [
        one async for _, one in _each(slide, found, cut, lambda seen: backend.embed(seen, model), tell)
    ]
    if len({one.model for one in rows}) > 1:
        raise BadRequest("tiles of one slide were embedded by different models", do="Name one backend.")
    seen = rows[0].model
    told = f"{seen.preprocessing_id}+{cut.title}+{how}"
    space = Space(model=seen.name, version=seen.version, preprocessing_id=told, dimensions=rows[0].vector.size)
    about = SlideVector(space=space, tiles=len(rows), mpp=cut.mpp, slide_mpp=slide.mpp, mpp_source=slide.mpp_source,
                        pooling=how)  # fmt: skip
    return pooled(np.stack([one.vector for one in rows]), how), about


def slide_entry(slide: Slide, about: SlideVector, metadata: Metadata | None = None) -> Entry:
    """A row of an index; `metadata` says whose slide it is (subject, study), which a TIFF does not."""
    digest = slide.digest()
    told: Metadata = {"sha256": digest, "level": "slide", "pooled": True, "modality": "pathology",
                      "pooling": f"{about.pooling} of {about.tiles} tiles", "mpp": about.mpp}  # fmt: skip
    return Entry(id=digest, metadata={**told, **(metadata or {})})


async def slide_markers(
    slide: Slide, backend: Backend, terms: Terms = MARKER_TERMS, *, seed: int = 0, tell: Tell | None = None
) -> Markers:
    """Mean activation and share of area of each channel, over the tiles with tissue. Raises as `slide_vector` does."""
    found = tissue_places(slide, terms)
    means, areas = [], []
    last = None
    async for _, one in _each(slide, found, terms, lambda seen: stain(backend, seen), tell):
        means.append(one.probabilities.mean(axis=(1, 2), dtype=np.float64))
        areas.append((one.probabilities > np.array(one.cuts)[:, None, None]).mean(axis=(1, 2)))
        last = one
    assert last is not None  # tissue_places found one or more
    drawn = draws(len(found), seed) / len(found)
    seen = len(found) * (terms.side * terms.mpp / 1000) ** 2
    markers = []
    for at, name in enumerate(last.markers):
        mean, area = np.array([row[at] for row in means]), np.array([row[at] for row in areas])
        (mean_low, mean_high), (area_low, area_high) = (
            np.percentile(drawn @ one, ENDS).tolist() for one in (mean, area)
        )
        markers.append(Marker(
            name=name, mean=float(mean.mean()), mean_low=mean_low, mean_high=mean_high, area=float(area.mean()),
            area_low=area_low, area_high=area_high, area_mm2=float(area.mean()) * seen, cut=last.cuts[at],
        ))  # fmt: skip
    return Markers(markers=tuple(markers), tiles=len(found), seen_mm2=seen, mpp=terms.mpp, model=last.model)


async def _each(
    slide: Slide, found: tuple[Place, ...], terms: Terms, ask: Callable[[Image], Awaitable[Answer]], tell: Tell | None
) -> AsyncIterator[tuple[Place, Answer]]:
    """Tiles read in turn and asked for `AT_ONCE` at a time, in order; no more of them are in memory."""
    done = 0
    for start in range(0, len(found), AT_ONCE):
        part = found[start : start + AT_ONCE]
        images = [await asyncio.to_thread(tile, slide, place, terms) for place in part]
        for place, one in zip(part, await asyncio.gather(*map(ask, images)), strict=True):
            yield place, one
        done += len(part)
        if tell:
            tell(done, len(found))
