"""Dice by target of the classical baseline on the development images, each with n and a 95 % interval.

Bars that --check holds (mean Dice): chest X-ray lung 0.94 (out of fold: no case is scored by a network that saw it),
dermoscopy lesion 0.80, optic disc 0.90, H&E nuclei 0.77, purple-stain nuclei 0.82, fetal head 0.92, hypo-echoic lesion
0.56, CT liver 0.88, CT bone 0.44; and the mean error of the cardiothoracic ratio against outlines drawn by us,
0.04, out of fold. CT rows are agreement with TotalSegmentator's output, which is no truth. Thresholds of all other
targets were set by eye on these same images, so their figures are of tuning data.

    python benchmarks/baseline.py --data ../shared/data [--json] [--check]
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from readingroom.domain.image import ImageRef
from readingroom.domain.request import Stated
from readingroom.errors import NotServed
from readingroom.imaging.image import Image
from readingroom.imaging.reader import read_study
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.workflows.admission import restated

REPO = Path(__file__).resolve().parent.parent

BARS = {
    "chest X-ray lung": 0.94,
    "dermoscopy lesion": 0.80,
    "fundus optic disc": 0.90,
    "H&E nuclei": 0.77,
    "purple-stain nuclei": 0.82,
    "fetal head": 0.92,
    "hypo-echoic breast lesion": 0.56,
    "CT liver (agreement)": 0.88,
    "CT bone (agreement)": 0.44,
}
RATIO_BAR = 0.04

KINDS = {
    ("dermoscopy", "lesion"): ("dermoscopy lesion", "lesion", Stated(modality="dermoscopy", anatomy="skin")),
    ("fundus", "optic disc"): ("fundus optic disc", "optic disc", Stated(modality="fundus", anatomy="retinal")),
    ("pathology", "nuclei"): ("nuclei", "nuclei", Stated(modality="pathology", anatomy="tissue")),
    ("ultrasound", "fetal head"): ("fetal head", "fetal head", Stated(modality="ultrasound", anatomy="fetal head")),
    ("ultrasound", "tumor"): (
        "hypo-echoic breast lesion",
        "hypoechoic lesion",
        Stated(modality="ultrasound", anatomy="breast"),
    ),
}
"""The manifest's modality and target: our name of the row, the target asked for, and what is stated of the image."""

REFUSED = {
    "polyp": Stated(modality="endoscopy", anatomy="colon"),
    "tumor": Stated(modality="mr", anatomy="brain"),
    "spleen": Stated(modality="ct", anatomy="abdomen"),
    "aorta": Stated(modality="ct", anatomy="chest"),
    "common carotid artery": Stated(modality="ultrasound", anatomy="carotid artery"),
    "foveal avascular zone": Stated(modality="octa", anatomy="retinal"),
    "consolidation": Stated(modality="x_ray", anatomy="chest"),
    "ground glass opacity": Stated(modality="x_ray", anatomy="chest"),
    "endotracheal tube": Stated(modality="x_ray", anatomy="chest"),
    "cardiomediastinum": Stated(modality="x_ray", anatomy="chest"),
    "optic cup": Stated(modality="fundus", anatomy="retinal"),
    "pancreas": Stated(modality="ct", anatomy="abdomen"),
    "neoplastic cells": Stated(modality="pathology", anatomy="tissue"),
    "malignant tumor": Stated(modality="ultrasound", anatomy="breast"),
}
"""Targets of the data or of MedImageParse that the baseline must refuse, with the kind of image each is asked of."""


class Score(NamedTuple):
    """One case of one row."""

    case: str
    dice: float
    quality: float
    seconds: float


def dice(found: NDArray[Any], truth: NDArray[Any]) -> float:
    """Twice the overlap over the sum; 1 where both are empty."""
    both = int(found.sum()) + int(truth.sum())
    return 1.0 if both == 0 else 2 * int((found & truth).sum()) / both


