"""CheXpert: films with 14 labels, by a reader of reports in the training set and by radiologists in the others.

Source: Irvin et al. 2019, https://arxiv.org/abs/1901.07031, https://stanfordmlgroup.github.io/competitions/chexpert/:
train.csv, valid.csv (and of the later release, CheXlocalize, val_labels.csv and test_labels.csv) with Path, Sex, Age,
Frontal/Lateral, AP/PA and the 14 labels (1, 0, -1 or blank); Path is
CheXpert-v1.0[-small]/train/patient00001/study1/view1_frontal.jpg.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path, PurePosixPath

from readingroom.errors import BadFile
from readingroom.experiments.case import Case, Reference
from readingroom.experiments.datasets.labels import LABELS, labels_of, radiograph
from readingroom.experiments.datasets.lists import SEE, rows_of, those_there

LISTS = {
    "train.csv": "train", "valid.csv": "validate", "val_labels.csv": "validate", "test.csv": "test",
    "test_labels.csv": "test",
}  # fmt: skip
COLUMNS = ("Path", *LABELS)
FRONTAL = "_frontal."
"""In the name of a picture; the column Frontal/Lateral is not in every list."""
SHORTEST = 4
"""Parts of a path: split, patient, study, file; the dataset's own folder may stand before them."""


def chexpert(folder: Path) -> Iterator[Case]:
    """Studies with a frontal film. Raises BadFile where all lists are missing, or a column is."""
    there = {split: name for name, split in LISTS.items() if (folder / name).is_file()}
    if not there:
        raise BadFile(f"{' and '.join(LISTS)} are missing", where=str(folder), do=SEE)
    for split, name in there.items():
        for parts, group in groupby(rows_of(folder / name, COLUMNS), lambda row: _parts(row["Path"])[:3]):
            rows = list(group)
            frontal = [row for row in rows if FRONTAL in row["Path"]]
            if frontal:
                yield Case(
                    id="/".join(parts),
                    subject=parts[1],
                    paths=tuple(_file(folder, row) for row in frontal),
                    lateral=those_there(_file(folder, row) for row in rows if FRONTAL not in row["Path"]),
                    words=radiograph(frontal[0].get("AP/PA", "")),
                    reference=Reference(labels=labels_of(rows[0])),
                    split=split,
                )


def _parts(path: str) -> tuple[str, ...]:
    """train, patient00001, study1, view1_frontal.jpg. Raises BadFile."""
    parts = PurePosixPath(path).parts
    if len(parts) < SHORTEST or ".." in parts:
        raise BadFile(f"holds the path {path[:80]!r}; expected is .../train/patient/study/file", where="Path", do=SEE)
    return parts[-SHORTEST:]


def _file(folder: Path, row: dict[str, str]) -> str:
    return str(folder.joinpath(*_parts(row["Path"])))
