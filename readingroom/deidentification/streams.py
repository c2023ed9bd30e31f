"""Compressed pixels freed of what stands beside them in their streams: comments, and segments of applications."""

from __future__ import annotations

_JPEG, _J2K = b"\xff\xd8\xff", b"\xff\x4f\xff\x51"
_SCAN, _TILE = 0xDA, 0x90
"""Where the coded samples begin (ITU-T T.81 B.2.3, T.800 A.4.2)."""
_COMMENT, _COMMENT_J2K = 0xFE, 0x64
_APPLICATIONS = range(0xE0, 0xF0)
_COLOURS = (b"JFIF\0", b"Adobe\0", b"mrfx")
"""Segments of applications that a decoder needs to tell colours: at most 14, 12 and 5 bytes of numbers."""
_LONGEST = 16


def bare(stream: bytes) -> bytes:
    """A JPEG, JPEG-LS or JPEG 2000 stream without comments and the like; its coded samples are the same bytes."""
    if stream.startswith(_JPEG):
        return _without(stream, _SCAN, jpeg=True)
    if stream.startswith(_J2K):
        return _without(stream, _TILE, jpeg=False)
    return stream


def _without(stream: bytes, begin: int, *, jpeg: bool) -> bytes:
    kept, at = [stream[:2]], 2
    while at + 4 <= len(stream) and stream[at] == 0xFF and stream[at + 1] != begin:
        if stream[at + 1] == 0xFF:  # fill
            at += 1
            continue
        end = at + 2 + int.from_bytes(stream[at + 2 : at + 4], "big")
        if not _idle(stream[at + 1], stream[at + 4 : end], jpeg=jpeg):
            kept.append(stream[at:end])
        at = end
    last = stream.rfind(b"\xff\xd9")
    return b"".join((*kept, stream[at : last + 2 if last > at else None]))


def _idle(marker: int, body: bytes, *, jpeg: bool) -> bool:
    """Whether a decoder does without it."""
    if not jpeg:
        return marker == _COMMENT_J2K
    if marker == _COMMENT:
        return True
    return marker in _APPLICATIONS and not (body.startswith(_COLOURS) and len(body) <= _LONGEST)
