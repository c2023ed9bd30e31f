"""Calibrates the presence test on the probability maps of the chest fold networks.

    python training/calibrate_presence.py --data ../shared/data     # presence_cases.json and tools/presence.yaml

Needs the fold networks of training/train_chest.py. Pictures are split by patient, within each kind, into a tuning half
(first, third, ... of a shuffle with SEED) and a test half (the rest); only the tuning half sets a constant.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray
from presence_maps import cases_of, group_of, scenes

from readingroom.tools.backends.classical.chest import open_network

HERE = Path(__file__).resolve().parent
CASES = HERE / "presence_cases.json"
SHIPPED = HERE.parent / "tools" / "presence.yaml"
FOLD_FOLDER = HERE.parent / "out" / "chest_folds"
FOLDS = 5
SEED = 8
WRONG = 0.05
"""Greatest share of absent objects among the maps of the tuning half that are called present."""
RIDGE = 1e-5

FIXED = {
    "faint_below": (
        0.75,
        "mean probability inside the mask below which it is faint. No present object of the tuning half is below "
        "0.85; the wide margin is for another model: of BiomedParse's own masks of present objects "
        "(figures/results/dataset_results/*/pos_pred_stats.csv of github.com/microsoft/BiomedParse, Apache-2.0) "
        "3 of 3,367 on PanNuke and 38 of 19,017 on KiTS23 are below 0.75.",
    ),
    "twin_from": (0.95, "intersection over union from which two masks are one; chosen. Greatest seen in films 0.41."),
    "overlap_from": (0.2, "share of the smaller of two opposed masks; chosen. Greatest seen in films 0.00."),
    "covers_from": (0.95, "share of the picture from which a mask outlines nothing; chosen. Greatest seen 0.35."),
    "padding_from": (0.1, "share of the mask in the padding; chosen."),
    "flat_from": (
        0.2,
        "greatest probability from which a map without contrast is a failure and not an absence; chosen.",
    ),
    "flat_span": (0.1, "range of probabilities below which a map has no contrast; chosen."),
    "rejected_below": (
        0.05,
        "p-value of the published test; the threshold its authors recommend "
        "(inference_examples_DICOM.ipynb of github.com/microsoft/BiomedParse).",
    ),
}


def halves(cases: list[dict]) -> dict[str, str]:
    """Patient to "tuning" or "test"."""
    kinds: dict[str, str] = {}
    for case in cases:
        kinds.setdefault(group_of(case["picture"]), "film" if "film" in case["kind"] else case["kind"])
    rng, found = np.random.default_rng(SEED), {}
    for kind in sorted(set(kinds.values())):
        groups = sorted(group for group, of in kinds.items() if of == kind)
        rng.shuffle(groups)
        found.update({group: ("tuning", "test")[at % 2] for at, group in enumerate(groups)})
    return found


def balance(cases: list[dict]) -> NDArray[np.float64]:
    """Weights that give present and absent one half each, and every picture of a kind the same within its half."""
    key = [(case["truth"], case["kind"], group_of(case["picture"])) for case in cases]
    count, weights = Counter(key), np.zeros(len(cases))
    for truth in ("present", "absent"):
        chosen = np.array([case["truth"] == truth for case in cases])
        weights[chosen] = [1 / count[k] for k, c in zip(key, chosen, strict=True) if c]
        weights[chosen] /= 2 * weights[chosen].sum()
    return weights


def fit_logistic(x: NDArray[np.float64], y: NDArray[np.bool_], w: NDArray[np.float64]) -> NDArray[np.float64]:
    """Newton's method on the weighted, slightly ridge-penalised log loss; intercept and weight of one feature."""
    design, beta = np.column_stack([np.ones(len(x)), x]), np.zeros(2)
    penalty = np.diag([0.0, RIDGE])

    def loss(b: NDArray[np.float64]) -> float:
        z = design @ b
        return float(w @ np.logaddexp(0, np.where(y, -z, z)) + b @ penalty @ b / 2)

    for _ in range(100):
        p = 1 / (1 + np.exp(-design @ beta))
        gradient = design.T @ (w * (p - y)) + penalty @ beta
        step = np.linalg.solve((design * (w * p * (1 - p))[:, None]).T @ design + penalty + 1e-9 * np.eye(2), gradient)
        size = 1.0
        while loss(beta - size * step) > loss(beta) and size > 1e-6:
            size /= 2
        beta = beta - size * step
    return beta


