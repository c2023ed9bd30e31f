"""Reports of older schemas, brought to this one step by step; a step only adds what the newer schema asks for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from readingroom.domain.report import SCHEMA_VERSION

Data = dict[str, Any]


def _from_1_0(data: Data) -> Data:
    """1.1 added the language, the categories and what the gate struck; all have defaults."""
    return {**data, "schema_version": "1.1"}


STEPS: dict[str, Callable[[Data], Data]] = {"1.0": _from_1_0}
"""By the version that a step starts from."""


def migrated(data: Data) -> Data:
    """The same report in the newest schema; data of an unknown version comes back as it is, to be refused."""
    while (version := data.get("schema_version")) != SCHEMA_VERSION and isinstance(version, str) and version in STEPS:
        data = STEPS[version](data)
    return data
