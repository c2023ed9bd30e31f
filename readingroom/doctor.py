"""What this installation has: what is configured, what of it can be reached, and what is missing. No secret is told.

Nothing is sent to a server but the beginning of a connection: no request, no key, no image.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import platform
import shutil
from collections.abc import Iterable, Iterator, Mapping
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from dotenv import dotenv_values
from packaging.requirements import Requirement

from readingroom.domain.value import Value
from readingroom.endpoint_names import ARM, MARK
from readingroom.errors import ReadingRoomError
from readingroom.index.opening import open_index
from readingroom.index.protocol import is_server
from readingroom.room import ReadingRoom
from readingroom.settings import Settings
from readingroom.tools.backends.endpoint.address import Resource, address_of
from readingroom.tools.backends.endpoint.connections import authorities

State = Literal["ok", "off", "fault"]
"""off: neither asked for nor needed."""

SECONDS = 5.0
"""Until a server must have taken a connection."""
PREFIX = "READINGROOM_"
NEAR = 0.75
"""How alike a slip and the setting that was meant are, 0..1 (difflib)."""
OTHERS = frozenset({"READINGROOM_DEBUG"})
"""Variables of ours that are no setting."""
FOR = {
    "azure": "Entra tokens instead of keys", "agent": "a language model as planner or writer",
    "telemetry": "OpenTelemetry", "dicom": "DICOM SEG, SR and secondary captures", "docx": "Word files",
    "pdf": "PDF files", "index": "fast search in large indexes", "pgvector": "an index in PostgreSQL",
    "learning": "adapters on embeddings", "plots": "figures", "survival": "survival analysis",
    "slides": "compressed whole slides", "mcp": "the tools in an MCP host", "metrics": "BLEU",
    "cohort": "cohorts", "ray": "cohorts on several machines", "mlflow": "MLflow model folders",
}  # fmt: skip


class Finding(Value):
    """One thing that was looked at."""

    about: str
    state: State
    told: str
    do: str = ""
    """What mends it, or turns it on."""


async def examined(room: ReadingRoom) -> tuple[Finding, ...]:
    """Everything that was looked at, in the order of the settings; servers are tried at the same time."""
    settings = room.settings
    here = [*_programs(), *_variables(), *_folders(settings), *_backends(room), *_borrowed(settings)]
    there = await asyncio.gather(*(_server(about, address, proxied) for about, address, proxied in _servers(settings)))
    index = await asyncio.to_thread(_index, settings)
    return (*here, *_language(settings), *there, index, *_extras(_needed(settings)))


def _programs() -> Iterator[Finding]:
    try:
        ours = version("readingroom")
    except PackageNotFoundError:
        ours = "not installed, run from its folder"
    yield Finding(about="readingroom", state="ok", told=f"{ours}, Python {platform.python_version()}")


def _variables() -> Iterator[Finding]:
    """Names alone. pydantic passes over a variable whose name is no setting, so that a slip would never be seen."""
    given = sorted(name for name, value in {**dotenv_values(".env"), **os.environ}.items() if value)
    known = [name.upper() for name in Settings.model_fields]
    used = []
    for name in given:
        ours = name.startswith(PREFIX) and name not in OTHERS
        if ours and name.removeprefix(PREFIX).split("__")[0] not in known:
            near = difflib.get_close_matches(name.removeprefix(PREFIX), known, 1, NEAR)
            do = f"Did you mean {PREFIX}{near[0]}?" if near else "Leave it out."
            yield Finding(about="environment", state="fault", told=f"{name} is no setting", do=do)
        elif name.startswith(PREFIX) or MARK in name or name == ARM:
            used.append(name)
    file = "readingroom.toml is read" if Path("readingroom.toml").is_file() else "no readingroom.toml in this folder"
    yield Finding(about="settings", state="ok", told="; ".join([file, *([f"{', '.join(used)} set"] if used else [])]))


def _folders(settings: Settings) -> Iterator[Finding]:
    for about, folder in (("home", settings.home), ("config", settings.config)):
        there = next(one for one in (folder, *folder.absolute().parents) if one.exists())
        do = f"Choose another place with READINGROOM_{about.upper()}."
        if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
            yield Finding(about=about, state="fault", told=f"{folder} cannot be written", do=do)
        else:
            free = shutil.disk_usage(there).free / 1e9
            yield Finding(about=about, state="ok", told=f"{folder}, {free:.0f} GB free")


def _backends(room: ReadingRoom) -> Iterator[Finding]:
    """Made as a reading makes it: weights are opened, endpoints are not asked."""
    settings = room.settings
    try:
        backend = room.serving.backend()
    except ReadingRoomError as error:
        yield Finding(about="backend", state="fault", told=f"{settings.backend}: {error.what}", do=error.do)
    else:
        yield Finding(about="backend", state="ok", told=f"{settings.backend}: {backend.name} {backend.version}")
    for model, path in settings.weights.items():
        if path.exists():
            yield Finding(about=f"weights {model}", state="ok", told=str(path))
        else:
            state: State = "fault" if "local" in settings.backend.split(",") else "off"
            yield Finding(about=f"weights {model}", state=state, told=f"{path} is not there", do="Mend [weights].")


def _language(settings: Settings) -> Iterator[Finding]:
    roles = {"planner": settings.planner, "writer": settings.writer, "second_reader": settings.second_reader}
    told = ", ".join(f"{name} {value}" for name, value in roles.items())
    wanted = {"model", "agent", "panel"} & set(roles.values())
    if wanted and not settings.language_models:
        yield Finding(about="language models", state="fault", told=f"{told}, and no model is configured",
                      do="Set OPENAI_*, AZURE_OPENAI_* or OLLAMA_*.")  # fmt: skip
        return
    names = ", ".join(f"{name} = {one.name}" for name, one in settings.language_models.items())
    yield Finding(about="language models", state="ok" if wanted else "off", told="; ".join(filter(None, (told, names))))


def _servers(settings: Settings) -> Iterator[tuple[str, str, bool]]:
    """What it is, its URL or ARM resource ID's manager, and whether a proxy stands between."""
    for model, endpoint in settings.endpoints.items():
        how = "key" if endpoint.key else "Entra"
        place = address_of(endpoint.address, endpoint.arm)
        url = endpoint.arm if isinstance(place, Resource) else endpoint.address
        yield f"endpoint {model} ({how})", url, endpoint.proxy is not None
    for name, one in settings.language_models.items():
        yield f"language model {name} ({'key' if one.key or one.token else 'no key'})", one.address, False


