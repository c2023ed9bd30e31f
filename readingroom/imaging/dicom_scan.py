"""A first look at DICOM bytes, without any library: transfer syntax, nesting depth, inflating within a cap.

pydicom recurses once for each nested sequence and inflates a deflated data set without limit; both are judged here,
before it sees the bytes. The walk is iterative, and where bytes make no sense it stops: judging those is pydicom's.
"""

from __future__ import annotations

import struct
import zlib
from typing import NamedTuple

from readingroom.errors import BadFile
from readingroom.imaging.limits import Limits

DEFLATED = "1.2.840.10008.1.2.1.99"
IMPLICIT = "1.2.840.10008.1.2"
BIG_ENDIAN = "1.2.840.10008.1.2.2"

_LONG = frozenset((b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR", b"UT", b"UV"))
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)
_PIXELS = frozenset(((0x7FE0, 0x0008), (0x7FE0, 0x0009), (0x7FE0, 0x0010)))


class Meta(NamedTuple):
    """The file meta group."""

    syntax: str
    """Transfer syntax UID; empty where the file does not say."""
    end: int
    """Where the data set starts."""


def lost_mark(data: bytes) -> bool:
    """Whether the preamble and the mark "DICM" were zeroed, but a meta group follows where it should."""
    return not any(data[:132]) and data[132:136] == b"\x02\x00\x00\x00"


def read_meta(data: bytes) -> Meta:
    """The transfer syntax and the start of the data set; tolerant of a missing preamble or meta group."""
    at = 132 if data[128:132] == b"DICM" else 0
    syntax = ""
    while data[at : at + 2] == b"\x02\x00" and len(data) >= at + 8:
        element = int.from_bytes(data[at + 2 : at + 4], "little")
        vr = data[at + 4 : at + 6]
        if vr in _LONG:
            length, value_at = int.from_bytes(data[at + 8 : at + 12], "little"), at + 12
        else:
            length, value_at = int.from_bytes(data[at + 6 : at + 8], "little"), at + 8
        if value_at + length > len(data):
            break
        if element == 0x0010:
            syntax = data[value_at : value_at + length].rstrip(b"\0 ").decode("ascii", "replace")
        at = value_at + length
    return Meta(syntax, at)


def inflate(data: bytes, start: int, limits: Limits, *, where: str) -> bytes:
    """The deflated data set from `start`, inflated within the caps; BadFile beyond them."""
    deflated = len(data) - start
    cap = max(limits.inflated_floor, min(limits.inflated_bytes, deflated * limits.inflated_ratio))
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = inflater.decompress(memoryview(data)[start:], cap + 1)
    except zlib.error as error:
        raise BadFile("its deflated data set is broken", where=where, do="Export it again.") from error
    if len(inflated) > cap:
        raise BadFile(
            f"its deflated data set grows beyond {cap >> 20} MiB, like a decompression bomb",
            where=where,
            do="Export it uncompressed from a system you trust.",
        )
    return inflated


def check_depth(data: bytes, meta: Meta, limits: Limits, *, where: str) -> None:
    """BadFile where sequences nest deeper, or elements are more, than the caps."""
    depth, elements = depth_of(data, meta, limits)
    if elements > limits.elements:
        raise BadFile(f"its header has more than {limits.elements} elements", where=where, do="Export it again.")
    if depth > limits.sequence_depth:
        raise BadFile(
            f"its sequences nest deeper than {limits.sequence_depth}, which no real image does",
            where=where,
            do="Export it again from the system it came from.",
        )


def depth_of(data: bytes, meta: Meta, limits: Limits) -> tuple[int, int]:
    """How deep sequences nest and how many elements stand before the pixels, each until just beyond its cap.

    Where bytes make no sense, both are what was found until there.
    """
    order = ">" if _is_big(data, meta) else "<"
    explicit = _is_explicit(data, meta)
    at, deepest, elements = meta.end, 0, 0
    ends: list[int] = []  # of open sequences; an undefined length ends with the file or its delimiter
    while at + 8 <= len(data) and deepest <= limits.sequence_depth and elements <= limits.elements:
        elements += 1
        while ends and at >= ends[-1]:
            ends.pop()
        tag = struct.unpack_from(order + "HH", data, at)
        if tag in (_ITEM, _ITEM_END):
            at += 8
            continue
        if tag == _SEQUENCE_END:
            at += 8
            if ends:
                ends.pop()
            continue
        if tag in _PIXELS and not ends:
            break
        length, start, vr = _value(data, at, order, explicit)
        if _opens(data, start, length, order=order, vr=vr):
            ends.append(len(data) if length == _UNDEFINED else min(start + length, len(data)))
            deepest = max(deepest, len(ends))
            at = start
        else:
            at = start + length
    return deepest, elements


def _value(data: bytes, at: int, order: str, explicit: bool) -> tuple[int, int, bytes]:
    vr = data[at + 4 : at + 6]
    if not explicit or not (vr.isalpha() and vr.isupper()):
        return struct.unpack_from(order + "I", data, at + 4)[0], at + 8, b""
    if vr in _LONG:
        length = struct.unpack_from(order + "I", data, at + 8)[0] if at + 12 <= len(data) else 0
        return length, at + 12, vr
    return struct.unpack_from(order + "H", data, at + 6)[0], at + 8, vr


def _opens(data: bytes, start: int, length: int, *, order: str, vr: bytes) -> bool:
    if vr == b"SQ" or length == _UNDEFINED:
        return length > 0
    if vr not in (b"", b"UN") or length < 8 or start + 8 > len(data):
        return False
    return bool(struct.unpack_from(order + "HH", data, start) == _ITEM)


def _is_big(data: bytes, meta: Meta) -> bool:
    if meta.syntax:
        return meta.syntax == BIG_ENDIAN
    return data[meta.end : meta.end + 2] == b"\x00\x08"


def _is_explicit(data: bytes, meta: Meta) -> bool:
    if meta.syntax:
        return meta.syntax != IMPLICIT
    vr = data[meta.end + 4 : meta.end + 6]
    return vr.isalpha() and vr.isupper()
