"""Where an attribute stands in an enhanced multi-frame file: per frame, shared, or plainly at the top."""

from __future__ import annotations

from readingroom.imaging.dicom import Header


def frame_header(header: Header, group: str, index: int = 0) -> Header:
    """The item of functional group `group` for frame `index`, or the header itself where there is none."""
    frames = header.items("PerFrameFunctionalGroupsSequence")
    for holder in (*frames[index : index + 1], *header.items("SharedFunctionalGroupsSequence")[:1]):
        items = holder.items(group)
        if items:
            return items[0]
    return header
