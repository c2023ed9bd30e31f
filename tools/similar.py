"""Tool: which images of the index look most like one of this study; likeness of pictures is no finding."""

from __future__ import annotations

import asyncio
from functools import partial

from pydantic import Field

from readingroom.domain.evidence import Evidence
from readingroom.domain.value import Value
from readingroom.errors import BadRequest, NotServed
from readingroom.imaging.image import Image
from readingroom.imaging.subject import UNKNOWN
from readingroom.index.entry import Filter, Hit, Metadata, Scalar, Space
from readingroom.index.pooling import Pooling
from readingroom.index.protocol import Vectors
from readingroom.index.scalar import texts
from readingroom.tools.backends.protocol import Model
from readingroom.tools.backends.several import embed_each
from readingroom.tools.image_vector import image_vector, space_of, told_pooling
from readingroom.tools.tool import Answer, Bench, IndexDoor, Result, Tool

OBSERVATION = "similar_study"
"""A concept of no lexicon: no sentence about the patient can stand on it."""

TOLD = ("name", "modality", "anatomy", "view", "label", "dataset")
"""Metadata that name a neighbour in words, in this order."""


class SimilarRequest(Value):
    """Find the images of the index that look most like one of this study: by the cosine of their vectors. It tells
    which pictures are alike and nothing of the patient: a neighbour's diagnosis is not this patient's."""

    image: str
    """The id of an image of this study; of a volume its slices are pooled."""
    k: int = Field(default=5, ge=1, le=50)
    """How many to find."""
    same_modality: bool = False
    """Only images of the same modality, where it is known."""


class SimilarNeighbour(Value):
    """One image of the index."""

    id: str
    similarity: float
    """Cosine: 1 is the same direction. Uncalibrated."""
    about: Metadata
    """What names it: modality, anatomy, view, label, data set."""


class SimilarResult(Result):
    """Neighbours best first, without the image itself and others of the same patient; one evidence each, which is
    indeterminate and supports no finding."""

    image: str
    held: int
    """Rows of the index."""
    model: str
    neighbours: tuple[SimilarNeighbour, ...]


async def similar(bench: Bench, step: str, request: SimilarRequest) -> SimilarResult:
    """Raises NotServed without an index, ToolFailed or BadRequest where it is of another model."""
    image = bench.image(request.image)

    async def work(answer: Answer) -> SimilarResult:
        if bench.index is None:
            raise NotServed("there is no index of studies", do="Make one: readingroom index add FOLDER.")
        how = await asyncio.to_thread(_pooling, bench.index) if image.ref.kind != "image" else "median"
        found = await image_vector(image, partial(embed_each, bench.backend), how)
        told = space_of(found.model, found.vector.size)
        where = _others(image, bench.trace.run.subject, same_modality=request.same_modality)
        space, held, hits = await asyncio.to_thread(_searched, bench.index, found.vector, request.k, where)
        if told != space:
            what = f"the index holds {space.title}, and the image is {told.title}"
            raise BadRequest(what, do="Use the backend that the index was made with.")
        return SimilarResult(
            image=image.ref.id,
            held=held,
            model=f"{found.model.name} {found.model.version}".strip(),
            neighbours=tuple(_neighbour(hit)
                             for hit in hits),
            evidence=_evidence(answer, image.ref.id, found.model, hits),
        )  # fmt: skip

    return await bench.run("similar", step, request, work, SimilarResult)


def _others(image: Image, subject: str, *, same_modality: bool) -> Filter:
    """Every picture and volume but this one and others of the same patient."""
    excludes: dict[str, tuple[Scalar, ...]] = {"level": ("slice",), "sha256": (image.ref.sha256,)}
    if subject not in ("", UNKNOWN):
        excludes["subject"] = (subject,)
    alike = same_modality and image.ref.modality != "unknown"
    return Filter(excludes=excludes, equals={"modality": (image.ref.modality,)} if alike else {})


def _pooling(door: IndexDoor) -> Pooling:
    with door() as index:
        return told_pooling(index.entries(Filter(equals={"pooled": (True,)})))


def _searched(door: IndexDoor, vector: Vectors, k: int, where: Filter) -> tuple[Space, int, tuple[Hit, ...]]:
    with door() as index:
        fits = index.space.dimensions == len(vector)
        return index.space, len(index), index.search(vector, k, where) if fits else ()


def _neighbour(hit: Hit) -> SimilarNeighbour:
    """With what names it; pseudonyms and book-keeping stay in the index."""
    about = {name: hit.metadata[name] for name in TOLD if name in hit.metadata}
    return SimilarNeighbour(id=hit.id, similarity=round(hit.similarity, 4), about=about)


def _evidence(answer: Answer, image: str, model: Model, hits: tuple[Hit, ...]) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(
            id=answer.next_id(place),
            observation=OBSERVATION,
            presence="indeterminate",
            laterality="not_applicable",
            score=round(hit.similarity, 4),
            score_kind="cosine",
            calibrated=False,
            summary=f"neighbour {place + 1} in the index: {called(hit.metadata)}, similarity {hit.similarity:.2f}",
            image_id=image,
            origin=answer.origin(model, {"id": hit.id, "similarity": round(hit.similarity, 6)}),
        )
        for place, hit in enumerate(hits)
    )


def called(about: Metadata) -> str:
    """A neighbour in words: its name or what is known of it."""
    known = [", ".join(texts(about[name])).replace("_", "-") for name in TOLD if about.get(name)]
    name = about.get("name")
    if name:
        known = [part for part in known if part == name or part.lower() not in str(name).lower()]
    return ", ".join(dict.fromkeys(known)) or f"image {str(about.get('sha256', ''))[:12]}".strip()


SIMILAR = Tool("similar", SimilarRequest, SimilarResult, similar)
