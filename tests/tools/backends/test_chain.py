"""Each call goes to the first backend that serves it, and only a refusal passes it on."""

from __future__ import annotations

import asyncio

import numpy as np
import pytest

from readingroom.domain.image import ImageRef
from readingroom.domain.request import Request
from readingroom.errors import NotServed, Unavailable
from readingroom.imaging.image import Image
from readingroom.tools.backends.chain import Chain
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.tools.backends.foundation.backend import FoundationBackend
from readingroom.tools.backends.protocol import Draft


def skin() -> Image:
    rows, columns = np.mgrid[:200, :240]
    lesion = (rows - 90) ** 2 + (columns - 120) ** 2 < 45**2
    pixels = np.where(lesion[..., None], (90, 50, 40), (225, 180, 160)).astype(np.uint8)
    ref = ImageRef(
        id="img-1", sha256="0" * 64, kind="image", rows=200, columns=240, colour=True, units="colour",
        modality="dermoscopy", anatomy="skin",
    )  # fmt: skip
    return Image(ref, pixels)


class Broken(ClassicalBackend):
    """Serves drafts, and fails at them."""

    name = "broken"

    async def draft(self, images: tuple[Image, ...], request: Request) -> Draft:
        raise Unavailable("the model is down")


def test_what_the_first_does_not_serve_goes_to_the_next():
    chain = Chain((FoundationBackend("endpoint", {}), ClassicalBackend()))
    (found,) = asyncio.run(chain.segment(skin(), ("lesion",)))
    assert found.model.backend == "classical"
    assert found.assessable
    assert chain.name == "endpoint,classical"
    assert chain.targets(skin().ref) == ClassicalBackend().targets(skin().ref)


def test_what_none_serves_is_refused_by_the_last():
    chain = Chain((FoundationBackend("endpoint", {}), ClassicalBackend()))
    with pytest.raises(NotServed, match="classical baseline does not outline 'spleen'"):
        asyncio.run(chain.segment(skin(), ("spleen",)))


def test_a_backend_that_failed_is_not_quietly_replaced():
    chain = Chain((Broken(), ClassicalBackend()))
    with pytest.raises(Unavailable, match="the model is down"):
        asyncio.run(chain.draft((skin(),), Request()))
