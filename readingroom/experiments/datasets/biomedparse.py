"""BiomedParseData, and any folder in that layout: pictures of nine modalities with a mask for each named target.

Source: Zhao et al. 2024, https://arxiv.org/abs/2405.12971, https://github.com/microsoft/BiomedParse (README, "Dataset
Description and Preparation"), https://huggingface.co/datasets/microsoft/BiomedParseData: <dataset>/train, train_mask,
test, test_mask; a picture is NAME_MODALITY_SITE.png, its masks are NAME_MODALITY_SITE_TARGET.png, grey above zero where
the target is, blanks of the target as "+". One folder may hold several datasets. train.json is not needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from readingroom.errors import BadFile, RecordError
from readingroom.experiments.case import Case, Reference, TrueRegion
from readingroom.experiments.datasets.labels import concept_of, told_in
from readingroom.experiments.datasets.lists import SEE
from readingroom.imaging.mask_file import decode_mask

SPLITS = ("train", "test")
MODALITIES = {
    "x-ray": "x_ray", "ct": "ct", "mri": "mr", "ultrasound": "ultrasound", "dermoscopy": "dermoscopy",
    "fundus": "fundus", "pathology": "pathology", "endoscopy": "endoscopy", "oct": "oct",
}  # fmt: skip
"""By the start of the name's modality: MRI-FLAIR is mr."""


def biomedparse(folder: Path) -> Iterator[Case]:
    """One case a picture with a mask. The picture's own name is its patient: the layout has no other.

    Raises BadFile where no dataset is in the folder, or a mask cannot be read.
    """
    sets = [
        one for one in (folder, *sorted(folder.iterdir())) if any((one / f"{name}_mask").is_dir() for name in SPLITS)
    ]
    if not sets:
        raise BadFile("there is no folder train_mask or test_mask", where=str(folder), do=SEE)
    for one in sets:
        for split in SPLITS:
            if (one / f"{split}_mask").is_dir():
                yield from _cases(one, split)


def _cases(dataset: Path, split: str) -> Iterator[Case]:
    masks: dict[str, list[Path]] = {}
    for path in sorted((dataset / f"{split}_mask").glob("*.png")):
        masks.setdefault(path.stem.rpartition("_")[0], []).append(path)
    for path in sorted((dataset / split).glob("*.png")):
        if path.stem in masks:
            regions = (_region(mask) for mask in masks[path.stem])
            yield Case(
                id=f"{dataset.name}/{split}/{path.stem}",
                subject=f"{dataset.name}/{path.stem}",
                paths=(str(path),),
                words=_words(path),
                reference=Reference(regions=tuple(region for region in regions if region)),
                split=split,
            )


def _words(path: Path) -> dict[str, Any]:
    """What the picture's name says of it. Raises BadFile where it has no modality and no site."""
    parts = path.stem.rsplit("_", 2)
    if len(parts) != len(("name", "modality", "site")):
        raise BadFile("is not named NAME_MODALITY_SITE.png", where=path.name, do=SEE)
    told, site = parts[1].lower(), parts[2].lower()
    modality = next((known for name, known in MODALITIES.items() if told.startswith(name)), None)
    return {"stated": {"modality": modality, "anatomy": site.replace("+", " ")}}


def _region(path: Path) -> TrueRegion | None:
    """None of an empty mask."""
    target = path.stem.rpartition("_")[2].replace("+", " ")
    try:
        mask = decode_mask(path.read_bytes())
    except (OSError, RecordError) as error:
        raise BadFile("is no mask that can be read", where=path.name, do=SEE) from error
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if not rows.size:
        return None
    box = float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)
    side = told_in(target)[0].laterality if told_in(target) else "unspecified"
    return TrueRegion(observation=concept_of(target), laterality=side, box=box, mask=str(path))
