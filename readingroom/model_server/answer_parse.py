"""MedImageParse over a backend: named targets in a picture to maps of probability at the size submitted."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from readingroom.errors import BadRequest, NotServed
from readingroom.imaging.image import Image
from readingroom.model_server.frame import file_in
from readingroom.model_server.padding import without_bars
from readingroom.model_server.pictures import picture, routed
from readingroom.tools.backends.protocol import Backend, Segmented
from readingroom.tools.contracts.envelope import Cells, Frame
from readingroom.tools.contracts.medimageparse import ParseRow, encode_parse, targets_of
from readingroom.tools.target import target_of

Probabilities = NDArray[np.uint8]

INSIDE, OUTSIDE = 128, 127
"""The levels beside the published cut at 127.5."""


SAME: dict[str, str] = {
    "lungs": "lung", "skin lesion": "lesion", "retinal vessels": "vessels", "retinal vessel": "vessels",
    "vessel": "vessels", "blood vessels": "vessels", "cell nuclei": "nuclei", "nucleus": "nuclei",
    "head of the fetus": "fetal head", "foetal head": "fetal head",
}  # fmt: skip
"""Other words for targets, as prompts have them."""

CATEGORIES: tuple[tuple[str, str], ...] = (
    ("tumor", r"tumou?r|neoplas\w*|cancer|carcinoma|glioma|melanoma|polyp|metasta\w*|mass"),
    ("infection", r"infection|pneumonia|covid\S*|abscess"),
    ("fluid disturbance", r"edema|oedema|effusion|h(?:a)?emorrhage|fluid"),
    ("histology structure", r"cells?|nucle[ui]s?|gland\w*|epitheli\w*"),
    ("other lesion", r"lesions?|nodules?|cysts?"),
    ("other abnormality", r"opacity|opacities|fracture|pneumothorax|abnormal\w*"),
    ("eye anatomies", r"optic|retinal?|macula|fovea"),
    ("vessel", r"vessels?|aorta|arter(?:y|ies)|veins?|postcava|vena"),
    ("liver", r"liver"),
    ("kidney", r"kidneys?"),
    ("pancreas", r"pancreas"),
    ("lung", r"lungs?"),
    ("heart anatomies", r"heart|ventricle|atrium|myocardium"),
    ("brain anatomies", r"brain|hippocamp\w*|thalamus"),
    (
        "other organ",
        r"spleen|stomach|bladder|gallbladder|esophagus|duodenum|adrenal|uterus|prostate|colon|bowel|trachea|airway|"
        r"bones?|spine|rib|fetal head|breast",
    ),
)
"""The published categories and the words of the targets they hold; the first that fits, else "other"."""


async def answer_parse(backend: Backend, frame: Frame) -> list[dict[str, Any]]:
    """One array of maps a row, in the order of the targets.

    A target that is not served is low everywhere, as an absent one is with the model itself. Raises BadFile and
    BadRequest for a row without picture or targets.
    """
    return encode_parse([await _row(backend, row, f"row {n}") for n, row in enumerate(frame.rows, 1)])


async def _row(backend: Backend, row: Cells, where: str) -> ParseRow:
    names, whole = named_targets(row, where), await picture(file_in(row, "image", where), where)
    image, bounds = without_bars(whole)
    image = await routed(backend, image, row.get("text") or "")
    maps = np.zeros((len(names), whole.ref.rows, whole.ref.columns), np.uint8)
    for place, name in enumerate(names):
        found = await segmented(backend, image, name)
        if found is not None:
            maps[place][bounds] = await asyncio.to_thread(probability_map, found)
    return ParseRow(maps, tuple(category_of(name) for name in names), "")


def named_targets(row: Cells, where: str) -> tuple[str, ...]:
    """The targets of a row's text. Raises BadRequest where it names none."""
    names = targets_of(row.get("text") or "")
    if not names:
        raise BadRequest("its text names no target", where=where, do='Name some, separated by "&".')
    return names


async def segmented(backend: Backend, image: Image, name: str) -> Segmented | None:
    """What the backend outlines by that name; None where it does not serve it for such an image."""
    clean = target_of(re.sub(r" (?:in|on|of) (?:an? |the )?[\w -]+$", "", name.strip(), flags=re.IGNORECASE)).name
    try:
        (found,) = await backend.segment(image, (SAME.get(clean, clean),))
    except NotServed:
        return None
    return found


def probability_map(found: Segmented) -> Probabilities:
    """(H, W), 255 x probability: above the cut exactly on the mask where it is assessable, below it everywhere else.

    Where the outline's error is known the probability is Phi(signed distance to it / sd), else 0 or 1. A mask that is
    not assessable is scaled by its quality, so that it stays below the cut and still shows.
    """
    mask = found.mask
    if not mask.any():
        return np.zeros(mask.shape, np.uint8)
    share = mask.astype(np.float64) if found.boundary_sd is None else ndtr(_distance(mask) / found.boundary_sd)
    if not found.assessable:
        share *= found.quality
    levels = np.rint(255 * share).astype(np.uint8)
    if not found.assessable:
        return np.asarray(np.minimum(levels, OUTSIDE), np.uint8)
    return np.asarray(np.where(mask, np.maximum(levels, INSIDE), np.minimum(levels, OUTSIDE)), np.uint8)


def _distance(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Pixels from each pixel's centre to the outline, positive inside; the outline runs half a pixel beside centres."""
    inner = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outer = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.where(mask, inner - 0.5, 0.5 - outer).astype(np.float64)


def category_of(name: str) -> str:
    """The published category of a target."""
    clean = name.lower()
    return next((word for word, pattern in CATEGORIES if re.search(rf"\b(?:{pattern})\b", clean)), "other")
