"""Tool: is a study like the reference images that this room is used to? A conformal p-value, never a diagnosis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from hashlib import sha256

import numpy as np

from readingroom.domain.evidence import Evidence
from readingroom.domain.value import Value, digest_of
from readingroom.errors import BadRequest
from readingroom.index.protocol import Collection
from readingroom.learning.conformal import fewest
from readingroom.learning.grouping import drawn, same_space, subject_of
from readingroom.learning.outliers import Neighbourhood
from readingroom.tools.backends.protocol import Model
from readingroom.tools.backends.several import embed_each
from readingroom.tools.image_vector import ImageVector, image_vector, space_of, told_pooling
from readingroom.tools.tool import EMBEDDED, TOOL_VERSION, Answer, Bench, Result

ALPHA = 0.05
"""Share of images like the reference that are called unlike it nevertheless."""
MOST_IMAGES = 3000
"""Reference images that are looked at, drawn by chance with a fixed seed."""
OBSERVATION = "out_of_distribution"


@dataclass(frozen=True, eq=False)
class Reference:
    """The images that a room is used to, taken out of an index once."""

    rows: Collection

    @cached_property
    def images(self) -> Collection:
        """At most `MOST_IMAGES`, no single slices. Raises BadRequest where they are too few for `ALPHA`."""
        whole = [row for row, entry in enumerate(self.rows.entries) if entry.metadata.get("level") != "slice"]
        if len(whole) > MOST_IMAGES:
            whole = sorted(np.random.default_rng(0).choice(whole, MOST_IMAGES, replace=False).tolist())
        found = drawn(self.rows, whole)
        if (count := len({subject_of(entry) for entry in found.entries})) < fewest(ALPHA):
            raise BadRequest(f"the reference has {count} subjects, and {fewest(ALPHA)} are needed",
                             do="Add images to it.")  # fmt: skip
        return found

    @cached_property
    def neighbourhood(self) -> Neighbourhood:
        subjects = tuple(subject_of(entry) for entry in self.images.entries)
        return Neighbourhood(self.images.vectors.astype(np.float64), subjects)

    @cached_property
    def digest(self) -> str:
        """Of its space, ids and vectors: another reference is another question."""
        space = self.images.space.model_dump(mode="json")
        ids = [entry.id for entry in self.images.entries]
        vectors = sha256(np.ascontiguousarray(self.images.vectors, "<f4").tobytes()).hexdigest()
        return digest_of({"space": space, "ids": ids, "vectors": vectors})


class FamiliarityRequest(Value):
    """Hold the current images of a study against the reference images of this room. The answer is a p-value for "this
    image is like them", and says nothing of disease."""

    images: tuple[str, ...]
    """Ids of images of this study."""
    reference: str
    """Digest of the reference, as the room gives it."""


class FamiliarityResult(Result):
    """One evidence for the study, at its most unlike image."""

    image: str
    p: float
    """Smallest p-value of the images, times their number (Bonferroni)."""
    score: float
    """Mean distance of that image to its nearest reference images."""
    caveat: str
    """For the report's limitations; empty where nothing is unusual."""


async def familiarity(
    bench: Bench, step: str, request: FamiliarityRequest, reference: Reference | None
) -> FamiliarityResult:
    """`reference` is None where only the record answers. Raises BadRequest for another space or too small a reference,
    NotServed where the backend does not embed such an image."""
    images = [bench.image(name) for name in request.images]
    if not images:
        raise BadRequest("no image was named")

    async def work(answer: Answer) -> FamiliarityResult:
        if reference is None or reference.digest != request.reference:
            raise BadRequest("the reference is not the one that was asked for", do="Set `reference` to its index.")
        how = told_pooling(reference.images.entries)
        vectors = [await image_vector(image, partial(embed_each, bench.backend), how) for image in images]
        return _judged(answer, request.images, vectors, reference)

    return await bench.run("familiarity", step, request, work, FamiliarityResult)


def _judged(
    answer: Answer, images: Sequence[str], vectors: Sequence[ImageVector], reference: Reference
) -> FamiliarityResult:
    found = []
    for vector in vectors:
        same_space(reference.images.space, space_of(vector.model, vector.vector.size))
        found.append(reference.neighbourhood.look_up(np.asarray(vector.vector, np.float64)))
    worst = min(range(len(found)), key=lambda at: (found[at].p, -found[at].score))
    score, p = found[worst].score, min(1.0, found[worst].p * len(found))
    unlike = p <= ALPHA
    held = reference.neighbourhood
    told = f"conformal p {p:.2g}, {len(held.subjects)} reference images of {len(set(held.subjects))} subjects"
    summary = f"{'unlike' if unlike else 'like'} the reference images ({told})"
    nearest = [reference.images.entries[place].id for place in found[worst].places]
    raw = {"p": [one.p for one in found], "score": [one.score for one in found], "nearest": nearest}
    item = Evidence(
        id=answer.next_id(0),
        observation=OBSERVATION,
        presence="indeterminate" if unlike else "absent",
        laterality="not_applicable",
        score=p,
        score_kind="none",
        calibrated=True,
        summary=summary,
        image_id=images[worst],
        origin=answer.origin(_model(vectors[worst].model), raw),
    )
    return FamiliarityResult(
        image=images[worst],
        p=p,
        score=score,
        caveat=f"it is unlike the reference images ({told}), so what is told of it may not hold" if unlike else "",
        evidence=(item,),
    )


def _model(embedder: Model) -> Model:
    """Arithmetic on what the embedding model answered."""
    return Model(
        backend=EMBEDDED,
        name="familiarity",
        version=TOOL_VERSION,
        preprocessing_id=embedder.preprocessing_id,
        description=f"distance to reference images in the vectors of {embedder.name} {embedder.version}",
    )
