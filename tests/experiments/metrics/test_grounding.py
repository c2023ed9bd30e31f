"""RadFact's pixel precision and IoU, of boxes and of masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from readingroom.domain.region import Region
from readingroom.domain.terms import Laterality
from readingroom.errors import BadFile
from readingroom.experiments.case import TrueRegion
from readingroom.experiments.draft import Drafted
from readingroom.experiments.metrics.score import score
from readingroom.imaging.mask_file import encode_mask
from tests.agents.ledgers import CURRENT, evidence
from tests.experiments.metrics.drafts import case, drafted, finding, pair

Box = tuple[float, float, float, float]
WHOLE: Box = (0, 0, 500, 500)
PARTS = ("grounding_precision", "grounding_recall", "spatial_precision", "spatial_recall")


def _draft(box: Box, said: str = "nodule", laterality: Laterality = "unspecified", **region: str) -> Drafted:
    drawn = Region(image_id=CURRENT.id, kind="mask" if region else "box", frame="source_pixels", box=box, **region)  # type: ignore[arg-type]
    item = evidence("E2", said, regions=(drawn,))
    return drafted(finding(1, f"There is a {said}.", "E2", observation=said, laterality=laterality), items=(item,))


def _scores(draft: Drafted, *true: TrueRegion, **masks: np.ndarray) -> dict[str, tuple[float, float]]:
    found = score(draft, case("FINDINGS: Nodule.", regions=true), masks)
    return {name: pair(tally) for name, tally in found.items()}


def _true(box: Box = WHOLE, what: str = "nodule", mask: str | None = None) -> TrueRegion:
    return TrueRegion(observation=what, box=box, mask=mask)


def test_the_same_box_is_right_by_every_measure() -> None:
    found = _scores(_draft(WHOLE), _true())
    assert all(found[name] == (1, 1) for name in (*PARTS, "pixel_precision", "pixel_recall", "box_iou", "box_iou_50"))


def test_a_box_far_too_small_passes_pixel_precision_and_not_iou() -> None:
    found = _scores(_draft((0, 0, 125, 125)), _true())
    assert found["grounding_precision"] == found["pixel_precision"] == (1, 1)
    assert found["box_iou"] == found["pixel_recall"] == (pytest.approx(1 / 16), 1)
    assert (found["box_iou_30"], found["grounding_recall"]) == ((0, 1), (0, 1))


def test_half_of_the_pixels_is_not_more_than_half() -> None:
    assert _scores(_draft((0, 0, 1000, 500)), _true())["grounding_precision"] == (0, 1)
    assert _scores(_draft((0, 0, 900, 500)), _true())["grounding_precision"] == (1, 1)


def test_what_the_truth_does_not_have_counts_among_the_boxed_only() -> None:
    found = _scores(_draft(WHOLE, "rib_fracture"), _true())
    assert [found[name] for name in PARTS] == [(0, 0), (0, 0), (0, 1), (0, 1)]


def test_a_more_general_name_is_the_same_thing() -> None:
    assert _scores(_draft(WHOLE, "lung_opacity"), _true(what="consolidation"))["grounding_precision"] == (1, 1)


def test_masks_are_compared_where_both_are_at_hand(tmp_path: Path) -> None:
    said, true = np.zeros((1000, 1000), bool), np.zeros((1000, 1000), bool)
    said[:500, :250] = True
    true[:500, :500] = True
    file = tmp_path / "truth.png"
    file.write_bytes(encode_mask(true))
    found = _scores(_draft(WHOLE, mask_digest="d1"), _true(mask=str(file)), d1=said)
    assert (found["pixel_precision"], found["box_iou"]) == ((1, 1), (0.5, 1))
    assert _scores(_draft(WHOLE, mask_digest="d1"), _true(mask=str(file)))["box_iou"] == (1, 1)  # its box, without it


def test_a_mask_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"^gone\.png: a mask of the reference is not there"):
        _scores(_draft(WHOLE), _true(mask=str(tmp_path / "gone.png")))


def test_a_lung_is_held_against_the_lung_of_its_own_side() -> None:
    boxes: dict[str, Box] = {"right": (0, 0, 400, 500), "left": (600, 0, 1000, 500)}
    true = [_true(box, "lung").model_copy(update={"laterality": side}) for side, box in boxes.items()]
    found = _scores(_draft(boxes["left"], "lung", laterality="left"), *true)
    assert (found["box_iou"], found["grounding_precision"], found["grounding_recall"]) == ((1, 1), (1, 1), (1, 1))
    assert found["spatial_recall"] == (1, 2)  # of the right lung nothing is said
    assert _scores(_draft(boxes["left"], "lung"), *true)["box_iou"] == (0.5, 1)  # without a side it speaks of both
    wrong = _scores(_draft(boxes["left"], "lung", laterality="right"), true[1])
    assert (wrong["grounding_precision"], wrong["spatial_precision"]) == ((0, 0), (0, 1))
