"""Virtual stains of a pathology tile: the probability of each marker at each pixel, where a backend has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import NotServed
from readingroom.imaging.image import Image
from readingroom.tools.backends.protocol import Backend, Model


@dataclass(frozen=True, eq=False)
class Stained:
    """What a model would expect of a stain; it is none."""

    markers: tuple[str, ...]
    cuts: tuple[float, ...]
    """Published probabilities above which each marker is positive."""
    probabilities: NDArray[np.float32]
    """(markers, H, W) from 0 to 1; H and W are the model's choice."""
    model: Model


@runtime_checkable
class Stains(Protocol):
    """A backend with a model of virtual stains."""

    async def stain(self, image: Image) -> Stained:
        """Raises NotServed where no such model is configured."""
        ...


async def stain(backend: Backend, image: Image) -> Stained:
    """Raises NotServed where the backend has none."""
    if isinstance(backend, Stains):
        return await backend.stain(image)
    raise NotServed(f"the {backend.name} backend has no virtual stains", do="Configure GigaTIME.")
