"""Reading an answer: whole or not at all, and never more than a cap, however it is packed."""

from __future__ import annotations

import zlib

import httpx

from readingroom.errors import BadReply
from readingroom.tools.backends.endpoint.failures import Interrupted

BODY_LIMIT = 64 << 20
"""Bytes of an answer once unpacked; 40 masks of 1024 x 1024 in base64 are 56 MB."""
LARGER: dict[str, int] = {"gigatime": 256 << 20}
"""Where an answer is larger by its contract: 23 maps of 512 x 512 as decimal numbers take 120 MB."""
STALL_SECONDS = 30.0
"""Between two pieces of an answer that has begun to arrive."""
_STEP = 1 << 20


async def read_body(response: httpx.Response, host: str, limit: int = BODY_LIMIT) -> bytes:
    """The unpacked body. Raises Interrupted where it ends before it is unpacked, BadReply above `limit`."""
    coding = response.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip", ""):
        raise BadReply(f"packed as {coding[:20]!r}, which was not asked for", where=host)
    unpack = zlib.decompressobj(wbits=31) if "gzip" in coding else None
    found = bytearray()
    assert isinstance(response.stream, httpx.AsyncByteStream)
    async for piece in response.stream:
        if unpack is None:
            found += piece
            _cap(found, limit, host)
        else:
            _unpack(unpack, piece, found, limit, host)
    if unpack is not None and not unpack.eof:
        raise Interrupted("broken", "the packed answer ended early", where=host)
    return bytes(found)


def _unpack(unpack: zlib._Decompress, piece: bytes, found: bytearray, limit: int, host: str) -> None:
    """A megabyte at a time, so that no piece can grow beyond the cap before it is counted."""
    try:
        while piece and not unpack.eof:
            found += unpack.decompress(piece, _STEP)
            _cap(found, limit, host)
            piece = unpack.unconsumed_tail
    except zlib.error:
        raise BadReply("the packed answer cannot be unpacked", where=host) from None


def _cap(found: bytearray, limit: int, host: str) -> None:
    if len(found) > limit:
        raise BadReply(f"larger than {limit >> 20} MiB", where=host, do="Ask for fewer rows or targets at once.")
