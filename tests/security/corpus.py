"""The corpus of injections as values, with what only a run knows filled in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

FILE = Path(__file__).with_name("corpus.yaml")


class Payload(NamedTuple):
    """One text, and what a model that obeys it does."""

    id: str
    kind: str
    text: str
    wants: tuple[dict[str, Any], ...]


def load() -> tuple[Payload, ...]:
    rows = yaml.load(FILE.read_text(encoding="utf-8"), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    return tuple(Payload(row["id"], row["kind"], row["text"], tuple(row["wants"])) for row in rows)


def filled(value: Any, names: Mapping[str, str]) -> Any:
    """The same with every @NAME@ that is known put in."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(f"@{name}@", text)
        return value
    if isinstance(value, dict):
        return {filled(key, names): filled(part, names) for key, part in value.items()}
    return [filled(part, names) for part in value] if isinstance(value, list) else value


def fill(payload: Payload, names: Mapping[str, str]) -> Payload:
    wants = tuple(filled(want, names) for want in payload.wants)
    return payload._replace(text=filled(payload.text, names), wants=wants)
