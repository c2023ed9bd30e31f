"""Patient left and right, mirrored or not, in one place."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from readingroom.domain.image import ImageRef
from readingroom.imaging.sides import patient_side, side_of_image_half, side_of_mask


def ref(**changes: Any) -> ImageRef:
    film = {"id": "a", "sha256": "", "kind": "image", "rows": 100, "columns": 200, "view": "PA", "image_left": "right"}
    return ImageRef.model_validate(film | changes)


def blob(x0: int, x1: int) -> np.ndarray:
    mask = np.zeros((100, 200), bool)
    mask[20:80, x0:x1] = True
    return mask


def test_a_film_hangs_with_the_patients_right_at_image_left() -> None:
    assert (side_of_image_half("left", ref()), side_of_image_half("right", ref())) == ("right", "left")
    assert (patient_side(ref(), 20), patient_side(ref(), 180), patient_side(ref(), 100)) == ("right", "left", "unknown")


def test_a_mirrored_film_turns_every_side() -> None:
    mirrored = ref(image_left="left")
    assert (side_of_image_half("left", mirrored), patient_side(mirrored, 180)) == ("left", "right")
    assert side_of_mask(mirrored, blob(10, 60)) == "left"


@pytest.mark.parametrize("changes", [{"view": "lateral"}, {"view": "sagittal"}, {"image_left": "unknown"}])
def test_no_side_is_named_where_none_is_known(changes: dict[str, Any]) -> None:
    assert side_of_image_half("left", ref(**changes)) == "unknown"
    assert patient_side(ref(**changes), 20) == "unknown"
    assert side_of_mask(ref(**changes), blob(10, 60)) == "unspecified"


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        (blob(10, 60), "right"),
        (blob(140, 190), "left"),
        (blob(10, 60) | blob(140, 190), "bilateral"),
        (blob(95, 105), "midline"),
        (blob(70, 130), "midline"),
        (blob(85, 170), "left"),
        (blob(0, 0), "unspecified"),
    ],
)
def test_where_a_mask_lies(mask: np.ndarray, said: str) -> None:
    assert side_of_mask(ref(), mask) == said


def test_mirroring_image_and_reference_names_the_same_side() -> None:
    for mask in (blob(10, 60), blob(140, 190), blob(85, 170), blob(30, 90)):
        assert side_of_mask(ref(image_left="left"), mask[:, ::-1]) == side_of_mask(ref(), mask)


def test_a_volume_is_asked_over_all_its_slices() -> None:
    volume = np.zeros((4, 100, 200), bool)
    volume[2] = blob(150, 190)
    assert side_of_mask(ref(kind="volume", depth=4, view="axial"), volume) == "left"


def test_a_known_midline_moves_the_line() -> None:
    assert patient_side(ref(), 110, middle=130) == "right"
    assert side_of_mask(ref(), blob(105, 125), middle=150) == "right"
