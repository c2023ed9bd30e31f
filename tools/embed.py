"""Tool: an image as a vector, for search, comparison and adapters."""

from __future__ import annotations

import hashlib

import numpy as np

from readingroom.domain.value import Value
from readingroom.tools.tool import Answer, Bench, Result, Tool


class EmbedRequest(Value):
    """Turn one image into a vector of length 1, of 1024 numbers (Prov-GigaPath: 1536). Vectors of different models or
    preparations are not comparable: the answer names both."""

    image: str
    """The id of an image of this study."""
    model: str = ""
    """One of several that embed, by id (medimageinsight, gigapath); empty: the backend's choice for such an image."""


class EmbedResult(Result):
    """The vector by digest; a planner never sees its numbers."""

    image: str
    vector: str
    """Digest of `dimensions` little-endian float32 in the store."""
    dimensions: int
    model: str
    version: str
    preprocessing_id: str
    description: str


async def embed(bench: Bench, step: str, request: EmbedRequest) -> EmbedResult:
    """Raises NotServed where the backend has no embedding for such an image."""
    image = bench.image(request.image)

    async def work(answer: Answer) -> EmbedResult:
        found = await bench.backend.embed(image, request.model)
        content = np.ascontiguousarray(found.vector, dtype="<f4").tobytes()
        digest = bench.masks.blobs.put(content)
        answer.origin(found.model, {"vector": digest, "sha256": hashlib.sha256(content).hexdigest()})
        return EmbedResult(
            image=image.ref.id,
            vector=digest,
            dimensions=int(found.vector.size),
            model=found.model.name,
            version=found.model.version,
            preprocessing_id=found.model.preprocessing_id,
            description=found.model.description,
        )

    return await bench.run("embed", step, request, work, EmbedResult)


EMBED = Tool("embed", EmbedRequest, EmbedResult, embed)
