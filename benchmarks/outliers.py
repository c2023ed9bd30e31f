"""Whether studies from elsewhere are told from a reference, on real images with the baseline's embedding.

Each picture of the development set is a study. Two worlds: a reference of chest radiographs alone, with every other
kind of picture planted as foreign; and, kind by kind, a reference of all other kinds with that kind planted. Studies of
the reference are judged without themselves. Printed are the areas under the ROC curve of both scores with 95 %
intervals, and the shares flagged at a conformal p of 0.05: of foreign studies (found) and of the reference (false; of
ranks within the reference about 5 % by construction, which checks the arithmetic alone).
Bars that --check holds: area 0.95 among chest radiographs, 0.80 as the mean over kinds, and a share of false flags
whose interval does not lie above 0.05. Nothing was chosen on these figures.

    python benchmarks/outliers.py [--data ../shared/data] [--plot roc.png] [--json] [--check]
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.exports.curves import Ranked, roc_chart
from readingroom.exports.plots import to_png
from readingroom.imaging.reader import read_study
from readingroom.learning.outliers import Neighbourhood, shrunk, split_by_subject, study_vector
from readingroom.learning.rates import Rate, auroc_rate, wilson
from readingroom.tools.backends.classical.backend import ClassicalBackend

REPO = Path(__file__).resolve().parent.parent
ALPHA = 0.05
HOME = "x_ray_chest"
SMALLEST = 6
"""Pictures of a kind below which it is planted in no world of its own."""
BARS = {HOME: 0.95, "mean over kinds": 0.80}


class Pictures(NamedTuple):
    """The development set's pictures, a study each."""

    vectors: NDArray[np.float64]
    """(N, 7 D) study vectors."""
    subjects: NDArray[np.str_]
    kinds: NDArray[np.str_]


class World(NamedTuple):
    """A reference with planted studies."""

    name: str
    neighbours: Ranked
    mahalanobis: Ranked
    found: Rate
    false: Rate


def embedded(data: Path) -> Pictures:
    with (data / "dev" / "manifest.csv").open(encoding="utf-8") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    backend = ClassicalBackend()
    vectors, subjects, kinds = [], [], []
    for name, row in sorted(rows.items()):
        kind = name.partition("/")[0]
        if kind in ("volumes", "dicom"):
            continue
        image = read_study([data / "dev" / name], subject_key=b"benchmark").images[0]
        vectors.append(study_vector(asyncio.run(backend.embed(image)).vector[None]))
        subjects.append(row["case_id"])
        kinds.append(kind)
    return Pictures(np.stack(vectors), np.array(subjects), np.array(kinds))


def world(pictures: Pictures, inside: NDArray[np.bool_], outside: NDArray[np.bool_], name: str) -> World:
    own = tuple(pictures.subjects[inside].tolist())
    reference = Neighbourhood(pictures.vectors[inside], own)
    held = [reference.look_up(vector, subject) for vector, subject in zip(pictures.vectors[inside], own, strict=True)]
    planted = [reference.look_up(vector) for vector in pictures.vectors[outside]]
    both = np.concatenate([pictures.subjects[inside], pictures.subjects[outside]])
    truth = np.arange(len(both)) >= len(held)
    fitted = split_by_subject(own)
    spread = shrunk(pictures.vectors[inside][fitted])
    rest = pictures.vectors[inside][~fitted]
    scores = spread.scores(np.concatenate([rest, pictures.vectors[outside]]))
    return World(
        name,
        Ranked("neighbours", truth, np.array([one.score for one in (*held, *planted)]), both),
        Ranked("Mahalanobis", np.arange(len(scores)) >= len(rest), scores,
               np.concatenate([pictures.subjects[inside][~fitted], pictures.subjects[outside]])),
        wilson(sum(one.p <= ALPHA for one in planted), len(planted)),
        wilson(sum(one.p <= ALPHA for one in held), len(held)),
    )  # fmt: skip


def worlds(pictures: Pictures) -> list[World]:
    home = pictures.kinds == HOME
    names, counts = np.unique(pictures.kinds, return_counts=True)
    planted = [str(name) for name, count in zip(names, counts, strict=True) if count >= SMALLEST]
    others = [world(pictures, pictures.kinds != name, pictures.kinds == name, name) for name in planted]
    return [world(pictures, home, ~home, f"all but {HOME}"), *others]


def area(one: Ranked) -> Rate:
    return auroc_rate(one.present, one.scores, one.subjects)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=REPO.parent / "shared" / "data")
    parser.add_argument("--plot", type=Path)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--check", action="store_true")
    given = parser.parse_args()
    found = worlds(embedded(given.data))
    areas = {one.name: (area(one.neighbours), area(one.mahalanobis)) for one in found}
    means = [float(np.mean([areas[one.name][way].value for one in found[1:]])) for way in (0, 1)]
    if given.json:
        told = {one.name: _told(one, areas[one.name]) for one in found}
        print(json.dumps({**told, "mean over kinds": {"neighbours": means[0], "mahalanobis": means[1]}}))
    else:
        for one in found:
            _print(one, areas[one.name])
        print(f"mean over {len(found) - 1} kinds: neighbours {means[0]:.3f}, Mahalanobis {means[1]:.3f}")
    if given.plot:
        given.plot.write_bytes(to_png(roc_chart([found[0].neighbours, found[0].mahalanobis], "Foreign pictures")))
    failures = []
    if areas[found[0].name][0].value < BARS[HOME]:
        failures.append(f"area {areas[found[0].name][0].value:.3f} among chest radiographs")
    if means[0] < BARS["mean over kinds"]:
        failures.append(f"mean area {means[0]:.3f} over kinds")
    failures += [f"false flags {one.false.value:.1%}, {one.name} planted" for one in found if one.false.low > ALPHA]
    for failure in failures:
        print(f"below its bar: {failure}", file=sys.stderr)
    if given.check and failures:
        sys.exit(1)


def _told(one: World, areas: tuple[Rate, Rate]) -> dict[str, object]:
    names = ("neighbours", "mahalanobis", "found", "false")
    return {name: rate.model_dump() for name, rate in zip(names, (*areas, one.found, one.false), strict=True)}


def _print(one: World, areas: tuple[Rate, Rate]) -> None:
    present = one.neighbours.present
    print(f"planted: {one.name} ({present.sum()} foreign, reference of {(~present).sum()})")
    for name, rate in zip(("neighbours", "Mahalanobis"), areas, strict=True):
        print(f"  {name:12} area {rate.value:.3f} (95 % interval {rate.low:.3f} to {rate.high:.3f}, n {rate.n})")
    for name, rate in (("found", one.found), ("false", one.false)):
        print(f"  {name} at p {ALPHA:g}: {rate.value:.0%} of {rate.n} ({rate.low:.0%} to {rate.high:.0%})")


if __name__ == "__main__":
    main()
