"""Planes as the viewer gets them: the right samples, the right way up, in every axis, with outlines that fit them."""

from __future__ import annotations

import nibabel
import numpy as np
import pytest

from readingroom.domain.image import ImageRef
from readingroom.imaging.image import Image
from readingroom.web.pixels import facts_of, plane_of, section
from tests.web.entering import API, upload

DTYPES = {"u8": "u1", "u16": "<u2", "i16": "<i2", "f32": "<f4", "rgb8": "u1"}


def samples(answer):
    shape = (int(answer.headers["x-rows"]), int(answer.headers["x-columns"]))
    kind = answer.headers["x-type"]
    return np.frombuffer(answer.content, DTYPES[kind]).reshape(shape + ((3,) if kind == "rgb8" else ()))


@pytest.fixture(scope="module")
def volume(page, tmp_path_factory):
    """A volume of 40 x 30 x 20 millimetre voxels in RAS, each with a number of its own."""
    voxels = np.arange(40 * 30 * 20, dtype=np.int16).reshape(40, 30, 20) - 5000
    path = tmp_path_factory.mktemp("volume") / "v.nii.gz"
    nibabel.save(nibabel.Nifti1Image(voxels, np.diag([1.0, 2.0, 3.0, 1.0])), path)
    answer = upload(page.owner, current=path)
    assert answer.status_code == 201, answer.text
    return voxels, answer.json()


@pytest.mark.parametrize("axis", ["axial", "coronal", "sagittal"])
def test_planes_of_a_volume_are_where_the_patient_has_them(page, volume, axis):
    voxels, study = volume
    spl = voxels.transpose(2, 1, 0)[:, ::-1, ::-1]  # RAS voxels to Superior, Posterior, Left
    image = study["images"][0]
    assert image["axes"] == ["axial", "coronal", "sagittal"]
    shape = image["shape_by_axis"][axis]
    for plane in (0, 7, shape["planes"] - 1):
        url = f"{API}/studies/{study['id']}/images/img-1/pixels?axis={axis}&plane={plane}"
        answer = page.owner.get(url)
        assert answer.headers["x-type"] == image["type"] == "i16"
        assert "immutable" in answer.headers["cache-control"]
        got = samples(answer)
        cuts = {"axial": np.s_[plane], "coronal": np.s_[::-1, plane, :], "sagittal": np.s_[::-1, :, plane]}
        expected = spl[cuts[axis]]
        assert np.array_equal(got, expected)
        assert got.shape == (shape["rows"], shape["columns"])


def test_the_shape_of_each_axis_is_in_millimetres_and_has_its_edges(volume):
    axes = volume[1]["images"][0]["shape_by_axis"]
    assert {name: (one["row_mm"], one["column_mm"]) for name, one in axes.items()} == {
        "axial": (2, 1), "coronal": (3, 1), "sagittal": (3, 2),
    }  # fmt: skip
    edges = {name: tuple(one[edge] for edge in ("left", "right", "top", "bottom")) for name, one in axes.items()}
    assert edges["axial"] == ("R", "L", "A", "P")
    assert edges["coronal"] == ("R", "L", "S", "I")
    assert edges["sagittal"] == ("A", "P", "S", "I")


@pytest.mark.parametrize(
    "query", ["axis=stored", "axis=axial&plane=20", "axis=axial&plane=-1", "axis=up", "axis=axial&plane=9999999999"]
)
def test_planes_that_there_are_none_of(page, volume, query):
    answer = page.owner.get(f"{API}/studies/{volume[1]['id']}/images/img-1/pixels?{query}")
    assert answer.status_code in (400, 404)


def image_of(pixels, kind="image", colour=False):
    rows, columns = pixels.shape[-3:-1] if colour else pixels.shape[-2:]
    ref = ImageRef(id="img-1", sha256="0" * 64, kind=kind, rows=rows, columns=columns, colour=colour,
                   depth=1 if kind == "image" else len(pixels))  # fmt: skip
    return Image(ref, pixels)


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (np.array([[0, 255]], np.uint8), "u8"),
        (np.array([[0, 65535]], np.uint16), "u16"),
        (np.array([[-1024.0, 3071.0]], np.float32), "i16"),
        (np.array([[-1024.0, 0.5]], np.float32), "f32"),
        (np.array([[-40000.0, 1.0]], np.float32), "f32"),
        (np.array([[0, 70000]], np.uint32), "f32"),
        (np.array([[True, False]]), "u8"),
    ],
)
def test_the_smallest_type_that_holds_every_sample(values, kind):
    image = image_of(values)
    facts = facts_of(image)
    assert facts.type == kind
    assert (facts.low, facts.high) == (float(values.min()), float(values.max()))
    plane = plane_of(image, "stored", 0, kind)
    assert np.array_equal(np.frombuffer(plane.data, DTYPES[kind]).reshape(values.shape), values)


def test_frames_in_colour_go_one_by_one():
    frames = np.random.default_rng(1).integers(0, 255, (3, 4, 5, 3), dtype=np.uint8)
    image = image_of(frames, "frames", colour=True)
    plane = plane_of(image, "stored", 2, facts_of(image).type)
    assert (plane.rows, plane.columns, plane.type) == (4, 5, "rgb8")
    assert plane.data == frames[2].tobytes()


def test_a_mask_is_cut_as_its_volume_is():
    stack = np.arange(24).reshape(2, 3, 4)
    assert section(stack, "coronal", 1).tolist() == [stack[1, 1].tolist(), stack[0, 1].tolist()]
    assert section(stack, "sagittal", 3).tolist() == [stack[1, :, 3].tolist(), stack[0, :, 3].tolist()]


def test_a_thumbnail_is_small(page, study):
    answer = page.owner.get(f"{API}/studies/{study['id']}/images/img-1/thumbnail")
    assert answer.headers["content-type"] == "image/png"
    columns, rows = (int.from_bytes(answer.content[at : at + 4], "big") for at in (16, 20))
    assert max(rows, columns) == 160


def test_outlines_lie_in_the_planes_pixels_and_name_their_evidence(page, study, drafted, run):
    image = study["images"][0]
    url = f"{API}/overlays?study={study['id']}&image=img-1"
    of_chat = page.owner.get(f"{url}&chat={drafted['id']}").json()
    assert page.owner.get(f"{url}&run={run}").json() == of_chat
    ledger = {item["id"]: item for item in page.owner.get(f"{API}/chats/{drafted['id']}/evidence").json()}
    assert {"heart", "right lung", "left lung"} <= {one["label"] for one in of_chat}
    for one in of_chat:
        assert set(one["evidence"]) <= set(ledger)
        numbers = [float(part) for part in one["path"].replace("M", " ").replace("L", " ").replace("Z", " ").split()]
        assert min(numbers) >= 0
        assert max(numbers[::2]) <= image["columns"]
        assert max(numbers[1::2]) <= image["rows"]
    assert any(one["measurements"] for one in of_chat)
    assert page.owner.get(url).status_code == 404