async def _server(about: str, url: str, proxied: bool) -> Finding:
    """Whether a connection begins, its certificate checked; behind a proxy only a request would tell."""
    parts = urlsplit(url)
    host, tls = parts.hostname or "?", parts.scheme == "https"
    if proxied:
        return Finding(about=about, state="ok", told=f"{host}, through the proxy: not tried")
    try:
        async with asyncio.timeout(SECONDS):
            _, writer = await asyncio.open_connection(
                host, parts.port or (443 if tls else 80), ssl=authorities() if tls else None
            )
    except TimeoutError:
        return Finding(about=about, state="fault", told=f"{host} does not answer", do="Check the address and the way.")
    except OSError as error:  # certificates are among them
        why = getattr(error, "verify_message", "") or error.strerror or "no connection"
        return Finding(about=about, state="fault", told=f"{host} cannot be reached ({why})", do="Check the address.")
    writer.transport.abort()
    return Finding(about=about, state="ok", told=f"{host} can be reached")


def _borrowed(settings: Settings) -> Iterator[Finding]:
    for name, server in settings.mcp_tools.items():
        there = shutil.which(server.command[0]) is not None
        told = f"{len(server.tools)} tools pinned" if there else f"there is no program {server.command[0]!r}"
        do = "" if there else "Install it, or mend [mcp_tools]."
        yield Finding(about=f"mcp tools {name}", state="ok" if there else "fault", told=told, do=do)


def _index(settings: Settings) -> Finding:
    place = settings.index or settings.home / "index"
    if not is_server(place) and not Path(place).expanduser().is_dir():
        return Finding(about="index", state="off", told="none yet", do="`readingroom index add` makes it.")
    try:
        index = open_index(place, key=settings.index_key)
        try:
            return Finding(about="index", state="ok", told=f"{len(index)} entries")
        finally:
            index.close()
    except ReadingRoomError as error:
        return Finding(about="index", state="fault", told=error.what, do=error.do)


def _needed(settings: Settings) -> Iterator[str]:
    """The extras that the settings cannot do without."""
    if {"model", "agent", "panel"} & {settings.planner, settings.writer, settings.second_reader}:
        yield "agent"
    if any(one.key is None for one in settings.endpoints.values()):
        yield "azure"
    if settings.telemetry != "off":
        yield "telemetry"
    if str(settings.index or "").startswith("postgres"):
        yield "pgvector"


def _extras(needed: Iterable[str]) -> Iterator[Finding]:
    """Each extra of the installed package: there in the versions that it asks for, or not."""
    asked = set(needed)
    for name, wanted in _wanted().items():
        if not wanted:
            yield Finding(about=f"extra {name}", state="off", told="the installation does not know it",
                          do="Install readingroom again.")  # fmt: skip
            continue
        lacking = [told for one in wanted if (told := _lacking(one))]
        yield Finding(
            about=f"extra {name}", state="ok" if not lacking else "fault" if name in asked else "off",
            told=f"{FOR.get(name, name)}: {', '.join(lacking) or 'there'}",
            do=f"pip install 'readingroom[{name}]'" if lacking else "",
        )  # fmt: skip


def _wanted() -> Mapping[str, list[Requirement]]:
    try:
        needs = [Requirement(one) for one in distribution("readingroom").requires or ()]
    except PackageNotFoundError:
        return {}
    plain = {"extra": ""}
    return {
        name: [one for one in needs
               if one.marker and one.marker.evaluate({"extra": name}) and not one.marker.evaluate(plain)]
        for name in FOR
    }  # fmt: skip


def _lacking(wanted: Requirement) -> str:
    try:
        found = version(wanted.name)
    except PackageNotFoundError:
        return f"no {wanted.name}"
    if wanted.specifier.contains(found, prereleases=True):
        return ""
    return f"{wanted.name} {found} is installed, {wanted.specifier} is needed"


def faults(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Those that keep something from working that was asked for."""
    return tuple(one for one in findings if one.state == "fault")
