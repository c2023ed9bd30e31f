"""Ways in which answers go wrong: each takes a right answer and the rows it was asked for."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import nibabel as nib
import numpy as np

from readingroom.imaging.geometry import How
from readingroom.imaging.resample import into_square
from readingroom.tools.contracts.gigapath import TileRow, encode_tiles
from tests.conformance.stub import Row, known, packed, volume


def swapped(told: Any, rows: list[Row]) -> Any:
    """Rows of a batch of images in reverse."""
    return told[::-1] if any("image" in name for name in rows[0]) else told


def _vectors(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Any, list[Row]], Any]:
    def mutation(told: Any, rows: list[Row]) -> Any:
        for row in told:
            if "image_features" in row:
                row["image_features"] = [change(np.array(row["image_features"][0])).tolist()]
        return told

    return mutation


longer = _vectors(lambda vector: vector * 3)
shorter = _vectors(lambda vector: vector[:512] / np.linalg.norm(vector[:512]))
nothing = _vectors(lambda vector: np.full(1024, 1 / 32))
one_for_all = _vectors(lambda vector: np.eye(1024)[0] * 0.6 + np.eye(1024)[1] * 0.8)


def dice(told: Any, rows: list[Row]) -> Any:
    """Another vector every time."""
    drawn = np.random.default_rng().normal(0, 1, 1024)
    return _vectors(lambda vector: drawn / np.linalg.norm(drawn))(told, rows)


def told_temperature(told: Any, rows: list[Row]) -> Any:
    """The temperature where its log belongs."""
    return [{**row, "scaling_factor": 10.0} for row in told]


def no_scaling(told: Any, rows: list[Row]) -> Any:
    return [{key: value for key, value in row.items() if key != "scaling_factor"} for row in told]


def one_text(told: Any, rows: list[Row]) -> Any:
    """The first text's vector for every text."""
    first = next((row["text_features"] for row in told if "text_features" in row), None)
    return [{**row, "text_features": first} if "text_features" in row else row for row in told]


def one_object(told: Any, rows: list[Row]) -> Any:
    """The REST page's form."""
    whole: dict[str, Any] = {"scaling_factor": told[0]["scaling_factor"]}
    if all("image" in row for row in rows):
        whole["image_features"] = [row["image_features"][0] for row in told]
    if all("text" in row for row in rows):
        whole["text_features"] = [row["text_features"] for row in told]
    return whole


def _masks(change: Callable[[np.ndarray], np.ndarray]) -> Callable[[Any, list[Row]], Any]:
    def mutation(told: Any, rows: list[Row]) -> Any:
        for row in told:
            held = json.loads(row["image_features"])
            masks = np.frombuffer(base64.b64decode(held["data"]), held["dtype"]).reshape(held["shape"])
            row["image_features"] = packed(change(masks))
        return told

    return mutation


halved = _masks(lambda masks: masks[:, ::2, ::2])
truths = _masks(lambda masks: (masks > 127).astype(np.uint8))
floats = _masks(lambda masks: (masks / 255).astype(np.float32))
logits = _masks(lambda masks: (masks / 25 - 5).astype(np.float32))
mirrored = _masks(lambda masks: masks[:, :, ::-1])
upright = _masks(lambda masks: masks.transpose(0, 2, 1))
first_of_all = _masks(lambda masks: np.repeat(masks[:1], len(masks), axis=0))
one_less = _masks(lambda masks: masks[:1])
everywhere = _masks(lambda masks: masks if masks.any() else np.full_like(masks, 200))


def _drawn(how: How) -> Callable[[Any, list[Row]], Any]:
    """The lungs as they lie in another square than the one that was sent."""

    def mutation(told: Any, rows: list[Row]) -> Any:
        for one, row in zip(told, rows, strict=True):
            made, sent = known("medimageparse")[row["image"]]
            shapes = [
                made.masks.get(name.strip(), np.zeros_like(made.masks["heart"])) for name in row["text"].split("&")
            ]
            masks = [into_square(shape.astype(np.uint8) * 250, sent.rows, how) for shape in shapes]
            one["image_features"] = packed(np.stack(masks))
        return told

    return mutation


unpadded = _drawn("stretch")
cornered = _drawn("pad_corner")


def fixed_order(told: Any, rows: list[Row]) -> Any:
    """Masks sorted by name, whatever was asked first."""
    if not rows[0]["text"].startswith("right"):
        return told
    return _masks(lambda masks: masks[::-1])(told, rows)


def _output(change: Callable[[list[Any]], Any]) -> Callable[[Any, list[Row]], Any]:
    def mutation(told: Any, rows: list[Row]) -> Any:
        return [{"output": json.dumps(change(json.loads(row["output"])))} for row in told]

    return mutation


def _boxes(change: Callable[[list[float]], list[float]]) -> Callable[[Any, list[Row]], Any]:
    return _output(lambda found: [[text, boxes and [change(box) for box in boxes]] for text, boxes in found])


pixels = _boxes(lambda box: [side * 1024 for side in box])
reversed_boxes = _boxes(lambda box: [box[2], box[1], box[0], box[3]])
mirrored_boxes = _boxes(lambda box: [1 - box[2], box[1], 1 - box[0], box[3]])
elsewhere = _boxes(lambda box: [0.0, 0.0, 0.02, 0.02])
silent = _output(lambda found: [])


def plain_output(told: Any, rows: list[Row]) -> Any:
    """The list itself, not in a string."""
    return [{"output": json.loads(row["output"])} for row in told]


def pooled(told: Any, rows: list[Row]) -> Any:
    """One vector a tile, not a map."""
    return encode_tiles([TileRow(np.ones((1536, 1, 1), np.float32), "") for _ in rows])


def flat(told: Any, rows: list[Row]) -> Any:
    """The same features at every patch."""
    drawn = [np.random.default_rng(int(row["image"][:8], 16)).normal(0, 1, (1536, 1, 1)) for row in rows]
    return encode_tiles([TileRow(np.float32(one + np.zeros((1536, 14, 14))), "") for one in drawn])


def fewer_channels(told: Any, rows: list[Row]) -> Any:
    return [tile[:22] for tile in told]


def no_sigmoid(told: Any, rows: list[Row]) -> Any:
    return (np.round(np.array(told) * 12 - 6, 3)).tolist()


def one_channel(told: Any, rows: list[Row]) -> Any:
    return [[tile[0]] * 23 for tile in told]


def _volume(
    change: Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]],
) -> Callable[[Any, list[Row]], Any]:
    def mutation(told: Any, rows: list[Row]) -> Any:
        content = base64.b64decode(json.loads(told[0]["nifti_file"])["data"])
        file = nib.Nifti1Image.from_bytes(content)
        return [{"nifti_file": volume(*change(np.asarray(file.dataobj), file.affine))}]

    return mutation


turned = _volume(lambda voxels, affine: (voxels.transpose(2, 1, 0), affine))
moved = _volume(lambda voxels, affine: (voxels, affine + np.diag([1.0, 0, 0, 0])))
placeless = _volume(lambda voxels, affine: (voxels, np.eye(4)))
higher = _volume(lambda voxels, affine: (voxels * 2, affine))
flipped = _volume(lambda voxels, affine: (np.ascontiguousarray(voxels[::-1]), affine))
