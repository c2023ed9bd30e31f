"""The gate: what it lets pass, warns of and refuses."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from readingroom.domain.image import ImageRef
from readingroom.imaging.gate import inspect
from readingroom.imaging.image import Image
from tests.imaging.dicom_files import ramp

GOOD = {
    "modality": "x_ray", "modality_source": "header", "anatomy": "chest", "anatomy_source": "header", "view": "PA",
    "view_source": "header", "image_left": "right", "image_left_source": "header",
    "spacing": {"row": 0.2, "column": 0.2, "source": "ImagerPixelSpacing", "plane": "detector"},
}  # fmt: skip


def outcomes(pixels: np.ndarray, **changes: Any) -> dict[str, str]:
    colour = pixels.shape[-1] == 3
    fields = GOOD | {"id": "a", "sha256": "", "kind": "image", "rows": pixels.shape[0], "columns": pixels.shape[1],
                     "colour": colour} | changes  # fmt: skip
    gate = inspect(Image(ImageRef.model_validate(fields), pixels))
    assert len(gate.checks) == 10
    assert all(check.reason for check in gate.checks)
    return {check.name: check.outcome for check in gate.checks if check.outcome != "pass"}


def test_a_good_film_passes_everything() -> None:
    assert outcomes(ramp()) == {}


@pytest.mark.parametrize(
    ("changes", "wanted"),
    [
        ({"modality": "unknown"}, {"modality": "warn"}),
        ({"anatomy": "unknown"}, {"anatomy": "warn"}),
        ({"view": "unknown"}, {"view": "warn"}),
        ({"image_left": "unknown"}, {"side": "warn"}),
        ({"image_left_source": "convention"}, {"side": "warn"}),
        ({"spacing": None}, {"spacing": "warn"}),
        ({"view": "lateral", "image_left": "unknown"}, {}),
    ],
)
def test_what_is_not_known_is_a_warning(changes: dict[str, Any], wanted: dict[str, str]) -> None:
    assert outcomes(ramp(), **changes) == wanted


def test_pixels_that_show_nothing_are_refused() -> None:
    assert outcomes(ramp(63, 80)) == {"size": "refuse"}
    assert outcomes(np.full((80, 96), 9, np.uint16))["constant"] == "refuse"
    assert outcomes(((ramp() > 100) * 255).astype(np.uint8))["clipped"] == "refuse"
    nearly = np.zeros((100, 100), np.uint16)
    nearly[0, :3] = 5
    assert outcomes(nearly)["constant"] == "refuse"


def test_a_radiograph_in_colour_is_refused_but_not_one_with_chroma_noise() -> None:
    grey = ramp(kind=np.uint8)
    assert outcomes(np.stack([grey, 255 - grey, grey], -1)) == {"colour": "refuse"}
    noisy = np.stack([grey, grey, np.where(grey < 250, grey + 2, grey)], -1).astype(np.uint8)
    assert outcomes(noisy) == {}
    assert outcomes(np.stack([grey, 255 - grey, grey], -1), modality="dermoscopy") == {}


def test_clipping_and_low_contrast_are_warnings() -> None:
    clipped = ramp(kind=np.uint8)
    clipped[:20] = 255
    assert outcomes(clipped) == {"clipped": "warn"}
    flat = (100 + ramp(kind=np.uint8) // 12).astype(np.uint8)
    assert outcomes(flat) == {"contrast": "warn"}
