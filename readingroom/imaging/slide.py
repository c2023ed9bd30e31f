"""Whole slides: levels of a pyramidal TIFF or SVS, a region or an overview at a time, never the whole in memory."""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import OrderedDict
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self
from xml.etree import ElementTree as Xml

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray

from readingroom.errors import BadFile, BadRequest, NotServed
from readingroom.imaging.tiff import TIFF_ERRORS

Colours = NDArray[np.uint8]
"""(H, W, 3) sRGB."""

MOST_SEGMENT = 16_000_000
"""Pixels of one stored tile or strip: it is decoded as a whole."""
HELD_BYTES = 96 << 20
"""Of decoded tiles kept, so that neighbours do not decode them again."""
WHITE = 255
"""What a scanner left out is shown as."""
OVERVIEW = 2048
"""Longest side of an overview in pixels."""
BLOCK = 2048
"""Side of what is read at once for an overview."""
TRUE_MPP = (0.05, 20.0)
"""Micrometres a pixel that a scanner of slides may have; resolution tags for printing say 100 and more."""
SAME_ASPECT = 0.02
_MOST_TEXT = 1 << 20
_DEFLATES = (8, 32946)


class Level(NamedTuple):
    """One size that the slide is kept at."""

    columns: int
    rows: int
    downsample: float
    """Of the largest level."""


