"""Vectors and zero-shot shares of MedImageInsight over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from readingroom.domain.image import ImageRef
from readingroom.errors import BadRequest, EgressRefused, NotServed
from readingroom.imaging.image import Image
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.endpoint import Endpoint
from readingroom.tools.backends.foundation.backend import FoundationBackend
from readingroom.tools.backends.several import embed_each
from tests.tools.backends.foundation.blob_server import KEY, blob_server


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with blob_server() as (found, _):
        yield found


def asked(url: str, call: Callable[[FoundationBackend], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        endpoint = Endpoint("medimageinsight", EndpointConfig(address=f"{url}/insight/score", key=SecretStr(KEY)))
        try:
            return await call(FoundationBackend("endpoint", {"medimageinsight": endpoint}))
        finally:
            await endpoint.aclose()

    return asyncio.run(run())


def picture(level: int) -> Image:
    ref = ImageRef(id="img-1", sha256="0" * 64, kind="image", rows=40, columns=60)
    return Image(ref, np.full((40, 60), level, np.uint8))


def test_a_vector_names_its_model_and_its_preparation(url):
    found = asked(url, lambda backend: backend.embed(picture(220)))
    assert found.vector.shape == (1024,)
    assert np.linalg.norm(found.vector) == pytest.approx(1, abs=1e-5)
    assert found.scaling == 4.0
    assert found.model.name == "MedImageInsight"
    assert found.model.preprocessing_id.startswith("mi2-")


def test_one_label_alone_is_no_choice(url):
    with pytest.raises(BadRequest, match="'bright field' alone would have the whole share"):
        asked(url, lambda backend: backend.classify(picture(220), ("bright field",)))


def test_shares_use_the_exponential_of_the_scaling_factor(url):
    found = asked(url, lambda backend: backend.classify(picture(220), ("bright field", "dark field")))
    assert [item.label for item in found.scores] == ["bright field", "dark field"]
    assert found.label == "bright field"
    assert found.scores[0].score > 0.999999  # exp(4) = 54.6; without the exponential it would be 0.9997
    assert not found.calibrated


def test_a_text_that_may_be_cut_is_flagged(url):
    long = "bright " + "infiltrative parenchymal opacification " * 30
    found = asked(url, lambda backend: backend.classify(picture(220), (long, "dark field")))
    assert "77" in found.reason


def test_no_label_stands_out_among_equals(url):
    found = asked(url, lambda backend: backend.classify(picture(220), ("bright one", "bright two", "bright three")))
    assert found.label == "unknown"


def test_a_model_that_does_not_embed_is_refused_by_name(url):
    with pytest.raises(BadRequest, match="no embedding model"):
        asked(url, lambda backend: backend.embed(picture(3), "resnet"))
    with pytest.raises(NotServed, match="GIGAPATH_MODEL_ENDPOINT"):
        asked(url, lambda backend: backend.embed(picture(3), "gigapath"))


def test_several_images_have_the_vectors_of_each_alone_and_one_that_may_not_leave_stands_in_its_place(url):
    flagged = picture(100)
    flagged = Image(flagged.ref.model_copy(update={"burned_in": "yes"}), flagged.pixels)
    given = [picture(10), flagged, *(picture(level) for level in range(20, 250, 10))]

    async def both(backend: FoundationBackend) -> Any:
        return await embed_each(backend, given), [await backend.embed(given[0]), await backend.embed(given[-1])]

    several, (first, last) = asked(url, both)
    assert len(several) == len(given)
    assert isinstance(several[1], EgressRefused)
    assert np.allclose(several[0].vector, first.vector, atol=1e-6)
    assert np.allclose(several[-1].vector, last.vector, atol=1e-6)
    assert several[-1].model == last.model
