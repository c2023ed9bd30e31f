"""Each model's input from each kind of image: right size, levels and place, and every answer back where it belongs."""

from __future__ import annotations

import gzip
import io
from typing import Any

import cv2
import nibabel as nib
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from readingroom.domain.image import ImageRef
from readingroom.errors import BadRequest, BadStudy, EgressRefused
from readingroom.imaging.cleared import Cleared
from readingroom.imaging.geometry import box_of_mask
from readingroom.imaging.image import Image, Window
from readingroom.imaging.limits import Limits
from readingroom.imaging.nifti import read_nifti
from readingroom.imaging.windowing import display_rgb
from readingroom.tools.contracts.ask import MODEL_IDS, Ask, ModelId
from readingroom.tools.preparation import (
    prepare,
    preprocessing_ids,
    source_mask,
    source_region,
    volume_from_submitted,
)

PICTURES: tuple[ModelId, ...] = ("medimageinsight", "medimageparse", "cxrreportgen", "gigapath", "gigatime")
SHAPES = [(400, 640), (640, 400), (401, 640), (640, 401), (1501, 1200), (1200, 1501), (512, 512), (333, 332)]
"""Rows, columns: landscape, portrait, odd ones, above and below every model's size."""


def image(pixels: NDArray[Any], **ref: Any) -> Image:
    colour = pixels.ndim == 3 and pixels.shape[-1] == 3
    volume = pixels.ndim == 3 and not colour
    told: dict[str, Any] = {
        "id": "img-1", "sha256": "0" * 64, "kind": "volume" if volume else "image", "colour": colour,
        "units": "colour" if colour else "grey", "depth": len(pixels) if volume else 1,
        "rows": pixels.shape[1 if volume else 0], "columns": pixels.shape[2 if volume else 1],
    } | ref  # fmt: skip
    affine = np.array([[0.7, 0, 0, -10], [0, 0.8, 0, -20], [0, 0, 2.5, 30], [0, 0, 0, 1.0]]) if volume else None
    return Image(ImageRef(**told), pixels, affine=affine)


def blobs(rows: int, columns: int) -> tuple[NDArray[np.uint8], dict[int, tuple[int, int, int, int]]]:
    """A blob of its own level and size in each corner of the middle square, none like another; its box by level."""
    side = min(rows, columns)
    left, top = (columns - side) // 2, (rows - side) // 2
    pixels = np.full((rows, columns), 20, np.uint8)
    boxes = {}
    for level, (x, y, w, h) in {
        80: (0.06, 0.05, 0.10, 0.20), 130: (0.70, 0.10, 0.20, 0.08),
        180: (0.10, 0.70, 0.15, 0.12), 240: (0.75, 0.72, 0.06, 0.22),
    }.items():  # fmt: skip
        x0, y0 = round(left + x * side), round(top + y * side)
        x1, y1 = x0 + round(w * side), y0 + round(h * side)
        pixels[y0:y1, x0:x1] = level
        boxes[level] = (x0, y0, x1, y1)
    return pixels, boxes


def sent(cleared: Cleared) -> NDArray[np.uint8]:
    with Pillow.open(io.BytesIO(cleared.content)) as picture:
        return np.array(picture)


@pytest.mark.parametrize("model", PICTURES)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_seen_in_the_sent_pixels_comes_back_on_the_source_pixels(
    model: ModelId, shape: tuple[int, int]
) -> None:
    """The golden phantom: a box and a mask read off the PNG itself lie on the blob that they were read from."""
    pixels, boxes = blobs(*shape)
    cleared = prepare(model, image(pixels), policy="allow")
    seen = sent(cleared)
    grey = seen if seen.ndim == 2 else seen[..., 0]
    side = cleared.columns
    assert grey.shape == (side, side)
    scale = max(shape) / side if cleared.how == "pad" else min(shape) / side
    scale = max(scale, max(shape) / side) if cleared.how == "stretch" else scale
    for level, box in boxes.items():
        mask = np.abs(grey.astype(int) - level) <= 12
        mask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, np.ones((5, 5), np.uint8))
        found = box_of_mask(mask)
        assert found is not None
        region = source_region(cleared, tuple(value / side for value in found), "img-1")  # type: ignore[arg-type]
        assert region is not None
        assert region.frame == "source_pixels"
        assert np.abs(np.subtract(region.box, box)).max() <= max(1.0, scale)
        back = box_of_mask(source_mask(cleared, mask * np.uint8(255)) > 127)
        assert back is not None
        assert np.abs(np.subtract(back, box)).max() <= max(1, int(np.ceil(scale)))  # a pixel of the model's


def test_each_model_gets_its_size_and_channels() -> None:
    grey, colour = image(blobs(700, 1300)[0]), image(np.repeat(blobs(700, 1300)[0][..., None], 3, axis=2))
    shapes = {model: (sent(prepare(model, grey)).shape, sent(prepare(model, colour)).shape) for model in PICTURES}
    assert shapes == {
        "medimageinsight": ((512, 512), (512, 512, 3)),
        "medimageparse": ((1024, 1024), (1024, 1024, 3)),
        "cxrreportgen": ((700, 700), (700, 700)),
        "gigapath": ((256, 256, 3), (256, 256, 3)),
        "gigatime": ((512, 512, 3), (512, 512, 3)),
    }


def test_every_way_has_an_id_of_its_own() -> None:
    names = [name for model in MODEL_IDS for name in preprocessing_ids(model)]
    assert len(set(names)) == len(names)
    assert "mi2-window-stretch512-grey8-v1" in names
    assert all(name.endswith("-v1") for name in names)


