"""MedImageParse3D: label maps and arrays on the voxels that were sent; hostile files within bounds; F14."""

import base64
import gzip
import json
import struct
import tracemalloc

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from readingroom.errors import BadReply, BadRequest
from readingroom.tools.contracts.medimageparse3d import Parse3dRow, ask_parse3d, decode_parse3d, encode_parse3d
from readingroom.tools.contracts.strict_json import parse_reply
from tests.tools.contracts.samples import ANY_JSON, over_the_wire, picture, volume

VOLUME = volume(columns=5, rows=4, depth=3)
AFFINE = np.diag([-2.0, -2.0, 3.0, 1.0])
ASK = ask_parse3d([VOLUME], [("liver", "spleen")])
LABELS = np.random.default_rng(0).integers(0, 3, (3, 4, 5))


def nifti(labels=LABELS, *, kind=np.uint8, affine=AFFINE, packed=True):
    """As nibabel writes (D, H, W) labels: columns along its first axis."""
    content = nib.Nifti1Image(labels.transpose(2, 1, 0).astype(kind), affine, dtype=kind).to_bytes()
    return gzip.compress(content, 1) if packed else content


def answer(content, *, nested=True):
    told = {"data": base64.b64encode(content).decode()}
    return [{"nifti_file": json.dumps(told) if nested else told}]


def read(value, ask=ASK):
    return decode_parse3d(parse_reply(over_the_wire(value)), ask)


def packed(array, **other):
    told = {"data": base64.b64encode(array.tobytes()).decode(), "shape": list(array.shape), "dtype": str(array.dtype)}
    return [{"image_features": told | other}]


def test_a_picture_is_not_a_volume():
    with pytest.raises(BadRequest, match="volumes"):
        ask_parse3d([picture()], [("liver",)])
    assert ASK.rows == ((VOLUME, "liver & spleen"),)


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("kind", [np.uint8, np.int16, np.int32, np.float32, np.float64, ">i2"])
def test_a_label_map_of_any_kind_lies_on_the_voxels_sent(kind, nested):
    (row,) = read(answer(nifti(kind=kind), nested=nested))
    np.testing.assert_array_equal(row.masks, np.stack([LABELS == 1, LABELS == 2]))
    assert row.masks.dtype == bool


@pytest.mark.parametrize("affine", [np.eye(4), AFFINE + 1e-5])
def test_an_affine_that_says_nothing_else_is_taken(affine):
    assert read(answer(nifti(affine=affine)))[0].masks.any()


def test_a_plain_nii_is_taken():
    assert read(answer(nifti(packed=False)))[0].masks.any()


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([0, 127, 128, 255], np.uint8), [False, False, True, True]),
        (np.array([0.0, 0.4999, 0.51, 1.0], np.float32), [False, False, True, True]),
        (np.array([0.0, 0.25, 0.75, 1.0], np.float16), [False, False, True, True]),
        (np.array([False, False, True, True]), [False, False, True, True]),
    ],
)
def test_an_array_is_cut_by_what_its_dtype_means(array, expected):
    whole = np.tile(array, 30).reshape(2, 3, 4, 5)
    (row,) = read(packed(whole))
    np.testing.assert_array_equal(row.masks, np.tile(expected, 30).reshape(2, 3, 4, 5))


def header_with(**fields):
    content = bytearray(nifti(packed=False))
    for place, (form, *values) in fields.values():
        struct.pack_into(form, content, place, *values)
    return bytes(content)


