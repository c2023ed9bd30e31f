"""The session over HTTP: what it may do, and links for others."""

from __future__ import annotations

import importlib.util
import re
from functools import cache
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from readingroom import __version__
from readingroom.agents.idiom import idioms
from readingroom.agents.template import own_files
from readingroom.domain.report import NOTICE
from readingroom.formats import FORMATS
from readingroom.imaging.windowing import CT_PRESETS
from readingroom.prompts.words import read_words
from readingroom.web.exporting import LABELS
from readingroom.web.house import house_of, session_of
from readingroom.web.refusals import Refused

TITLE = re.compile(r"^title:\s*(.+)$", re.MULTILINE)

EXTRAS = {
    "docx": ("docx", "docx"),
    "pdf": ("weasyprint", "pdf"),
    "dicom-sr": ("highdicom", "dicom"),
    "dicom-seg": ("highdicom", "dicom"),
    "dicom-sc": ("highdicom", "dicom"),
}
"""Formats that stand on a module that may be missing, and the extra that brings it."""

SUGGESTIONS = (
    "Draft a report.",
    "Is the heart enlarged?",
    "Compare with the prior.",
    "Outline the lungs and the heart.",
    "How large is the right lung?",
    "What does E1 stand on?",
)
"""What the rule planner carries out without any model."""

OFFLINE = (
    "The offline planner and the template are at work; no language model is configured. To use one, set "
    "OPENAI_API_KEY and OPENAI_MODEL, AZURE_OPENAI_ENDPOINT, or OLLAMA_MODEL in the environment, "
    "READINGROOM_PLANNER=model and READINGROOM_WRITER=model, and start the server again."
)


async def session(request: Request) -> Response:
    house, who = house_of(request), session_of(request)
    settings = house.settings
    offline = settings.planner == "rules" and settings.writer == "template"
    return JSONResponse({
        "version": __version__, "notice": NOTICE, "planner": settings.planner, "writer": settings.writer,
        "backend": settings.backend, "home_runs": who.owner, "suggestions": list(SUGGESTIONS),
        "configure": OFFLINE if offline else "",
        "formats": [_format(name) for name in FORMATS],
        "templates": [{"id": name, "title": _title(name)} for name in own_files()],
        "languages": list(idioms()),
        "windows": [{"name": name, "low": one.low, "high": one.high} for name, one in CT_PRESETS.items()],
        "limits": {"upload_bytes": house.limits.upload_bytes, "files": house.limits.upload_files},
    })  # fmt: skip


@cache
def _title(template: str) -> str:
    """From its file, without reading the rules in it, which takes longer than a page should."""
    found = TITLE.search(read_words(f"reports/{template}.yaml"))
    return found[1].strip(" '\"") if found else template


def _format(name: str) -> dict[str, Any]:
    module, extra = EXTRAS.get(name, ("", ""))
    ready = not module or importlib.util.find_spec(module) is not None
    why = "" if ready else f"pip install 'readingroom[{extra}]'"
    return {"id": name, "label": LABELS[name], "ready": ready, "why": why}


async def invited(request: Request) -> Response:
    """A link for somebody else, into a session of their own. Only the owner gives them."""
    house = house_of(request)
    if not session_of(request).owner:
        raise Refused("only whoever started the server gives links")
    return JSONResponse({"url": house.entrance.link()}, 201)
