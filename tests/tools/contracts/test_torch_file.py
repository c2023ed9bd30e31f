"""torch's files: read without torch and without running a pickle, both ways against torch where it is installed."""

import io
import pickletools
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from readingroom.errors import BadReply
from readingroom.tools.contracts.torch_file import read_tensor, write_tensor

RECORDED_PICKLE = (
    b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nq\x00((X\x07\x00\x00\x00storageq\x01ctorch\nFloatStorage\nq\x02"
    b"X\x01\x00\x00\x000q\x03X\x06\x00\x00\x00cuda:0q\x04K\x06tq\x05QK\x00K\x01K\x02K\x03\x87q\x06K\x06K\x03K\x01\x87q"
    b"\x07\x89ccollections\nOrderedDict\nq\x08)Rq\ttq\nRq\x0b."
)
"""As torch 2 writes torch.arange(6.0).reshape(1, 2, 3) that lay on a graphics card."""
SIX = np.arange(6, dtype=np.float32)
RAW = SIX.tobytes()


def archive(pickled=RECORDED_PICKLE, raw=RAW, *, name="data/0", packing=zipfile.ZIP_STORED, **more):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", packing) as made:
        parts = {"data.pkl": pickled, "byteorder": b"little", name: raw, "version": b"3\n"} | more
        for part, content in parts.items():
            made.writestr(f"archive/{part}", content)
    return buffer.getvalue()


def test_a_recorded_file_is_read():
    np.testing.assert_array_equal(read_tensor(archive(), shape=(1, 2, 3)), SIX.reshape(1, 2, 3))


@given(arrays.arrays(np.float32, arrays.array_shapes(max_dims=4, max_side=5)))
@settings(max_examples=60)
def test_what_is_written_is_read_back(array):
    np.testing.assert_array_equal(read_tensor(write_tensor(array), shape=array.shape), array)


def test_torch_reads_what_is_written():
    torch = pytest.importorskip("torch")
    array = np.random.default_rng(0).normal(size=(1, 1536, 14, 14)).astype(np.float32)
    loaded = torch.load(io.BytesIO(write_tensor(array)), weights_only=True, map_location="cpu")
    assert loaded.dtype == torch.float32
    np.testing.assert_array_equal(loaded.numpy(), array)


@pytest.mark.parametrize("kind", ["float32", "float16", "float64", "bfloat16"])
@pytest.mark.parametrize("made", ["plain", "turned", "cut", "spread", "grad"])
def test_what_torch_writes_is_read(kind, made):
    torch = pytest.importorskip("torch")
    whole = torch.arange(24).reshape(2, 3, 4).to(getattr(torch, kind))
    tensor = {
        "plain": lambda: whole,
        "turned": lambda: whole.permute(2, 0, 1),
        "cut": lambda: whole[1, 1:, ::2],
        "spread": lambda: whole[:1, :1].expand(2, 3, 4),
        "grad": lambda: whole.clone().requires_grad_(True),
    }[made]()
    buffer = io.BytesIO()
    torch.save(tensor, buffer)
    read = read_tensor(buffer.getvalue(), shape=tuple(tensor.shape))
    assert read.dtype == np.float32
    np.testing.assert_array_equal(read, tensor.detach().float().numpy())


def test_anything_else_that_torch_writes_is_refused():
    torch = pytest.importorskip("torch")
    for thing in (
        {"a": torch.zeros(2)}, [torch.zeros(2)], torch.zeros(2, dtype=torch.int64), torch.nn.Parameter(torch.zeros(2)),
        torch.zeros(3), torch.nn.Linear(1, 1), torch.zeros(2, dtype=torch.complex64), torch.zeros(2).to_sparse(),
    ):  # fmt: skip
        buffer = io.BytesIO()
        torch.save(thing, buffer)
        with pytest.raises(BadReply):
            read_tensor(buffer.getvalue(), shape=(2,))
    buffer = io.BytesIO()
    torch.save(torch.zeros(2), buffer, _use_new_zipfile_serialization=False)
    with pytest.raises(BadReply):
        read_tensor(buffer.getvalue(), shape=(2,))


def other(old, new):
    assert old in RECORDED_PICKLE
    return archive(RECORDED_PICKLE.replace(old, new))


HOSTILE = {
    "nothing": b"",
    "no zip": b"PK\x03\x04" + b"\x00" * 60,
    "cut": archive()[:-40],
    "packed": archive(packing=zipfile.ZIP_DEFLATED),
    "no storage": archive(name="data/1"),
    "storage too small": archive(raw=SIX.tobytes()[:-1]),
    "no pickle": archive(b""),
    "a large pickle": archive(RECORDED_PICKLE + b"." * 5000),
    "many parts": archive(**{f"data/{n}": b"" for n in range(1, 80)}),
    "big-endian": archive(byteorder=b"big"),
    "runs a command": archive(b"cos\nsystem\n(X\x04\x00\x00\x00ls /tR."),
    "names a command": other(b"ctorch._utils\n_rebuild_tensor_v2\n", b"cos\nsystem\n"),
    "another storage": other(b"FloatStorage", b"LongStorage"),
    "another module's storage": other(b"ctorch\nFloat", b"cevil\nFloat"),
    "hooks that are a command": other(b"ccollections\nOrderedDict\n", b"cos\nsystem\n"),
    "hooks with content": other(b"q\x08)R", b"q\x08K\x01\x85R"),
    "an offset beyond": other(b"QK\x00", b"QK\x01"),
    "a negative offset": other(b"QK\x00", b"QJ\xff\xff\xff\xff"),
    "a stride beyond": other(b"K\x06K\x03K\x01\x87", b"K\x06K\x04K\x01\x87"),
    "a negative stride": other(b"K\x06K\x03K\x01\x87", b"K\x06J\xff\xff\xff\xffK\x01\x87"),
    "a stride that is true": other(b"K\x06K\x03K\x01\x87", b"K\x06K\x03\x88\x87"),
    "fewer strides": other(b"K\x06K\x03K\x01\x87", b"K\x03K\x01\x86"),
    "another shape": other(b"K\x01K\x02K\x03\x87", b"K\x01K\x03K\x02\x87"),
    "a key that is a path": other(b"X\x01\x00\x00\x000", b"X\x04\x00\x00\x00../0"),
    "a stack that is empty": archive(b"\x80\x02R."),
    "a memo that is empty": archive(b"\x80\x02h\x05."),
    "a tuple of nothing": archive(b"\x80\x02\x87."),
    "a build": archive(RECORDED_PICKLE[:-1] + b"}b."),
    "two values": archive(RECORDED_PICKLE[:-1] + b"K\x01."),
    "a string of Python": archive(b"\x80\x02S'abc'\n."),
    "no end": archive(RECORDED_PICKLE[:-1]),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_refused(data):
    with pytest.raises(BadReply) as caught:
        read_tensor(data, shape=(1, 2, 3), path="answer[0].image_features")
    assert caught.value.where == "answer[0].image_features"


def test_a_stride_of_an_axis_of_one_may_be_anything():
    huge = RECORDED_PICKLE.replace(
        b"K\x06K\x03K\x01\x87", b"\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00K\x03K\x01\x87"
    )
    assert read_tensor(archive(huge), shape=(1, 2, 3)).sum() == 15


@given(st.lists(st.tuples(st.integers(0, len(RECORDED_PICKLE) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@settings(max_examples=500)
def test_a_changed_pickle_is_read_or_refused(changes):
    pickled = bytearray(RECORDED_PICKLE)
    for place, byte in changes:
        pickled[place] = byte
    try:
        array = read_tensor(archive(bytes(pickled)), shape=(1, 2, 3))
    except BadReply:
        return
    assert array.shape == (1, 2, 3)


@given(st.binary(max_size=60), st.integers(0, 700))
@settings(max_examples=200)
def test_a_changed_file_is_read_or_refused(noise, place):
    data = bytearray(archive())
    data[place : place + len(noise)] = noise
    try:
        assert read_tensor(bytes(data), shape=(1, 2, 3)).shape == (1, 2, 3)
    except BadReply:
        return


def test_the_recorded_pickle_is_well_formed():
    assert [op.name for op, _, _ in pickletools.genops(RECORDED_PICKLE)][-1] == "STOP"
