"""Specialists as files: who does what with which tools, needs what and gives what; checked before anything runs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.prompts.words import digest_of_words, load_words, read_words, render_prompt
from readingroom.tools.tool import Tool
from readingroom.tools.toolbox import TOOLS

Word = Literal["study", "evidence", "findings", "impression", "report", "question", "answer"]
"""What specialists hand each other."""

ASKED: frozenset[Word] = frozenset(("study", "question"))
"""What comes from whoever asks; the rest is given by some specialist."""

FOLDER = "agents"
LONGEST_FILE = 64_000
"""Bytes of one file; the longest that comes with the package has a thirtieth of it."""
SEE = "See prompts/agents/ for working ones."


class Reach(Value):
    """How far one piece of work of a specialist may go, within the budget of the question."""

    rounds: int = Field(default=8, ge=1, le=32)
    """Answers of its model."""
    calls: int = Field(default=0, ge=0, le=64)
    """Calls of tools."""


class Specialist(Value):
    """One file of prompts/agents, or of a user's own folder."""

    id: str = Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")
    title: str = Field(min_length=1, max_length=80)
    purpose: str = Field(alias="for", min_length=1, max_length=400)
    """What it is for, in one sentence."""
    needs: tuple[Word, ...] = Field(min_length=1)
    gives: tuple[Word, ...] = Field(min_length=1)
    tools: tuple[str, ...] = ()
    """Names of the toolbox."""
    limits: Reach = Reach()
    model: str | None = Field(default=None, min_length=1)
    """The name of a model in the settings; none: the one of the room, or the rules where it has none."""
    prompt: str = Field(min_length=1)
    """What its model is told first, with {{ title }} and {{ tools }}."""
    sha256: str

    @property
    def system(self) -> str:
        """The prompt, rendered."""
        return render_prompt(self.prompt, f"specialist {self.id}, prompt", title=self.title, tools=self.tools)

    @property
    def version(self) -> str:
        """For records: "findings_writer 3fa9c1d2"."""
        return f"{self.id} {self.sha256[:8]}"


def parse_specialist(text: str, where: str) -> Specialist:
    """Raises BadRequest naming the file and the first field that is wrong."""
    data: Any = load_words(text, where)
    try:
        found = Specialist(**data, sha256=digest_of_words(text))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"{place}: {first['msg']}", where=where, do=SEE) from error
    except TypeError as error:
        raise BadRequest("the file is not a list of fields with their values", where=where, do=SEE) from error
    try:
        _ = found.system
    except BadRequest as error:
        raise BadRequest(f"prompt: {error.what}", where=where, do="It may use {{ title }} and {{ tools }}.") from error
    return found


def load_specialists(extra: Path | None = None, tools: Sequence[Tool] = TOOLS) -> dict[str, Specialist]:
    """All that come with the package, by id; those of the folder `extra` are added or take the place of their like.

    Raises BadRequest for a wrong file, an unknown tool, or a need that nobody gives.
    """
    folder = files("readingroom.prompts").joinpath(FOLDER)
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    found = {one.id: (name, one) for name in names for one in [parse_specialist(read_words(f"{FOLDER}/{name}"), name)]}
    theirs: dict[str, tuple[str, Specialist]] = {}
    for path in _of_folder(extra) if extra is not None else ():
        one = parse_specialist(_text_of(path), path.name)
        if one.id in theirs:
            raise BadRequest(f"id: {theirs[one.id][0]} is {one.id!r} as well", where=path.name, do="Give each its own.")
        theirs[one.id] = (path.name, one)
    found |= theirs
    _check(found, tools)
    return {name: one for name, (_, one) in found.items()}


def _of_folder(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise BadRequest("there is no such folder of specialists", where=folder.name, do="Name an existing folder.")
    return sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))


def _text_of(path: Path) -> str:
    try:
        raw = path.read_bytes()
        if len(raw) > LONGEST_FILE:
            raise BadRequest(f"has {len(raw)} bytes, at most {LONGEST_FILE} are read", where=path.name, do=SEE)
        return raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadRequest(f"cannot be read ({type(error).__name__})", where=path.name, do=SEE) from error


def _check(found: Mapping[str, tuple[str, Specialist]], tools: Iterable[Tool]) -> None:
    known = [tool.name for tool in tools]
    for where, one in found.values():
        for name in one.tools:
            if name not in known:
                raise BadRequest(f"tools: there is no tool {name!r}", where=where, do=f"There are {', '.join(known)}.")
        others = {word for _, other in found.values() if other.id != one.id for word in other.gives}
        missing = [word for word in one.needs if word not in ASKED | others]
        if missing:
            do = "Let another specialist give it, or do without."
            raise BadRequest(f"needs: nobody gives {', '.join(missing)}", where=where, do=do)
