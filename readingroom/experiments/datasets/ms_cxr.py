"""MS-CXR: phrases of MIMIC-CXR's reports with boxes by radiologists, on pictures of MIMIC-CXR-JPG.

Source: Boecking et al. 2022, https://doi.org/10.1007/978-3-031-20059-5_1, https://physionet.org/content/ms-cxr/1.1.0/:
MS_CXR_Local_Alignment_v1.1.0.csv (or v1.0.0) with category_name, label_text, path, x, y, w, h, image_width,
image_height, dicom_id and, since 1.1.0, split; path is that of the picture in MIMIC-CXR-JPG, boxes are in its pixels.
Put the list beside the folder `files` of MIMIC-CXR-JPG.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from readingroom.errors import BadFile
from readingroom.experiments.case import Case, Reference, TrueClaim
from readingroom.experiments.datasets.labels import cornered, radiograph, region_of, told_in
from readingroom.experiments.datasets.lists import SEE, file_in, rows_of

LISTS = ("MS_CXR_Local_Alignment_v1.1.0.csv", "MS_CXR_Local_Alignment_v1.0.0.csv")
BOX = ("x", "y", "w", "h")
DEEPEST = 5
"""Parts of a path: files, p10, p10000032, s50414267, picture."""


def ms_cxr(folder: Path) -> Iterator[Case]:
    """One case a picture. What its phrases say is typed truth; findings that no phrase names are not known.

    Raises BadFile where the list or a column is missing.
    """
    path = file_in(folder, *LISTS)
    pictures: dict[str, list[dict[str, str]]] = {}
    for row in rows_of(path, ("category_name", "label_text", "path", "dicom_id", *BOX)):
        pictures.setdefault(row["dicom_id"], []).append(row)
    for name, rows in pictures.items():
        parts = PurePosixPath(rows[0]["path"]).parts
        if len(parts) < DEEPEST or ".." in parts:
            raise BadFile(f"holds the path {rows[0]['path'][:80]!r}", where=path.name, do=SEE)
        regions = (region_of(_phrase(row), cornered(row, path, BOX)) for row in rows)
        yield Case(
            id=name,
            subject=parts[-3],
            paths=(str(folder.joinpath(*parts)),),
            words=radiograph(),
            reference=Reference(claims=_claims(rows), regions=tuple(region for region in regions if region)),
            split=rows[0].get("split", ""),
        )


def _phrase(row: dict[str, str]) -> str:
    """The phrase where the lexicon finds its finding, else the category."""
    return row["label_text"] if told_in(row["label_text"]) else row["category_name"]


def _claims(rows: Sequence[dict[str, str]]) -> tuple[TrueClaim, ...]:
    told = (claim for row in rows for claim in told_in(_phrase(row)))
    claims = (
        TrueClaim(
            observation=one.observation, presence=one.presence, laterality=one.laterality, zone=one.zone,
            severity=one.severity,
        )
        for one in told
    )  # fmt: skip
    return tuple({claim.model_dump_json(): claim for claim in claims}.values())
