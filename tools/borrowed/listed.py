"""A tool as another's server lists it, and the digest that pins it."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from readingroom.domain.value import Value, digest_of
from readingroom.errors import BadReply


class Listed(Value):
    """What a server says of one of its tools."""

    name: str = Field(max_length=128)
    description: str = ""
    takes: dict[str, Any]
    """The JSON schema of its arguments."""

    @property
    def sha256(self) -> str:
        """Of the description and the schema, as canonical JSON: both are read by a model."""
        return digest_of({"description": self.description, "inputSchema": self.takes})


def listed(told: Any, where: str) -> Listed:
    """Raises BadReply for what is no tool."""
    if not isinstance(told, dict):
        raise BadReply("its list of tools cannot be read", where=where)
    name, description, schema = told.get("name"), told.get("description") or "", told.get("inputSchema")
    if not (isinstance(name, str) and isinstance(description, str) and isinstance(schema, dict)):
        raise BadReply("its list of tools cannot be read", where=where)
    found = Listed(name=name[:128], description=description, takes=schema)
    try:
        _ = found.sha256
    except (ValueError, RecursionError):  # half a surrogate pair, an infinite number, a nest without end
        raise BadReply("its list of tools cannot be read", where=where) from None
    return found
