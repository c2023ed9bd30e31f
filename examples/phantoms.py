"""Write a set of digital phantoms, with what is true of each, to a folder.

python examples/phantoms.py phantoms/            # films as DICOM, two CT series, one NIfTI volume, truth.json
python examples/phantoms.py phantoms/ --spacing 0.4 --seed 7
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path

from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.dicom import write_chest, write_ct, write_nifti
from readingroom.phantoms.parameters import ChestPhantom, Consolidation, Effusion, Nodule


def films(seed: int, spacing: float) -> dict[str, ChestPhantom]:
    """One film of each kind; "followed" is an earlier visit of the patient of "enlarged"."""
    enlarged = ChestPhantom(seed=seed + 1, spacing_mm=spacing, cardiothoracic_ratio=0.58)
    return {
        "normal": ChestPhantom(seed=seed, spacing_mm=spacing, cardiothoracic_ratio=0.44, marker="L"),
        "enlarged": enlarged,
        "followed": enlarged.earlier(0.50),
        "effusion": ChestPhantom(seed=seed + 2, spacing_mm=spacing, effusion=Effusion("left", "moderate")),
        "nodule": ChestPhantom(seed=seed + 3, spacing_mm=spacing, nodule=Nodule("right", "middle", 18)),
        "pneumothorax": ChestPhantom(seed=seed + 4, spacing_mm=spacing, pneumothorax="left"),
        "consolidation": ChestPhantom(seed=seed + 5, spacing_mm=spacing, consolidation=Consolidation("right", "lower")),
        "mirrored": ChestPhantom(seed=seed + 6, spacing_mm=spacing, mirrored=True, marker="R"),
        "bedside": ChestPhantom(seed=seed + 7, spacing_mm=spacing, projection="AP", cardiothoracic_ratio=0.55),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seed", type=int, default=0, help="the first patient")
    parser.add_argument("--spacing", type=float, default=1.0, help="millimetres per pixel of the films")
    args = parser.parse_args()
    truth: dict[str, object] = {}
    for name, phantom in films(args.seed, args.spacing).items():
        film = make_chest(phantom)
        path = write_chest(film, args.folder / name)
        place = path.relative_to(args.folder).as_posix()
        truth[name] = {"file": place, "parameters": asdict(phantom), "truth": asdict(film.truth)}
    for region in ("chest", "abdomen"):
        scan = make_ct(CtPhantom(seed=args.seed, region=region))
        path = write_ct(scan, args.folder)
        truth[f"ct {region}"] = {"file": path.name, "parameters": asdict(scan.phantom), "truth": asdict(scan.truth)}
        if region == "chest":
            truth["ct chest as NIfTI"] = {"files": [item.name for item in write_nifti(scan, args.folder)]}
    (args.folder / "truth.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
    print(f"{len(truth)} phantoms in {args.folder}; what is true of them is in truth.json")


if __name__ == "__main__":
    main()
