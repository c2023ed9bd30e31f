"""Cohorts and experiments over HTTP: what their folders below the home say, read only, for the home's owner."""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from readingroom.web.answers import CohortView, ExperimentView
from readingroom.web.house import House, house_of, session_of
from readingroom.web.refusals import NotHere

VIEWERS = ("view.html", "viewer.html", "summary.html", "index.html")
"""Names under which an experiment keeps a page of its own."""
META = re.compile(rb'<meta http-equiv="Content-Security-Policy" content="([^"<>]{1,2000})"')
SANDBOX = "sandbox allow-scripts"
"""The page of an experiment runs in an origin of its own: it cannot ask this API for anything."""
NOTHING = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
"""Where the page names no policy itself."""
LARGEST = 200 << 20
HOUR = 3600.0
SEEN = 60
"""Looks that a rate is computed from."""
WAITING = ("waiting", "recheck")


async def cohorts(request: Request) -> Response:
    return await _folders(request, "cohorts", _cohort)


async def experiments(request: Request) -> Response:
    return await _folders(request, "experiments", _experiment)


async def _folders(
    request: Request, name: str, view: Callable[[House, Path], CohortView | ExperimentView | None]
) -> Response:
    house = house_of(request)
    if not session_of(request).owner:
        return JSONResponse([])

    def looked() -> list[object]:
        there = house.settings.home / name
        folders = sorted(one for one in there.iterdir() if one.is_dir()) if there.is_dir() else []
        return [found.model_dump(mode="json") for folder in folders if (found := view(house, folder)) is not None]

    return JSONResponse(await asyncio.to_thread(looked))


def _cohort(house: House, folder: Path) -> CohortView | None:
    """As its journal says; the rate is that since this server began to look."""
    path = folder / "cohort.sqlite"
    if not path.is_file():
        return None
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=1)) as base:
            counts = dict(base.execute("SELECT state, count(*) FROM items GROUP BY state").fetchall())
    except sqlite3.Error:
        return None
    total, left = sum(counts.values()), sum(counts.get(state, 0) for state in WAITING)
    rate = _rate(house, str(folder), total - left)
    return CohortView(
        id=folder.name, name=folder.name, done=total - left - counts.get("failed", 0), failed=counts.get("failed", 0),
        total=total, rate=rate, eta=left / rate * HOUR if rate else None,
        state="done" if not left else "running" if rate else "waiting",
    )  # fmt: skip


def _rate(house: House, name: str, ended: int) -> float | None:
    seen = house.looks.setdefault(name, deque(maxlen=SEEN))
    seen.append((time.monotonic(), ended))
    seconds, more = seen[-1][0] - seen[0][0], seen[-1][1] - seen[0][1]
    return more / seconds * HOUR if seconds > 0 and more > 0 else None


def _experiment(house: House, folder: Path) -> ExperimentView | None:
    """As its matrix says; drafted cells are files."""
    del house
    try:
        matrix = json.loads((folder / "matrix.json").read_bytes())
        cells = [str(cell["cell"]) for cell in matrix["cells"]]
        name = str(matrix["name"])
        updated = datetime.fromtimestamp((folder / "matrix.json").stat().st_mtime, UTC).isoformat(timespec="seconds")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    done = {path.stem for path in (folder / "cells").glob("*.json")}
    return ExperimentView(
        id=folder.name, name=name, cells=len(cells), done=sum(cell in done for cell in cells), updated=updated
    )


async def viewer(request: Request) -> Response:
    """The page that an experiment keeps of itself, in an origin of its own."""
    house, named = house_of(request), request.path_params["experiment"]
    folder = house.settings.home / "experiments" / named
    inside = session_of(request).owner and re.fullmatch(r"[\w.-]{1,100}", named) and named not in (".", "..")
    path = next((folder / one for one in VIEWERS if (folder / one).is_file()), None) if inside else None
    if path is None or path.is_symlink() or path.stat().st_size > LARGEST:
        raise NotHere("there is no such experiment with a page here")
    content = await asyncio.to_thread(path.read_bytes)
    said = META.search(content)
    policy = said[1].decode("ascii", "ignore").replace("&#39;", "'") if said else NOTHING
    headers = {
        "content-security-policy": f"{policy}; frame-ancestors 'self'; {SANDBOX}",
        "x-frame-options": "SAMEORIGIN",
    }
    return Response(content, media_type="text/html", headers=headers)
