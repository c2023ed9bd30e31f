"""A small endpoint that knows the golden images and answers as the published pages say, and can be told to go wrong."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import cv2
import nibabel as nib
import numpy as np
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response

from readingroom.conformance.golden import Golden, golden
from readingroom.imaging.cleared import Cleared
from readingroom.imaging.geometry import square_of, to_square
from readingroom.imaging.nifti import RAS_TO_LPS
from readingroom.imaging.resample import into_square
from readingroom.tools.contracts.gigapath import TileRow, encode_tiles
from readingroom.tools.contracts.model_ids import ModelId
from readingroom.tools.preparation import prepare

KEY = "stub-key"

COLUMNS: dict[ModelId, set[str]] = {
    "medimageinsight": {"image", "text"}, "medimageparse": {"image", "text"}, "medimageparse3d": {"image", "text"},
    "gigapath": {"image"}, "gigatime": {"image"},
    "cxrreportgen": {"frontal_image", "lateral_image", "prior_image", "indication", "technique", "comparison",
                     "prior_report"},
}  # fmt: skip

Row = dict[str, str]
Mutation = Callable[[Any, list[Row]], Any]


@cache
def known(model: ModelId) -> dict[str, tuple[Golden, Cleared]]:
    """Each golden image by the digest of the bytes that are sent for it."""
    pairs = [(made, prepare(model, made.image)) for made in golden(model)]
    return {sent.sha256: (made, sent) for made, sent in pairs}


@dataclass
class Stub:
    """One endpoint. `wrong` are slips of its manners, `mutation` changes its right answers."""

    model: ModelId
    wrong: frozenset[str] = frozenset()
    mutation: Mutation | None = None
    slots: int | None = None
    seconds: float = 0.0
    calls: int = 0
    keys: set[str] = field(default_factory=set)
    flying: int = 0

    async def score(self, request: Request) -> Response:
        self.calls += 1
        self.keys.add(request.headers.get("authorization", ""))
        body = await request.body()
        if "redirect" in self.wrong:
            return RedirectResponse("http://127.0.0.1:1/elsewhere", 307)
        if request.headers.get("authorization") != f"Bearer {KEY}" and "open" not in self.wrong:
            return JSONResponse({"error": {"code": "AuthenticationFailed"}}, 401)
        if "busy_once" in self.wrong and self.calls == 1:
            return PlainTextResponse("too many pending requests", 429, {"retry-after-ms": "10"})
        if self.slots is not None and self.flying >= self.slots:
            return PlainTextResponse("too many pending requests", 429, {"Retry-After": "1"})
        self.flying += 1
        try:
            await asyncio.sleep(self.seconds)
            return self.answered(body)
        finally:
            self.flying -= 1

    def answered(self, body: bytes) -> Response:
        try:
            rows = self.rows(json.loads(body))
            told = ANSWERS[self.model](self.model, rows)
        except ValueError as error:
            headers = {"ms-azureml-model-error-statuscode": "400", "ms-azureml-model-error-reason": "bad input"}
            return PlainTextResponse(str(error), 424, {} if "bare424" in self.wrong else headers)
        return JSONResponse(self.mutation(told, rows) if self.mutation else told)

    def rows(self, told: Any) -> list[Row]:
        """Each row's filled cells; ValueError for what this model does not take."""
        given = told["input_data"]
        odd = set(given["columns"]) - COLUMNS[self.model]
        if odd and "any_column" not in self.wrong:
            raise ValueError("unknown column")
        if isinstance(told.get("params"), dict) and "True" in told["params"].values() and "booleans" in self.wrong:
            raise ValueError("a text is no truth value")
        if "params" not in told and "params" in self.wrong:
            raise ValueError("params are missing")
        if self.model == "cxrreportgen" and len(given["data"]) > 10 and "any_rows" not in self.wrong:
            raise ValueError("more than 10 rows")
        if any(cell is None for row in given["data"] for cell in row) and "null" in self.wrong:
            raise ValueError("null is no cell")
        rows = [dict(zip(given["columns"], row, strict=True)) for row in given["data"]]
        return [{name: self.cell(name, cell) for name, cell in row.items() if cell} for row in rows]

    def cell(self, name: str, cell: str) -> str:
        """A text as it is, an image as the digest of its bytes."""
        if "image" not in name:
            return cell
        if "\n" in cell and "one_line" in self.wrong:
            raise ValueError("base64 in lines")
        if "\n" in cell and "lines_lost" in self.wrong:
            return list(known(self.model))[-1]
        digest = hashlib.sha256(base64.b64decode(cell)).hexdigest()
        if digest not in known(self.model):
            if "blind" not in self.wrong:
                raise ValueError("no image")
            digest = next(iter(known(self.model)))
        return digest


