"""MLflow folders written by hand, after the format's documentation: no MLflow is needed to make one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

COLUMNS = [{"type": "string", "name": "image", "required": True}, {"type": "string", "name": "text", "required": True}]
PARAMS = [
    {"name": "get_scaling_factor", "type": "boolean", "default": True, "shape": None},
    {"name": "image_standardization_image_size", "type": "integer", "default": 512, "shape": None},
]

CODE = '''"""A model as a catalog folder holds one: it hashes what it is given into a vector."""

import base64
import hashlib
import sys
from pathlib import Path

import numpy as np


def vector(told):
    seed = int.from_bytes(hashlib.sha256(told).digest()[:8], "little")
    numbers = np.random.default_rng(seed).standard_normal(1024)
    return numbers / np.linalg.norm(numbers)


class Small:
    def __init__(self, folder):
        (Path(folder).parent / "was_run").touch()
        self.calls = []

    def predict(self, table, params=None):
        """The three cases of the published code: all images, all texts, or both in all rows."""
        images, texts = list(table["image"]), list(table["text"])
        if any(text == "fail" for text in texts):
            raise ValueError("the text was: " + repr(texts))
        if not (all(images) or not any(images)) or not (all(texts) or not any(texts)):
            raise ValueError("mixed rows")
        if len(table) > 32:
            raise ValueError("too many rows")
        rows = []
        for image, text in zip(images, texts):
            row = {}
            if image:
                row["image_features"] = np.asarray([vector(base64.b64decode(image, validate=True))])
            if text:
                row["text_features"] = vector(text.encode()).tolist()
            if params and params["get_scaling_factor"]:
                row["scaling_factor"] = np.float32(4.5)
            rows.append(row)
        return self.shaped(rows)

    def shaped(self, rows):
        return rows


def _load_pyfunc(path):
    return Small(path)
'''


def write_folder(
    folder: Path, *, columns: list[dict[str, Any]] | None = COLUMNS, source: str = CODE, **flavour: str
) -> Path:
    """MLmodel with a python_function flavour, its loader module in the code folder, and a data file."""
    (folder / "code").mkdir(parents=True)
    (folder / "code" / "small_loader.py").write_text(source, encoding="utf-8")
    (folder / "weights.bin").write_bytes(b"weights")
    told: dict[str, Any] = {
        "flavors": {
            "python_function": {"loader_module": "small_loader", "code": "code", "data": "weights.bin"} | flavour
        },
        "mlflow_version": "2.9.2",
    }
    if columns is not None:
        told["signature"] = {"inputs": json.dumps(columns), "outputs": None, "params": json.dumps(PARAMS)}
    (folder / "MLmodel").write_text(yaml.safe_dump(told), encoding="utf-8")
    return folder
