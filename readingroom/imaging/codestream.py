"""The size that a JPEG, JPEG-LS or JPEG 2000 stream claims of itself, read before any decoder sees it."""

from __future__ import annotations

from typing import NamedTuple

_NOT_FRAMES = frozenset((0xC4, 0xC8, 0xCC))
"""Markers among C0..CF that start no frame: Huffman tables, reserved, arithmetic conditioning (ITU-T T.81 B.1)."""


class StreamSize(NamedTuple):
    """Pixels down and across."""

    rows: int
    columns: int


def stream_size(payload: bytes) -> StreamSize | None:
    """Of the first stream in `payload` (bare or in DICOM fragments); None where no stream header is found."""
    jpeg, j2k = payload.find(b"\xff\xd8\xff"), payload.find(b"\xff\x4f\xff\x51")
    if j2k >= 0 and (jpeg < 0 or j2k < jpeg):
        return _jpeg_2000(payload, j2k + 4)
    return _jpeg(payload, jpeg + 2) if jpeg >= 0 else None


def _jpeg_2000(payload: bytes, at: int) -> StreamSize | None:
    """SIZ: Lsiz, Rsiz, Xsiz, Ysiz, XOsiz, YOsiz (ITU-T T.800 A.5.1)."""
    words = [int.from_bytes(payload[at + 4 + 4 * n : at + 8 + 4 * n], "big") for n in range(4)]
    return StreamSize(words[1] - words[3], words[0] - words[2])


def _jpeg(payload: bytes, at: int) -> StreamSize | None:
    while at + 9 <= len(payload) and payload[at] == 0xFF:
        marker = payload[at + 1]
        if marker == 0xFF:
            at += 1
            continue
        if (0xC0 <= marker <= 0xCF and marker not in _NOT_FRAMES) or marker == 0xF7:
            rows, columns = payload[at + 5 : at + 7], payload[at + 7 : at + 9]
            return StreamSize(int.from_bytes(rows, "big"), int.from_bytes(columns, "big"))
        if marker == 0xDA:
            return None
        at += 2 + int.from_bytes(payload[at + 2 : at + 4], "big")
    return None