def unit(seed: str) -> np.ndarray:
    """A vector of length 1 that the seed gives, all of them in one half of the space."""
    rng = np.random.default_rng(list(hashlib.sha256(seed.encode()).digest()[:8]))
    vector = rng.normal(0.3 if seed.startswith("x-ray") else 0, 1, 1024)
    return vector / np.linalg.norm(vector)


def insight(_model: ModelId, rows: list[Row]) -> Any:
    told = []
    for row in rows:
        told.append({"scaling_factor": 4.513362407684326})
        if "image" in row:
            told[-1]["image_features"] = [unit("x-ray" + row["image"]).tolist()]
        if "text" in row:
            told[-1]["text_features"] = unit(row["text"]).tolist()
    return told


def packed(masks: np.ndarray) -> str:
    data = base64.b64encode(np.ascontiguousarray(masks).tobytes()).decode()
    return json.dumps({"data": data, "shape": list(masks.shape), "dtype": str(masks.dtype)})


def parse(model: ModelId, rows: list[Row]) -> Any:
    told = []
    for row in rows:
        made, sent = known(model)[row["image"]]
        masks = []
        for target in row["text"].split("&"):
            drawn = made.masks.get(target.strip())
            mask = np.zeros((sent.rows, sent.columns), np.uint8)
            if drawn is not None:
                mask = into_square(drawn.astype(np.uint8) * 250, sent.columns, sent.how)
            masks.append(mask)
        told.append({"image_features": packed(np.stack(masks)), "text_features": ["lung"] * len(masks)})
    return told


def parse3d(model: ModelId, rows: list[Row]) -> Any:
    told = []
    for row in rows:
        made, _ = known(model)[row["image"]]
        labels = np.zeros(made.image.pixels.shape, np.uint8)
        for number, target in enumerate(row["text"].split("&"), 1):
            labels[made.masks[target.strip()]] = number
        told.append({"nifti_file": volume(labels.transpose(2, 1, 0), RAS_TO_LPS @ made.image.affine)})
    return told


def volume(voxels: np.ndarray, affine: np.ndarray) -> str:
    content = nib.Nifti1Image(voxels, affine).to_bytes()
    return json.dumps({"data": base64.b64encode(content).decode()})


def report(model: ModelId, rows: list[Row]) -> Any:
    told = []
    for row in rows:
        made, sent = known(model)[row["frontal_image"]]
        square = square_of(sent.source_columns, sent.source_rows, sent.how)
        boxes = {name: [float(np.clip(side, 0, 1)) for side in to_square(box, square)]
                 for name, box in made.boxes.items()}  # fmt: skip
        found: list[Any] = [[f"The heart of the {made.name} is outlined.", [boxes["heart"]]]]
        if "effusion" in boxes:
            found.append(["A pleural effusion on the right.", [boxes["effusion"]]])
        if "consolidation" in boxes:
            found.append(["Consolidation of the left upper lobe.", [boxes["consolidation"]]])
        told.append({"output": json.dumps([*found, ["There is no pneumothorax.", None]])})
    return told


def picture(model: ModelId, digest: str, side: int) -> np.ndarray:
    made, _ = known(model)[digest]
    return cv2.resize(made.image.pixels.mean(axis=2).astype(np.float32) / 255, (side, side))


def gigapath(model: ModelId, rows: list[Row]) -> Any:
    gains = np.random.default_rng(5).normal(0, 1, (1536, 1, 1))
    features = [np.float32(gains * picture(model, row["image"], 14)) for row in rows]
    return encode_tiles([TileRow(one, "") for one in features])


def gigatime(model: ModelId, rows: list[Row]) -> Any:
    told = []
    for row in rows:
        seen = picture(model, row["image"], 56)
        turned = [np.rot90(seen, channel) ** (1 + channel / 4) for channel in range(23)]
        told.append(np.round(turned, 3).tolist())
    return told


ANSWERS: dict[ModelId, Callable[[ModelId, list[Row]], Any]] = {
    "medimageinsight": insight, "medimageparse": parse, "medimageparse3d": parse3d, "cxrreportgen": report,
    "gigapath": gigapath, "gigatime": gigatime,
}  # fmt: skip
