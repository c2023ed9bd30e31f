"""The MLmodel file of an MLflow folder: read as data, before any of the folder's code is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from readingroom.errors import BadFile, NotServed
from readingroom.tools.contracts.model_ids import ModelId

CARD = "MLmodel"
LARGEST_CARD = 4 << 20
FLAVOUR = "python_function"
NEEDED: dict[ModelId, tuple[str, ...]] = {
    "medimageinsight": ("image",),
    "medimageparse": ("image", "text"),
    "medimageparse3d": ("image", "text"),
    "cxrreportgen": ("frontal_image",),
    "gigapath": ("image",),
    "gigatime": ("image",),
}
"""Columns without which a signature is not this model's; a fine-tuned MedImageInsight has `image` alone."""


@dataclass(frozen=True)
class Card:
    """What the MLmodel file tells of how the folder is called."""

    columns: tuple[str, ...] | None
    """All that the signature names, or None where there is no signature."""
    required: tuple[str, ...]
    params: frozenset[str]
    code: tuple[Path, ...]
    """The files that are run: MLmodel, the pickled or plain Python model, and the code folder."""


def read_card(folder: Path, model: ModelId) -> Card:
    """Raises BadFile for a folder that is no MLflow model, NotServed for one of another contract."""
    told = _parsed(folder / CARD)
    flavours = told.get("flavors")
    flavour = flavours.get(FLAVOUR) if isinstance(flavours, dict) else None
    if not isinstance(flavour, dict):
        do = "Give the folder that the catalog's download holds beside MLmodel."
        raise BadFile(f"its MLmodel has no {FLAVOUR} flavour", where=str(folder), do=do)
    signature = told.get("signature") if isinstance(told.get("signature"), dict) else {}
    inputs, params = (_listed(signature, key, folder) for key in ("inputs", "params"))
    names = tuple(str(entry.get("name", "")) for entry in inputs)
    lacking = [name for name in NEEDED[model] if names and name not in names]
    if lacking:
        what = f"its signature has the columns {', '.join(names)}, and {model} needs {', '.join(NEEDED[model])}"
        raise NotServed(what, where=str(folder), do=f"Give the folder of {model}.")
    required = tuple(str(entry.get("name", "")) for entry in inputs if entry.get("required", True))
    told_params = frozenset(str(entry.get("name", "")) for entry in params)
    return Card(names or None, required, told_params, tuple(_code(folder, flavour)))


def _parsed(card: Path) -> dict[str, Any]:
    try:
        if card.stat().st_size > LARGEST_CARD:
            raise BadFile("it is larger than any MLmodel file", where=str(card), do="Give an MLflow model.")
        told = yaml.safe_load(card.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        what = f"the MLmodel file cannot be read ({type(error).__name__})"
        raise BadFile(what, where=str(card), do="Copy the folder again, whole.") from error
    if not isinstance(told, dict):
        raise BadFile("the MLmodel file holds no mapping", where=str(card), do="Copy the folder again, whole.")
    return told


def _listed(signature: Any, key: str, folder: Path) -> list[dict[str, Any]]:
    """The signature keeps its lists as JSON in a text."""
    told = signature.get(key) or "[]"
    try:
        found = json.loads(told) if isinstance(told, str) else told
    except ValueError as error:
        raise BadFile(f"its signature's {key} are not JSON", where=str(folder), do="Copy it again.") from error
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise BadFile(f"its signature's {key} are not a list", where=str(folder), do="Copy it again.")
    return found


def _code(folder: Path, flavour: dict[str, Any]) -> Iterator[Path]:
    """Files that are run, all within the folder. Raises BadFile for one that is missing or lies outside."""
    yield folder / CARD
    for key in ("python_model", "data", "model_code_path", "code", "model_path"):
        name = flavour.get(key)
        if not isinstance(name, str):
            continue
        if key == "model_code_path":
            name = Path(name).name  # the path at the time of saving; the copy lies at the top
        named = (folder / name).resolve()
        if not named.is_relative_to(folder) or not named.exists():
            what = f"its MLmodel names {key} {name}, which is missing or outside the folder"
            raise BadFile(what, where=str(folder), do="Copy the folder again, whole.")
        found = sorted(named.rglob("*")) if named.is_dir() else [named]
        yield from (file for file in found if file.is_file() and "__pycache__" not in file.parts)
