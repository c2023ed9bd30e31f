"""Chat completions over the OpenAI client: what is sent, how often it is tried, and what an answer means."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import logging
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
import openai

from readingroom.agents.chat_model import Turn
from readingroom.agents.model_config import ModelConfig
from readingroom.agents.turn_reading import CUT, Pieces, read_answer
from readingroom.errors import BadRequest, EgressRefused, ModelFailed, NotAuthorised
from readingroom.tools.backends.endpoint.credentials import Renewed, entra, fixed, refusal
from readingroom.tools.backends.endpoint.origin import host_of, origin_of
from readingroom.tools.backends.endpoint.quiet import hush
from readingroom.tools.backends.endpoint.retry import TOLD_CAP, backoff, stretched
from readingroom.tools.backends.endpoint.verdict import told_wait
from readingroom.tools.backends.endpoint.wall import wall

ATTEMPTS = 4
"""Requests for one answer that may fail, 429 among them."""
CONNECT_SECONDS = 10.0
AZURE_SCOPE = "https://cognitiveservices.azure.com/.default"
PATH = "/chat/completions"

_ENCODE = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode

_CODE = re.compile(r"[a-z][a-z0-9_]{0,39}")
_FILTERED = frozenset(("content_filter", "ResponsibleAIPolicyViolation", "content_policy_violation"))

logger = logging.getLogger("readingroom.egress")

Sleep = Callable[[float], Awaitable[None]]


class _Broke(Exception):
    """A request that may be tried again, the seconds that the server asks for, and what to do in the end."""

    def __init__(self, what: str, told: float | None = None, do: str = "Try again later.") -> None:
        super().__init__(what)
        self.what, self.told, self.do = what, told, do


@dataclass
class _Refused:
    """The bearer that was answered with 401."""

    bearer: str = ""


class Wire:
    """One model. Its connections belong to the event loop that runs, and end with it or with `aclose`."""

    def __init__(self, config: ModelConfig, sleep: Sleep = asyncio.sleep) -> None:
        """Raises BadRequest for an address that is not https (http only to this machine)."""
        self._config, self._sleep = config, sleep
        origin_of(config.address, "the model's address")
        self._url = _url(config)
        self.host = host_of(config.address)
        self._credential = _credential(config, self.host)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._open: AsyncGenerator[openai.AsyncOpenAI, None] | None = None
        self._client: openai.AsyncOpenAI | None = None

    async def ask(self, body: Mapping[str, Any]) -> Turn:
        """A whole answer. Raises ModelFailed, NotAuthorised, EgressRefused or BadRequest."""
        return _after(*await self._tried(body, self._whole))

    async def stream(self, body: Mapping[str, Any]) -> AsyncIterator[str | Turn]:
        """Pieces of text, then the whole turn. A stream that is cut ends without one."""
        asked = {**body, "stream": True}
        if self._config.stream_usage:
            asked["stream_options"] = {"include_usage": True}
        opened, retries = await self._tried(asked, self._begun)
        if isinstance(opened, Turn):
            yield _after(opened, retries)
            return
        pieces = Pieces()
        try:
            async for chunk in opened:
                if text := pieces.add(chunk):
                    yield text
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
            logger.info("%s: a stream broke (%s)", self.host, type(error).__name__)
            return
        finally:
            await opened.response.aclose()
        turn = pieces.turn()
        if turn is not CUT:
            yield _after(turn, retries)

    async def aclose(self) -> None:
        """Close what the running loop has open; the next request opens anew."""
        opened, self._open, self._client = self._open, None, None
        if opened is not None and self._loop is asyncio.get_running_loop():
            await opened.aclose()

    async def _tried(self, body: Mapping[str, Any], send: Callable[..., Awaitable[Any]]) -> tuple[Any, int]:
        refused, failures = _Refused(), 0
        while True:
            try:
                return await self._sent(body, send, refused), failures
            except _Broke as error:
                failures += 1
                if failures == ATTEMPTS:
                    raise ModelFailed(
                        f"{ATTEMPTS} requests failed, the last with {error.what}",
                        where=self.host,
                        do=error.do,
                    ) from None
                wait = backoff(failures) if error.told is None else stretched(error.told)
            await self._sleep(wait)

    async def _sent(self, body: Mapping[str, Any], send: Callable[..., Awaitable[Any]], refused: _Refused) -> Any:
        """One request, and one more with a renewed token after a 401."""
        while True:
            bearer = await self._credential.bearer(refused.bearer) if self._credential else ""
            client = await self._bound()
            try:
                return await send(client, body, self._headers(bearer))
            except openai.AuthenticationError:
                if refused.bearer or not bearer:
                    raise refusal(self.host) from None
                refused.bearer = bearer
            except openai.APIStatusError as error:
                return self._judged(error)
            except openai.APIConnectionError as error:  # a timeout is one, and so is a refusal told as a timeout
                raise _connection(error, self.host, self._config.timeout) from None
            except openai.OpenAIError as error:
                raise _Broke(type(error).__name__) from None
            except (ValueError, httpx2.HTTPError) as error:
                raise _Broke(f"a broken answer ({type(error).__name__})") from None

    async def _whole(self, client: openai.AsyncOpenAI, body: Mapping[str, Any], headers: dict[str, str]) -> Turn:
        response = await client.post(PATH, body=body, cast_to=httpx2.Response, options={"headers": headers})
        return read_answer(json.loads(response.content))

    async def _begun(self, client: openai.AsyncOpenAI, body: Mapping[str, Any], headers: dict[str, str]) -> Any:
        """A stream; or the whole turn, of a server that does not stream."""
        stream = await client.post(
            PATH, body=body, cast_to=object, options={"headers": headers}, stream=True,
            stream_cls=openai.AsyncStream[object],
        )  # fmt: skip
        if "json" not in stream.response.headers.get("content-type", ""):
            return stream
        try:
            return read_answer(json.loads(await stream.response.aread()))
        finally:
            await stream.response.aclose()

    def _judged(self, error: openai.APIStatusError) -> Turn:
        """What a status means. The server's words are not repeated: they may hold what was sent."""
        status, code = error.status_code, _code(error)
        if status == 400 and code in _FILTERED:
            return Turn(finish="filter", notes=("the request met a content filter",))
        if 300 <= status < 400:
            raise EgressRefused(
                f"it answered with a redirect ({status}), which is never followed",
                where=self.host,
                do="Name the address that serves.",
            ) from None
        if status == 403:
            what = "these credentials may not use the model"
            raise NotAuthorised(what, where=self.host, do="Name a key or an account that may.") from None
        if status == 404:
            raise BadRequest(
                f"nothing serves {self._config.model!r} here (404)", where=self.host, do="Check address and model."
            ) from None
        if status in (408, 409, 429) or status >= 500:
            told = told_wait(error.response.headers, wall())
            if told is not None and told > min(TOLD_CAP, self._config.deadline):
                raise ModelFailed(f"it asks to be left alone for {told:.0f} s", where=self.host) from None
            raise _Broke(str(status), told) from None
        shown = f" {code}" if _CODE.fullmatch(code) else ""
        raise ModelFailed(f"it refuses this request ({status}{shown})", where=self.host) from None

    def _headers(self, bearer: str) -> dict[str, str]:
        config = self._config
        headers = {"User-Agent": "readingroom", "Accept": "*/*", "Content-Type": "application/json"}
        if config.organisation:
            headers["OpenAI-Organization"] = config.organisation
        if config.project:
            headers["OpenAI-Project"] = config.project
        if config.provider == "azure" and config.key is not None:
            headers["api-key"] = bearer
        elif bearer:
            headers["Authorization"] = f"Bearer {bearer}"
        return headers

    async def _bound(self) -> openai.AsyncOpenAI:
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            if self._open is not None and self._loop is not None and self._loop.is_running() and self._loop is not loop:
                raise BadRequest("this model is in use in another thread", do="Give each thread its own.")
            self._loop, self._open = loop, _closing(self._made())
            self._client = await anext(self._open)
        return self._client

    def _made(self) -> openai.AsyncOpenAI:
        config = self._config
        http = openai.DefaultAioHttpClient(
            follow_redirects=False,
            trust_env=False,
            verify=ssl.create_default_context(),
            timeout=httpx2.Timeout(config.timeout, connect=min(CONNECT_SECONDS, config.timeout)),
            event_hooks={"request": [self._leaves]},
        )
        hush()
        return _Client(self._url, http)

    async def _leaves(self, request: httpx2.Request) -> None:
        """The door: only to the configured place; host, size and digest are logged."""
        if request.url != self._url:
            raise EgressRefused("this address is not configured", where=request.url.host)
        if logger.isEnabledFor(logging.INFO):
            body = request.content
            logger.info("%s: %d bytes leave, sha256 %s", self.host, len(body), hashlib.sha256(body).hexdigest())


