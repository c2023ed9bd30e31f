"""Stored pixels of a DICOM file to arrays, after their size was checked against the caps and the bytes there are.

Native, RLE and JPEG baseline frames are decoded in this process: their decoders are bounds-checked (NumPy, Rust) or
read every picture of the web (libjpeg-turbo through Pillow), and the size of the result is known before. All other
codecs (JPEG lossless and 12 bit, JPEG-LS, JPEG 2000, HTJ2K) run in one child process for a study, with a cap on its
address space and on its time: starting it costs about 0.4 s once, a crash in it costs one file.
"""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadFile
from readingroom.imaging.codestream import stream_size
from readingroom.imaging.dicom import DECODE_ERRORS, Header, frames_of, has_decoder
from readingroom.imaging.dicom_scan import BIG_ENDIAN
from readingroom.imaging.limits import Limits

NATIVE = frozenset(
    ("1.2.840.10008.1.2", "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2")
)  # fmt: skip
RLE, JPEG_BASELINE = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.50"
IN_PROCESS = NATIVE | {RLE, JPEG_BASELINE}
RLE_RATIO = 64
"""Two bytes of RLE stand for at most 128 (PS3.5 G.3)."""


class Frames(NamedTuple):
    """Stored values: (N, H, W) or (N, H, W, samples), and how they are to be understood."""

    pixels: NDArray[Any]
    photometric: str


@dataclass(frozen=True)
class Layout:
    """What the header claims of its pixels."""

    rows: int
    columns: int
    frames: int
    samples: int
    allocated: int
    stored: int
    high_bit: int
    signed: bool
    photometric: str

    @property
    def frame_bytes(self) -> int:
        """Of one decoded frame."""
        return (self.rows * self.columns * self.samples * self.allocated + 7) // 8


def layout_of(header: Header, limits: Limits) -> Layout:
    """The claims of the header, each within its range and all within the caps; BadFile otherwise."""
    rows, columns = header.integer("Rows", 0), header.integer("Columns", 0)
    allocated = header.integer("BitsAllocated", 0)
    stored = header.integer("BitsStored", allocated)
    layout = Layout(
        rows=rows,
        columns=columns,
        frames=header.integer("NumberOfFrames", 1) or 1,
        samples=header.integer("SamplesPerPixel", 1),
        allocated=allocated,
        stored=stored,
        high_bit=header.integer("HighBit", stored - 1),
        signed=header.integer("PixelRepresentation", 0) == 1,
        photometric=header.text("PhotometricInterpretation").upper() or "MONOCHROME2",
    )
    _check(layout, header.where, limits)
    return layout


def _check(layout: Layout, where: str, limits: Limits) -> None:
    wrong = ""
    if min(layout.rows, layout.columns) < 1:
        wrong = f"it claims {layout.rows} rows and {layout.columns} columns"
    elif layout.samples not in (1, 3):
        wrong = f"it has {layout.samples} samples a pixel; 1 and 3 can be read"
    elif layout.allocated not in (1, 8, 16, 32, 64):
        wrong = f"it allocates {layout.allocated} bits a sample; 1, 8, 16, 32 and 64 can be read"
    elif not 1 <= layout.stored <= layout.allocated or not layout.stored - 1 <= layout.high_bit < layout.allocated:
        wrong = f"its bits do not fit: {layout.allocated} allocated, {layout.stored} stored, high bit {layout.high_bit}"
    elif layout.rows * layout.columns > limits.frame_pixels:
        wrong = f"{layout.columns} x {layout.rows} pixels are above the limit of {limits.frame_pixels // 10**6} million"
    elif not 1 <= layout.frames <= limits.frames:
        wrong = f"it claims {layout.frames} frames; up to {limits.frames} can be read"
    elif layout.frame_bytes * layout.frames > limits.decoded_bytes:
        wrong = f"its pixels would take more than {limits.decoded_bytes >> 20} MiB"
    if wrong:
        raise BadFile(wrong, where=where, do="Export the image again, or a smaller one.")


