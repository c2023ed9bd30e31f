"""Train the head that tells modality and body part of a picture: python training/train_modality.py DATA [--check].

DATA is the folder that holds dev/manifest.csv. Rows under CC BY-SA are left out. Writes modality_head.json beside
readingroom/tools/backends/classical/modality.py and prints what the model card states.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import nibabel
import nrrd
import numpy as np
import pydicom
from modality_negatives import negatives
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax

from readingroom.tools.backends.classical.descriptor import DESCRIPTOR_ID, describe
from readingroom.tools.backends.classical.modality import CLASSES, HEAD_FILE, Head, judge

OUT = Path(__file__).resolve().parent.parent / "tools" / "backends" / "classical" / HEAD_FILE
NAMES = {"X-Ray": "x_ray", "MRI": "mr", "endoscope": "endoscopy", "OCTA": "octa"}
PLAIN = (".png", ".jpg", ".jpeg")
PENALTY = 0.005
"""L2 on the weights; chosen by the folds of --check among 0.001, 0.005 and 0.02."""
FOLDS = 12

Picture = NDArray[np.float32] | NDArray[np.uint8]
Matrix = NDArray[np.float64]


class Sample(NamedTuple):
    """One training picture."""

    label: str
    group: str
    """Pictures of one patient, series or data file: left out together."""
    source: str
    picture: Picture


def plain_pictures(data: Path) -> Iterator[Sample]:
    """The dev set's PNG and JPEG whose licence lets us ship what was trained on them."""
    seen: set[str] = set()
    with (data / "dev" / "manifest.csv").open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            allowed = row["redistributable"] == "yes" and "BY-SA" not in row["licence"]
            if row["file"] in seen or not allowed or not row["file"].lower().endswith(PLAIN):
                continue
            seen.add(row["file"])
            modality = NAMES.get(row["modality"], row["modality"])
            part = {"pathology": "tissue", "CT": "body"}.get(modality, row["anatomy"])
            label = f"{modality.lower()} {part}"
            if label in CLASSES:
                yield Sample(label, row["file"], row["repo"], load_picture(data / "dev" / row["file"]))


