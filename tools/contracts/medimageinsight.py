"""MedImageInsight (and MedImageInsight-onnx): images and texts to vectors in one space; and its fine-tuned classifier.

Documented answers, all accepted: one object a row (recorded: `image_features` nested [1][1024], `text_features` flat
[1024]); one object for the whole request with both nested (REST page); a list of one-key objects (ONNX card).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadRequest
from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask, Cell
from readingroom.tools.contracts.expect import a_list, a_number, a_text, an_object, at, bad, numbers

DIMENSION = 1024
MOST_ROWS = 1024
"""Of one request; the page advises to "keep it in the dozens"."""
NORM_TOLERANCE = 0.01
"""Vectors come L2-normalised; half precision alone moves a norm by 0.001. Beyond 0.01 it is not this model's vector."""
DRIFT = 1e-5
"""A norm further from 1 than float32 rounding (1e-7) explains is set to 1."""
MOST_SCALING = 20.0
"""The log of a temperature: recorded 4.51, CLIP stops at 4.61. A temperature itself (91.2) is beyond this."""
MOST_LABELS = 10_000
MOST_LABEL = 500
_KEYS = frozenset(("image_features", "text_features", "scaling_factor"))

Vector = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class InsightRow:
    """What came for one row: (1024,) vectors of unit length for what was asked, None for what was not."""

    image: Vector | None
    text: Vector | None
    scaling: float | None
    """Log of the temperature, where one was told."""
    variant: str
    """Which documented form the answer had."""


@dataclass(frozen=True)
class LabelScore:
    """One label of a fine-tuned classifier, with its score from 0 to 1."""

    label: str
    score: float


def ask_insight(images: Sequence[Cleared | None], texts: Sequence[str | None], *, scaling: bool = True) -> Ask:
    """Vectors for rows of an image, a text, or both; either list may be empty, and a column no row fills is not sent.

    Raises BadRequest for lists of different length and for a row with neither.
    """
    count = max(len(images), len(texts))
    if any(len(given) not in (0, count) for given in (images, texts)) or not count:
        raise BadRequest(f"{len(images)} images and {len(texts)} texts do not make rows", do="Give one of each a row.")
    pictures = tuple(images) or (None,) * count
    words = tuple(text or None for text in texts) or (None,) * count
    for place, row in enumerate(zip(pictures, words, strict=True)):
        if row == (None, None):
            raise BadRequest("it has neither an image nor a text", where=f"row {place + 1}", do="Leave it out.")
    filled: dict[str, tuple[Cell, ...]] = {}
    if any(picture is not None for picture in pictures):
        filled["image"] = pictures
    if any(word is not None for word in words):
        filled["text"] = words
    return Ask("medimageinsight", tuple(filled), tuple(zip(*filled.values(), strict=True)),
               {"get_scaling_factor": scaling})  # fmt: skip


def decode_insight(value: Any, ask: Ask) -> tuple[InsightRow, ...]:
    """One InsightRow a row of `ask`, from any documented form.

    Raises BadReply: another number of rows, another dimension, a constant vector, a norm off 1 by more than
    NORM_TOLERANCE, or the same vector for two different images. Keys that the contract does not have are not looked at.
    """
    images, texts = _cells(ask, "image"), _cells(ask, "text")
    whole = _whole(value)
    rows = _by_row(value, images, texts) if whole is None else _by_column(whole, images, texts)
    seen: dict[bytes, str] = {}
    for place, (row, cell) in enumerate(zip(rows, images, strict=True)):
        if row.image is None or not isinstance(cell, Cleared):
            continue
        if seen.setdefault(row.image.tobytes(), cell.sha256) != cell.sha256:
            raise bad(f"answer[{place}].image_features", "another vector for another image", "the same one again")
    return rows


def encode_insight(rows: Sequence[InsightRow]) -> list[dict[str, Any]]:
    """The recorded form: one object a row, the image's vector nested, the text's flat, only what there is."""
    told: list[dict[str, Any]] = []
    for row in rows:
        told.append({})
        if row.image is not None:
            told[-1]["image_features"] = [row.image.tolist()]
        if row.text is not None:
            told[-1]["text_features"] = row.text.tolist()
        if row.scaling is not None:
            told[-1]["scaling_factor"] = row.scaling
    return told


def decode_scores(value: Any, ask: Ask) -> tuple[tuple[LabelScore, ...], ...]:
    """A fine-tuned classifier's answer, [[{"label", "score"}, ..]], best first. Raises BadReply."""
    told = []
    for row, found in enumerate(a_list(value, "answer", length=len(ask.rows))):
        path = f"answer[{row}]"
        scores = [_score(entry, f"{path}[{n}]") for n, entry in enumerate(a_list(found, path, most=MOST_LABELS))]
        if not scores or len({score.label for score in scores}) != len(scores):
            raise bad(path, "scores of different labels", "none" if not scores else "the same label twice")
        told.append(tuple(sorted(scores, key=lambda score: -score.score)))
    return tuple(told)