def interval(values: list[float], times: int = 5000) -> tuple[float, float]:
    """95 % percentile bootstrap of the mean, over cases."""
    rng = np.random.default_rng(0)
    array = np.asarray(values)
    means = array[rng.integers(0, len(array), (times, len(array)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)


def load(path: Path, stated: Stated) -> Image:
    return restated(read_study([path], subject_key=b"benchmark"), stated).images[0]


def pictures(dev: Path) -> dict[str, list[Score]]:
    """Every picture with a mask that the baseline serves."""
    found: dict[str, list[Score]] = defaultdict(list)
    with (dev / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if (row["modality"], row["target"]) in KINDS]
    for row in rows:
        name, target, stated = KINDS[row["modality"], row["target"]]
        if name == "nuclei":
            name = "H&E nuclei" if row["case_id"].startswith("tnbc") else "purple-stain nuclei"
        image = load(dev / row["file"], stated)
        clock = time.perf_counter()
        (segment,) = asyncio.run(ClassicalBackend().segment(image, (target,)))
        seconds = time.perf_counter() - clock
        truth = cv2.imread(str(dev / row["mask"]), cv2.IMREAD_GRAYSCALE)
        if truth is None:
            raise SystemExit(f"{row['mask']} cannot be read")
        found[name].append(Score(row["case_id"], dice(segment.mask, truth > 0), segment.quality, seconds))
    return found


def volumes(dev: Path) -> dict[str, list[Score]]:
    """CT volumes against TotalSegmentator's own output."""
    found: dict[str, list[Score]] = defaultdict(list)
    for name in ("ts_ct_sm", "ts_ct_3mm"):
        image = load(dev / "volumes" / f"{name}.nii.gz", Stated(modality="ct", anatomy="body"))
        labels = canonical_labels(dev / "volumes" / "masks" / f"{name}__labels.nii.gz")
        for target, wanted in TOTAL.items():
            truth = np.isin(labels, wanted)
            if truth.sum() < 1000:
                continue
            clock = time.perf_counter()
            try:
                (segment,) = asyncio.run(ClassicalBackend().segment(image, (target,)))
            except NotServed:
                continue
            score = Score(name, dice(segment.mask, truth), segment.quality, time.perf_counter() - clock)
            found[f"CT {target} (agreement)"].append(score)
    return found


TOTAL: dict[str, list[int]] = {
    "liver": [5],
    "bone": [*range(25, 51), *range(69, 79), *range(91, 117)],
}
"""TotalSegmentator class numbers (v2, task "total"): liver; vertebrae, limb bones, hips, skull, ribs, sternum."""


def canonical_labels(path: Path) -> NDArray[Any]:
    """A label NIfTI in the index order of our volumes: superior, posterior, left."""
    image = nib.as_closest_canonical(nib.load(path))
    labels = np.asarray(image.dataobj).astype(np.int16)
    return np.ascontiguousarray(labels.transpose(2, 1, 0)[:, ::-1, ::-1])


def chests() -> tuple[dict[str, list[Score]], list[float]]:
    """Out-of-fold figures that training/train_chest.py wrote, case by case."""
    held = json.loads((REPO / "training" / "chest_cv.json").read_text(encoding="utf-8"))
    found: dict[str, list[Score]] = defaultdict(list)
    errors = []
    for film in held["films"]:
        quality = film["quality"]
        if "lung" in film["dice"]:
            lungs = min(quality["image-left lung"], quality["image-right lung"])
            found["chest X-ray lung"].append(Score(film["case_id"], film["dice"]["lung"], lungs, 0.0))
        if "heart" in film["dice"]:
            heart = Score(film["case_id"], film["dice"]["heart"], quality["heart"], 0.0)
            found["chest X-ray heart (own outlines)"].append(heart)
        ratio = film["cardiothoracic"]
        if ratio["truth"] is not None and ratio["found"] is not None:
            errors.append(abs(ratio["found"] - ratio["truth"]))
    return found, errors


def abdominal_lung(dev: Path) -> str:
    """What "lung" answers on a CT of the abdomen; a mask would be bowel gas or a slice of lung base."""
    image = load(dev / "dicom" / "ts_ct_series20", Stated(modality="ct", anatomy="abdomen"))
    (segment,) = asyncio.run(ClassicalBackend().segment(image, ("lung",)))
    return "GAVE A MASK" if segment.mask.any() else segment.quality_reason


def refusals() -> list[tuple[str, str]]:
    """What each refused target answers; a mask instead of a refusal is a failure."""
    answers = []
    for target, stated in REFUSED.items():
        ref = ImageRef(
            id="img-1",
            sha256="0" * 64,
            kind="image",
            rows=128,
            columns=128,
            modality=stated.modality or "unknown",
            anatomy=stated.anatomy or "unknown",
            image_left="right",
        )
        image = Image(ref, np.random.default_rng(0).random((128, 128)).astype(np.float32))
        try:
            asyncio.run(ClassicalBackend().segment(image, (target,)))
            answers.append((target, "GAVE A MASK"))
        except NotServed as error:
            answers.append((target, error.line()))
    return answers


def summary(name: str, scores: list[Score]) -> dict[str, Any]:
    values = [score.dice for score in scores]
    kept = [score.dice for score in scores if score.quality >= 0.5]
    low, high = interval(values)
    return {
        "target": name,
        "n": len(values),
        "dice": round(float(np.mean(values)), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "median": round(float(np.median(values)), 4),
        "assessable": len(kept),
        "dice_assessable": round(float(np.mean(kept)), 4) if kept else None,
        "seconds": round(float(np.median([score.seconds for score in scores])), 3),
        "bar": BARS.get(name),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    chest, errors = chests()
    rows = [
        summary(name, scores)
        for part in (chest, pictures(given.data / "dev"), volumes(given.data / "dev"))
        for name, scores in part.items()
    ]
    refused = [*refusals(), ("lung on an abdominal CT", abdominal_lung(given.data / "dev"))]
    ratio = {"n": len(errors), "mean_error": round(float(np.mean(errors)), 4), "bar": RATIO_BAR}
    if given.json:
        print(json.dumps({"dice": rows, "cardiothoracic_ratio": ratio, "refused": dict(refused)}, indent=2))
    else:
        print(f"{'target':34} {'n':>3} {'Dice':>6}  95 % interval   median  assessable (Dice)  s")
        for row in rows:
            kept = f"{row['assessable']}/{row['n']} ({row['dice_assessable']})"
            print(
                f"{row['target']:34} {row['n']:3} {row['dice']:6.3f}  {row['low']:.3f}-{row['high']:.3f}     "
                f"{row['median']:.3f}   {kept:18} {row['seconds']:.2f}"
            )
        print(f"cardiothoracic ratio: mean error {ratio['mean_error']} on {ratio['n']} films, out of fold")
        for target, answer in refused:
            print(f"refused: {target}: {answer}")
    short = [row["target"] for row in rows if row["bar"] is not None and row["dice"] < row["bar"]]
    short += ["cardiothoracic ratio"] if ratio["mean_error"] > RATIO_BAR else []
    short += [target for target, answer in refused if answer == "GAVE A MASK"]
    if given.check and short:
        print(f"below the bar: {', '.join(short)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
