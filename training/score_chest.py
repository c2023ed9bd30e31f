"""Out-of-fold figures of the chest network: Dice, cardiothoracic ratio, calibration, refusal of other pictures."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from chest_images import OUTLINES, STORED, Film, Image, Masks, smooth, squeeze
from film_faults import expose, move, whiten, write_over
from numpy.typing import NDArray
from onnxruntime import InferenceSession

from readingroom.tools.backends.classical import chest
from readingroom.tools.backends.classical.segment import ASSESSABLE

DAMAGES = 10
OWN_LUNGS = {"cxr_nih_00000001_000", "cxr_nih_00027426_000", "rsna_mono2"}
"""Films whose lung outlines are ours too."""
GOOD = {"lung": 0.90, "heart": 0.85}


@dataclass(frozen=True)
class Answer:
    """One channel on one film: what speaks for it and how good it was."""

    kind: str
    fold: int
    support: chest.Support
    likeness: float
    quality: float
    dice: float


def dice(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    both = int(one.sum() + other.sum())
    return 1.0 if both == 0 else float(2 * (one & other).sum() / both)


def read(image: Image, network: InferenceSession) -> tuple[chest.ChestReading, Masks]:
    """The reading and its three masks on the stored square."""
    reading = chest.segment_chest(image, network)
    parts = (reading.image_left_lung, reading.image_right_lung, reading.heart)
    return reading, np.stack([squeeze(part.mask.astype(np.float32)) > 0.5 for part in parts])


def true_ratio(film: Film) -> float | None:
    """From our heart outline and the lateral extremes of the lung truth; None where either is missing."""
    case = {c["case_id"]: c for c in json.loads(OUTLINES.read_text())["cases"]}.get(film.case_id, {})
    if "heart" not in case or not all(film.known[:2]):
        return None
    heart = smooth(np.asarray(case["heart"]))[:, 0]
    columns = np.flatnonzero(film.masks[:2].any((0, 1)))
    return float(np.ptp(heart) / ((columns[-1] + 1 - columns[0]) / STORED))


def score_film(film: Film, network: InferenceSession, fold: int) -> dict:
    """One line of chest_cv.json."""
    reading, masks = read(film.source, network)
    truth = film.masks > 0
    names = ("image-left lung", "image-right lung", "heart")
    parts = (reading.image_left_lung, reading.image_right_lung, reading.heart)
    overlap = {n: round(dice(m, t), 4) for n, m, t, k in zip(names, masks, truth, film.known, strict=True) if k}
    line: dict = {
        "case_id": film.case_id,
        "fold": fold,
        "trainable": film.trainable,
        "own_lungs": film.case_id in OWN_LUNGS,
        "likeness": round(reading.likeness, 3),
        "dice": overlap,
        "quality": {n: round(part.quality, 3) for n, part in zip(names, parts, strict=True)},
    }
    if all(film.known[:2]):
        line["dice"]["lung"] = round(dice(masks[0] | masks[1], truth[0] | truth[1]), 4)
    found, true = chest.cardiothoracic(reading), true_ratio(film)
    line["cardiothoracic"] = {
        "truth": None if true is None else round(true, 4),
        "found": None if found.ratio is None else round(found.ratio, 4),
        "reason": found.reason,
    }
    return line


def damaged_answers(film: Film, network: InferenceSession, fold: int) -> list[Answer]:
    """The film as it is, and moved, whitened, written on and badly exposed, each stronger than the last."""
    rng, answers = np.random.default_rng(len(film.case_id) * 1000 + fold), []
    for number in range(DAMAGES + 1):
        image, masks = film.image, film.masks
        if number:
            image, masks = move(rng, image, masks, STORED, strength=0.3 * number)
            for _ in range(number // 3):
                image = whiten(rng, image, masks)
            image = expose(rng, write_over(rng, image))
            image = (image + rng.normal(0, 0.03 * number, image.shape)).astype(np.float32)
        look = chest.look_at(image, network)
        reading, found = read(image, network)
        parts = (reading.image_left_lung, reading.image_right_lung, reading.heart)
        answers += [
            Answer(
                "heart" if channel == 2 else "lung",
                fold,
                chest.support_of(look, channel),
                reading.likeness,
                parts[channel].quality,
                dice(found[channel], masks[channel] > 0),
            )
            for channel in range(3)
            if film.learn[channel]
        ]
    return answers


def fit_logistic(x: NDArray[np.float64], y: NDArray[np.bool_], ridge: float = 0.3) -> NDArray[np.float64]:
    """Newton's method on a ridge-penalised logistic regression; x with a leading column of ones."""
    weights = np.zeros(x.shape[1])
    penalty = np.eye(x.shape[1]) * ridge
    penalty[0, 0] = 1e-6
    for _ in range(60):
        p = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (p - y) + penalty @ weights
        weights = weights - np.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + penalty, gradient)
    return weights


