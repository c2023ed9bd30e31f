"""Which model serves what, read from models.yaml: what to segment unasked, and what would serve a refused target."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

import yaml
from pydantic import Field

from readingroom.domain.image import ImageRef
from readingroom.domain.value import Value


class Served(Value):
    """One row of models.yaml."""

    name: str
    needs: str
    env: str = ""
    """How Microsoft's examples begin the names of its settings: MI2 for MI2_MODEL_ENDPOINT."""
    segments: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    only_on_request: tuple[str, ...] = ()
    embeds: str = ""
    classifies: str = ""
    drafts: tuple[str, ...] = ()


@cache
def models() -> dict[str, Served]:
    """Every row, by its id."""
    text = files("readingroom.tools").joinpath("models.yaml").read_text(encoding="utf-8")
    return {name: Served(**row) for name, row in yaml.safe_load(text).items()}


def _fits(kind: str, ref: ImageRef) -> bool:
    modality, anatomy = kind.split("/")
    return modality == ref.modality and anatomy in ("any", ref.anatomy)


def served_targets(model: str, ref: ImageRef) -> tuple[str, ...]:
    """All that a model outlines in such an image, in the order of models.yaml."""
    return tuple(target for kind, targets in models()[model].segments.items() if _fits(kind, ref) for target in targets)


def would_serve(target: str, ref: ImageRef) -> str:
    """Which other model outlines that target, in one clause; says so where none is known."""
    for model, row in models().items():
        exact = any(target in targets and _fits(kind, ref) for kind, targets in row.segments.items())
        if model != "classical" and exact:
            return f"{row.name} serves it; that needs {row.needs}"
    elsewhere = sorted(
        f"{row.name} in {kind.replace('/', ' ').replace('_', '-')}"
        for row in models().values()
        for kind, targets in row.segments.items()
        if target in targets
    )
    return f"It is served by {elsewhere[0]}" if elsewhere else "No model in models.yaml serves it"