def threshold(score: NDArray[np.float64], y: NDArray[np.bool_]) -> float:
    """The least score, rounded up to a hundredth, from which at most WRONG of the maps show nothing."""
    for level in np.arange(0.5, 1.0, 0.01):
        called = score >= level
        if called.any() and (called & ~y).sum() <= WRONG * called.sum():
            return float(round(level, 2))
    raise SystemExit("no threshold keeps wrong calls of presence within the bar")


def calibrate(cases: list[dict]) -> dict[str, float]:
    """Intercept, weight and threshold from the tuning half."""
    tuning = [case for case in cases if case["half"] == "tuning" and case["truth"] != "ill outlined"]
    x = np.array([case["statistics"]["concentration"] for case in tuning])
    y = np.array([case["truth"] == "present" for case in tuning])
    intercept, weight = (round(float(b), 2) for b in fit_logistic(x, y, balance(tuning)))
    score = 1 / (1 + np.exp(-(intercept + weight * x)))
    return {"intercept": intercept, "weight": weight, "present_from": threshold(score, y)}


def written(fitted: dict[str, float], cases: list[dict]) -> str:
    """presence.yaml with the provenance of every constant."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for case in cases:
        counts[case["half"]][case["truth"]] += 1
    told = "; ".join(
        f"{half}: {of['present']} present, {of['absent']} absent, {of['ill outlined']} ill outlined (not used)"
        for half, of in sorted(counts.items(), reverse=True)
    )
    lines = [
        *_wrapped("Constants of the presence test; made by training/calibrate_presence.py."),
        *_wrapped("Calibrated on the baseline's chest network (its fold networks, out of fold), not on MedImageParse."),
        *_wrapped(f"Maps: {told}. Patients were split with seed {SEED}."),
        "# score = 1 / (1 + exp(-(intercept + weight x concentration))), even prior",
    ]
    lines += [f"{name}: {value}" for name, value in fitted.items() if name != "present_from"]
    lines.append(f"# least score at which at most {WRONG:.0%} of the tuning half's maps called present show nothing")
    lines.append(f"present_from: {fitted['present_from']}")
    for name, (value, why) in FIXED.items():
        lines += [*_wrapped(why), f"{name}: {value}"]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, width: int = 116) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) >= width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [f"# {line}" for line in lines]


def collect(data: Path, folds: Path) -> list[dict]:
    """Every case, with its half."""
    networks = [open_network((folds / f"chest_fold{fold}.onnx").read_bytes()) for fold in range(FOLDS)]
    cases = [case for scene in scenes(data) for case in cases_of(scene, networks[scene.fold])]
    half = halves(cases)
    return [{**case, "half": half[group_of(case["picture"])]} for case in cases]


def as_table(cases: list[dict]) -> str:
    """Column names once, then a row a case."""
    flat = [{**case, **case["statistics"]} for case in cases]
    columns = [name for name in flat[0] if name != "statistics"]
    rows = ",\n".join(json.dumps([case[name] for name in columns], separators=(",", ":")) for case in flat)
    return f'{{"columns": {json.dumps(columns)}, "rows": [\n{rows}\n]}}\n'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with dev/manifest.csv")
    parser.add_argument("--folds", type=Path, default=FOLD_FOLDER, help="the fold networks of train_chest.py")
    given = parser.parse_args()
    cases = collect(given.data, given.folds)
    text = written(calibrate(cases), cases)
    yaml.safe_load(text)
    CASES.write_text(as_table(cases), encoding="utf-8")
    SHIPPED.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
