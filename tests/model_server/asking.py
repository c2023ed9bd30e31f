"""A served app in process, asked over ASGI as a client on loopback would ask it."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, TypeVar

import cv2
import httpx
import numpy as np
from pydantic import SecretStr

from readingroom.domain.request import Request
from readingroom.imaging.image import Image
from readingroom.model_server.app import build_app
from readingroom.model_server.limits import PUBLISHED, Limits
from readingroom.model_server.server_settings import ServerSettings
from readingroom.tools.backends.classical.backend import BASELINE, ClassicalBackend
from readingroom.tools.backends.protocol import Backend, Classified, Draft, Drafted, Embedded, Scored, Segmented
from readingroom.tools.contracts.model_ids import ModelId

KEY = "k" * 43
BASE = "http://127.0.0.1:5001"
Told = TypeVar("Told")


def settings(*models: ModelId, limits: Limits | None = None, **changes: Any) -> ServerSettings:
    """One known key; the published limits unless others are given."""
    served = models or ("medimageinsight",)
    named = {model: limits or PUBLISHED[model] for model in served}
    return ServerSettings(models=served, limits=named, key=SecretStr(KEY), **changes)


def ask_all(
    told: ServerSettings,
    work: Callable[[httpx.AsyncClient], Awaitable[Told]],
    open_backend: Callable[[], Backend] = ClassicalBackend,
) -> Told:
    """Whatever `work` returns of a client with the right key."""

    async def run() -> Told:
        app = build_app(open_backend, told)
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {KEY}"}
        async with httpx.AsyncClient(transport=transport, base_url=BASE, headers=headers) as client:
            return await work(client)

    return asyncio.run(run())


def score(told: ServerSettings, body: Any, *, path: str = "/score", **how: Any) -> httpx.Response:
    """The answer to one POST."""
    open_backend = how.pop("open_backend", ClassicalBackend)

    async def work(client: httpx.AsyncClient) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return await client.post(path, content=content, **how)

    return ask_all(told, work, open_backend)


def rows(columns: list[str], *data: list[Any], **more: Any) -> dict[str, Any]:
    """The published envelope."""
    return {"input_data": {"columns": columns, "index": list(range(len(data))), "data": list(data)}, **more}


def png(pixels: np.ndarray) -> str:
    """Pixels (RGB where there are three channels) as base64 of a PNG."""
    shown = pixels[..., ::-1] if pixels.ndim == 3 else pixels
    return base64.b64encode(cv2.imencode(".png", shown)[1].tobytes()).decode()


def grey(rows: int = 64, columns: int = 48, seed: int = 0) -> np.ndarray:
    """A picture with something in it."""
    return np.random.default_rng(seed).integers(0, 256, (rows, columns), np.uint8)


def blot(rows: int, columns: int) -> np.ndarray:
    """A mask that no turn and no mirror maps onto itself: an L in the upper left of the middle."""
    mask = np.zeros((rows, columns), np.bool_)
    side = min(rows, columns)
    top, left = (rows - side) // 2 + side // 8, (columns - side) // 2 + side // 6
    mask[top : top + side // 2, left : left + side // 10] = True
    mask[top + side // 2 - side // 10 : top + side // 2, left : left + side // 3] = True
    return mask


class Drawn:
    """A backend that finds what was drawn: every pixel of 200 and above belongs to whatever target is asked for."""

    name, version = "drawn", "1"

    def __init__(self, *, boundary_sd: float | None = None, quality: float = 0.9, quote: str = "") -> None:
        self.boundary_sd, self.quality, self.quote = boundary_sd, quality, quote
        self.requests: list[Request] = []
        self.images: list[tuple[Image, ...]] = []

    def targets(self, ref: Any) -> tuple[str, ...]:
        return ("blot",)

    async def segment(self, image: Image, targets: tuple[str, ...]) -> tuple[Segmented, ...]:
        self.images.append((image,))
        mask = image.pixels >= 200
        mask = mask.all(axis=-1) if image.ref.colour else mask
        told = Segmented("blot", mask, self.quality, "drawn", "drawn", BASELINE, boundary_sd=self.boundary_sd)
        return tuple(replace(told, target=target) for target in targets)

    async def embed(self, image: Image, model: str = "") -> Embedded:
        vector = np.zeros(1024, np.float32)
        vector[int(image.pixels.astype(np.int64).sum()) % 1024] = 1
        return Embedded(vector, BASELINE, 4.0)

    async def embed_texts(self, texts: tuple[str, ...]) -> tuple[Embedded, ...]:
        return tuple(Embedded(np.eye(1024, dtype=np.float32)[len(text)], BASELINE, 4.0) for text in texts)

    async def classify(self, image: Image, labels: tuple[str, ...]) -> Classified:
        return Classified("x_ray chest", (Scored("x_ray chest", 1.0),), "drawn", calibrated=False, model=BASELINE)

    async def draft(self, images: tuple[Image, ...], request: Request) -> Draft:
        self.requests.append(request)
        self.images.append(images)
        (part,) = await self.segment(images[0], ("blot",))
        found = Drafted("lung_opacity", "present", "drawn", masks=(part,), quote=self.quote)
        return Draft((found,), (), BASELINE)
