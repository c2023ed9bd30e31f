"""Masks written and read back, bit for bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from readingroom.errors import RecordError
from readingroom.imaging.mask_file import decode_mask, encode_mask

SHAPES = st.one_of(st.tuples(st.integers(1, 40), st.integers(1, 40)), st.tuples(*[st.integers(1, 9)] * 3))


@settings(max_examples=60, deadline=None)
@given(SHAPES.flatmap(lambda shape: arrays(bool, shape)))
def test_round_trip_and_same_bytes(mask):
    content = encode_mask(mask)
    assert np.array_equal(decode_mask(content), mask)
    assert encode_mask(mask.copy()) == content


@pytest.mark.parametrize("content", [b"", b"\x89PNG garbage", b"PK\x03\x04 not an archive", b"\x80\x04pickle"])
def test_what_is_no_mask_is_refused(content):
    with pytest.raises(RecordError, match="mask"):
        decode_mask(content)
