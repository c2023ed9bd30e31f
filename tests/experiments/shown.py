"""A folder of an experiment that is put together by hand: three cases, two arms of one writer, one failed draft."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from readingroom.domain.report import Report
from readingroom.experiments.arms import Arm
from readingroom.experiments.case import Case, Reference, TrueClaim, TrueRegion
from readingroom.experiments.draft import Drafted, Slip
from readingroom.experiments.results import Matrix, Planned, Results
from readingroom.experiments.running import Experiment
from readingroom.imaging.image import Study
from readingroom.imaging.png import encode_png
from readingroom.imaging.reader import read_study
from readingroom.runs.blobs import Blobs
from readingroom.tools.tool import Masks
from tests.exports import sample

ARMS = (
    Arm(template="chest", writer="sloppy", tools="all", check="off"),
    Arm(template="chest", writer="sloppy", tools="all", check="mark"),
)
WRONG = "There is a small pleural effusion."
"""A sentence of the sample that the truth of every case denies."""
ERROR = "the model: it does not answer. Try again."

Change = Callable[[Report], Report]


def same(report: Report) -> Report:
    return report


def written(folder: Path, change: Change = same, *, cases: int = 3, words: str = "") -> Results:
    """Every case has its picture beside; `change` turns each report into what it is to be, and `words` stand at the
    end of what is told of a case."""
    report, _, masks = sample.build()
    results = Results(folder)
    Masks(Blobs(results.evidence / "blobs"))
    kept = {name: Masks(Blobs(results.evidence / "blobs")).put(mask) for name, mask in masks.items()}
    report = _pictured(_masked(report, kept), folder)
    with results.held():
        known = tuple(_case(number, folder, words) for number in range(cases))
        text = {"name": "shown", "cases": {"phantoms": {"n": 1}}, "writers": {"sloppy": {"kind": "sloppy"}}}
        results.put_plan(Experiment.model_validate(text), known)
        planned = []
        for number, case in enumerate(known):
            for at, arm in enumerate(ARMS):
                made = _drafted(case, arm, f"{number}{at}".rjust(64, "0"), change(_told(report, number, arm)))
                failed = number == cases - 1 and at == 0
                results.put(made.model_copy(update={"report": None, "error": ERROR + words}) if failed else made)
                planned.append(Planned(cell=made.cell, case=case.id, arm=at, seed=1))
        results.put_matrix(Matrix(name="shown", arms=ARMS, cells=tuple(planned)))
    return results


def _drafted(case: Case, arm: Arm, cell: str, report: Report) -> Drafted:
    slip = Slip(kind="invention", section="findings", text=WRONG, evidence=("E2",))
    return Drafted(case=case.id, cell=cell, arm=arm.name, seed=1, report=report, seconds=0.5, tokens_in=10,
                   slips=(slip,), drafted_sha256=cell)  # fmt: skip


def _told(report: Report, number: int, arm: Arm) -> Report:
    """The first case is the sample; in the others nothing wrong is said without a check."""
    checked = report if arm.check == "mark" else report.model_copy(update={"verification": None})
    if number == 0:
        return checked
    return checked.model_copy(update={"findings": tuple(one for one in report.findings if one.text != WRONG)})


def _case(number: int, folder: Path, words: str) -> Case:
    denied = TrueClaim(observation="pleural_effusion", presence="absent")
    heart = TrueClaim(observation="cardiac_enlargement", presence="present")
    box = TrueRegion(observation="heart", box=(150.0, 320.0, 400.0, 500.0))
    paths = {role: (str(folder / f"{role}.png"),) for role in ("paths", "prior", "lateral")}
    reference = Reference(text=words, claims=(heart, denied), regions=(box,))
    return Case(id=f"case {number}{words}", subject=f"p{number}{words}", reference=reference, **paths)


def _masked(report: Report, kept: dict[str, str]) -> Report:
    """With the digests under which the masks are kept."""
    evidence = tuple(
        item.model_copy(update={"regions": tuple(
            one.model_copy(update={"mask_digest": kept[one.mask_digest]}) if one.mask_digest else one
            for one in item.regions
        )})
        for item in report.evidence
    )  # fmt: skip
    return report.model_copy(update={"evidence": evidence})


def _pictured(report: Report, folder: Path) -> Report:
    """With images that lie in the folder as PNG."""
    folder.mkdir(parents=True, exist_ok=True)
    roles = {"current": "paths", "prior": "prior", "lateral": "lateral"}
    images = []
    for image in report.images:
        path = folder / f"{roles[image.role]}.png"
        ramp = np.linspace(0, 200, image.rows * image.columns).reshape(image.rows, image.columns)
        path.write_bytes(encode_png(np.asarray(ramp + len(image.role), np.uint8)))
        images.append(image.model_copy(update={"sha256": _read(path).images[0].ref.sha256}))
    return report.model_copy(update={"images": tuple(images)})


def _read(path: Path) -> Study:
    return read_study([path], subject_key=b"k" * 32)
