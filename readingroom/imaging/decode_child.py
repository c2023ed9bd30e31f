"""The decoding process: codecs written in C run here, in bounded memory, where a crash costs nothing but the file.

Reads jobs from standard input, writes frames to standard output; both as a length, a JSON head and raw bytes.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from readingroom.imaging.dicom import DECODE_ERRORS, frames_of, quiet, streams_of
from readingroom.imaging.jpeg12 import JPEG_EXTENDED, twelve_bit_frames

try:
    import resource
except ImportError:  # Windows has no such limits; the parent's time limit still holds there
    resource = None  # type: ignore[assignment]


def send(stream: BinaryIO, head: Mapping[str, object], body: bytes | memoryview = b"") -> None:
    """One message: 4 bytes length of the head, the head as JSON, the body whose size the head tells."""
    packed = json.dumps(head).encode()
    stream.write(struct.pack("<I", len(packed)) + packed)
    stream.write(body)
    stream.flush()


def _frames(syntax: str, payload: bytes, options: dict[str, Any]) -> Iterator[tuple[NDArray[Any], str]]:
    if syntax == JPEG_EXTENDED and options["bits_stored"] > 8 and options["samples_per_pixel"] == 1:
        return twelve_bit_frames(streams_of(payload, options["number_of_frames"]), options)
    return frames_of(syntax, payload, options)


def main() -> None:
    """Decode jobs until standard input ends."""
    if resource is not None:
        size = int(sys.argv[1])
        resource.setrlimit(resource.RLIMIT_AS, (size, size))
    with quiet():
        _serve(sys.stdin.buffer, sys.stdout.buffer)


def _serve(source: BinaryIO, sink: BinaryIO) -> None:
    while prefix := source.read(4):
        head = json.loads(source.read(struct.unpack("<I", prefix)[0]))
        payload = source.read(head["bytes"])
        try:
            for frame, photometric in _frames(head["syntax"], payload, head["options"]):
                whole = np.ascontiguousarray(frame)
                told = {"shape": whole.shape, "dtype": whole.dtype.str, "photometric": photometric}
                send(sink, told, whole.tobytes())
        except DECODE_ERRORS as error:
            send(sink, {"error": type(error).__name__})
        else:
            send(sink, {"done": True})


if __name__ == "__main__":
    main()
