"""What a target's name means: the concept it stands for, the patient's side in it, and how a report prints it."""

from __future__ import annotations

import re
from typing import NamedTuple

from readingroom.domain.image import ImageRef
from readingroom.domain.terms import Laterality


class Target(NamedTuple):
    """A name as MedImageParse words it, understood."""

    name: str
    observation: str
    laterality: Laterality


CONCEPTS: dict[str, str] = {
    "lesion": "skin_lesion",
    "vessels": "retinal_vessels",
    "tumor": "mass",
    "tumour": "mass",
    "adrenal gland": "adrenal",
    "postcava": "ivc",
    "kidney cyst": "renal_cyst",
    "covid-19 infection": "pneumonia",
    "viral pneumonia": "pneumonia",
    "glandular structure": "gland",
    "public symphysis": "pubic_symphysis",
}
"""Names whose concept is not simply the name with underscores. ("public" is MedImageParse's own spelling.)"""

CONCEPTS_OF: dict[str, dict[str, str]] = {
    "mr/brain": {"tumor": "brain_mass", "tumour": "brain_mass", "edema": "cerebral_edema"},
    "oct/retinal": {"edema": "macular_edema"},
    "ultrasound/breast": {"lesion": "hypoechoic_lesion"},
}
"""The same where modality and anatomy say more than the name does."""


def target_of(name: str, ref: ImageRef | None = None) -> Target:
    """`name` in lower case, single-spaced, its leading left or right read as the patient's side.

    `ref`: the image that it is sought in, by which a bare "tumor" or "edema" is told from another.
    "left heart ventricle" keeps its left: that is anatomy, not a side of the body.
    """
    clean = re.sub(r"\s+", " ", name).strip().lower()
    side: Laterality = "unspecified"
    rest = clean
    if match := re.match(r"(left|right) (?!heart|atrium|ventricle)(.+)", clean):
        side = "left" if match[1] == "left" else "right"
        rest = match[2]
    here = CONCEPTS_OF.get(f"{ref.modality}/{ref.anatomy}", {}) if ref else {}
    plain = re.sub(r"[^a-z0-9]+", "_", rest).strip("_")
    return Target(clean, here.get(rest) or CONCEPTS.get(rest, plain), side)


def concepts_of(name: str) -> frozenset[str]:
    """Every concept that a target of this name can stand for, in whatever image."""
    named = re.sub(r"^(?:left|right) (?!heart|atrium|ventricle)", "", target_of(name).name)
    return frozenset((target_of(name).observation, *(row[named] for row in CONCEPTS_OF.values() if named in row)))
