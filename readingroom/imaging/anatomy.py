"""Words of headers for body parts, views and modalities, in the words of our domain."""

from __future__ import annotations

import re

from readingroom.domain.terms import Modality, View

MODALITIES: dict[str, Modality] = {
    "CR": "x_ray", "DX": "x_ray", "RG": "x_ray", "XA": "x_ray", "RF": "x_ray", "PX": "x_ray", "IO": "x_ray",
    "RTIMAGE": "x_ray", "MG": "mammography", "CT": "ct", "MR": "mr", "US": "ultrasound", "IVUS": "ultrasound",
    "NM": "nuclear", "PT": "nuclear", "SM": "pathology", "GM": "pathology", "DMS": "dermoscopy", "OP": "fundus",
    "OPT": "oct", "OCT": "oct", "OPTENF": "octa", "ES": "endoscopy", "XC": "other", "BMD": "other",
}  # fmt: skip
"""DICOM Modality (PS3.3 C.7.3.1.1.1) to ours; OT and SC say nothing of how an image was made."""

_PARTS: dict[str, str] = {
    "chest": "chest", "thorax": "chest", "torax": "chest", "lung": "chest", "lungs": "chest", "thoracic": "chest",
    "cxr": "chest", "rib": "chest", "ribs": "chest", "abdomen": "abdomen", "abdominal": "abdomen", "abd": "abdomen",
    "kub": "abdomen", "liver": "abdomen", "kidney": "abdomen", "pancreas": "abdomen", "pelvis": "pelvis",
    "head": "head", "skull": "head", "brain": "brain", "cerebral": "brain", "neck": "neck", "spine": "spine",
    "cspine": "spine", "tspine": "spine", "lspine": "spine", "heart": "heart", "cardiac": "heart", "breast": "breast",
    "mamma": "breast", "eye": "eye", "retina": "eye", "skin": "skin", "colon": "colon", "thyroid": "thyroid",
    "hand": "hand", "wrist": "wrist", "finger": "hand", "elbow": "elbow", "forearm": "forearm", "shoulder": "shoulder",
    "clavicle": "shoulder", "humerus": "arm", "arm": "arm", "hip": "hip", "knee": "knee", "ankle": "ankle",
    "foot": "foot", "toe": "foot", "femur": "leg", "leg": "leg", "tibia": "leg", "prostate": "pelvis",
    "wholebody": "whole body", "jaw": "jaw", "mandible": "jaw", "sinus": "head", "fetus": "fetus", "fetal": "fetus",
}  # fmt: skip

PAIRED = frozenset(
    ("breast", "eye", "hand", "wrist", "elbow", "forearm", "shoulder", "arm", "hip", "knee", "ankle", "foot", "leg")
)
"""Body parts of which a header's Laterality says which one."""

_VIEWS: dict[str, View] = {
    "pa": "PA", "ap": "AP", "postero-anterior": "PA", "antero-posterior": "AP", "lat": "lateral", "lateral": "lateral",
    "ll": "lateral", "rl": "lateral", "seitlich": "lateral", "profil": "lateral", "profile": "lateral",
    "frontal": "frontal", "oblique": "oblique", "rao": "oblique", "lao": "oblique", "rpo": "oblique",
    "lpo": "oblique", "rlo": "oblique", "llo": "oblique", "lld": "frontal", "rld": "frontal",
}  # fmt: skip
"""ViewPosition (PS3.3 C.8.1.1) and the words of descriptions; LLD and RLD are frontal views of a patient lying."""

_SPLIT = re.compile(r"[^a-z\-]+")


def parts_named(text: str) -> frozenset[str]:
    """Every body part that a header text names."""
    words = _SPLIT.split(text.lower().replace("whole body", "wholebody").replace("whole-body", "wholebody"))
    return frozenset(_PARTS[word] for word in words if word in _PARTS)


def view_named(text: str) -> View:
    """The one view that a header text names; unknown where it names none or several."""
    found = {_VIEWS[word] for word in _SPLIT.split(text.lower()) if word in _VIEWS}
    return found.pop() if len(found) == 1 else "unknown"
