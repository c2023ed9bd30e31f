"""What every value of the domain is: frozen, strict about its fields, finite, and the same JSON every time."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from pydantic import BaseModel, ConfigDict


class Value(BaseModel):
    """A frozen value; unknown fields and non-finite numbers are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)


def canonical_json(value: Value | dict[str, Any] | list[Any] | tuple[Any, ...]) -> str:
    """One text for one value: keys sorted, no spaces, UTF-8 kept (the spirit of RFC 8785)."""
    data = value.model_dump(mode="json") if isinstance(value, Value) else value
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def digest_of(value: Value | dict[str, Any] | list[Any] | tuple[Any, ...]) -> str:
    """SHA-256 of the canonical JSON, in hexadecimal."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
