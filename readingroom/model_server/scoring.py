"""The scoring route of one endpoint: admission, bandwidth, faults, queue and service, then the model's answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from readingroom.errors import ReadingRoomError
from readingroom.model_server import refusals
from readingroom.model_server.access import bears
from readingroom.model_server.admission import Admission, Faults, Pipe
from readingroom.model_server.limits import Limits
from readingroom.model_server.server_settings import ServerSettings
from readingroom.tools.contracts.model_ids import ModelId

LOG = logging.getLogger("readingroom.model_server")

Answerer = Callable[[bytes], Awaitable[bytes]]
"""A request body to the JSON of its answer; raises ReadingRoomError for what the model would refuse."""


class Endpoint:
    """One served model with what is in flight there."""

    def __init__(self, model: ModelId, limits: Limits, answer: Answerer) -> None:
        self.model = model
        self.limits = limits
        self.answer = answer
        self.admission = Admission(limits)
        self.faults = Faults(limits)
        self.requests, self.responses = Pipe(limits.bandwidth), Pipe(limits.bandwidth)
        self.slots = asyncio.Semaphore(limits.slots)
        self.ready_at = time.monotonic() + limits.start_delay

    async def score(self, request: Request, settings: ServerSettings) -> Response:
        """One answer to one POST; every way out is one of the documented ones."""
        began = time.monotonic()
        try:
            response, size = await self._judged(request, settings)
        except ClientDisconnect:
            response, size = Response(status_code=400), 0  # nobody is there to read it
        elapsed = 1000 * (time.monotonic() - began)
        LOG.info("%s %d in=%d out=%d ms=%.0f", self.model, response.status_code, size, len(response.body), elapsed)
        response.headers["azureml-model-deployment"] = settings.deployment
        return response

    async def _judged(self, request: Request, settings: ServerSettings) -> tuple[Response, int]:
        refused = self._refused(request, settings)
        if refused is not None:
            return refused, await _drained(request, settings.body_bytes)
        refusal = self.admission.enter(time.monotonic())
        if refusal is not None:
            return refusals.too_many(refusal), await _drained(request, settings.body_bytes)
        try:
            return await self._admitted(request, settings.body_bytes)
        finally:
            self.admission.leave()

    def _refused(self, request: Request, settings: ServerSettings) -> Response | None:
        if not bears(request.headers, *settings.credentials):
            return refusals.unauthorised()
        if request.headers.get("azureml-model-deployment", settings.deployment) != settings.deployment:
            return refusals.not_found()
        return None

    async def _admitted(self, request: Request, most: int) -> tuple[Response, int]:
        body = await _read(request, most)
        if body is None:
            return refusals.too_large(most), most
        delayed = await self._through(self.requests, len(body))
        response = await self._served(body)
        back = await self._through(self.responses, len(response.body))
        response.headers["ms-azureml-bandwidth-request-delay-ms"] = f"{1000 * delayed:.0f}"
        response.headers["ms-azureml-bandwidth-response-delay-ms"] = f"{1000 * back:.0f}"
        return response, len(body)

    async def _through(self, pipe: Pipe, size: int) -> float:
        delay = pipe.delay(size, time.monotonic())
        if delay > 0:
            await asyncio.sleep(delay)
        return delay

    async def _served(self, body: bytes) -> Response:
        if time.monotonic() < self.ready_at:
            return refusals.model_failed(503, "the instance is starting")
        broken = self.faults.draw()
        if broken is not None:
            return refusals.fault(broken)
        try:
            async with asyncio.timeout(self.limits.timeout), self.slots:
                if self.limits.latency:
                    await asyncio.sleep(self.limits.latency)
                return Response(await self.answer(body), media_type="application/json")
        except TimeoutError:
            return refusals.timed_out(self.limits.timeout)
        except ReadingRoomError as error:
            return refusals.model_error(error)


async def _read(request: Request, most: int) -> bytes | None:
    """The body; None where it is above `most`, whatever its headers say of its length."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            return None
        parts.append(part)
    return b"".join(parts)


async def _drained(request: Request, most: int) -> int:
    """Read and dropped, up to `most`: a client that still writes would see a broken connection, not the answer."""
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            break
    return size