def encode_scores(rows: Sequence[Sequence[LabelScore]]) -> list[list[dict[str, Any]]]:
    """The published form."""
    return [[{"label": score.label, "score": score.score} for score in row] for row in rows]


def probabilities(image: Vector, texts: Vector, scaling: float) -> NDArray[np.float64]:
    """Zero-shot classification: softmax(exp(scaling) x image . texts), (1024,) and (n, 1024) to (n,)."""
    logits = np.exp(scaling) * (texts.astype(np.float64) @ image.astype(np.float64))
    weights = np.exp(logits - logits.max())
    return np.asarray(weights / weights.sum(), np.float64)


def _cells(ask: Ask, column: str) -> tuple[Cell, ...]:
    if column not in ask.columns:
        return (None,) * len(ask.rows)
    place = ask.columns.index(column)
    return tuple(row[place] for row in ask.rows)


def _whole(value: Any) -> tuple[dict[str, Any], dict[str, str], str] | None:
    """The keys of an answer that is one object, or one key an object: what they hold, where each was, and the form."""
    if isinstance(value, dict):
        return value, {key: f"answer.{key}" for key in _KEYS}, "one object"
    if (
        not isinstance(value, list)
        or len(value) < 2
        or not all(isinstance(one, dict) and len(one) == 1 for one in value)
    ):
        return None
    keys = [next(iter(one)) for one in value]
    if len(set(keys)) != len(keys) or not set(keys) <= _KEYS:
        return None
    found = {key: one[key] for key, one in zip(keys, value, strict=True)}
    return found, {key: f"answer[{place}].{key}" for place, key in enumerate(keys)}, "one key an object"


def _by_row(value: Any, images: tuple[Cell, ...], texts: tuple[Cell, ...]) -> tuple[InsightRow, ...]:
    rows = []
    for place, found in enumerate(a_list(value, "answer", length=len(images))):
        path = f"answer[{place}]"
        an_object(found, path)
        forms: list[str] = ["one object a row"]
        vectors: list[Vector | None] = []
        for cell, key in ((images[place], "image_features"), (texts[place], "text_features")):
            vector = None
            if cell is not None:
                (vector,), form = _vectors(at(found, key, path), f"{path}.{key}", 1)
                forms.append(f"{key} {form}")
            vectors.append(vector)
        scaling = _scaling(found, f"{path}.scaling_factor")
        rows.append(InsightRow(vectors[0], vectors[1], scaling, ", ".join(forms)))
    return tuple(rows)


def _by_column(
    whole: tuple[dict[str, Any], dict[str, str], str], images: tuple[Cell, ...], texts: tuple[Cell, ...]
) -> tuple[InsightRow, ...]:
    found, paths, form = whole
    spread: list[list[Vector | None]] = []
    for cells, key in ((images, "image_features"), (texts, "text_features")):
        count = sum(cell is not None for cell in cells)
        given: Iterator[Vector] = iter(())
        if count:
            vectors, shape = _vectors(at(found, key, "answer"), paths[key], count)
            given, form = iter(vectors), f"{form}, {key} {shape}"
        spread.append([None if cell is None else next(given) for cell in cells])
    scaling = _scaling(found, paths.get("scaling_factor", "answer.scaling_factor"))
    return tuple(InsightRow(image, text, scaling, form) for image, text in zip(*spread, strict=True))


def _vectors(value: Any, path: str, count: int) -> tuple[list[Vector], str]:
    """`count` unit vectors from [count][1024], or from [1024] where there is one."""
    nested = bool(a_list(value, path)) and isinstance(value[0], list)
    if count == 1 and not nested:
        return [_unit(numbers(value, path, length=DIMENSION), path)], "flat"
    entries = enumerate(a_list(value, path, length=count))
    return [_unit(numbers(one, f"{path}[{n}]", length=DIMENSION), f"{path}[{n}]") for n, one in entries], "nested"


def _unit(vector: NDArray[np.float64], path: str) -> Vector:
    norm = float(np.linalg.norm(vector)) if np.abs(vector).max() < 1e3 else np.inf
    if vector.min() == vector.max():
        raise bad(path, "a vector", "a constant one")
    if abs(norm - 1) > NORM_TOLERANCE:
        raise bad(path, "a vector of length 1", f"one of length {norm:.3g}")
    return (vector / norm if abs(norm - 1) > DRIFT else vector).astype(np.float32)


def _scaling(found: dict[str, Any], path: str) -> float | None:
    value = found.get("scaling_factor")
    if value is None:
        return None
    if isinstance(value, list):
        (value,), path = a_list(value, path, length=1), f"{path}[0]"
    return a_number(value, path, least=-MOST_SCALING, most=MOST_SCALING)


def _score(value: Any, path: str) -> LabelScore:
    found = an_object(value, path)
    label = a_text(at(found, "label", path), f"{path}.label", most=MOST_LABEL)
    return LabelScore(label, a_number(at(found, "score", path), f"{path}.score", least=0.0, most=1.0))
