"""Tools as a model is offered them, and its calls held against the study before anything runs."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NoReturn, Protocol, get_args

from readingroom.agents.chat_model import Offer
from readingroom.agents.compact import compact, error_text
from readingroom.agents.plan_check import FIELD, Earlier, Study, check_step, whole_request
from readingroom.domain.plan import FROM, PlannedStep
from readingroom.domain.value import Value
from readingroom.errors import ReadingRoomError, RecordError, ToolFailed
from readingroom.tools.tool import Bench, Result, Tool
from readingroom.tools.toolbox import TOOLS

LONGEST_ARGUMENTS = 20_000
"""Characters; no request of the toolbox needs a tenth of it."""
IMAGE_FIELDS = ("image", "images", "prior")

_NO_ID = re.compile(r"[/\\:]|^[.~]|\.\.|[\x00-\x1f]")
"""What a path, a URL or a drive has and none of the ids that we issue."""


class CallRefused(ToolFailed):
    """A model's call that cannot run; `kind` and the line go back to it."""

    def __init__(self, kind: str, what: str, *, do: str = "", violation: bool = False) -> None:
        super().__init__(what, do=do)
        self.kind = kind
        self.violation = violation
        """It asked for what it may not have, rather than mistook something: nothing of its turn runs."""


class Answered(Value):
    """What one call gave, as the model is told it."""

    step: str
    text: str
    """Compact JSON: ids of evidence and fields, or an error; never pixels, vectors or masks."""
    evidence: tuple[str, ...] = ()
    error: str = ""


class Functions(Protocol):
    """The tools of one conversation. What it offers is fixed before any text from outside is read."""

    def offers(self) -> tuple[Offer, ...]:
        """The tools that may be called, in a steady order."""
        ...

    def admit(self, name: str, arguments: str) -> PlannedStep:
        """A call that may run, named by its place among all calls. Raises CallRefused; runs nothing."""
        ...

    async def run(self, step: PlannedStep) -> Answered:
        """Carry out an admitted call; a tool's error is part of the answer."""
        ...


