"""NIH ChestX-ray14: films with findings read from reports by text mining, and boxes on 880 of them.

Source: Wang et al. 2017, https://arxiv.org/abs/1705.02315, https://nihcc.app.box.com/v/ChestXray-NIHCC:
Data_Entry_2017_v2020.csv (or Data_Entry_2017.csv) with Image Index, Finding Labels (separated by bars), Patient ID,
View Position; BBox_List_2017.csv with Image Index, Finding Label, "Bbox [x", "y", "w", "h]" in pixels of the 1024 x
1024 PNG files; test_list.txt and train_val_list.txt; pictures in images/ or images_001/images/ ... images_012/images/.
A finding that is not listed was not mentioned, which denies nothing; "No Finding" denies all fourteen.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from readingroom.errors import BadFile
from readingroom.experiments.case import Case, Reference, TrueClaim, TrueRegion
from readingroom.experiments.datasets.labels import claims_told, cornered, radiograph, region_of
from readingroom.experiments.datasets.lists import SEE, file_in, rows_of

FINDINGS = (
    "Atelectasis", "Cardiomegaly", "Effusion", "Infiltration", "Mass", "Nodule", "Pneumonia", "Pneumothorax",
    "Consolidation", "Edema", "Emphysema", "Fibrosis", "Pleural_Thickening", "Hernia",
)  # fmt: skip
NONE = "No Finding"
BOX = ("Bbox [x", "y", "w", "h]")
SPLITS = {"test_list.txt": "test", "train_val_list.txt": "train"}


def nih_chestxray14(folder: Path) -> Iterator[Case]:
    """One case a film. Raises BadFile where the list, a column or the pictures are missing."""
    entries = file_in(folder, "Data_Entry_2017_v2020.csv", "Data_Entry_2017.csv")
    places = [path for path in (folder / "images", *sorted(folder.glob("images_*/images"))) if path.is_dir()]
    if not places:
        raise BadFile("the folder images or images_001/images is missing", where=str(folder), do=SEE)
    names = {path.name: path for place in places for path in place.glob("*.png")}
    boxes, splits = _boxes(folder), _splits(folder)
    for row in rows_of(entries, ("Image Index", "Finding Labels", "Patient ID", "View Position")):
        name = row["Image Index"]
        yield Case(
            id=name,
            subject=row["Patient ID"],
            paths=(str(names.get(name, places[0] / name)),),
            words=radiograph(row["View Position"]),
            reference=Reference(claims=_claims(row["Finding Labels"]), regions=tuple(boxes.get(name, ()))),
            split=splits.get(name, ""),
        )


def _claims(labels: str) -> tuple[TrueClaim, ...]:
    if labels == NONE:
        return tuple(claim for name in FINDINGS for claim in claims_told(name, present=False))
    return tuple(claim for name in labels.split("|") for claim in claims_told(name))


def _boxes(folder: Path) -> dict[str, list[TrueRegion]]:
    """By the film; none where the list is not there."""
    path = folder / "BBox_List_2017.csv"
    found: dict[str, list[TrueRegion]] = {}
    for row in rows_of(path, ("Image Index", "Finding Label", *BOX)) if path.is_file() else ():
        region = region_of(row["Finding Label"], cornered(row, path, BOX))
        if region:
            found.setdefault(row["Image Index"], []).append(region)
    return found


def _splits(folder: Path) -> dict[str, str]:
    return {
        line.strip(): split
        for name, split in SPLITS.items()
        if (folder / name).is_file()
        for line in (folder / name).read_text(encoding="utf-8").splitlines()
        if line.strip()
    }