def load_picture(path: Path) -> Picture:
    """Grey as (H, W) in 0..1, colour as (H, W, 3) bytes."""
    rgb = cv2.cvtColor(cv2.imread(str(path), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    flat = int(np.abs(rgb.astype(int) - rgb[:, :, :1]).max()) <= 8
    return np.asarray(rgb[:, :, 1] / 255, np.float32) if flat else np.asarray(rgb)


def slices(data: Path) -> Iterator[Sample]:
    """Windowed slices of the dev set's CT and MR volumes."""
    dev = data / "dev"
    for label, name, where in (
        ("ct body", "ct_chest_lungfcp", (0, 1, 2, 3, 4)),
        ("ct body", "ts_ct_series20", (1, 6, 11, 16)),
        ("mr brain", "mr_t1_20slices", (1, 7, 13, 19)),
    ):
        volume = series(dev / "dicom" / name)
        for z in where:
            for view in windowed(volume[z], label):
                yield Sample(label, name, name, view)
    body = nibabel.as_closest_canonical(nibabel.load(dev / "volumes" / "ts_ct_3mm.nii.gz"))
    whole = np.asarray(body.dataobj, np.float32).transpose(2, 1, 0)[:, ::-1, ::-1]
    for z in range(45, 112, 8):
        for view in windowed(whole[z], "ct body"):
            yield Sample("ct body", "ts_ct_3mm", "ts_ct_3mm", view)
    for number in (1, 2):
        brain, _ = nrrd.read(str(dev / "volumes" / f"pyrad_brain{number}.nrrd"))
        for z in (7, 10, 13, 16, 19):
            for view in windowed(brain.transpose(2, 1, 0)[z].astype(np.float32), "mr brain"):
                yield Sample("mr brain", f"pyrad_brain{number}", "pyradiomics", view)


def series(folder: Path) -> NDArray[np.float32]:
    """A DICOM folder as a volume, in the order of position."""
    files = sorted((pydicom.dcmread(p) for p in folder.iterdir()), key=lambda d: float(d.ImagePositionPatient[2]))
    lines = [(float(d.get("RescaleSlope", 1)), float(d.get("RescaleIntercept", 0))) for d in files]
    return np.stack([d.pixel_array * a + b for d, (a, b) in zip(files, lines, strict=True)]).astype(np.float32)


def windowed(plane: NDArray[np.float32], label: str) -> Iterator[Picture]:
    """A slice as displayed: soft tissue, wide and lung window for CT; to the 99.5th percentile for MR."""
    ends = [(0.0, float(np.percentile(plane, 99.5)))]
    if label.startswith("ct"):
        ends = [(-160.0, 240.0), (-1000.0, 400.0), (-1350.0, 150.0), (0.0, 350.0)]
    for low, high in ends:
        yield np.asarray(np.clip((plane - low) / (high - low), 0, 1), np.float32)


def changed(sample: Sample, rng: np.random.Generator) -> Picture:
    """The picture as another machine might show it: mirrored, cropped, turned a little, other gamma, framed, noisy;
    slices of CT and MR, whose files often carry no orientation, also by quarter turns."""
    scale = 255.0 if sample.picture.dtype == np.uint8 else 1.0
    out = np.asarray(sample.picture, np.float32) / scale
    if sample.label in ("ct body", "mr brain"):
        out = np.rot90(out, int(rng.integers(0, 4)))
    height, width = out.shape[:2]
    if rng.random() < 0.5:
        out = out[:, ::-1]
    top, left, bottom, right = (int(rng.uniform(0, 0.08) * n) for n in (height, width, height, width))
    out = np.ascontiguousarray(out[top : height - bottom, left : width - right])
    turn = cv2.getRotationMatrix2D((out.shape[1] / 2, out.shape[0] / 2), rng.uniform(-6, 6), rng.uniform(0.92, 1.08))
    out = cv2.warpAffine(out, turn, (out.shape[1], out.shape[0]), borderMode=cv2.BORDER_REPLICATE)
    side = int(rng.uniform(180, 700))
    out = cv2.resize(out, (side, max(32, round(side * out.shape[0] / out.shape[1]))), interpolation=cv2.INTER_AREA)
    out = np.clip(out, 0, 1) ** rng.uniform(0.7, 1.45)
    if out.ndim == 3:
        out *= rng.uniform(0.9, 1.1, 3).astype(np.float32)
    if rng.random() < 0.3:
        rim = [int(rng.uniform(0, 0.1) * side) for _ in range(4)]
        out = cv2.copyMakeBorder(out, *rim, borderType=cv2.BORDER_CONSTANT, value=(0, 0, 0))
    out = np.clip(out + rng.normal(0, rng.uniform(0, 0.02), out.shape), 0, 1).astype(np.float32)
    return np.asarray(out * 255).astype(np.uint8) if out.ndim == 3 else out


def fit(x: Matrix, y: NDArray[np.int64], count: int, start: Matrix | None = None) -> Matrix:
    """Multinomial logistic regression, every class of the same weight: (count, features + 1)."""
    share = 1 / np.bincount(y, minlength=count)[y] / count
    wide = np.hstack([x, np.ones((len(x), 1))])
    goal = np.eye(count)[y]

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        w = flat.reshape(count, -1)
        logs = log_softmax(wide @ w.T, axis=1)
        slope = (share[:, None] * (np.exp(logs) - goal)).T @ wide
        slope[:, :-1] += PENALTY * w[:, :-1] / 100
        miss = -float((share[:, None] * goal * logs).sum())
        return miss + PENALTY / 200 * float((w[:, :-1] ** 2).sum()), slope.ravel()

    first = np.zeros((count, wide.shape[1])) if start is None else start
    found = minimize(loss, first.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return np.asarray(found.x.reshape(count, -1))


class Table(NamedTuple):
    """Descriptors, class numbers, and which rows are unchanged pictures."""

    x: Matrix
    y: NDArray[np.int64]
    first: NDArray[np.bool_]


def head_of(w: Matrix, labels: tuple[str, ...]) -> Head:
    return Head(labels, w[:, :-1], w[:, -1])


def check(table: Table, keys: NDArray[np.str_], w: Matrix, labels: tuple[str, ...]) -> None:
    """Leave out one of `keys` after another and judge its unchanged pictures: right, wrong, unknown, by class."""
    told: dict[str, Counter[str]] = defaultdict(Counter)
    x, y, first = table
    for name in (key for key in np.unique(keys) if not key.startswith("none")):
        out = keys == name
        if len(set(y[~out])) < len(labels):
            continue
        head = head_of(fit(x[~out], y[~out], len(labels), w), labels)
        for i in np.flatnonzero(out & first):
            guess = judge(x[i].astype(np.float32), head).label
            told[labels[y[i]]][guess] += 1
    right = sum(c[k] if k in CLASSES else c["unknown"] for k, c in told.items())
    print(f"  all: {right} of {sum(sum(c.values()) for c in told.values())} right")
    for label, guesses in told.items():
        print(f"  {label}: n={sum(guesses.values())} {dict(guesses.most_common())}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--check", action="store_true", help="also leave out each group, then each source")
    options = parser.parse_args()
    rng = np.random.default_rng(7)
    samples = [*plain_pictures(options.data), *slices(options.data)]
    for i, (kind, picture) in enumerate(negatives(rng)):
        samples.append(Sample(f"none {kind}", f"none {kind} {i % 10}", f"none {i % 10}", picture))
    labels = (*CLASSES, *sorted({s.label for s in samples} - set(CLASSES)))
    rows = [(s, version) for s in samples for version in range(1 if s.label.startswith("none") else 9)]
    vectors = [describe(changed(s, rng) if version else s.picture) for s, version in rows]
    numbers = np.array([labels.index(s.label) for s, _ in rows])
    table = Table(np.stack(vectors).astype(np.float64), numbers, np.array([version == 0 for _, version in rows]))
    w = fit(table.x, table.y, len(labels))
    head = head_of(w, labels)
    if options.check:
        print(f"{FOLDS} folds, no patient, series or picture in two of them:")
        fold = {group: i % FOLDS for i, group in enumerate(sorted({s.group for s in samples}))}
        check(table, np.array([f"fold {fold[s.group]}" for s, _ in rows]), w, labels)
        print("leave one source out (only where a class has more than one):")
        check(table, np.array([s.source for s, _ in rows]), w, labels)
    write(head, samples)


def write(head: Head, samples: list[Sample]) -> None:
    data = {
        "descriptor_id": DESCRIPTOR_ID,
        "trained_on": dict(Counter(s.label for s in samples)),
        "labels": head.labels,
        "bias": [round(v, 4) for v in head.bias.tolist()],
        "weights": [[round(v, 2) for v in row] for row in head.weights.tolist()],
    }
    OUT.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"{OUT.name}: {OUT.stat().st_size / 1000:.0f} kB, {len(head.labels)} rows")


if __name__ == "__main__":
    main()
