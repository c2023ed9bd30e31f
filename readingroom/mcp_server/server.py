"""The desk as an MCP server: tools, resources, prompts, progress and cancelling."""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from pydantic import AnyUrl, ValidationError

from readingroom import __version__
from readingroom.domain.report import NOTICE
from readingroom.domain.value import Value
from readingroom.errors import BadRequest, ReadingRoomError
from readingroom.later import Later
from readingroom.mcp_server.desk import Desk
from readingroom.mcp_server.offers import OFFERED, PROMPTS, Offered, described, prompts
from readingroom.prompts.words import render_prompt
from readingroom.runs.run import Step

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from anyio import lowlevel as checkpoints
    from mcp import types
    from mcp.server import lowlevel
    from mcp.server.lowlevel import helper_types
else:  # an extra
    checkpoints = Later("anyio.lowlevel")
    types = Later("mcp.types")
    lowlevel = Later("mcp.server.lowlevel")
    helper_types = Later("mcp.server.lowlevel.helper_types")

Handler = Callable[[Any], Awaitable[Any]]

STUDIES = "readingroom://studies"
REPORT = re.compile(r"readingroom://runs/(r-[0-9a-f-]{4,40})/report")
PICTURE = re.compile(r"readingroom://runs/(r-[0-9a-f-]{4,40})/evidence/([A-Za-z0-9]{1,12})")

logger = logging.getLogger("readingroom.mcp")


def build_server(desk: Desk) -> lowlevel.Server[Any, Any]:
    """A server over one desk; it says nothing of the studies before it is asked."""
    server: lowlevel.Server[Any, Any] = lowlevel.Server("readingroom", version=__version__, instructions=NOTICE)
    decorators: Any = server  # they have no types
    _serve_tools(server, decorators, desk)
    _serve_resources(decorators, desk)
    _serve_prompts(decorators)
    server.request_handlers = {kind: _settled(server, handler) for kind, handler in server.request_handlers.items()}
    return server


def _settled(server: lowlevel.Server[Any, Any], handler: Handler) -> Handler:
    """A request is either cancelled or answered, never both: in the SDK both at once end the server, with all requests.

    One that was cancelled while its answer was made ends as cancelled at the pause; after it the SDK is made to forget
    the request, so that nobody can cancel the answer while it is sent.
    """

    async def settled(request: Any) -> Any:
        try:
            return await handler(request)
        finally:
            context = server.request_context
            await checkpoints.checkpoint()
            context.session._in_flight.pop(context.request_id, None)

    return settled


def _serve_tools(server: lowlevel.Server[Any, Any], decorators: Any, desk: Desk) -> None:
    by_name = {offered.name: offered for offered in OFFERED}

    async def listed() -> list[types.Tool]:
        return [_tool(offered) for offered in OFFERED]

    async def called(name: str, arguments: dict[str, Any]) -> types.CallToolResult:
        try:
            if name not in by_name:
                raise BadRequest(f"there is no tool {name[:60]!r}", do=f"Call one of {', '.join(by_name)}.")
            offered = by_name[name]
            request = _request(offered, arguments)
            async with _progress(server) as listen:
                result: Value = await getattr(desk, offered.method or name)(request, listen)
        except ReadingRoomError as error:
            return _failed(desk.without_places(error.line()))
        except Exception as error:  # noqa: BLE001 - the last door: a fault of ours quotes nothing of a study
            logger.error("a fault of this program: %s in %s", type(error).__name__, name)
            return _failed(f"a fault of this program ({type(error).__name__})")
        data = result.model_dump(mode="json")
        text = types.TextContent(type="text", text=json.dumps(data, ensure_ascii=False))
        return types.CallToolResult(content=[text], structuredContent=data)

    decorators.list_tools()(listed)
    decorators.call_tool(validate_input=False)(called)  # ours says which field is wrong and quotes nothing


def _tool(offered: Offered) -> types.Tool:
    """Nothing of the user's is changed: a run adds its record to the house's own store."""
    hints = types.ToolAnnotations(
        title=offered.title, readOnlyHint=True, destructiveHint=False, idempotentHint=True, openWorldHint=False
    )
    return types.Tool(**described(offered), title=offered.title, annotations=hints)


def _failed(line: str) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=line)], isError=True)


