"""The tools and prompts as a host is offered them: fixed words, each with a digest that a host may pin."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cache
from typing import Any, NamedTuple

from readingroom.domain.value import Value, digest_of
from readingroom.mcp_server import requests, results
from readingroom.prompts.words import load_words, read_words

PROMPTS = "mcp/prompts.yaml"


class Offered(NamedTuple):
    """One tool: its name is the desk's method."""

    name: str
    title: str
    request: type[Value]
    result: type[Value]
    method: str = ""


OFFERED: tuple[Offered, ...] = (
    Offered("list_studies", "List studies", requests.ListStudies, results.Studies),
    Offered("open_study", "Open a study", requests.OpenStudy, results.Opened),
    Offered("segment", "Outline", requests.Segment, results.Found),
    Offered("measure", "Measure", requests.Measure, results.Found, "segment"),
    Offered("draft", "Draft a checked report", requests.Draft, results.Told),
    Offered("ask", "Ask about a study", requests.Ask, results.Told),
    Offered("classify", "Classify", requests.Classify, results.Labels),
    Offered("search", "Search for alike pictures", requests.Search, results.Neighbours),
    Offered("verify", "Check a text against evidence", requests.Verify, results.Told),
    Offered("explain", "Explain a sentence or an evidence", requests.Explain, results.Told),
)

Call = Callable[[Any, Any], Awaitable[Value]]


def described(offered: Offered) -> dict[str, Any]:
    """What a host is told of a tool: name, description, and the schemas of what it takes and gives."""
    return {
        "name": offered.name,
        "description": " ".join((offered.request.__doc__ or "").split()),
        "inputSchema": offered.request.model_json_schema(),
        "outputSchema": offered.result.model_json_schema(mode="serialization"),
    }


def digests() -> dict[str, str]:
    """SHA-256 of each tool's description and schemas: it changes only with the program."""
    return {offered.name: digest_of(described(offered)) for offered in OFFERED}


class OfferedPrompt(Value):
    """A text that a host offers its user."""

    title: str
    description: str
    arguments: dict[str, str]
    text: str


@cache
def prompts() -> dict[str, OfferedPrompt]:
    """By name."""
    words = load_words(read_words(PROMPTS), PROMPTS)
    return {name: OfferedPrompt.model_validate(given) for name, given in words.items()}
