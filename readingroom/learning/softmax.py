"""Zero-shot scores of an image's vector against vectors of texts: one of several, or each against its absence."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest

Numbers = NDArray[np.float64]

USUAL_SCALING = 4.513362407684326
"""Log of MedImageInsight's temperature as its endpoints answer it (exp gives 91.2), where an answer leaves it out."""


def ensemble(texts: NDArray[np.floating]) -> Numbers:
    """One direction for several prompts of one meaning: the mean of their unit vectors (N, D), of length 1 again."""
    rows = np.asarray(texts, np.float64)
    middle = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).mean(axis=0)
    length = float(np.linalg.norm(middle))
    if length < 1e-6:
        raise BadRequest("the prompts of one label point against one another", do="Word them alike.")
    return np.asarray(middle / length, np.float64)


def sharpness(scaling: float | None, temperature: float = 1.0) -> float:
    """exp(scaling) / temperature: what a cosine is multiplied with. The scaling factor is a logarithm."""
    if not temperature > 0:
        raise BadRequest(f"the temperature is {temperature:g}", do="Choose one above 0; 1 is the model's own.")
    return float(np.exp(USUAL_SCALING if scaling is None else scaling) / temperature)


def one_of(image: NDArray[np.floating], texts: NDArray[np.floating], sharp: float) -> Numbers:
    """softmax(sharp x image . texts): shares (N,) of labels that exclude each other, from (D,) and (N, D)."""
    logits = sharp * (np.asarray(texts, np.float64) @ np.asarray(image, np.float64))
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum(), np.float64)


def against(present: NDArray[np.floating], absent: NDArray[np.floating], sharp: float) -> NDArray[np.float32]:
    """(D,) such that its product with an image is the logit of present in the softmax over present and absent."""
    return (sharp * (np.asarray(present, np.float64) - np.asarray(absent, np.float64))).astype(np.float32)
