"""Cleared images and answers of the right form for the tests of the contracts."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import cv2
import nibabel as nib
import numpy as np
from hypothesis import strategies as st
from isal import igzip

from readingroom.imaging.cleared import Cleared

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(
            ["image_features", "text_features", "scaling_factor", "data", "shape", "dtype", "output", "label", "score",
             "predictions", "nifti_file", "x"]
        ),
        inner, max_size=4,
    ),
    max_leaves=20,
)  # fmt: skip


def picture(seed: int = 0, *, columns: int = 12, rows: int = 8) -> Cleared:
    """A grey PNG, another one for each seed."""
    pixels = np.random.default_rng(seed).integers(0, 256, (rows, columns), np.uint8)
    return _cleared(cv2.imencode(".png", pixels)[1].tobytes(), "image/png", columns, rows, 1)


def volume(seed: int = 0, *, columns: int = 5, rows: int = 4, depth: int = 3, affine: Any = None) -> Cleared:
    """A .nii.gz of (depth, rows, columns)."""
    voxels = np.random.default_rng(seed).integers(0, 256, (columns, rows, depth), np.uint8)
    image = nib.Nifti1Image(voxels, np.diag([-2.0, -2.0, 3.0, 1.0]) if affine is None else affine)
    return _cleared(bytes(igzip.compress(image.to_bytes())), "application/gzip", columns, rows, depth)


def unit(seed: int, count: int = 1024) -> np.ndarray:
    """A vector of unit length."""
    vector = np.random.default_rng(seed).normal(size=count)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def over_the_wire(value: Any) -> bytes:
    """As a server would write it."""
    return json.dumps(value).encode()


def _cleared(content: bytes, media: Any, columns: int, rows: int, depth: int) -> Cleared:
    return Cleared(
        content=content, media=media, sha256=hashlib.sha256(content).hexdigest(), preprocessing_id="test",
        columns=columns, rows=rows, depth=depth, source_columns=columns, source_rows=rows, how="stretch",
    )  # fmt: skip
