"""BiomedParse's published test of a mask: four of its statistics against Beta distributions of the target.

The parameters (target_dist.json of huggingface.co/microsoft/BiomedParse) are not shipped: the user gives the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc

from readingroom.errors import BadFile

Betas = tuple[tuple[float, float], ...]
"""Four (a, b): mean probability, mean red, green and blue inside the mask."""

WHERE = "published mask statistics"
DO = "Give target_dist.json from huggingface.co/microsoft/BiomedParse: {image type: {target: four pairs [a, b]}}."
GREATEST_FILE = 4 * 2**20
"""Bytes; the published file has 11 183."""
SCALE = 256
"""What the published code divides levels by (inference_utils/output_processing.py, mask_stats): not 255."""

MODALITIES = {"mr": "mri"}
ANATOMIES = {"lung": "chest", "heart": "cardiac"}
"""Words of domain.terms that the published types word otherwise."""


@dataclass(frozen=True)
class Published:
    """The parameters, by image type ("CT-Abdomen") and target ("liver")."""

    betas: Mapping[str, Mapping[str, Betas]]

    def image_type(self, modality: str, anatomy: str) -> str:
        """The type of the file for a modality and anatomy as in domain.terms, else for the modality alone; "" for none.

        Types that name a sequence ("MRI-FLAIR-Brain") are found by nothing here: the caller must name them.
        """
        first = _plain(MODALITIES.get(modality, modality))
        for wanted in (first + _plain(ANATOMIES.get(anatomy, anatomy)), first):
            for name in self.betas:
                if _plain(name) == wanted:
                    return name
        return ""

    def p_value(self, image_type: str, target: str, plane: NDArray[np.uint8], shown: NDArray[np.uint8]) -> float | None:
        """The fourth root of the product of four one-sample Kolmogorov-Smirnov p-values; None without parameters.

        `plane` (H, W) 0..255, `shown` (H, W) or (H, W, 3), both without padding. With one observation x the test is
        exact and its two-sided p-value is 2 min(F(x), 1 - F(x)). An empty mask has p = 0, as in the published code.
        """
        betas = self.betas.get(image_type, {}).get(target)
        if betas is None:
            return None
        product = 1.0
        for (a, b), value in zip(betas, _four(plane, shown), strict=True):
            below = float(betainc(a, b, value))
            product *= 2 * min(below, 1 - below)
        return float(product**0.25)


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def _four(plane: NDArray[np.uint8], shown: NDArray[np.uint8]) -> tuple[float, float, float, float]:
    mask = plane > SCALE // 2 - 1
    if not mask.any():
        return 0.0, 0.0, 0.0, 0.0
    colours = shown[mask].reshape(int(mask.sum()), -1).mean(0) / SCALE
    red, green, blue = np.broadcast_to(colours, 3)
    return float(plane[mask].mean() / SCALE), float(red), float(green), float(blue)


def read_published(path: Path) -> Published:
    """Raises BadFile for a file that is missing, too large, no JSON, a Git LFS pointer, or of another form."""
    try:
        with path.open("rb") as file:
            raw = file.read(GREATEST_FILE + 1)
    except OSError as error:
        raise BadFile(f"the file cannot be read ({error.strerror})", where=WHERE, do=DO) from error
    if raw.startswith(b"version https://git-lfs"):
        raise BadFile("the file is a Git LFS pointer and not the parameters", where=WHERE, do=DO)
    if len(raw) > GREATEST_FILE:
        raise BadFile(f"the file has more than {GREATEST_FILE} bytes", where=WHERE, do=DO)
    try:
        held = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise BadFile("the file is no JSON", where=WHERE, do=DO) from error
    betas = {}
    for kind, targets in _table(held, "the file").items():
        betas[kind] = {name: _betas(value, f"{kind}/{name}") for name, value in _table(targets, kind).items()}
    return Published(betas)


def _table(value: Any, at: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise BadFile(f"{at} must hold names with values and holds {_told(value)}", where=WHERE, do=DO)
    return value


def _betas(value: Any, at: str) -> Betas:
    if not isinstance(value, list) or len(value) != 4:
        raise BadFile(f"{at} must be a list of four pairs and is {_told(value)}", where=WHERE, do=DO)
    for number, pair in enumerate(value):
        if not (isinstance(pair, list) and len(pair) == 2 and all(_positive(part) for part in pair)):
            raise BadFile(f"{at}/{number} must be two numbers above 0 and is {_told(pair)}", where=WHERE, do=DO)
    return tuple((float(a), float(b)) for a, b in value)


def _positive(part: Any) -> bool:
    return isinstance(part, int | float) and not isinstance(part, bool) and math.isfinite(part) and part > 0


def _told(value: Any) -> str:
    """A value's kind and size, never what it holds."""
    return f"{type(value).__name__} of {len(value)}" if isinstance(value, list | dict) else type(value).__name__
