"""Vectors and zero-shot shares of MedImageInsight over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from readingroom.domain.image import ImageRef
from readingroom.errors import BadRequest, NotServed
from readingroom.imaging.image import Image
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.endpoint import Endpoint
from readingroom.tools.backends.foundation.backend import FoundationBackend
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
