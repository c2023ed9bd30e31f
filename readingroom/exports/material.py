"""What an export may look at beside the report: the masks of the record, and the images where they are at hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.imaging.image import Study

Mask = Callable[[str], NDArray[np.bool_]]
"""A mask by its digest."""
AGAIN = (
    "Give the images that the report was made from with --source, prior and lateral ones with --prior and --lateral."
)


@dataclass(frozen=True, eq=False)
class Material:
    """`study` and `instances` are there where the user has the images at hand; a run does not keep them."""

    mask: Mask
    """(H, W) of an image, (D, H, W) of a volume in the volume's own axes."""
    study: Study | None = None
    """The images of the report under the same ids."""
    instances: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """By image id, the DICOM headers (pydicom datasets without pixels) of its files in `Image.sources`' order."""