def auroc(score: NDArray[np.float64], good: NDArray[np.bool_]) -> float:
    """Chance that a good mask scores above a poor one."""
    if good.all() or not good.any():
        return float("nan")
    gap = score[good][:, None] - score[~good][None]
    return float((gap > 0).mean() + 0.5 * (gap == 0).mean())


def calibrate(answers: Sequence[Answer]) -> dict:
    """Weights of the quality by kind, with AUROC where the weights come from the other folds."""
    result = {}
    for kind, bar in GOOD.items():
        some = [a for a in answers if a.kind == kind]
        x = np.array([[1.0, *a.support] for a in some])
        y, fold = np.array([a.dice >= bar for a in some]), np.array([a.fold for a in some])
        held = np.zeros(len(some))
        for k in np.unique(fold):
            held[fold == k] = x[fold == k] @ fit_logistic(x[fold != k], y[fold != k])
        gated = np.minimum(1 / (1 + np.exp(-held)), [a.likeness for a in some])
        passed = gated >= ASSESSABLE
        values = np.array([a.dice for a in some])
        result[kind] = {
            "weights": [round(float(w), 2) for w in fit_logistic(x, y)],
            "n": len(some),
            "good": int(y.sum()),
            "bar": bar,
            "auroc": round(auroc(gated, y), 3),
            "correlation": round(float(np.corrcoef(gated, values)[0, 1]), 3),
            "good_share_when_passed": round(float(y[passed].mean()), 3),
            "passed": int(passed.sum()),
            "mean_dice_passed": round(float(values[passed].mean()), 3),
            "mean_dice_refused": round(float(values[~passed].mean()), 3) if (~passed).any() else None,
        }
    return result


def bootstrap(values: Sequence[float], seed: int = 0) -> tuple[float, float, float]:
    """Mean and its 95 % percentile interval over films."""
    array, rng = np.asarray(values), np.random.default_rng(seed)
    means = array[rng.integers(0, len(array), (4000, len(array)))].mean(1)
    return float(array.mean()), float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))


def _told(values: Sequence[float]) -> dict:
    mean, low, high = bootstrap(values)
    return {"n": len(values), "dice": round(mean, 4), "interval": [round(low, 4), round(high, 4)], "least": min(values)}


def summarise(lines: Sequence[dict]) -> dict:
    """Means with n and 95 % intervals over films."""
    table: dict = {}
    for target in ("lung", "image-left lung", "image-right lung", "heart"):
        table[target] = _told([line["dice"][target] for line in lines if target in line["dice"]])
    table["lung without our own outlines"] = _told([line["dice"]["lung"] for line in lines if not line["own_lungs"]])
    pairs = [(c["found"], c["truth"]) for line in lines if (c := line["cardiothoracic"])["truth"] is not None]
    errors = [found - true for found, true in pairs if found is not None]
    mean, low, high = bootstrap(np.abs(errors).tolist())
    table["cardiothoracic ratio"] = {
        "n": len(errors),
        "of": len(pairs),
        "mean_absolute_error": round(mean, 4),
        "interval": [round(low, 4), round(high, 4)],
        "bias": round(float(np.mean(errors)), 4),
        "sd": round(float(np.std(errors, ddof=1)), 4),
        "largest": round(float(np.abs(errors).max()), 4),
    }
    return table


def score(
    films: Sequence[Film],
    others: Sequence[tuple[str, Image]],
    networks: Sequence[InferenceSession],
    origin: dict,
    path: Path,
) -> None:
    """Everything out of fold, printed and written to `path`."""
    count = len(networks)
    lines = [score_film(film, networks[at % count], at % count) for at, film in enumerate(films)]
    answers = [a for at, film in enumerate(films) for a in damaged_answers(film, networks[at % count], at % count)]
    refused = {
        case: round(chest.segment_chest(image, networks[at % count]).likeness, 3)
        for at, (case, image) in enumerate(others)
    }
    summary = summarise(lines)
    other = {"n": len(refused), "passed": sorted(case for case, value in refused.items() if value >= ASSESSABLE)}
    result = {**origin, "summary": summary, "quality": calibrate(answers), "other_pictures": other, "films": lines}
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps({"summary": summary, "quality": result["quality"], "other_pictures": other}, indent=1))
