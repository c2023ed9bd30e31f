"""A server written from the published pages alone, whose models see one thing: the brightest blob of what was sent.

Whatever it answers was measured on the bytes that arrived, so an answer on the wrong source pixels is our geometry's.
"""

from __future__ import annotations

import base64
import gzip
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import nibabel as nib
import numpy as np
from PIL import Image

from tests.answering import Asked, Told, answering, rows_of

BRIGHT = 200
"""Grey levels above it are the blob."""

KEY = "blob-key"


def _picture(cell: str) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(cell))) as picture:
        return np.asarray(picture.convert("L"))


def _box(mask: np.ndarray) -> list[float]:
    rows, columns = np.nonzero(mask)
    height, width = mask.shape
    return [columns.min() / width, rows.min() / height, (columns.max() + 1) / width, (rows.max() + 1) / height]


def parse(row: dict[str, str], said: list[str]) -> dict[str, Any]:
    seen = _picture(row["image"])
    targets = row["text"].split("&")
    planes = np.stack([np.where(seen > BRIGHT, 255, 0).astype(np.uint8)] * len(targets))
    planes[1:] = 0  # of several targets only the first is there
    packed = {"data": base64.b64encode(planes.tobytes()).decode(), "shape": list(planes.shape), "dtype": "uint8"}
    return {"image_features": json.dumps(packed), "text_features": ["other"] * len(targets)}


def parse3d(row: dict[str, str], said: list[str]) -> dict[str, Any]:
    volume = nib.Nifti1Image.from_bytes(gzip.decompress(base64.b64decode(row["image"])))
    seen = np.asarray(volume.dataobj)
    top = nib.Nifti1Image((seen >= seen.max() * 0.9).astype(np.uint8), volume.affine)
    return {"nifti_file": json.dumps({"data": base64.b64encode(gzip.compress(top.to_bytes())).decode()})}


def report(row: dict[str, str], said: list[str]) -> dict[str, Any]:
    said += [row[name] for name in ("indication", "technique", "prior_report") if row.get(name)]
    seen = _picture(row["frontal_image"])
    found = [["There is a nodule in the right upper lobe.", [_box(seen > BRIGHT)]], ["No pleural effusion.", None]]
    return {"output": json.dumps(found)}


def told(sentences: list[str]) -> Any:
    """A model that says these sentences of every film, without boxes."""
    return lambda row, said: {"output": json.dumps([[sentence, None] for sentence in sentences])}


def insight(row: dict[str, str], said: list[str]) -> dict[str, Any]:
    """Images and texts in a space of two directions: bright pictures and the word "bright" point one way."""
    found: dict[str, Any] = {"scaling_factor": 4.0}
    if row.get("image"):
        bright = float(_picture(row["image"]).mean()) > BRIGHT / 2
        found["image_features"] = [_vector(1.0 if bright else -1.0, seed=int(_picture(row["image"]).sum()))]
    if row.get("text"):
        found["text_features"] = _vector(1.0 if "bright" in row["text"] else -1.0, seed=len(row["text"]))
    return found


def _vector(first: float, seed: int) -> list[float]:
    vector = 0.01 * np.random.default_rng(seed).standard_normal(1024)
    vector[0] = first
    return [float(x) for x in vector / np.linalg.norm(vector)]


def markers(row: dict[str, str], said: list[str]) -> list[Any]:
    seen = _picture(row["image"])
    planes = np.zeros((23, *seen.shape))
    planes[13] = seen > BRIGHT  # CD3
    return planes.round().astype(int).tolist()


ANSWERS = {"parse": parse, "parse3d": parse3d, "report": report, "markers": markers, "insight": insight}


@contextmanager
def blob_server(**other: Any) -> Iterator[tuple[str, list[str]]]:
    """Its base URL, and every text that arrived; `other` replaces or adds models by their path."""
    answers = ANSWERS | other
    said: list[str] = []

    def answer(asked: Asked) -> Told:
        if asked.headers["Authorization"] != f"Bearer {KEY}":
            return Told({}, 401)
        model = answers[asked.path.split("/")[1]]
        return Told([model(row, said) for row in rows_of(asked.body)])

    with answering(answer) as url:
        yield url, said
