"""Whether the presence test tells objects that are there from objects that are not, with Wilson 95 % intervals.

Decides anew, by the shipped constants, on the statistics that training/calibrate_presence.py measured on probability
maps of the chest fold networks (training/presence_cases.json; no image is needed). The tuning half set the constants,
the test half did not. These are maps of the baseline's network, not of MedImageParse.

Bars that --check holds, on the test half: objects that are there called absent 2 % at most; objects that are not there
called present 2 % at most in pictures that do not show them at all, 20 % where they were painted out of a film; present
objects not assessable 25 % at most; Brier score of the score 0.08 at most; 25 ms a map of 1024 x 1024 at most.

--biomedparse FOLDER (a clone of github.com/microsoft/BiomedParse) adds what can be said of the real model: its
published statistics of its own masks hold area and mean probability inside, which decide "absent", but not the rest.

    python benchmarks/presence.py [--json] [--check] [--biomedparse ../BiomedParse]
"""

from __future__ import annotations

import argparse
import csv
import json
import math
import sys
import time
from collections import Counter
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np

from readingroom.tools.presence import constants, decide, judge, score_of
from readingroom.tools.presence_agreement import Agreement
from readingroom.tools.presence_statistics import MapStatistics

REPO = Path(__file__).resolve().parent.parent
CASES = REPO / "training" / "presence_cases.json"
PUBLISHED = Path("figures") / "results" / "dataset_results"
BARS = {
    "present called absent": 0.02,
    "absent called present, not in the picture": 0.02,
    "absent called present, painted out": 0.20,
    "present not assessable": 0.25,
    "brier": 0.08,
    "milliseconds": 25.0,
}
DECISIONS = ("present", "absent", "not_assessable")


class Judged(NamedTuple):
    """One map with its truth and what the test says of it."""

    picture: str
    stratum: str
    half: str
    truth: str
    decision: str
    score: float


def wilson(hits: int, n: int, z: float = 1.959964) -> tuple[float, float]:
    """Wilson's 95 % interval of a share."""
    if not n:
        return 0.0, 1.0
    p, d = hits / n, 1 + z * z / n
    middle, reach = (p + z * z / (2 * n)) / d, z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def judged() -> list[Judged]:
    """Every case, decided by the shipped constants."""
    held = json.loads(CASES.read_text(encoding="utf-8"))
    names = [field.name for field in fields(MapStatistics)]
    found = []
    for row in held["rows"]:
        case = dict(zip(held["columns"], row, strict=True))
        told = MapStatistics(**{name: case[name] for name in names})
        verdict = decide(told, Agreement(twin=case["twin"], overlap=case["overlap"]))
        found.append(
            Judged(case["picture"], stratum(case), case["half"], case["truth"], verdict.decision, score_of(told))
        )
    return found


def stratum(case: dict[str, Any]) -> str:
    """What kind of case a row of the table counts."""
    if case["truth"] != "absent":
        return f"{case['truth']}: {case['kind']}"
    if case["kind"] == "painted-out film":
        return f"absent: {'heart' if case['target'] == 'heart' else 'lung'} painted out"
    return f"absent: {case['kind'] if 'film' in case['kind'] else 'another part of the body'}"


def share(cases: list[Judged], decision: str) -> dict[str, Any]:
    """How many maps, and pictures with any such map, got one decision."""
    hits, pictures = [c for c in cases if c.decision == decision], {c.picture for c in cases}
    low, high = wilson(len(hits), len(cases))
    by_picture = len({c.picture for c in hits})
    wide = wilson(by_picture, len(pictures))
    return {
        "maps": len(hits),
        "n": len(cases),
        "share": round(len(hits) / max(len(cases), 1), 4),
        "low": round(low, 4),
        "high": round(high, 4),
        "pictures": by_picture,
        "n_pictures": len(pictures),
        "pictures_low": round(wide[0], 4),
        "pictures_high": round(wide[1], 4),
    }


def auroc(present: list[float], absent: list[float]) -> float:
    """Chance that an object that is there has the higher value; ties count one half."""
    ordered = np.sort(absent)
    below = np.searchsorted(ordered, present, "left") + np.searchsorted(ordered, present, "right")
    return round(float(below.mean() / 2 / len(ordered)), 4)


def summary(cases: list[Judged]) -> dict[str, Any]:
    """The errors that matter, of one half."""
    present, absent = ([c for c in cases if c.truth == truth] for truth in ("present", "absent"))
    painted = [c for c in absent if "painted" in c.stratum]
    clear = [c for c in absent if "painted" not in c.stratum]
    squares = [np.mean([(c.score - (c.truth == "present")) ** 2 for c in part]) for part in (present, absent)]
    return {
        "present called absent": share(present, "absent"),
        "there, outlined or not, called absent": share([c for c in cases if c.truth != "absent"], "absent"),
        "present not assessable": share(present, "not_assessable"),
        "absent called present, not in the picture": share(clear, "present"),
        "absent called present, painted out": share(painted, "present"),
        "absent called present, all": share(absent, "present"),
        "absent not assessable, all": share(absent, "not_assessable"),
        "brier": round(float(np.mean(squares)), 4),
        "auroc": auroc([c.score for c in present], [c.score for c in absent]),
    }


