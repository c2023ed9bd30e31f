"""How often the 95 % intervals of experiments hold the truth, and how often arms without a difference are called
different.

Simulated arms: patients with 1 to 12 images each, most with few; every image holds one thing that is right or wrong.
What is right depends on the patient, on the image and on chance (a Gaussian copula: PATIENT of the variance is the
patient's, IMAGE of the rest the image's, which both arms share). The truth is the rate that was put in.

The intervals are those of readingroom.experiments.statistics; the percentile bootstrap and the plain t interval of one
arm's share stand beside them, which is why they are not used. Of a difference the bootstrap is printed with every
comparison, and held here against the same truth.

Bars that --check holds: over all settings the intervals that are used cover in 93 to 97 % of the simulations, those of
shares and those of differences each; so they do in every setting by itself, save that where fewer than five wrong
answers are to be expected in an arm ("few") only the 93 % are held: what comes in ones and twos cannot be hit more
closely. In no setting are more than 5 % of the comparisons without a difference called different, two standard errors
of the simulation granted, and over all settings no more than 5 %; as many at most of the experiments of ten metrics
without a difference have one that Holm's adjustment leaves standing.

    python -m benchmarks.coverage [--json] [--check] [--times N]
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import t as student

from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.statistics.comparison import Pair, compared
from readingroom.experiments.statistics.interval import interval
from readingroom.experiments.statistics.jackknife import left_out, standard_error
from readingroom.experiments.statistics.resampling import drawn

Numbers = NDArray[np.float64]

SEED = 20250
TIMES = 1500
"""Simulated experiments a setting."""
REPLICATES = 1000
BATCH = 250
"""Simulations that share the draws of one bootstrap."""
PATIENTS = (30, 60, 100, 200)
RATES = (0.5, 0.7, 0.9, 0.95, 0.97)
APART = ((0.6, 0.5), (0.9, 0.85), (0.97, 0.9))
PATIENT, IMAGE = 0.3, 0.4
MOST, FEW = 12, 0.4
"""Images a patient: 1 and more, geometric, at most MOST."""
FAMILY = 10
FEWEST = 5
"""Wrong answers to be expected in an arm, below which coverage comes in steps."""
LOW, HIGH, FALSE = 0.93, 0.97, 0.05
SHARE = Metric(name="share", title="share", better="higher", needs="draft")


FEW_TOLD = "  few"


class Arms(NamedTuple):
    """(times, patients) right answers of both arms, and images."""

    first: Numbers
    second: Numbers
    images: Numbers


def simulated(chance: np.random.Generator, times: int, patients: int, rates: tuple[float, float]) -> Arms:
    images = np.minimum(chance.geometric(FEW, size=(times, patients)), MOST)
    there = np.arange(MOST) < images[..., None]
    patient = math.sqrt(PATIENT) * chance.standard_normal((times, patients, 1))
    image = math.sqrt((1 - PATIENT) * IMAGE) * chance.standard_normal((times, patients, MOST))
    own = math.sqrt((1 - PATIENT) * (1 - IMAGE))
    right = [
        ((patient + image + own * chance.standard_normal(image.shape) < ndtri(rate)) & there).sum(-1).astype(float)
        for rate in rates
    ]
    return Arms(right[0], right[1], images.astype(float))


def share_coverage(patients: int, rate: float, times: int, chance: np.random.Generator) -> dict[str, Any]:
    """One arm's share: the interval that is used, the percentile bootstrap, and t times the standard error."""
    arms = simulated(chance, times, patients, (rate, rate))
    hits, of = arms.first[..., None], arms.images[..., None]
    used = [interval(one, other) for one, other in zip(hits, of, strict=True)]
    value = hits.sum((1, 2)) / of.sum((1, 2))
    half = student.ppf(0.975, patients - 1) * standard_error(left_out(hits, of, "ratio"))
    low, high = _percentiles(arms.first, arms.images)
    return {
        "patients": patients, "rate": rate, "n": times, "few": _few(arms, rate),
        "used": _share(one.low is not None and one.high is not None and one.low <= rate <= one.high for one in used),
        "percentile": float(np.mean((low <= rate) & (rate <= high))),
        "plain_t": float(np.mean(np.abs(value - rate) <= half)),
    }  # fmt: skip