HOSTILE = {
    "an empty file": b"",
    "not NIfTI": b"\x00" * 1000,
    "half a gzip": nifti()[:-20],
    "a damaged gzip": b"\x1f\x8b" + b"\xff" * 100,
    "voxels that end early": nifti(packed=False)[:-1],
    "another shape": nifti(LABELS[:2]),
    "axes turned round": nifti(LABELS.transpose(2, 1, 0)),
    "more labels than targets": nifti(LABELS + 1),
    "negative labels": nifti(-LABELS, kind=np.int16),
    "labels that are no whole numbers": nifti(LABELS * 0.4, kind=np.float32),
    "labels that are no numbers": nifti(np.where(LABELS, np.nan, 0), kind=np.float32),
    "huge labels": nifti(LABELS * 2**40, kind=np.int64),
    "the lowest label there is": nifti(np.full((3, 4, 5), -(2**63)), kind=np.int64),
    "another place": nifti(affine=np.diag([2.0, -2.0, 3.0, 1.0])),
    "complex": nifti(kind=np.complex64),
    "seven huge axes": header_with(dim=(40, ("<8h", 7, *[32767] * 7))),
    "negative axes": header_with(dim=(40, ("<8h", 3, -5, -4, -3, 1, 1, 1, 1))),
    "another datatype": header_with(kind=(70, ("<h", 9999))),
    "an offset before the voxels": header_with(offset=(108, ("<f", 0.0))),
    "an offset beyond the file": header_with(offset=(108, ("<f", 1e30))),
    "an offset that is no number": header_with(offset=(108, ("<f", float("nan")))),
    "scaled": header_with(slope=(112, ("<2f", 2.0, 0.0))),
    "an affine of no numbers": header_with(affine=(280, ("<f", float("nan")))),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused_by_path(content):
    with pytest.raises(BadReply) as caught:
        read(answer(content))
    assert caught.value.where == "answer[0].nifti_file.data"


def test_a_bomb_is_not_unpacked():
    bomb = gzip.compress(nifti(packed=False) + bytes(200 << 20), 1)
    value = answer(bomb)
    tracemalloc.start()
    with pytest.raises(BadReply, match="bomb"):
        decode_parse3d(value, ASK)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10 << 20


def test_an_empty_volume_packs_beyond_any_ratio_and_is_read():
    big = volume(columns=128, rows=128, depth=200)
    content = nifti(np.zeros((200, 128, 128)), affine=np.eye(4))
    assert len(content) * 200 < 128 * 128 * 200
    (row,) = read(answer(content), ask_parse3d([big], [("liver",)]))
    assert not row.masks.any()


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ([], "answer"),
        ([{}], "answer[0].image_features"),
        ([{"nifti_file": "x"}], "answer[0].nifti_file"),
        ([{"nifti_file": {}}], "answer[0].nifti_file.data"),
        ([{"nifti_file": {"data": 5}}], "answer[0].nifti_file.data"),
        ([{"nifti_file": {"data": "?"}}], "answer[0].nifti_file.data"),
        (packed(np.zeros((2, 3, 5, 4), np.uint8)), "answer[0].image_features.shape"),
        (packed(np.zeros((1, 3, 4, 5), np.uint8)), "answer[0].image_features.shape"),
        (packed(np.full((2, 3, 4, 5), 200, np.float32)), "answer[0].image_features"),
    ],
)
def test_other_answers_are_refused_by_path(value, path):
    with pytest.raises(BadReply) as caught:
        read(value)
    assert caught.value.where == path


@given(arrays.arrays(np.uint8, (3, 4, 5), elements=st.integers(0, 2)))
@settings(max_examples=30)
def test_what_is_encoded_is_read_back(labels):
    masks = np.stack([labels == 1, labels == 2])
    (twin,) = read(encode_parse3d([Parse3dRow(masks, "")]))
    np.testing.assert_array_equal(twin.masks, masks)


def test_where_masks_overlap_the_later_target_is_told():
    masks = np.zeros((2, 3, 4, 5), bool)
    masks[0], masks[1, 1] = True, True
    (twin,) = read(encode_parse3d([Parse3dRow(masks, "")]))
    np.testing.assert_array_equal(twin.masks[1], masks[1])
    np.testing.assert_array_equal(twin.masks[0], ~masks[1])


@given(st.binary(max_size=400), st.integers(0, 360), st.booleans())
@settings(max_examples=300)
def test_any_bytes_are_refused_or_read(noise, place, packed_up):
    content = bytearray(nifti(packed=packed_up))
    content[place : place + len(noise)] = noise
    try:
        (row,) = read(answer(bytes(content)))
    except BadReply:
        return
    assert row.masks.shape == (2, 3, 4, 5)


@given(ANY_JSON)
@settings(max_examples=150)
def test_any_json_is_refused_and_nothing_breaks(value):
    for told in (value, [{"nifti_file": value}], [{"image_features": value}]):
        with pytest.raises(BadReply):
            decode_parse3d(told, ASK)
