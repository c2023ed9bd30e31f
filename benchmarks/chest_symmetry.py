"""How the two lungs differ on the development films and on phantoms: the figures that the draft's thresholds rest on.

Prints the quartiles of the height ratio, the area ratio and the largest zone difference, and the share of films beyond
each threshold. Bars that --check holds: no healthy phantom is called asymmetric, and every moderate effusion is, on its
own side. The films are mostly diseased, so their shares are no false-alarm rate; they are tuning data.

    python benchmarks/chest_symmetry.py [--data ../shared/data] [--json] [--check]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from readingroom.domain.request import Request, Stated
from readingroom.imaging.image import Image
from readingroom.imaging.reader import read_study
from readingroom.imaging.thorax import area_ratio, height_ratio, zone_densities
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom, Effusion
from readingroom.tools.backends.classical.backend import BASELINE, ClassicalBackend
from readingroom.tools.backends.classical.chest_reading import read_chest
from readingroom.workflows.admission import restated

REPO = Path(__file__).resolve().parent.parent
CHEST = Stated(modality="x_ray", anatomy="chest")


def load(path: Path) -> Image:
    return restated(read_study([path], subject_key=b"benchmark"), CHEST).images[0]


def looked_at(image: Image) -> dict[str, float] | None:
    """The three quantities of one film; None where it is not assessable."""
    chest = read_chest(image, BASELINE)
    if not (chest.right.assessable and chest.left.assessable and chest.heart.assessable):
        return None
    zones = zone_densities(chest.gray, chest.right.mask, chest.left.mask, chest.heart.mask)
    return {
        "height ratio": height_ratio(chest.right.mask, chest.left.mask),
        "area ratio": area_ratio(chest.right.mask, chest.left.mask),
        "zone difference": max((abs(zone.difference) for zone in zones), default=0.0),
    }


def asymmetries(image: Image) -> set[str]:
    """Sides that the draft calls asymmetric."""
    draft = asyncio.run(ClassicalBackend().draft((image,), Request()))
    return {
        found.laterality
        for found in draft.findings
        if found.observation.endswith("asymmetry") and found.presence == "present"
    }


def phantoms(folder: Path) -> dict[str, tuple[int, int]]:
    """Phantoms right, of n, by kind."""
    right: dict[str, list[bool]] = {"healthy": [], "moderate effusion": []}
    for seed in range(20, 30):
        for mirrored in (False, True):
            film = ChestPhantom(seed=seed, spacing_mm=1.0, mirrored=mirrored)
            right["healthy"].append(not asymmetries(load(write_chest(make_chest(film), folder))))
            side: Any = "right" if seed % 2 else "left"
            sick = ChestPhantom(seed=seed, spacing_mm=1.0, mirrored=mirrored, effusion=Effusion(side, "moderate"))
            right["moderate effusion"].append(asymmetries(load(write_chest(make_chest(sick), folder))) == {side})
    return {kind: (sum(found), len(found)) for kind, found in right.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    films = [looked_at(load(path)) for path in sorted((given.data / "dev" / "x_ray_chest").glob("*.*g"))]
    kept = [film for film in films if film]
    spread = {
        name: [round(float(value), 3) for value in np.percentile([film[name] for film in kept], (0, 25, 50, 75, 100))]
        for name in ("height ratio", "area ratio", "zone difference")
    }
    with tempfile.TemporaryDirectory() as folder:
        drawn = phantoms(Path(folder))
    if given.json:
        print(json.dumps({"films": len(films), "assessable": len(kept), "spread": spread, "phantoms": drawn}))
    else:
        print(f"{len(kept)} of {len(films)} films assessable; least, quartiles, largest:")
        for name, values in spread.items():
            print(f"{name:16} {'  '.join(f'{value:.2f}' for value in values)}")
        for kind, (right, n) in drawn.items():
            print(f"phantoms, {kind}: {right} of {n} right")
    if given.check and any(right < n for right, n in drawn.values()):
        print("below the bar: a phantom's side was wrong or missed", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