@dataclass
class Codec:
    """Decodes for one study; holds the child process, which starts with the first file that needs it."""

    limits: Limits
    _child: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop()

    def decode(self, header: Header, layout: Layout) -> Frames:
        """All frames of one file; BadFile where bytes are missing, broken, or of an unserved transfer syntax."""
        stored = header.data(header.pixel_keyword)
        _check_bytes(header, layout, len(stored))
        if (plain := _plain(header, layout, stored)) is not None:
            return plain
        payload = bytes(stored)
        if header.syntax not in NATIVE | {RLE}:
            _check_stream(header, layout, payload)
        options = _options(header, layout)
        if header.syntax in IN_PROCESS:
            try:
                return _in_process(header, payload, options)
            except DECODE_ERRORS as error:
                if header.syntax != JPEG_BASELINE:
                    raise _broken(header) from error
        return self._in_child(header, layout, payload, options)

    def _in_child(self, header: Header, layout: Layout, payload: bytes, options: dict[str, Any]) -> Frames:
        child = self._started()
        timer = threading.Timer(self.limits.decode_seconds, child.kill)
        timer.start()
        try:
            head = {"syntax": header.syntax, "options": options, "bytes": len(payload)}
            return _exchange(child, head, payload, layout=layout)
        except (OSError, EOFError, ValueError, struct.error, MemoryError) as error:
            self._stop()
            raise _broken(header) from error
        finally:
            timer.cancel()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
            path = os.pathsep.join(one for one in sys.path if one)
            one = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": path}
            self._child = subprocess.Popen(  # noqa: S603  # our own interpreter; -P keeps modules of the folder out
                [sys.executable, "-P", "-m", "readingroom.imaging.decode_child", str(self.limits.decode_memory)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=kept | one,
            )  # fmt: skip
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        for stream in (child.stdin, child.stdout):
            if stream is not None:
                try:
                    stream.close()
                except OSError:  # bytes of a broken pipe that could not be flushed
                    continue
        child.wait()


def _plain(header: Header, layout: Layout, payload: memoryview) -> Frames | None:
    """Native grey pixels as they lie in the file, without a copy (read-only); None where they need more than that.

    The bytes were counted before; bits beyond those stored are cut away later, in `tones`.
    """
    big = header.syntax == BIG_ENDIAN or header.pixel_keyword != "PixelData"
    if header.syntax not in NATIVE or big or layout.samples != 1 or layout.allocated not in (8, 16):
        return None
    kind = np.dtype(f"<{'i' if layout.signed else 'u'}{layout.allocated // 8}")
    shape = (layout.frames, layout.rows, layout.columns)
    flat = np.frombuffer(payload, kind, count=layout.frames * layout.rows * layout.columns)
    return Frames(flat.reshape(shape), layout.photometric)


def _in_process(header: Header, payload: bytes, options: dict[str, Any]) -> Frames:
    if header.syntax in NATIVE:
        options = options | {"correct_unused_bits": False}
    frames, photometric = [], ""
    for frame, photometric in frames_of(header.syntax, payload, options):  # noqa: B007  # the last one's is kept
        frames.append(frame)
    return Frames(frames[0][None] if len(frames) == 1 else np.stack(frames), photometric)


def _exchange(child: subprocess.Popen[bytes], head: dict[str, Any], payload: bytes, *, layout: Layout) -> Frames:
    if child.stdin is None or child.stdout is None:
        raise EOFError
    packed = json.dumps(head).encode()
    child.stdin.write(struct.pack("<I", len(packed)) + packed)
    child.stdin.write(payload)
    child.stdin.flush()
    out: NDArray[Any] | None = None
    photometric = ""
    for index in range(layout.frames + 1):
        told = json.loads(child.stdout.read(struct.unpack("<I", child.stdout.read(4))[0]))
        if "done" in told and out is not None and index == layout.frames:
            return Frames(out, photometric)
        if "shape" not in told or index == layout.frames:
            raise ValueError(told.get("error", "frames"))
        shape, photometric = tuple(told["shape"]), told["photometric"]
        if shape[:2] != (layout.rows, layout.columns) or shape[2:] not in ((), (3,)):
            raise ValueError("shape")
        if out is None:
            out = np.empty((layout.frames, *shape), np.dtype(told["dtype"]))
        _fill(out[index], child)
    raise ValueError("frames")


def _fill(frame: NDArray[Any], child: subprocess.Popen[bytes]) -> None:
    target = frame.reshape(-1).view(np.uint8).data
    done = 0
    while done < len(target):
        got = child.stdout.readinto(target[done:]) if child.stdout else 0  # type: ignore[attr-defined]  # BufferedReader
        if not got:
            raise EOFError
        done += got


def _check_bytes(header: Header, layout: Layout, there: int) -> None:
    if not header.syntax or not has_decoder(header.syntax):
        name = "video or an unknown compression" if header.syntax.startswith("1.2.840.10008.1.2.4.") else "unknown"
        raise BadFile(f"its transfer syntax is not served ({name})", where=header.where,
                      do="Export it as Explicit VR Little Endian.")  # fmt: skip
    if not there:
        raise BadFile("it has no pixel data", where=header.where, do="Export it with its pixels.")
    needed = layout.frame_bytes * layout.frames
    if header.syntax in NATIVE:
        if layout.photometric == "YBR_FULL_422":
            needed = needed * 2 // 3
        if there < needed:
            raise BadFile(f"its pixel data end early: {there} of {needed} bytes", where=header.where,
                          do="Copy or export it again.")  # fmt: skip
    elif header.syntax == RLE and needed > there * RLE_RATIO:
        raise BadFile(f"it claims more pixels than {there} bytes can hold", where=header.where,
                      do="Copy or export it again.")  # fmt: skip


def _check_stream(header: Header, layout: Layout, payload: bytes) -> None:
    size = stream_size(payload)
    if size and (size.rows, size.columns) != (layout.rows, layout.columns):
        told = f"its header says {layout.columns} x {layout.rows} pixels"
        raise BadFile(f"{told}, its compressed image {size.columns} x {size.rows}", where=header.where,
                      do="Export it again.")  # fmt: skip


def _options(header: Header, layout: Layout) -> dict[str, Any]:
    options: dict[str, Any] = {
        "rows": layout.rows,
        "columns": layout.columns,
        "number_of_frames": layout.frames,
        "samples_per_pixel": layout.samples,
        "bits_allocated": layout.allocated,
        "bits_stored": layout.stored,
        "pixel_representation": int(layout.signed),
        "photometric_interpretation": layout.photometric,
        "pixel_keyword": header.pixel_keyword,
        "pixel_vr": "OB" if layout.allocated <= 8 else "OW",
    }
    if layout.samples > 1:
        options["planar_configuration"] = header.integer("PlanarConfiguration", 0)
    return options


def _broken(header: Header) -> BadFile:
    what = "its pixel data are broken" if header.syntax in NATIVE else "its compressed pixel data cannot be decoded"
    return BadFile(what, where=header.where, do="Copy it again, or export it as Explicit VR Little Endian.")
