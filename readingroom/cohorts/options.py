"""What a cohort is asked to do: the same for every item, and plain data, so that any process can do it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, ValidationError

from readingroom.deidentification.choices import Choices
from readingroom.domain.request import Request
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.formats import formats_of
from readingroom.workflows.workflows import WORKFLOWS

OUTLINES = "segment_and_measure"
TOOLS = ("embed", "classify", "segment", "measure", "ask", "deidentify")
"""Beside the workflows; segment and measure are both the workflow that outlines and measures."""
NAMES = (*WORKFLOWS, *TOOLS)


class Options(Value):
    """Part of every item's key, `formats` and `seconds` aside."""

    workflow: str
    words: dict[str, Any] = Field(default_factory=dict)
    """Fields of Request for every item; the manifest's own words go before them."""
    labels: tuple[str, ...] = ()
    label_set: str = ""
    pooling: Literal["median", "mean", "max", "std"] = "median"
    """Of a volume's slices to one vector."""
    formats: tuple[str, ...] = ("html", "json")
    """Files of each report, as `export` makes them; empty: only the tables."""
    deidentify: Choices = Choices()
    """Of that workflow: dates, device, text in the pixels."""
    seconds: float = Field(default=3600.0, gt=0)
    """An item that takes longer has failed."""


def options_of(**given: Any) -> Options:
    """Options from what a command line gives. Raises BadRequest naming the one that is wrong."""
    try:
        return Options(**given)
    except ValidationError as error:
        first = error.errors()[0]
        raise BadRequest(f"{first['loc'][0]} cannot be {str(first['input'])[:40]!r}", do=f"{first['msg']}.") from error


def checked(options: Options) -> Options:
    """Raises BadRequest for what nothing can be done with."""
    if options.workflow not in NAMES:
        what = f"there is no workflow or tool {options.workflow[:60]!r}"
        raise BadRequest(what, do=f"Choose one of {', '.join(NAMES)}.")
    formats_of(",".join(options.formats)) if options.formats else ()
    try:
        Request(**options.words)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        do = "`readingroom cohort run --help` tells what each takes."
        raise BadRequest(f"{place}: {first['msg']}", do=do) from error
    return options


def workflow_of(options: Options) -> str:
    """The workflow that is carried out; of a tool that stands for one, that one."""
    return OUTLINES if options.workflow in ("segment", "measure") else options.workflow


def words_of(options: Options, own: dict[str, Any]) -> dict[str, Any]:
    """The item's own words before those of all, stated facts one by one."""
    stated = {**options.words.get("stated", {}), **own.get("stated", {})}
    return {**options.words, **own, **({"stated": stated} if stated else {})}
