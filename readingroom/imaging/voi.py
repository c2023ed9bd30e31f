"""The display window a DICOM header asks for (VOI LUT module, PS3.3 C.11.2), as one linear window."""

from __future__ import annotations

import numpy as np

from readingroom.imaging.clean import clean_text, without_words
from readingroom.imaging.dicom import Header
from readingroom.imaging.image import Window
from readingroom.imaging.multiframe import frame_header


def voi_window(header: Header, mirror: tuple[float, float] | None) -> tuple[Window | None, tuple[str, ...]]:
    """The first window of the header in units after the rescale, and notes; the others are named in the notes.

    `mirror` are the ends of the value range that MONOCHROME1 was mirrored in: the window is mirrored with it.
    """
    holder = frame_header(header, "FrameVOILUTSequence")
    centres, widths = holder.numbers("WindowCenter"), holder.numbers("WindowWidth")
    pairs = list(zip(centres, widths, strict=False))
    window, notes = _linear(holder, pairs, header.identifying) if pairs else _from_table(holder)
    if window is not None and mirror is not None:
        both = mirror[0] + mirror[1]
        window = Window(both - window.high, both - window.low, window.name)
    return window, notes


def _linear(
    holder: Header, pairs: list[tuple[float, float]], words: frozenset[str]
) -> tuple[Window | None, tuple[str, ...]]:
    centre, width = pairs[0]
    names = [clean_text(without_words(text, words), 24) for text in holder.texts("WindowCenterWidthExplanation")]
    function = holder.text("VOILUTFunction").upper() or "LINEAR"
    if width < (1 if function == "LINEAR" else 0) or width == 0:
        return None, (f"The header's display window has a width of {width:g}; not used.",)
    low, high = centre - width / 2, centre + width / 2
    if function == "LINEAR":
        low, high = centre - 0.5 - (width - 1) / 2, centre - 0.5 + (width - 1) / 2
    if low >= high:
        high = low + 1
    notes = []
    if function == "SIGMOID":
        notes.append("The header asks for a sigmoid window; shown as the linear one of the same centre and width.")
    if len(pairs) > 1:
        others = ", ".join(f"{c:g}/{w:g}" for c, w in pairs[1:6])
        notes.append(f"The header offers {len(pairs)} display windows; the first is used, the others are {others}.")
    label = f" ({names[0]})" if names and names[0] else ""
    return Window(low, high, f"VOI window 1 of {len(pairs)}{label}"), tuple(notes)


def _from_table(holder: Header) -> tuple[Window | None, tuple[str, ...]]:
    """The stretch of input values between 1 and 99 % of what the first VOI look-up table puts out."""
    tables = holder.items("VOILUTSequence")
    if not tables:
        return None, ()
    described = tables[0].numbers("LUTDescriptor")
    entries = tables[0].lut_data()
    if len(described) != 3 or len(entries) < 2:
        return None, ("The header's VOI look-up table is broken; not used.",)
    share = (entries - entries.min()) / max(1, int(np.ptp(entries)))
    inside = np.flatnonzero((share > 0.01) & (share < 0.99))
    if len(inside) < 2:
        return None, ("The header's VOI look-up table is a step; not used.",)
    low, high = described[1] + float(inside[0]), described[1] + float(inside[-1])
    note = "The header has a VOI look-up table; shown as the linear window over its range."
    return Window(low, high, "VOI look-up table 1"), (note,)
