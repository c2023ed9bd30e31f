"""What an index holds that is like an image, a volume, a slice or a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np

from readingroom.domain.value import Value
from readingroom.errors import BadRequest, NotServed
from readingroom.imaging.image import Image
from readingroom.imaging.slices import slice_of
from readingroom.index.entry import EVERYTHING, Entry, Filter, Hit, Metadata, Scalar, Space
from readingroom.index.pooling import Pooling
from readingroom.index.protocol import VectorIndex, Vectors
from readingroom.tools.backends.classical.descriptor import DESCRIPTOR_ID
from readingroom.tools.backends.classical.text_vector import unseen_words
from readingroom.tools.backends.protocol import Backend
from readingroom.tools.backends.several import embed_each
from readingroom.tools.image_vector import image_vector, space_of, told_pooling

OWN = ("sha256", "subject", "study", "dataset")
"""Of what is the query's own that a search may leave out."""

Rows = Literal["studies", "slices", "all"]


class Wanted(Value):
    """What a search may find."""

    k: int = 5
    where: Filter = EVERYTHING
    exclude_own: tuple[str, ...] = ("sha256",)
    """Fields whose value, where the query has it, no neighbour may have: sha256, subject, study, dataset, or any."""
    rows: Rows = "studies"
    """Pictures and pooled volumes; single slices; or both."""


class Found(Value):
    """Neighbours, best first, and where they come from."""

    query: str
    """What was looked for: "CT series 2, 133 slices", "slice 12 of ...", or the text."""
    space: Space
    held: int
    """Rows of the index."""
    neighbours: tuple[Hit, ...]
    filtered: Filter
    """As it was asked of the index, with what was left out of the query's own."""

    @property
    def provenance(self) -> str:
        """What was compared, in words."""
        return f"{self.space.title}; nearest of {self.held} rows by cosine, uncalibrated"


async def search_image(
    index: VectorIndex, backend: Backend, image: Image, wanted: Wanted, own: Metadata | None = None,
    *, plane: int | None = None,
) -> Found:  # fmt: skip
    """What is nearest to an image; a volume is pooled as the index's volumes are. `plane`: one slice of it alone.

    `own`: more of the query's metadata than the index itself has, for `exclude_own`. Raises BadRequest where the index
    is of another space, or where a field to be excluded is not known of the query.
    """
    seen = image if plane is None else slice_of(image, plane)
    how = pooling_of(index) if seen.ref.kind != "image" else "median"
    found = await image_vector(seen, partial(embed_each, backend), how)
    told = space_of(found.model, found.vector.size)
    if told != index.space:
        raise _other(index.space, told)
    mine = {**described(index, image.ref.sha256), **(own or {}), "sha256": image.ref.sha256}
    where = _narrowed(wanted, mine)
    name = image.ref.name or "the image"
    query = name if plane is None else f"slice {plane + 1} of {name}"
    return _found(index, found.vector, wanted.k, where, query=query)


async def search_slices(index: VectorIndex, backend: Backend, image: Image, volume: str, k: int = 5) -> Found:
    """The slices of one volume of the index, by its sha256 or the beginning of it, that are nearest to an image.

    Raises BadRequest where the index has no slices of it.
    """
    slices = Filter(equals={"level": ("slice",)})
    held = {str(entry.metadata["sha256"]) for entry in index.entries(slices)}
    fits = [digest for digest in held if digest.startswith(volume)]
    if len(fits) != 1:
        what = "several volumes have" if fits else "no volume has slices in the index and"
        raise BadRequest(f"{what} the digest {volume[:16]!r}", do="Add it with --slices, and name it as `show` does.")
    where = Filter(equals={"level": ("slice",), "sha256": (fits[0],)})
    return await search_image(index, backend, image, Wanted(k=k, where=where, exclude_own=(), rows="all"))


async def search_text(index: VectorIndex, backend: Backend, text: str, wanted: Wanted) -> Found:
    """What is nearest to words. Raises NotServed, naming them, where the model cannot look for them; BadRequest where
    the index is of another model."""
    if not text.strip():
        raise BadRequest("the text is empty", do='Say what to look for: "x-ray chest".')
    if index.space.model == DESCRIPTOR_ID and (strange := unseen_words(text)):
        raise NotServed(
            f"the classical baseline cannot look for {', '.join(strange[:5])!r}: it knows modality and body part alone",
            do='Say "ct chest" or the like, or use a backend with a text model such as MedImageInsight.',
        )
    (found,) = await backend.embed_texts((text,))
    told = space_of(found.model, found.vector.size)
    here = index.space
    if (told.model, told.version, told.dimensions) != (here.model, here.version, here.dimensions):
        raise _other(here, told)
    return _found(index, found.vector, wanted.k, _narrowed(wanted, {}), query=text)


def pooling_of(index: VectorIndex) -> Pooling:
    """How the index's volumes were pooled: the median where it holds none."""
    return told_pooling(index.entries(Filter(equals={"pooled": (True,)})))


def described(index: VectorIndex, sha256: str) -> Metadata:
    """What the index says of an image, where it holds it."""
    held = index.entries(Filter(equals={"sha256": (sha256,)}, excludes={"level": ("slice",)}))
    return dict(held[0].metadata) if held else {}


def of_pictures(entries: Sequence[Entry], rows: Rows = "studies") -> tuple[Entry, ...]:
    """Those rows that stand for pictures and volumes, or for slices."""
    if rows == "all":
        return tuple(entries)
    return tuple(entry for entry in entries if (entry.metadata.get("level") == "slice") == (rows == "slices"))


def _found(index: VectorIndex, vector: Vectors, k: int, where: Filter, *, query: str) -> Found:
    hits = index.search(np.asarray(vector, np.float32), k, where)
    return Found(query=query, space=index.space, held=len(index), neighbours=hits, filtered=where)


def _narrowed(wanted: Wanted, own: Mapping[str, object]) -> Filter:
    equals, excludes = dict(wanted.where.equals), dict(wanted.where.excludes)
    if wanted.rows == "slices":
        equals["level"] = ("slice",)
    elif wanted.rows == "studies":
        excludes["level"] = (*excludes.get("level", ()), "slice")
    for name in wanted.exclude_own:
        value = own.get(name)
        if value is None:
            raise BadRequest(f"the query's own {name} is not known", do="Leave it out of what is excluded.")
        excludes[name] = (*excludes.get(name, ()), *_scalars(value))
    return wanted.where.model_copy(update={"equals": equals, "excludes": excludes})


def _scalars(value: object) -> tuple[Scalar, ...]:
    if isinstance(value, list):
        return tuple(str(one) for one in value)
    return (value,) if isinstance(value, bool | int | float | str) else ()


def _other(held: Space, given: Space) -> BadRequest:
    return BadRequest(f"the index holds {held.title}, and the query is {given.title}",
                      do="Search it with the backend that it was made with.")  # fmt: skip
