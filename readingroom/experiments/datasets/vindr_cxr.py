"""VinDr-CXR: DICOM films with findings and boxes by radiologists, three a film in training, a consensus in the test.

Source: Nguyen et al. 2022, https://doi.org/10.1038/s41597-022-01498-w, https://physionet.org/content/vindr-cxr/1.0.0/:
train/ and test/ with <image_id>.dicom; annotations/image_labels_{train,test}.csv (image_id, in training rad_ID, and a
column of 0 or 1 for each label); annotations/annotations_{train,test}.csv (image_id, rad_ID, class_name, x_min, y_min,
x_max, y_max in pixels of the DICOM). Which films are of one patient is not published: each stands for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from readingroom.experiments.case import Case, Reference, TrueClaim, TrueRegion
from readingroom.experiments.datasets.labels import claims_told, number, region_of
from readingroom.experiments.datasets.lists import file_in, rows_of

SPLITS = ("train", "test")
CORNERS = ("x_min", "y_min", "x_max", "y_max")
NOT_FINDINGS = ("image_id", "rad_id", "rad_ID", "No finding")
OVERALL = "Other diseases", "Other disease", "Other lesion"
"""Names nothing that a draft could be held against."""
HALF = 0.5


def vindr_cxr(folder: Path) -> Iterator[Case]:
    """One case a film. A finding is present where more than half of its readers say so, absent where none does, and
    else not known; of three readers everyone's boxes of a present finding are kept.

    Raises BadFile where a list or a column is missing.
    """
    there = [split for split in SPLITS if (folder / split).is_dir()] or list(SPLITS)
    for split in there:
        labels = file_in(folder, f"annotations/image_labels_{split}.csv", f"image_labels_{split}.csv")
        boxes = _boxes(file_in(folder, f"annotations/annotations_{split}.csv", f"annotations_{split}.csv"))
        films: dict[str, list[dict[str, str]]] = {}
        for row in rows_of(labels, ("image_id",)):
            films.setdefault(row["image_id"], []).append(row)
        for image, rows in films.items():
            votes = {name: _share(rows, name) for name in rows[0] if name not in (*NOT_FINDINGS, *OVERALL)}
            regions = [region for name, region in boxes.get(image, ()) if votes.get(name, 1.0) > HALF]
            yield Case(
                id=image,
                subject=image,
                paths=(str(folder / split / f"{image}.dicom"),),
                reference=Reference(claims=tuple(_claims(votes)), regions=tuple(regions)),
                split=split,
            )


def _share(rows: Sequence[dict[str, str]], name: str) -> float:
    return sum(row[name] in ("1", "1.0") for row in rows) / len(rows)


def _claims(votes: dict[str, float]) -> Iterator[TrueClaim]:
    for name, share in votes.items():
        if share > HALF or share == 0:
            yield from claims_told(name, present=share > 0)


def _boxes(path: Path) -> dict[str, list[tuple[str, TrueRegion]]]:
    found: dict[str, list[tuple[str, TrueRegion]]] = {}
    for row in rows_of(path, ("image_id", "class_name", *CORNERS)):
        if row["class_name"] in NOT_FINDINGS or not row["x_min"]:
            continue
        x0, y0, x1, y1 = (number(row[name], path, name) for name in CORNERS)
        region = region_of(row["class_name"], (x0, y0, x1, y1))
        if region:
            found.setdefault(row["image_id"], []).append((row["class_name"], region))
    return found
