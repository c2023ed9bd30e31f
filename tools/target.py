"""What a target's name means: the concept it stands for, the patient's side in it, and how a report prints it."""

from __future__ import annotations

import re
from typing import NamedTuple

from readingroom.domain.terms import Laterality


class Target(NamedTuple):
    """A name as MedImageParse words it, understood."""

    name: str
    observation: str
    laterality: Laterality


CONCEPTS: dict[str, str] = {"lesion": "skin_lesion", "vessels": "retinal_vessels", "tumour": "tumor"}
"""Names whose concept is not simply the name with underscores."""


def target_of(name: str) -> Target:
    """`name` in lower case, single-spaced, its leading left or right read as the patient's side.

    "left heart ventricle" keeps its left: that is anatomy, not a side of the body.
    """
    clean = re.sub(r"\s+", " ", name).strip().lower()
    side: Laterality = "unspecified"
    rest = clean
    if match := re.match(r"(left|right) (?!heart|atrium|ventricle)(.+)", clean):
        side = "left" if match[1] == "left" else "right"
        rest = match[2]
    return Target(clean, CONCEPTS.get(rest, re.sub(r"[^a-z0-9]+", "_", rest).strip("_")), side)
