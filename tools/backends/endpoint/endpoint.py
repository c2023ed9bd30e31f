"""One deployed model behind the Scorer protocol."""

from __future__ import annotations

import asyncio
import hashlib
import logging

from readingroom.errors import BadReply, RecordError
from readingroom.tools.backends.endpoint.cache import ResponseCache
from readingroom.tools.backends.endpoint.calls import Calls
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.flight import Flight
from readingroom.tools.backends.endpoint.outgoing import vet
from readingroom.tools.backends.endpoint.wall import Wall, wall
from readingroom.tools.backends.protocol import Model
from readingroom.tools.backends.scorer import Decode, Row
from readingroom.tools.contracts.ask import Ask, ModelId
from readingroom.tools.contracts.strict_json import parse_reply

logger = logging.getLogger("readingroom.endpoint")

NAMES: dict[ModelId, str] = {
    "medimageinsight": "MedImageInsight", "medimageparse": "MedImageParse", "medimageparse3d": "MedImageParse 3D",
    "cxrreportgen": "CXRReportGen", "gigapath": "Prov-GigaPath", "gigatime": "GigaTIME",
}  # fmt: skip


class Endpoint:
    """Identical requests in flight are one call, and answers that decoded are kept where a cache is given.

    It may be used in one `asyncio.run` after another, by one event loop at a time.
    """

    def __init__(
        self, model: ModelId, config: EndpointConfig, *, cache: ResponseCache | None = None, clock: Wall = wall
    ) -> None:
        self._calls = Calls(model, config, clock)
        self._cache = cache
        identity = "\n".join((model, config.address.strip(), config.deployment))
        self._identity = hashlib.sha256(identity.encode()).hexdigest()
        self._flight: Flight[tuple[bytes, object]] = Flight()
        host = self._calls.location.host
        self.model = Model(
            backend="endpoint",
            name=NAMES[model],
            version=config.deployment,
            preprocessing_id="",
            description=f"deployed at {host}" + ("" if config.deployment else ", deployment not named"),
        )

    async def score(self, ask: Ask, decode: Decode[Row]) -> tuple[Row, ...]:
        """All rows, in order. Raises InputRefused, Unavailable, BadReply, NotAuthorised or EgressRefused.

        Several rows that ran out of time are not sent again whole (TimedOut, which is an Unavailable): use
        `score_each`, which sends their halves.
        """
        vet(ask)
        if not ask.rows:
            return ()
        key = f"{self._identity} {ask.key}"

        def read(body: bytes) -> tuple[Row, ...]:
            return decode(parse_reply(body), ask)

        kept = await self._kept(key)
        if kept is not None:
            try:
                return read(kept)
            except BadReply:
                await self._forget(key)

        rows: list[tuple[Row, ...]] = []

        async def fetch() -> tuple[bytes, object]:
            body, found = await self._calls.answer(ask, read)
            rows.append(found)
            await self._keep(key, body)
            return body, None

        (body, _), own = await self._flight.join(key, fetch)
        return rows[0] if own else read(body)

    def share(self, part: int, parts: int) -> None:
        """Keep to one of `parts` shares of what the endpoint admits: other processes have the others."""
        cap = self._calls.cap
        if cap is not None:
            self._calls.limiter.hold_to(max(1, cap // parts + (part < cap % parts)))

    async def aclose(self) -> None:
        """Close the connections; the next request opens new ones."""
        await self._calls.aclose()

    async def _kept(self, key: str) -> bytes | None:
        return None if self._cache is None else await asyncio.to_thread(self._cache.get, key)

    async def _forget(self, key: str) -> None:
        if self._cache is not None:
            await asyncio.to_thread(self._cache.evict, key)

    async def _keep(self, key: str, body: bytes) -> None:
        """An answer that cannot be kept is still an answer."""
        if self._cache is None:
            return
        try:
            await asyncio.to_thread(self._cache.put, key, body)
        except RecordError as error:
            logger.warning("%s", error)