class ToolFunctions:
    """The toolbox at one bench, without any library between: used offline and in tests."""

    def __init__(
        self,
        bench: Bench,
        tools: Sequence[Tool] = TOOLS,
        *,
        agent: str = "",
        named: Mapping[str, tuple[str, ...] | None] | None = None,
    ) -> None:
        """`tools` are those that may be called; `agent` begins the names of its steps; `named` says what is outlined
        by name in each image, where that is known."""
        self._bench = bench
        self._tools = {tool.name: tool for tool in tools}
        self._prefix = f"{agent[:20].replace('_', '-')}-" if agent else ""
        self._study = Study(tuple(image.ref for image in bench.images.values()), named or {})
        self._earlier: dict[str, Earlier] = {}
        self._counts: dict[str, int] = {}
        self._requests: dict[str, tuple[PlannedStep, Value]] = {}
        """Of steps that were admitted and have not run."""
        self._offers = tuple(offer_of(tool, tools, tuple(bench.images)) for tool in tools)
        self.done: dict[str, tuple[PlannedStep, Result]] = {}
        """Steps that were answered, in the order in which they were asked for."""

    def offers(self) -> tuple[Offer, ...]:
        return self._offers

    def tool(self, name: str) -> Tool:
        """One that may be called. Raises CallRefused."""
        if name in self._tools:
            return self._tools[name]
        do = f"Use one of: {', '.join(self._tools) or 'none'}."
        if any(tool.name == name for tool in TOOLS):
            raise CallRefused("denied", f"{name} may not be used for this question", do=do, violation=True)
        raise CallRefused("unknown_tool", f"there is no tool {name[:60]!r}", do=do)

    def admit(self, name: str, arguments: str) -> PlannedStep:
        tool = self.tool(name)
        given = parsed(arguments)
        self._vet_ids(given)
        number = self._counts.get(name, 0) + 1
        step = PlannedStep(id=f"{self._prefix}{name.replace('_', '-')}-{number}", tool=name, arguments=given)
        request = whole_request(tool, arguments, given)
        flaw = check_step(step, tool, self._earlier, self._study, fits=request is not None)
        if flaw is not None:
            where = f"{flaw.field}: " if flaw.field else ""
            raise CallRefused(flaw.kind, f"{where}{flaw.reason}", do=flaw.do)
        self._counts[name] = number
        if request is not None:
            self._requests[step.id] = (step, request)
        return step

    async def run(self, step: PlannedStep) -> Answered:
        tool = self.tool(step.tool)
        self.done[step.id] = (step, Result())  # keeps its place while others end before it
        try:
            request = self._request(step, tool)
            result: Result = await tool.call(self._bench, step.id, request)
        except RecordError:
            raise
        except ReadingRoomError as error:
            del self.done[step.id]
            line = error.line()
            return Answered(step=step.id, text=error_text(type(error).__name__, line, step.id), error=line)
        except BaseException:
            del self.done[step.id]
            raise
        self.done[step.id] = (step, result)
        self._earlier[step.id] = Earlier(step, tool)
        ids = tuple(item.id for item in result.evidence)
        return Answered(step=step.id, text=compact(result, step.id), evidence=ids)

    def _request(self, step: PlannedStep, tool: Tool) -> Value:
        """As it was read when the step was admitted, unless somebody changed the step since."""
        admitted, request = self._requests.pop(step.id, (None, None))
        if request is not None and admitted is step:
            return request
        return tool.request.model_validate(self._resolved(step.arguments))

    def _vet_ids(self, given: Mapping[str, Any]) -> None:
        for field in IMAGE_FIELDS:
            named = given.get(field)
            for one in named if isinstance(named, list) else [named]:
                if isinstance(one, str) and one not in self._bench.images and _NO_ID.search(one):
                    do = f"Its images are {', '.join(self._bench.images)}."
                    raise CallRefused("no_paths", f"{field}: images go by their ids alone", do=do, violation=True)

    def _resolved(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        def found(value: Any) -> Any:
            refers = isinstance(value, dict) and FROM in value
            return getattr(self.done[value[FROM]][1], value[FIELD]) if refers else value

        return {name: found(value) for name, value in arguments.items()}


def parsed(arguments: str) -> dict[str, Any]:
    """Arguments as a model wrote them: one JSON object, nothing mended. Raises CallRefused."""
    if len(arguments) > LONGEST_ARGUMENTS:
        raise CallRefused("bad_arguments", f"{len(arguments)} characters of arguments", do="Send what is asked for.")
    try:
        found = _STRICT(arguments or "{}")
    except (ValueError, RecursionError):
        raise CallRefused("malformed_json", "the arguments are not JSON", do="Send one JSON object.") from None
    if not isinstance(found, dict):
        raise CallRefused("bad_arguments", "the arguments are not an object", do="Send one JSON object.")
    return found


def _no_number(name: str) -> NoReturn:
    raise ValueError(name)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a key stands twice")
    return found


_STRICT = json.JSONDecoder(parse_constant=_no_number, object_pairs_hook=_each_once).decode


@cache
def _schema(request: type[Value]) -> str:
    """As JSON, for whoever reads it to have it alone; pydantic takes several milliseconds to make it."""
    return json.dumps(request.model_json_schema())


def offer_of(tool: Tool, tools: Sequence[Tool], images: tuple[str, ...]) -> Offer:
    """A tool with the JSON schema of its request; what only tools give is asked for as a reference."""
    schema = json.loads(_schema(tool.request))
    properties = {}
    for name, info in tool.request.model_fields.items():
        stated = {key: value for key, value in schema["properties"][name].items() if key not in ("title", "default")}
        if any(isinstance(part, type) and issubclass(part, Value) for part in get_args(info.annotation)):
            fits = sorted({f for one in tools for f, gives in one.result.model_fields.items()
                           if gives.annotation == info.annotation})  # fmt: skip
            stated = _reference(str(info.description or ""), fits)
        elif name in IMAGE_FIELDS and images:
            stated = {**stated, "items": {"type": "string", "enum": list(images)}} if name == "images" else {
                **stated, "enum": list(images)}  # fmt: skip
        properties[name] = stated
    parameters: dict[str, Any] = {
        "type": "object",
        "properties": properties,
        "required": list(schema.get("required", [])),
        "additionalProperties": False,
    }
    if "$ref" in json.dumps(properties):
        parameters["$defs"] = schema["$defs"]
    return Offer(name=tool.name, description=" ".join((tool.request.__doc__ or "").split()), parameters=parameters)


def _reference(description: str, fields: list[str]) -> dict[str, Any]:
    field: dict[str, Any] = {"type": "string", "description": "Field of that step's answer."}
    return {
        "type": "object",
        "description": f"{description} Refer to an answered step by its name.".strip(),
        "properties": {
            FROM: {"type": "string", "description": "The step, as its answer names it."},
            FIELD: {**field, "enum": fields} if fields else field,
        },
        "required": [FROM, FIELD],
        "additionalProperties": False,
    }