class _Client(openai.AsyncOpenAI):
    """Sends to one URL, with no header about this machine.

    The client's own way to a request (its address merged and parsed three times, nine headers on system and versions)
    takes a fifth of the time of a call.
    """

    def __init__(self, url: httpx2.URL, http: httpx2.AsyncClient) -> None:
        super().__init__(base_url=url, api_key="in each request's headers", max_retries=0, http_client=http)
        self._to = url
        self._patience = {"timeout": http.timeout.as_dict()}

    def _build_request(self, options: Any, *, retries_taken: int = 0) -> httpx2.Request:
        content = _ENCODE(options.json_data).encode(errors="replace")
        return httpx2.Request(
            "POST", self._to, headers=options.headers, content=content, extensions=dict(self._patience)
        )


def _url(config: ModelConfig) -> httpx2.URL:
    """Where chat completions are: with Azure below the deployment."""
    if config.provider != "azure":
        return httpx2.URL(config.address.rstrip("/") + PATH)
    address = f"{config.address.rstrip('/')}/openai/deployments/{quote(config.model, safe='')}{PATH}"
    return httpx2.URL(address, params={"api-version": config.api_version})


def _after(turn: Turn, retries: int) -> Turn:
    return turn.model_copy(update={"retries": retries}) if retries else turn