def reliability(cases: list[Judged]) -> list[dict[str, Any]]:
    """Mean score and share present, present and absent maps weighted alike, in five bins."""
    known = [c for c in cases if c.truth in ("present", "absent")]
    count = Counter(c.truth for c in known)
    rows = []
    for low in np.arange(0, 1, 0.2):
        part = [c for c in known if low <= c.score < low + 0.2 or (low > 0.7 and c.score == 1)]
        weight = np.array([1 / count[c.truth] for c in part])
        if part:
            scores, truths = np.array([c.score for c in part]), np.array([c.truth == "present" for c in part])
            weight /= weight.sum()
            mean, there = round(float(weight @ scores), 3), round(float(weight @ truths), 3)
            rows.append({"from": round(float(low), 1), "n": len(part), "score": mean, "share": there})
    return rows


def milliseconds(maps: int = 4, times: int = 5) -> float:
    """Median time of `judge` for one map of 1024 x 1024, on one thread."""
    cv2.setNumThreads(1)
    rng, planes = np.random.default_rng(0), np.zeros((maps, 1024, 1024), np.uint8)
    for plane in planes:
        centre = tuple(int(v) for v in rng.integers(300, 700, 2))
        cv2.ellipse(plane, centre, (180, 120), float(rng.uniform(0, 180)), 0, 360, 255, -1)
        plane[:] = cv2.GaussianBlur(plane, (0, 0), 6)
    targets, seconds = tuple(f"thing {'abcdefgh'[i]}" for i in range(maps)), []
    for _ in range(times):
        clock = time.perf_counter()
        judge(planes, targets, planes[0], (slice(0, 1024), slice(0, 800)))
        seconds.append(time.perf_counter() - clock)
    return float(1000 * np.median(seconds) / maps)


def biomedparse(clone: Path) -> list[dict[str, Any]]:
    """What "absent" would be said of, on BiomedParse's own masks: empty, or faint inside."""
    rows: list[dict[str, Any]] = []
    for path in sorted((clone / PUBLISHED).rglob("*_pred_stats*.csv")):
        masks, there = (_masks(name) for name in (path, path.with_name("pos_pred_stats.csv")))
        empty = sum(1 for area, _ in masks if not area)
        faint = sum(1 for area, mean in masks if area and mean < constants().faint_below)
        low, high = wilson(empty + faint, len(masks))
        rows.append(
            {
                "file": str(path.relative_to(clone / PUBLISHED)),
                "n": len(masks),
                "empty": empty,
                "faint": faint,
                "absent": round((empty + faint) / max(len(masks), 1), 4),
                "low": round(low, 4),
                "high": round(high, 4),
                "auroc": None if masks == there else auroc([mean for _, mean in there], [mean for _, mean in masks]),
            }
        )
    return rows


def _masks(path: Path) -> list[tuple[float, float]]:
    """Area and mean probability inside of each mask; (0, 0) for an empty one."""
    with path.open(newline="", encoding="utf-8") as file:
        return [(float(row["area"]), float(row["mean"]) / 255) for row in csv.DictReader(file)]


def show(cases: list[Judged], told: dict[str, Any]) -> None:
    """The tables in words."""
    print(f"{'case':38} {'half':7} {'n':>4} {'pictures':>8}  present absent not assessable")
    for half in ("tuning", "test"):
        for name in sorted({c.stratum for c in cases}, reverse=True):
            part = [c for c in cases if c.half == half and c.stratum == name]
            counts = Counter(c.decision for c in part)
            numbers = "  ".join(f"{counts[decision]:5}" for decision in DECISIONS)
            print(f"{name:38} {half:7} {len(part):4} {len({c.picture for c in part}):8}  {numbers}")
    for half in ("tuning", "test"):
        print(
            f"\n{half} half: AUROC {told[half]['auroc']}, Brier score {told[half]['brier']} (both kinds weighted alike)"
        )
        for name, row in told[half].items():
            if isinstance(row, dict):
                pictures = f"any in {row['pictures']:2}/{row['n_pictures']:<3} pictures"
                wide = f"{row['pictures_low']:.3f}-{row['pictures_high']:.3f}"
                print(
                    f"  {name:42} {row['maps']:3}/{row['n']:<3} {row['low']:.3f}-{row['high']:.3f}; {pictures} {wide}"
                )
    bins = ", ".join(f"{row['score']:.2f}: {row['share']:.2f} (n {row['n']})" for row in told["reliability"])
    print(f"\nreliability on the test half, mean score: share present: {bins}")
    print(f"{told['milliseconds']:.1f} ms a map of 1024 x 1024, agreement included")
    for row in told["biomedparse"]:
        print(
            f"BiomedParse {row['file']:32} n {row['n']:6} empty {row['empty']:6} faint {row['faint']:4} -> absent "
            f"{row['absent']:.3f} ({row['low']:.3f}-{row['high']:.3f})"
            + (f", AUROC of the mean inside {row['auroc']}" if row["auroc"] is not None else "")
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--biomedparse", type=Path, help="a clone of github.com/microsoft/BiomedParse")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    cases = judged()
    told: dict[str, Any] = {half: summary([c for c in cases if c.half == half]) for half in ("tuning", "test")}
    told["reliability"] = reliability([c for c in cases if c.half == "test"])
    told["milliseconds"] = round(milliseconds(), 2)
    told["biomedparse"] = biomedparse(given.biomedparse) if given.biomedparse else []
    if given.json:
        print(json.dumps(told, indent=2))
    else:
        show(cases, told)
    if given.biomedparse and not told["biomedparse"]:
        print(f"no *_pred_stats*.csv under {PUBLISHED} of the clone: skipped", file=sys.stderr)
    reached = {**{name: row["share"] for name, row in told["test"].items() if isinstance(row, dict)}}
    reached |= {"brier": told["test"]["brier"], "milliseconds": told["milliseconds"]}
    short = [name for name, bar in BARS.items() if reached[name] > bar]
    if given.check and short:
        print(f"beyond the bar: {', '.join(short)}", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
