"""The decoding process: what it may cost, and what becomes of a file that costs more."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom.data import get_testdata_file

from readingroom.errors import BadFile
from readingroom.imaging.codec import Codec, layout_of
from readingroom.imaging.codestream import StreamSize, stream_size
from readingroom.imaging.dicom import open_dicom, quiet
from readingroom.imaging.limits import Limits
from readingroom.imaging.reader import read_study

J2K = Path(str(get_testdata_file("MR_small_jp2klossless.dcm", download=False)))


@pytest.mark.parametrize("limits", [Limits(decode_seconds=0.001), Limits(decode_memory=32 << 20)])
def test_a_codec_beyond_its_time_or_memory_is_one_line(limits: Limits) -> None:
    with pytest.raises(BadFile, match="cannot be decoded"):
        read_study([J2K], subject_key=b"k", limits=limits)


def test_one_process_serves_many_files_and_is_gone_afterwards() -> None:
    limits = Limits()
    with quiet(), Codec(limits) as codec:
        header = open_dicom(J2K.read_bytes(), limits, where="a")
        first = codec.decode(header, layout_of(header, limits))
        child = codec._child
        second = codec.decode(header, layout_of(header, limits))
        assert child is not None
        assert codec._child is child
        assert (first.pixels == second.pixels).all()
    assert child.poll() is not None


def test_a_process_that_died_is_started_again() -> None:
    limits = Limits()
    with quiet(), Codec(limits) as codec:
        header = open_dicom(J2K.read_bytes(), limits, where="a")
        layout = layout_of(header, limits)
        codec.decode(header, layout)
        assert codec._child is not None
        codec._child.kill()
        with pytest.raises(BadFile):
            codec.decode(header, layout)
        assert codec.decode(header, layout).pixels.shape == (1, 64, 64)


def test_sizes_of_streams() -> None:
    jpeg = b"\xff\xd8\xff\xe0\x00\x04ab\xff\xc4\x00\x04ab\xff\xc1\x00\x0b\x0c\x01\x02\x03\x04"
    assert stream_size(b"\xfe\xff\x00\xe0" + jpeg) == StreamSize(0x0102, 0x0304)
    assert stream_size(b"nothing of the kind") is None
    assert stream_size(b"\xff\xd8\xff\xda\x00\x04") is None