def _percentiles(hits: Numbers, of: Numbers) -> tuple[Numbers, Numbers]:
    sums = [drawn(np.concatenate((hits[at : at + BATCH], of[at : at + BATCH])).T, SEED + at, REPLICATES)
            for at in range(0, len(hits), BATCH)]  # fmt: skip
    ratios = np.concatenate([one[:, : one.shape[1] // 2] / one[:, one.shape[1] // 2 :] for one in sums], axis=1)
    low, high = np.percentile(ratios, (2.5, 97.5), axis=0)
    return low, high


def difference_coverage(
    patients: int, rates: tuple[float, float], times: int, chance: np.random.Generator
) -> dict[str, Any]:
    """Two arms: the interval of the difference, the bootstrap beside it, and how often p is below 5 %."""
    arms, apart = simulated(chance, times, patients, rates), rates[0] - rates[1]
    pairs = [Pair(SHARE, (a[:, None], n[:, None]), (b[:, None], n[:, None]), patients)
             for a, b, n in zip(*arms, strict=True)]  # fmt: skip
    found = [one for at in range(0, times, BATCH) for one in compared(pairs[at : at + BATCH], SEED + at, REPLICATES)]
    told = [one for one in found if one.low is not None and one.high is not None]
    return {
        "patients": patients, "rates": rates, "n": times, "alike": times - len(told),
        "few": _few(arms, max(rates)),
        "used": _share(_holds(apart, one.low, one.high) for one in found),
        "bootstrap": _share(_holds(apart, one.bootstrap_low, one.bootstrap_high) for one in found),
        "different": _share(one.p is not None and one.p < FALSE for one in found),
    }  # fmt: skip


def _few(arms: Arms, rate: float) -> bool:
    return float(arms.images.sum(-1).mean()) * (1 - rate) < FEWEST


def _holds(truth: float, low: float | None, high: float | None) -> bool:
    """Where no patient differs there is no interval, and only "no difference" is held."""
    return truth == 0 if low is None or high is None else low <= truth <= high


def family(patients: int, times: int, chance: np.random.Generator) -> dict[str, Any]:
    """Experiments of FAMILY metrics without a difference: how often any is called different after Holm."""
    called = 0
    for number in range(times):
        arms = simulated(chance, FAMILY, patients, (0.8, 0.8))
        pairs = [Pair(SHARE, (a[:, None], n[:, None]), (b[:, None], n[:, None]), patients)
                 for a, b, n in zip(*arms, strict=True)]  # fmt: skip
        called += any(one.different for one in compared(pairs, SEED + number, REPLICATES))
    return {"patients": patients, "metrics": FAMILY, "n": times, "different": called / times}


def _share(outcomes: Any) -> float:
    told = list(outcomes)
    return sum(told) / len(told)


def measured(times: int) -> dict[str, Any]:
    chance = np.random.default_rng(SEED)
    shares = [share_coverage(patients, rate, times, chance) for patients in PATIENTS for rate in RATES]
    settings = [*((rate, rate) for rate in RATES), *APART]
    differences = [difference_coverage(patients, rates, times, chance) for patients in PATIENTS for rates in settings]
    families = [family(patients, max(times // 3, 1), chance) for patients in PATIENTS[:2]]
    return {"shares": shares, "differences": differences, "families": families}


def overall(settings: list[dict[str, Any]]) -> float:
    """Coverage of all simulations of all settings, those with few wrong answers among them."""
    return float(np.average([one["used"] for one in settings], weights=[one["n"] for one in settings]))


def failed(results: dict[str, Any]) -> list[str]:
    """The bars that are not held."""
    shares, differences = results["shares"], results["differences"]
    wrong = [f"over all settings of {name}: {mean:.3f}" for name in ("shares", "differences")
             if not LOW <= (mean := overall(results[name])) <= HIGH]  # fmt: skip
    wrong += [f"{one.get('rate', one.get('rates'))} of {one['patients']} patients: {one['used']:.3f}"
             for one in (*shares, *differences) if not LOW <= one["used"] <= (1 if one["few"] else HIGH)]  # fmt: skip
    null = [one for one in differences if one["rates"][0] == one["rates"][1]]
    wrong += [f"called different without a difference, {one['patients']} patients: {one['different']:.3f}"
              for one in (*null, *results["families"])
              if one["different"] > FALSE + 2 * math.sqrt(FALSE * (1 - FALSE) / one["n"])]  # fmt: skip
    if np.mean([one["different"] for one in null]) > FALSE:
        wrong.append("called different without a difference, over all settings")
    return wrong


def printed(results: dict[str, Any]) -> str:
    lines = ["One arm's share: how often the 95 % interval holds the truth",
             "  patients   rate      n   used   percentile bootstrap   plain t"]  # fmt: skip
    lines += [f"  {one['patients']:8}   {one['rate']:.2f}  {one['n']:5}  {100 * one['used']:5.1f}  "
              f"{100 * one['percentile']:20.1f}  {100 * one['plain_t']:8.1f}{FEW_TOLD * one['few']}"
              for one in results["shares"]]  # fmt: skip
    lines += [f"  over all settings {100 * overall(results['shares']):8.1f}"]
    lines += ["\nTwo arms on the same images: the interval of the difference, and how often they are called different",
              "  patients      rates      n   used   paired bootstrap   called different"]  # fmt: skip
    lines += [f"  {one['patients']:8}  {one['rates'][0]:.2f} {one['rates'][1]:.2f}  {one['n']:5}  "
              f"{100 * one['used']:5.1f}  {100 * one['bootstrap']:16.1f}  {100 * one['different']:16.1f}"
              + "  no difference" * (one["rates"][0] == one["rates"][1]) + FEW_TOLD * one["few"]
              for one in results["differences"]]  # fmt: skip
    lines += [f"  over all settings {100 * overall(results['differences']):12.1f}"]
    lines += [f"\n{one['metrics']} metrics without a difference, {one['patients']} patients, {one['n']} experiments: "
              f"{100 * one['different']:.1f} % have one called different after Holm"
              for one in results["families"]]  # fmt: skip
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true", help="exit 1 below a bar")
    parser.add_argument("--times", type=int, default=TIMES, help="simulated experiments a setting")
    given = parser.parse_args()
    results = measured(given.times)
    print(json.dumps(results) if given.json else printed(results))
    if given.check and (wrong := failed(results)):
        sys.exit(f"below the bar: {'; '.join(wrong)}")


if __name__ == "__main__":
    main()
