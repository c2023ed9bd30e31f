"""A server of others as the settings name it: how it is started, which of its tools may be used, how far it may go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from readingroom.domain.value import Value

ServerName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,15}$")]
"""Without an underscore, so that what stands before the first one in a tool's name is always the server."""
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
TheirName = Annotated[str, Field(min_length=1, max_length=64)]


class BorrowedServer(Value):
    """An MCP server on standard input and output, started for a run and killed at its end."""

    command: tuple[str, ...] = Field(min_length=1)
    """The program and its arguments, without a shell; the program by its absolute path, or a bare name to look up."""
    files: dict[Path, Sha256] = Field(default_factory=dict)
    """Files that must have this SHA-256 before it is started: the program, the script."""
    environment: tuple[Variable, ...] = ()
    """Names of our environment that it is given; it has none of the others."""
    tools: dict[TheirName, Sha256] = Field(default_factory=dict)
    """The tools that may be used, each with the SHA-256 of its description and schema as they were read by you."""
    approval: bool = True
    """Whether a call waits for the user's yes, who sees what is sent."""
    seconds: float = Field(default=30, gt=0, le=600)
    """For its start, and for each answer."""
    bytes: int = Field(default=65_536, ge=1024, le=1 << 20)
    """Of one answer."""

    @field_validator("command")
    @classmethod
    def _is_no_relative_path(cls, given: tuple[str, ...]) -> tuple[str, ...]:
        if not given[0] or ("/" in given[0] and not Path(given[0]).is_absolute()):
            raise ValueError("name the program by its absolute path, or by a bare name")
        return given
