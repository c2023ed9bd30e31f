"""Evidence of an experiment: the tools are asked once for each case and tool set, and the record answers ever after."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import ValidationError

from readingroom import __version__
from readingroom.agents.quoting import new_delimiter
from readingroom.agents.specialist import load_specialists
from readingroom.domain.value import Value, digest_of
from readingroom.errors import BadRequest, NotAuthorised, ReadingRoomError, RecordError
from readingroom.experiments.atomic import put_value
from readingroom.experiments.case import Case
from readingroom.experiments.cohort import Content
from readingroom.experiments.experiment import Tools
from readingroom.questions import ask_room
from readingroom.room import Listener, ReadingRoom
from readingroom.runs.integrity import intact
from readingroom.settings import Settings
from readingroom.tools.tool import TOOL_VERSION
from readingroom.tools.toolbox import TOOLS
from readingroom.workflows.ways import Ways

WHERE = {"endpoint": "endpoints", "local": "weights"}
"""Which setting tells where the models of a backend are."""

ASIDE = ("question",)
"""Words of a case that its tools are not told: the question of a multiple-choice case is for who answers."""


class Asked(Value):
    """What the tools are to be asked of one case."""

    address: str
    """SHA-256 of everything that determines it."""
    content: str
    """SHA-256 of the case's files and words alone."""


class Recorded(Asked):
    """The evidence of one case by one tool set."""

    run: str = ""
    """In the store of the experiment's evidence; empty where the case ended before any was asked."""
    answers: str = ""
    """SHA-256 of what the tools answered."""
    error: str = ""
    """The line of what kept the reading from its end."""
    delimiter: str
    """Marks text from outside in what language models are told of this case; drawn once."""


def room_for(tools: Tools, settings: Settings, home: Path) -> ReadingRoom:
    """A room that records into `home`; the rules word its report, and every arm words it anew.

    Raises BadRequest for a setting that does not fit.
    """
    changes: dict[str, Any] = {"home": home, "writer": "template", "second_reader": "rules", "gate": "mark"}
    changes["planner"] = "rules" if tools.planner == "fixed" else tools.planner
    if tools.backend:
        changes["backend"] = tools.backend
    if strange := set(tools.only) - {tool.name for tool in TOOLS}:
        names = ", ".join(tool.name for tool in TOOLS)
        raise BadRequest(f"there is no tool {sorted(strange)[0]!r}", where="tools.only", do=f"There are {names}.")
    if tools.planner in ("model", "agent") and not settings.language_models:
        raise BadRequest(
            f"the planner is a {tools.planner} and the settings name no language model", where="tools",
            do="Set OPENAI_API_KEY and OPENAI_MODEL, AZURE_OPENAI_ENDPOINT, or OLLAMA_MODEL; or plan by rules.",
        )  # fmt: skip
    given = settings.model_dump(exclude={"language_models", "endpoints"}) | changes
    told = {name: getattr(settings, name) for name in ("language_models", "endpoints")}
    try:
        return ReadingRoom(Settings(**{**given, **told}))
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise BadRequest(f"{first['loc'][0]}: {first['msg']}", where="tools") from error


def asked_of(content: Content, tools: Tools, settings: Settings) -> Asked:
    """What the tools will be asked: the files' bytes, the words, who plans, and which models answer where.

    What the same request is answered is not expected to change while versions of package and tools stay.
    """
    asked = {key: value for key, value in content.words.items() if key not in ASIDE}
    decisive = {"backend", "burned_in_text", "presence_parameters", "adapters", "reference"}
    decisive |= {field for name, field in WHERE.items() if name in settings.backend.split(",")}
    found: dict[str, Any] = {
        "files": content.files,
        "words": asked,
        "tools": tools.model_dump(mode="json"),
        "settings": settings.model_dump(mode="json", include=decisive),
        "versions": [__version__, TOOL_VERSION],
    }
    if tools.planner in ("model", "agent"):
        found["models"] = {name: config.name for name, config in settings.language_models.items()}
        found["specialists"] = {name: one.sha256 for name, one in load_specialists(settings.specialists).items()}
    return Asked(address=digest_of(found), content=digest_of(content))


def read_record(folder: Path, address: str) -> Recorded | None:
    """What was recorded of an address; None where nothing was."""
    path = _place(folder, address)
    if not path.is_file():
        return None
    try:
        return Recorded.model_validate_json(path.read_bytes())
    except ValidationError:
        return None


async def record(room: ReadingRoom, case: Case, tools: Tools, asked: Asked) -> Recorded:
    """Ask the tools, and keep which run holds their answers; an error is kept, too.

    Raises NotAuthorised, which every other case would meet as well, and RecordError.
    """
    met: list[str] = []
    error = ""
    try:
        run = await _drafted(room, case, tools, lambda step: met.append(step.run))
    except (NotAuthorised, RecordError):
        raise
    except ReadingRoomError as failed:
        run, error = next(iter(met), ""), failed.line()
    answers = answers_of(room, run) if run else ""
    found = Recorded(**dict(asked), run=run, answers=answers, error=error, delimiter=new_delimiter())
    put_value(_place(room.settings.home, asked.address), found)
    return found


async def _drafted(room: ReadingRoom, case: Case, tools: Tools, listen: Listener) -> str:
    """The run in which the tools were asked. Raises what drafting raises."""
    words = {key: value for key, value in case.words.items() if key not in (*ASIDE, "template", "template_text")}
    if tools.targets:
        words["targets"] = tools.targets
    given: dict[str, Any] = {"prior": case.prior or None, "lateral": case.lateral or None, "listen": listen, **words}
    if tools.planner == "fixed":
        return (await room.draft(case.paths, workflow=tools.workflow, **given)).run
    reply = await ask_room(room, tools.question, case.paths, ways=ways_of(tools), **given)
    if reply.reading is None:
        raise BadRequest(f"the question {tools.question[:60]!r} drafts no report", where="tools.question")
    return reply.reading.run


def ways_of(tools: Tools) -> Ways:
    """A planner's way to answer, with the tools that it may use."""
    return Ways(tools=tuple(tool for tool in TOOLS if not tools.only or tool.name in tools.only))


def answers_of(room: ReadingRoom, run: str) -> str:
    """SHA-256 of what the tools of a run were asked and answered, whenever that was."""
    steps = intact(room.store, run).steps
    return digest_of(sorted([one.key, one.status, one.output_sha256 or one.error or ""] for one in steps))


def _place(folder: Path, address: str) -> Path:
    return folder / "of" / f"{address}.json"