def _request(offered: Offered, arguments: dict[str, Any]) -> Value:
    try:
        return offered.request.model_validate(arguments)
    except ValidationError as error:
        first = error.errors(include_input=False, include_context=False)[0]
        name = ".".join(str(part)[:40] for part in first["loc"]) or "the arguments"
        raise BadRequest(f"{name}: {first['msg']}", where=offered.name, do="tools/list tells what it takes.") from None


@asynccontextmanager
async def _progress(server: lowlevel.Server[Any, Any]) -> AsyncIterator[Any]:
    """A listener that tells the host of every step as it ends, where the host asked for that."""
    context = server.request_context
    token = context.meta.progressToken if context.meta else None
    steps: asyncio.Queue[Step | None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    async def tell() -> None:
        count = 0
        while (step := await steps.get()) is not None:
            if step.status == "started":
                continue
            count += 1
            said = f"{step.name}: {step.status}"
            await context.session.send_progress_notification(token or "", count, None, said, str(context.request_id))

    def listen(step: Step) -> None:
        if token is not None:
            loop.call_soon_threadsafe(steps.put_nowait, step)

    teller = asyncio.create_task(tell())
    try:
        yield listen
        loop.call_soon(steps.put_nowait, None)
        await teller
    finally:
        teller.cancel()


def _serve_resources(decorators: Any, desk: Desk) -> None:
    async def listed() -> list[types.Resource]:
        found = [types.Resource(uri=AnyUrl(STUDIES), name="studies", title="Studies", mimeType="application/json")]
        for run in await asyncio.to_thread(desk.reports):
            uri = AnyUrl(f"readingroom://runs/{run}/report")
            found.append(types.Resource(uri=uri, name=run, title="Report", mimeType="application/json"))
        return found

    async def templates() -> list[types.ResourceTemplate]:
        return [
            types.ResourceTemplate(
                uriTemplate="readingroom://runs/{run}/report", name="report", mimeType="application/json",
                description="A run's report as JSON, with verdicts, evidence and provenance.",
            ),
            types.ResourceTemplate(
                uriTemplate="readingroom://runs/{run}/evidence/{evidence}", name="evidence", mimeType="image/png",
                description="The image on which an evidence lies, with its outline drawn.",
            ),
        ]  # fmt: skip

    async def read(uri: AnyUrl) -> Iterable[helper_types.ReadResourceContents]:
        content, mime = await _content(desk, str(uri))
        return [helper_types.ReadResourceContents(content=content, mime_type=mime)]

    decorators.list_resources()(listed)
    decorators.list_resource_templates()(templates)
    decorators.read_resource()(read)


async def _content(desk: Desk, uri: str) -> tuple[str | bytes, str]:
    """Of one of our own addresses; no other is opened."""
    if uri.rstrip("/") == STUDIES:
        lines = [line.model_dump(mode="json") for line in await desk.studies()]
        return json.dumps({"studies": lines}), "application/json"
    if found := REPORT.fullmatch(uri):
        report = await asyncio.to_thread(desk.room.report, found[1])
        return report.model_dump_json(), "application/json"
    if found := PICTURE.fullmatch(uri):
        return await desk.picture(found[1], found[2]), "image/png"
    raise BadRequest("there is no such resource", do="resources/list and resources/templates/list tell what there is.")


def _serve_prompts(decorators: Any) -> None:
    async def listed() -> list[types.Prompt]:
        return [
            types.Prompt(
                name=name,
                title=prompt.title,
                description=prompt.description,
                arguments=[
                    types.PromptArgument(name=key, description=told, required="may be left out" not in told)
                    for key, told in prompt.arguments.items()
                ],
            )
            for name, prompt in prompts().items()
        ]

    async def got(name: str, arguments: dict[str, str] | None) -> types.GetPromptResult:
        prompt = prompts().get(name)
        if prompt is None:
            raise BadRequest(f"there is no prompt {name[:60]!r}", do=f"There is {', '.join(prompts())}.")
        given = {key: (arguments or {}).get(key, "")[:2_000] for key in prompt.arguments}
        content = types.TextContent(type="text", text=render_prompt(prompt.text, f"{PROMPTS}: {name}", **given))
        return types.GetPromptResult(
            description=prompt.description, messages=[types.PromptMessage(role="user", content=content)]
        )

    decorators.list_prompts()(listed)
    decorators.get_prompt()(got)
