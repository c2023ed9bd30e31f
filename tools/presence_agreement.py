"""Whether the masks of one image contradict each other: one outline given for two things, or left upon right."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Relation = Literal["may coincide", "opposed", "different"]

OPPOSED: tuple[tuple[str, str], ...] = (
    ("left", "right"),
    ("upper", "lower"),
    ("anterior", "posterior"),
    ("superior", "inferior"),
    ("peripheral", "transitional"),
    ("benign", "malignant"),
    ("enhancing", "nonenhancing"),
    ("neoplastic", "nonneoplastic"),
)
"""Words of which no pixel can be both, where the rest of two names is the same."""

QUALIFIERS: frozenset[str] = frozenset(
    {word for pair in OPPOSED for word in pair}
    | {"whole", "core", "middle", "lobe", "zone", "area", "region", "anatomy", "anatomies", "body", "segment"}
)
"""Words that say which part or kind of a thing is meant, not what thing."""

LESIONS: frozenset[str] = frozenset(
    {"tumor", "lesion", "mass", "nodule", "neoplasm", "cancer", "carcinoma", "malignancy", "polyp", "melanoma"}
    | {"glioma", "cyst", "infection", "opacity", "consolidation", "abnormality", "grade", "low", "high", "covid", "19"}
)
"""Names of disease. Two of them may mean one thing; an organ and a disease in it may not."""

_SPELLED = {"tumour": "tumor", "oedema": "edema", "nuclei": "nucleus"}


@dataclass(frozen=True)
class Agreement:
    """What the other masks of the image say against one."""

    twin: float = 0.0
    """Greatest intersection over union with the mask of something else."""
    twin_of: str = ""
    overlap: float = 0.0
    """Greatest share, of the smaller mask, shared with its opposite."""
    overlap_with: str = ""


def words_of(target: str) -> frozenset[str]:
    """The words of a name, lower case, singular, in one spelling; "non-enhancing" is one word."""
    plain = re.sub(r"\bnon[- ]", "non", target.lower())
    words = re.findall(r"[a-z0-9]+", plain)
    single = (w[:-1] if len(w) > 3 and w.endswith("s") and w[-2] not in "sui" else w for w in words)
    return frozenset(_SPELLED.get(word, word) for word in single)


def relation_of(one: str, other: str) -> Relation:
    """How two targets stand to each other by their names alone.

    "lung" and "right lung", "whole tumor" and "tumor core", "tumor" and "kidney tumor", "tumor" and "lesion" may
    coincide; left and right, benign and malignant are opposed; all else ("kidney" and "kidney tumor", "optic cup" and
    "optic disc", and synonyms not known here) is different.
    """
    a, b = words_of(one), words_of(other)
    heads = a - QUALIFIERS, b - QUALIFIERS
    if heads[0] == heads[1]:
        opposed = any((x in a and y in b) or (x in b and y in a) for x, y in OPPOSED)
        return "opposed" if opposed else "may coincide"
    if all(head and head <= LESIONS for head in heads):
        return "may coincide"
    less, more = sorted((a, b), key=len)
    return "may coincide" if less and less < more and not (more - less) & LESIONS else "different"


def agreement_of(masks: Sequence[Mask], targets: Sequence[str]) -> tuple[Agreement, ...]:
    """One a mask, in order. Masks (H, W) of one image; empty ones agree with everything."""
    sizes = [int(np.count_nonzero(mask)) for mask in masks]
    found = [Agreement() for _ in masks]
    for i, j in combinations(range(len(masks)), 2):
        relation = relation_of(targets[i], targets[j])
        if not sizes[i] or not sizes[j] or relation == "may coincide":
            continue
        shared = int(np.count_nonzero(masks[i] & masks[j]))
        twin, overlap = shared / (sizes[i] + sizes[j] - shared), shared / min(sizes[i], sizes[j])
        for one, other in ((i, j), (j, i)):
            found[one] = _worse(found[one], targets[other], twin, overlap if relation == "opposed" else 0.0)
    return tuple(found)


def _worse(held: Agreement, other: str, twin: float, overlap: float) -> Agreement:
    nearer, over = twin > held.twin, overlap > held.overlap
    return Agreement(
        twin if nearer else held.twin,
        other if nearer else held.twin_of,
        overlap if over else held.overlap,
        other if over else held.overlap_with,
    )
