"""What a dataset's labels, phrases and boxes say, in the terms of a case's truth."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from readingroom.errors import BadFile
from readingroom.experiments.case import TrueClaim, TrueRegion
from readingroom.experiments.datasets.lists import SEE
from readingroom.language.claim import Claim
from readingroom.language.claims import claims_of

LABELS = (
    "No Finding", "Enlarged Cardiomediastinum", "Cardiomegaly", "Lung Opacity", "Lung Lesion", "Edema",
    "Consolidation", "Pneumonia", "Atelectasis", "Pneumothorax", "Pleural Effusion", "Pleural Other", "Fracture",
    "Support Devices",
)  # fmt: skip
"""Columns of CheXpert and of MIMIC-CXR-JPG (Irvin et al. 2019)."""
STATES: Mapping[str, bool | None] = {"1": True, "1.0": True, "0": False, "0.0": False, "-1": None, "-1.0": None}
"""A blank is a label that is not mentioned."""
Box = tuple[float, float, float, float]


def labels_of(row: Mapping[str, str]) -> dict[str, bool | None]:
    """The 14 labels of a row; those that are not mentioned are left out."""
    return {name: STATES[row[name]] for name in LABELS if row.get(name, "") in STATES}


def radiograph(view: str = "") -> dict[str, Any]:
    """The words of a chest film whose file does not say that it is one. `view`: AP, PA, or not known."""
    known = {"AP": "AP", "PA": "PA", "LATERAL": "lateral", "LL": "lateral"}
    return {"stated": {"modality": "x_ray", "anatomy": "chest", "view": known.get(view.upper(), "frontal")}}


def told_in(words: str) -> tuple[Claim, ...]:
    """The positive claims of a label or a phrase, by the lexicon; none where it has no such concept."""
    sentence = words.replace("_", " ").strip().rstrip(".")
    return tuple(claim for claim in claims_of(f"{sentence}.") if claim.presence in ("present", "indeterminate"))


def concept_of(label: str) -> str:
    """A label's concept in the lexicon; the label itself, in lower case, where it has none."""
    told = told_in(label)
    return told[0].observation if told else "_".join(label.lower().split())


def claims_told(label: str, *, present: bool = True) -> tuple[TrueClaim, ...]:
    """A dataset's label as typed truth. A label of several findings ("Nodule/Mass") is none when it is present, for
    which of them is not known, and denies all of them when it is absent."""
    told = told_in(label)
    if not told or (present and len(told) > 1):
        return ()
    return tuple(TrueClaim(observation=one.observation, presence="present" if present else "absent") for one in told)


def region_of(words: str, box: Box) -> TrueRegion | None:
    """Where a phrase says that something is; None for a box without an area."""
    x0, y0, x1, y1 = box
    told = told_in(words)
    side = told[0].laterality if told else "unspecified"
    return TrueRegion(observation=concept_of(words), laterality=side, box=box) if x0 < x1 and y0 < y1 else None


def number(text: str, path: Path, column: str) -> float:
    """Raises BadFile for what is no number."""
    try:
        return float(text)
    except ValueError as error:
        raise BadFile(f"column {column!r} holds {text[:20]!r}, no number", where=path.name, do=SEE) from error


def cornered(row: Mapping[str, str], path: Path, names: tuple[str, str, str, str]) -> Box:
    """A box that is given by its upper left corner, width and height, in pixels."""
    x, y, width, height = (number(row[name], path, name) for name in names)
    return x, y, x + width, y + height