class Slide:
    """An open slide; use it in a `with`. Not for several threads at once."""

    def __init__(self, path: Path, mpp: float | None = None) -> None:
        """`mpp`: micrometres a pixel of the largest level, where the file does not say or says it wrongly.

        Raises BadFile where it is no such TIFF, BadRequest where nobody says its `mpp`.
        """
        self.path, self.where = path, path.name
        if not path.is_file():
            raise BadFile("there is no such file", where=self.where, do="Check the path.")
        try:
            self._file = tifffile.TiffFile(path)
        except TIFF_ERRORS as error:
            raise BadFile("this is no TIFF or SVS slide", where=self.where, do="Copy or export it again.") from error
        try:
            self._pages = _levels(self._file, self.where)
            first = self._pages[0]
            self.levels = tuple(
                Level(page.imagewidth, page.imagelength, first.imagewidth / page.imagewidth) for page in self._pages
            )
            self.mpp, self.mpp_source = (mpp, "stated") if mpp else _mpp(self._file, first)
            if not np.isfinite(self.mpp) or not TRUE_MPP[0] <= self.mpp <= TRUE_MPP[1]:
                raise BadRequest("the slide's micrometres a pixel are not known", where=self.where,
                                 do="State them (--slide-mpp, in Python mpp): 0.25 at 40x.")  # fmt: skip
        except TIFF_ERRORS as error:
            self._file.close()
            raise BadFile("this slide is broken", where=self.where, do="Copy or export it again.") from error
        except (BadFile, BadRequest, NotServed):
            self._file.close()
            raise
        self._held: OrderedDict[tuple[int, int], Colours] = OrderedDict()
        self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """May be called twice."""
        self._held.clear()
        self._file.close()

    def digest(self) -> str:
        """SHA-256 of the file."""
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def read(self, level: int, column: int, row: int, size: tuple[int, int]) -> Colours:
        """Pixels of a level, `size` (columns, rows) from its own (column, row); white beyond its edges.

        Raises BadFile for a broken tile, NotServed where its compression needs imagecodecs.
        """
        page, (wide, high) = self._pages[level], size
        out = np.full((high, wide, 3), WHITE, np.uint8)
        tall, broad = _segment_shape(page)
        across = -(-page.imagewidth // broad)
        for down in range(max(0, row) // tall, -(-min(row + high, page.imagelength) // tall)):
            for right in range(max(0, column) // broad, -(-min(column + wide, page.imagewidth) // broad)):
                part = self._segment(level, down * across + right)
                if part is not None:
                    _paste(out, part, (right * broad - column, down * tall - row))
        return out

    def overview(self, most: int = OVERVIEW) -> Colours:
        """The whole slide with its longer side at most `most` pixels, read block by block."""
        wanted = max(1.0, max(self.levels[0][:2]) / most)
        level = self.level_of(wanted)
        columns, rows, downsample = self.levels[level]
        shrink = max(1.0, wanted / downsample)
        out = np.full((max(1, int(rows / shrink)), max(1, int(columns / shrink)), 3), WHITE, np.uint8)
        side = max(1, int(BLOCK / shrink))
        for top in range(0, out.shape[0], side):
            for left in range(0, out.shape[1], side):
                high, wide = min(side, out.shape[0] - top), min(side, out.shape[1] - left)
                taken = (max(1, round(wide * shrink)), max(1, round(high * shrink)))
                part = self.read(level, round(left * shrink), round(top * shrink), taken)
                out[top : top + high, left : left + wide] = cv2.resize(part, (wide, high), interpolation=cv2.INTER_AREA)
        return out

    def level_of(self, downsample: float) -> int:
        """The smallest level that is not coarser than `downsample` times the largest (by 2 % at most)."""
        fits = [at for at, level in enumerate(self.levels) if level.downsample <= downsample * (1 + SAME_ASPECT)]
        return max(fits, key=lambda at: self.levels[at].downsample) if fits else 0

    def _segment(self, level: int, place: int) -> Colours | None:
        known = self._held.get((level, place))
        if known is not None:
            self._held.move_to_end((level, place))
            return known
        found = _decoded(self._file, self._pages[level], place, self.where)
        if found is not None:
            self._held[level, place] = found
            self._bytes += found.nbytes
            while self._bytes > HELD_BYTES and len(self._held) > 1:
                self._bytes -= self._held.popitem(last=False)[1].nbytes
        return found


def _levels(file: tifffile.TiffFile, where: str) -> list[Any]:
    """Largest first: the levels that the series names, else the pages of one aspect."""
    series = file.series[0]
    pages = [level.keyframe for level in series.levels]
    if len(pages) == 1:
        pages = [page for page in file.pages if isinstance(page, tifffile.TiffPage)]
    first = max(pages, key=lambda page: page.imagewidth * page.imagelength)
    aspect = first.imagewidth / first.imagelength
    kept: dict[int, Any] = {}
    for page in sorted(pages, key=lambda page: -page.imagewidth):
        alike = abs(page.imagewidth / page.imagelength / aspect - 1) <= SAME_ASPECT
        if alike and page.samplesperpixel == first.samplesperpixel and page.dtype == first.dtype:
            kept.setdefault(page.imagewidth, page)
    for page in kept.values():
        if page.dtype != np.uint8 or page.samplesperpixel not in (3, 4) or page.planarconfig != 1:
            raise BadFile("its pixels are not colours of 8 bits", where=where, do="Give a stained slide in colour.")
        tall, broad = _segment_shape(page)
        pieces = -(-page.imagelength // tall) * -(-page.imagewidth // broad)
        if min(len(page.dataoffsets), len(page.databytecounts)) < pieces or not _within(file, page):
            raise BadFile("this slide ends early", where=where, do="Copy or export it again.")
        if tall * broad > MOST_SEGMENT:
            raise BadFile(f"it is stored in pieces of {broad} x {tall} pixels", where=where,
                          do="Save it in tiles of 256 or 512.")  # fmt: skip
    return list(kept.values())


def _within(file: tifffile.TiffFile, page: Any) -> bool:
    size = file.filehandle.size
    return all(at + count <= size for at, count in zip(page.dataoffsets, page.databytecounts, strict=False))


def _segment_shape(page: Any) -> tuple[int, int]:
    """Rows and columns of a stored tile or strip."""
    if page.is_tiled:
        return page.tilelength, page.tilewidth
    return min(page.rowsperstrip or page.imagelength, page.imagelength), page.imagewidth


def _decoded(file: tifffile.TiffFile, page: Any, place: int, where: str) -> Colours | None:
    """None of a tile that the scanner left out."""
    offset, count = page.dataoffsets[place], page.databytecounts[place]
    if not count:
        return None
    try:
        file.filehandle.seek(offset)
        content = file.filehandle.read(count)  # before `decode`, which is made at first use and moves the file
        if page.compression in _DEFLATES and not _inflates_to(content, page):
            raise BadFile("a tile of this slide inflates beyond its size", where=where, do="Do not trust this file.")
        found = page.decode(content, place, jpegtables=page.jpegtables)[0]
    except TIFF_ERRORS as error:
        if "imagecodecs" in str(error):
            raise NotServed(f"slides compressed by {page.compression.name} need imagecodecs",
                            do="pip install 'readingroom[slides]'") from error  # fmt: skip
        raise BadFile("a tile of this slide is broken", where=where, do="Copy or export it again.") from error
    return None if found is None else np.asarray(found[0, ..., :3], np.uint8)


def _inflates_to(content: bytes, page: Any) -> bool:
    """Whether a deflated tile stays within its own pixels."""
    tall, broad = _segment_shape(page)
    most = tall * broad * int(page.samplesperpixel)
    try:
        return len(zlib.decompressobj().decompress(content, most + 1)) <= most
    except zlib.error:
        return True  # the decoder says what is wrong


def _paste(out: Colours, part: Colours, at: tuple[int, int]) -> None:
    left, top = at
    rows = slice(max(0, top), min(out.shape[0], top + part.shape[0]))
    columns = slice(max(0, left), min(out.shape[1], left + part.shape[1]))
    if rows.start < rows.stop and columns.start < columns.stop:
        out[rows, columns] = part[rows.start - top : rows.stop - top, columns.start - left : columns.stop - left]


def _mpp(file: tifffile.TiffFile, page: Any) -> tuple[float, str]:
    """Micrometres a pixel and where they are from; NaN where the file does not say."""
    told = (page.description or "")[:_MOST_TEXT]
    if found := re.search(r"\bMPP\s*=\s*([0-9.]+)", told):
        return _number(found[1]), "ImageDescription MPP"
    if file.is_ome and (mpp := _ome_mpp(file.ome_metadata or "")):
        return mpp, "OME PhysicalSizeX"
    unit = {2: 25_400.0, 3: 10_000.0}.get(int(page.resolutionunit or 0), 0.0)
    across = page.resolution[0]
    if unit and across and TRUE_MPP[0] <= unit / across <= TRUE_MPP[1]:
        return unit / across, "XResolution"
    return float("nan"), ""


def _ome_mpp(text: str) -> float:
    if len(text) > _MOST_TEXT or "<!" in text.replace("<!--", ""):  # no entities, whatever they hold
        return 0.0
    try:
        pixels = Xml.fromstring(text).find(".//{*}Pixels")  # noqa: S314  # without a DOCTYPE
    except Xml.ParseError:
        return 0.0
    if pixels is None:
        return 0.0
    factor = {"µm": 1.0, "um": 1.0, "nm": 0.001, "mm": 1000.0}.get(pixels.get("PhysicalSizeXUnit", "µm"), 0.0)
    return _number(pixels.get("PhysicalSizeX", "0")) * factor


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")