def _credential(config: ModelConfig, host: str) -> Renewed | None:
    if config.key is not None:
        return fixed(config.key.get_secret_value(), host)
    if config.provider != "azure":
        return None
    return fixed(config.token.get_secret_value(), host) if config.token is not None else entra(AZURE_SCOPE, host)


async def _closing(client: openai.AsyncOpenAI) -> AsyncGenerator[openai.AsyncOpenAI, None]:
    """A generator, because an event loop closes its generators when it ends, and so these connections."""
    try:
        yield client
    finally:
        await client.close()


def _code(error: openai.APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("innererror")
    found = inner.get("code") if isinstance(inner, dict) and body.get("code") is None else body.get("code")
    return found if isinstance(found, str) else ""


NO_ADDRESS = "gaierror"
"""Of socket, which nothing here may import: there is one door to the network."""
UNREACHABLE = {
    errno.ECONNREFUSED: ("a refused connection", "Start the server there, or mend the address."),
    errno.ENETUNREACH: ("no way to its network", "Check the network."),
    errno.EHOSTUNREACH: ("no way to its host", "Check the network."),
}
"""What an error of the socket means, and what to do; the client under openai's tells them all as timeouts."""


def _connection(error: openai.APIConnectionError, host: str, timeout: float) -> Exception:
    """Why there was no answer; `timeout` in seconds."""
    causes = list(_causes(error))
    if known := _certain(causes, host):
        return known
    waited = any(isinstance(cause, TimeoutError) for cause in causes)
    if any(isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout) for cause in causes):
        return _Broke(f"no connection within {min(CONNECT_SECONDS, timeout):g} s" if waited else "no connection")
    timed_out = isinstance(error, openai.APITimeoutError)
    return _Broke(f"no answer within {timeout:g} s" if timed_out else "a broken connection")


def _certain(causes: Iterable[BaseException], host: str) -> Exception | None:
    """What the first of them means that tells it by itself."""
    for cause in causes:
        if isinstance(cause, EgressRefused):
            return cause
        if isinstance(cause, ssl.SSLCertVerificationError):
            return EgressRefused(
                "its certificate does not hold, so nothing was sent",
                where=host,
                do="Check the host; name a private authority's file in SSL_CERT_FILE.",
            )
        if isinstance(cause, ssl.SSLError):
            return _Broke("no encrypted connection", do="Check the address and its port.")
        if type(cause).__name__ == NO_ADDRESS:
            return _Broke("no address for that name", do="Check the address.")
        if isinstance(cause, OSError) and (known := UNREACHABLE.get(cause.errno or 0)):
            return _Broke(known[0], do=known[1])
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
