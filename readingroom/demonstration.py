"""The study that `readingroom demo` reads: a phantom of known truth, with an earlier film of the same patient."""

from __future__ import annotations

import asyncio
from pathlib import Path

from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom, Effusion

INDICATION = "Shortness of breath; earlier film for comparison."

CURRENT = ChestPhantom(seed=2, spacing_mm=0.4, cardiothoracic_ratio=0.58, effusion=Effusion("right", "moderate"))


def make(folder: Path) -> tuple[Path, Path]:
    """Write the current and the prior film as DICOM below `folder`, drawn at the same time; returns both paths."""

    async def both() -> tuple[Path, Path]:
        current, prior = await asyncio.gather(
            asyncio.to_thread(make_chest, CURRENT), asyncio.to_thread(make_chest, CURRENT.earlier(0.47))
        )
        return write_chest(current, folder / "current"), write_chest(prior, folder / "prior")

    return asyncio.run(both())
