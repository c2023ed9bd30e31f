"""Chest phantoms of known truth through the whole chain: error of the cardiothoracic ratio, and every lung's side.

Ratios 0.40 to 0.60 at 1, 2 and 3 mm, as filmed and mirrored, three patients each. Bars that --check holds: the ratio
within 0.03 of the truth on every film, and every lung outlined on its own side of the patient.

    python benchmarks/phantom_sweep.py [--json] [--check]
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from readingroom import ReadingRoom
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom

RATIO_BAR = 0.03
OVERLAP_BAR = 0.8
"""Dice with the true lung of that side; the other side's lung overlaps nothing."""

Row = tuple[float, bool]
"""Spacing in millimetres, mirrored or not."""


def measured(room: ReadingRoom, phantom: ChestPhantom, folder: Path) -> tuple[float | None, bool]:
    """Error of the ratio (None: not assessable) and whether both lungs lie on their sides."""
    image = make_chest(phantom)
    reading = room.draft_sync(write_chest(image, folder))
    sides = []
    for item in reading.report.evidence:
        if item.origin.tool == "segment" and item.observation == "lung" and item.regions:
            mask, truth = reading.mask(item.regions[0].mask_digest or ""), image.masks[f"{item.laterality} lung"]
            sides.append(2 * int((mask & truth).sum()) / int(mask.sum() + truth.sum()) >= OVERLAP_BAR)
    ratios = [
        part.value
        for item in reading.report.evidence
        for part in item.measurements
        if part.name == "cardiothoracic_ratio"
    ]
    return (abs(ratios[0] - phantom.cardiothoracic_ratio) if ratios else None), len(sides) == 2 and all(sides)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    errors: dict[Row, list[float | None]] = defaultdict(list)
    sides: dict[Row, list[bool]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        room = ReadingRoom(home=home / "data", config=home / "config")
        for spacing, mirrored, ratio, seed in itertools.product(
            (1.0, 2.0, 3.0), (False, True), (0.40, 0.45, 0.50, 0.55, 0.60), (40, 41, 42)
        ):
            phantom = ChestPhantom(seed=seed, spacing_mm=spacing, mirrored=mirrored, cardiothoracic_ratio=ratio)
            error, sided = measured(room, phantom, home / "films")
            errors[spacing, mirrored].append(error)
            sides[spacing, mirrored].append(sided)
    rows = []
    for (spacing, mirrored), found in errors.items():
        known = [error for error in found if error is not None]
        rows.append(
            {
                "spacing_mm": spacing,
                "mirrored": mirrored,
                "n": len(found),
                "assessable": len(known),
                "mean_error": round(sum(known) / max(len(known), 1), 4),
                "largest": round(max(known, default=1.0), 4),
                "sides_right": sum(sides[spacing, mirrored]),
            }
        )
    if given.json:
        print(json.dumps({"rows": rows}))
    else:
        print("spacing  mirrored   n  assessable  mean error  largest  sides right")
        for row in rows:
            print(
                f"{row['spacing_mm']:5.0f} mm  {row['mirrored']!s:8} {row['n']:3}  {row['assessable']:10}  "
                f"{row['mean_error']:10.4f}  {row['largest']:7.4f}  {row['sides_right']:11}"
            )
    bad = [
        row
        for row in rows
        if row["largest"] > RATIO_BAR or row["sides_right"] < row["n"] or row["assessable"] < row["n"]
    ]
    if given.check and bad:
        print("below the bar: " + ", ".join(f"{row['spacing_mm']} mm" for row in bad), file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
