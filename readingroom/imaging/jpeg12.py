"""JPEG of 12 bits a sample (process 4), which of the permissive decoders only GDCM's own interface reads."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gdcm
import numpy as np
from numpy.typing import NDArray

JPEG_EXTENDED = "1.2.840.10008.1.2.4.51"


def twelve_bit_frames(streams: Iterator[bytes], options: dict[str, Any]) -> Iterator[tuple[NDArray[Any], str]]:
    """Each grey frame as (H, W) uint16 with its photometric interpretation; ValueError where one is broken."""
    rows, columns = options["rows"], options["columns"]
    for stream in streams:
        fragment = gdcm.Fragment()
        fragment.SetByteStringValue(stream)
        fragments = gdcm.SequenceOfFragments.New()
        fragments.AddFragment(fragment)
        element = gdcm.DataElement(gdcm.Tag(0x7FE0, 0x0010))
        element.SetValue(fragments.__ref__())
        image = gdcm.Image()
        image.SetNumberOfDimensions(2)
        image.SetDimensions((columns, rows, 1))
        image.SetDataElement(element)
        kind = gdcm.PhotometricInterpretation.GetPIType(options["photometric_interpretation"])
        image.SetPhotometricInterpretation(gdcm.PhotometricInterpretation(kind))
        image.SetTransferSyntax(gdcm.TransferSyntax(gdcm.TransferSyntax.GetTSType(JPEG_EXTENDED)))
        image.SetPixelFormat(gdcm.PixelFormat(1, 16, 12, 11, 0))
        data = image.GetBuffer().encode("utf-8", "surrogateescape")  # GDCM hands bytes over as text
        if len(data) != rows * columns * 2:
            raise ValueError("a 12-bit JPEG frame is broken")
        yield np.frombuffer(data, "<u2").reshape(rows, columns), options["photometric_interpretation"]