@pytest.mark.parametrize("model", PICTURES)
def test_the_id_that_travels_is_one_of_those_told(model: ModelId) -> None:
    hounsfield = image(np.zeros((40, 50), np.float32), units="HU", modality="ct", anatomy="abdomen")
    for source in (image(blobs(300, 200)[0]), hounsfield):
        assert prepare(model, source).preprocessing_id in preprocessing_ids(model)


def test_levels_are_those_that_are_shown() -> None:
    rng = np.random.default_rng(0)
    raw = image(rng.integers(0, 4096, (512, 512)).astype(np.uint16))
    windowed = Image(raw.ref, raw.pixels, Window(500, 3000))
    assert (sent(prepare("medimageinsight", windowed, policy="allow")) == display_rgb(windowed)[..., 0]).all()


@pytest.mark.parametrize(
    ("target", "anatomy", "name", "low", "high"),
    [
        ("liver", "abdomen", "liver", -25, 230),
        ("colon tumor", "abdomen", "colon", -68, 187),
        ("pancreas", "abdomen", "pancreas", -100, 200),
        ("bladder", "pelvis", "pelvis", -55, 200),
        ("lung nodule", "chest", "lung", -1000, 1000),
        ("", "chest", "lung", -1000, 1000),
        ("left kidneys", "abdomen", "abdomen", -150, 250),
        ("livers", "unknown", "liver", -25, 230),
    ],
)
def test_ct_goes_to_medimageparse_through_its_published_window(
    target: str, anatomy: str, name: str, low: int, high: int
) -> None:
    ramp = np.linspace(-1100, 1100, 1024, dtype=np.float32)[None].repeat(1024, 0)
    source = image(ramp, units="HU", modality="ct", anatomy=anatomy)
    cleared = prepare("medimageparse", source, target=target)
    assert cleared.preprocessing_id == f"mip-{name}-pad1024-grey8-v1"
    row = sent(cleared)[0].astype(float)
    assert np.abs(row - np.clip((ramp[0] - low) / (high - low), 0, 1) * 255).max() <= 0.51


def test_padding_is_black_and_aspect_kept() -> None:
    seen = sent(prepare("medimageparse", image(np.full((300, 600), 255, np.uint8))))
    assert seen[:250].max() == seen[-250:].max() == 0
    assert seen[260:-260].min() == 255


def test_the_plane_asked_for_is_sent_and_one_that_is_not_there_refused() -> None:
    planes = np.stack([np.full((64, 64), 40 * n, np.uint8) for n in range(5)])
    assert sent(prepare("medimageinsight", image(planes), plane=3)).max() == 120
    assert sent(prepare("medimageinsight", image(planes))).max() == 80
    with pytest.raises(BadRequest, match="no plane 5"):
        prepare("medimageinsight", image(planes), plane=5)


def test_burned_in_words_stay_here_whatever_the_model() -> None:
    picture = Pillow.fromarray(np.full((900, 900), 30, np.uint8))
    ImageDraw.Draw(picture).text((300, 400), "MILLER ANNA", fill=255, font=ImageFont.load_default(50))
    source = image(np.array(picture))
    for model in PICTURES:
        with pytest.raises(EgressRefused, match="1 line of text"):
            prepare(model, source)
        assert prepare(model, source, policy="mask").clearance == "masked"
    with pytest.raises(EgressRefused, match="header says"):
        prepare("medimageinsight", image(blobs(300, 200)[0], burned_in="yes"))


def test_a_volume_goes_out_as_nifti_and_its_masks_come_back_on_its_voxels() -> None:
    voxels = np.zeros((6, 40, 50), np.float32)
    voxels[1:3, 5:15, 30:45] = 700
    source = image(voxels, units="HU", modality="ct")
    cleared = prepare("medimageparse3d", source)
    assert cleared.preprocessing_id == "mip3d-hu16-nifti-v1"
    file = nib.Nifti1Image.from_bytes(gzip.decompress(cleared.content))
    assert file.get_data_dtype() == np.int16
    found = np.asarray(file.dataobj) > 300
    assert found.shape == (50, 40, 6)
    assert (volume_from_submitted(found) == (voxels > 300)).all()
    again = read_nifti(cleared.content, Limits(), where="sent")
    assert (again.pixels == voxels).all()
    assert again.affine is not None
    assert source.affine is not None
    assert np.allclose(again.affine, source.affine)


def test_a_volume_of_fractions_is_sent_as_floats() -> None:
    voxels = np.random.default_rng(0).random((3, 20, 20)).astype(np.float32)
    cleared = prepare("medimageparse3d", image(voxels))
    assert cleared.preprocessing_id == "mip3d-float32-nifti-v1"
    assert (read_nifti(cleared.content, Limits(), where="sent").pixels == voxels).all()


def test_a_picture_is_no_volume() -> None:
    with pytest.raises(BadStudy, match="takes a volume"):
        prepare("medimageparse3d", image(blobs(300, 200)[0]))


def test_a_request_carries_the_png_and_its_key_the_way_it_was_made() -> None:
    cleared = prepare("medimageinsight", image(blobs(300, 200)[0]))
    ask = Ask("medimageinsight", ("image", "text"), ((cleared, None),))
    assert ask.body().count(b"iVBORw0KGgo") == 1
    other = prepare("gigapath", image(blobs(300, 200)[0]))
    assert ask.key != Ask("medimageinsight", ("image", "text"), ((other, None),)).key
