"""Texts in the descriptor's space: the modality and the body part that a prompt names, and never pathology.

A class stands where the linear head of `modality.py` looks for it, so that the product of an image's descriptor with a
text's vector is the head's own score up to its bias. What a prompt says beyond modality and body part moves it only by
a small part drawn from its digest: prompts that differ in pathology alone score alike, which is the honest answer.
"""

from __future__ import annotations

import hashlib
import math
import re
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from readingroom.tools.backends.classical.descriptor import SIZE, Vector
from readingroom.tools.backends.classical.modality import CLASSES, load_head

MODALITY_WORDS: dict[str, str] = {
    "x_ray": r"x[- _]?rays?|radiograph\w*|cxr|plain film",
    "ct": r"ct|cta|computed tomograph\w*",
    "mr": r"mri?|mra|magnetic resonance",
    "ultrasound": r"ultraso\w+|sonogra\w+|echo\w*",
    "mammography": r"mammogra\w+",
    "dermoscopy": r"dermoscop\w+|dermatoscop\w+|skin photograph\w*",
    "fundus": r"fundus|fundoscop\w*|ophthalmoscop\w+|retinal photograph\w*",
    "octa": r"octa?|optical coherence tomograph\w*",
    "pathology": r"\w*patholog\w+|h ?& ?e|h and e|histolog\w+|microscop\w+|biopsy|slide",
    "endoscopy": r"endoscop\w*|colonoscop\w*",
}
"""Words by which a prompt names a modality."""

ANATOMY_WORDS: dict[str, str] = {
    "chest": r"chest|thora\w+|lungs?|heart|cardiac|pulmonary|pleura\w*",
    "body": r"chest|thora\w+|lungs?|body|abdom\w+|liver|pelvi\w+|kidneys?|spleen|pancreas",
    "brain": r"brain|head|cerebral|cranial|neuro\w*",
    "breast": r"breasts?",
    "fetal head": r"f(?:o)?etal|f(?:o)?etus|obstetric",
    "carotid artery": r"carotid\w*|neck",
    "skin": r"skin|mole|nev\w+|melanoma",
    "retinal": r"retina\w*|eyes?|macula\w*|optic",
    "tissue": r"tissue|cells?|nucle[ui]\w*",
    "colon": r"colon|polyps?|bowel",
}
"""Words by which a prompt names a body part; "chest" is what a radiograph of it and a CT of the body share."""

PATHOLOGY_WORDS = r"melanoma\w*|nev\w+|polyps?"
"""Words of `ANATOMY_WORDS` that hint at a body part and mean a finding: a search for them is not served."""

PLAIN_WORDS = (
    r"an?|the|of|in|on|with|and|or|for|images?|pictures?|films?|scans?|stud(?:y|ies)|slices?|views?|axial|coronal|"
    r"sagittal|frontal|lateral|pa|ap|posteroanterior|anteroposterior|similar|show|find|me|all|any|stain\w*|wall"
)
"""Words that say nothing which the descriptor would have to see."""

OWN_SHARE = 0.05
"""Length of the part that only this text has, beside 1 for what it names."""

UNKNOWN_PART = 2.0
"""The same for a prompt that names another body part than those known of its modality ("x-ray hand"): it is less than
half as much like a chest film as the prompt that says so."""


def text_vector(text: str) -> Vector:
    """1024 numbers of unit length for a prompt such as "x-ray chest anteroposterior Atelectasis."

    A prompt that names no modality and no body part known here gets its own part alone: it is like no image.
    """
    named = sum((_direction(label) for label in named_classes(text)), np.zeros(SIZE))
    length = float(np.linalg.norm(named))
    share = UNKNOWN_PART if _names_another_part(text) else OWN_SHARE
    whole = (named / length if length > 0 else named) + share * _own(text)
    return np.asarray(whole / np.linalg.norm(whole), np.float32)


def named_classes(text: str) -> tuple[str, ...]:
    """The labels of `CLASSES` that a prompt names, by modality first, then by body part among those that fit."""
    modalities = _named(text, MODALITY_WORDS)
    anatomies = _named(text, ANATOMY_WORDS)
    fits = [label for label, (modality, _) in CLASSES.items() if modality in modalities]
    if not modalities:
        fits = list(CLASSES)
    closer = [label for label in fits if CLASSES[label][1] in anatomies]
    return tuple(closer or (fits if modalities else ()))


def unseen_words(text: str) -> tuple[str, ...]:
    """The words of a text that no vector here can stand for: all but modality, body part, view and grammar.

    A text that names neither a modality nor a body part is unseen as a whole.
    """
    clean = text.lower().replace("_", " ")
    rest = " ".join(re.findall(PATHOLOGY_WORDS, clean))
    for pattern in (PATHOLOGY_WORDS, *MODALITY_WORDS.values(), *ANATOMY_WORDS.values(), PLAIN_WORDS):
        clean = re.sub(rf"\b(?:{pattern})\b", " ", clean)
    strange = tuple(dict.fromkeys(re.findall(r"[^\W_]{2,}", f"{clean} {rest}")))
    return strange if strange or named_classes(text) else (text.strip(),)


def _names_another_part(text: str) -> bool:
    """Whether words follow the modality, and none of them is a body part known of it here."""
    anatomies = _named(text, ANATOMY_WORDS)
    if any(CLASSES[label][1] in anatomies for label in named_classes(text)):
        return False
    rest = text.lower().replace("_", " ")
    for pattern in MODALITY_WORDS.values():
        rest = re.sub(rf"\b(?:{pattern})\b", " ", rest)
    return bool(re.search(r"[a-z]{3,}", rest))


def _named(text: str, words: dict[str, str]) -> frozenset[str]:
    clean = text.lower().replace("_", " ")
    return frozenset(name for name, pattern in words.items() if re.search(rf"\b(?:{pattern})\b", clean))


@lru_cache(maxsize=1)
def _directions() -> tuple[dict[str, NDArray[np.float64]], float]:
    """The head's rows about their own mean, each of unit length, and their mean length before."""
    head = load_head()
    rows = np.stack([head.weights[head.labels.index(label)] for label in CLASSES])
    centred = rows - rows.mean(axis=0)
    lengths = np.linalg.norm(centred, axis=1)
    units = centred / lengths[:, None]
    return dict(zip(CLASSES, units, strict=True)), float(lengths.mean())


def _direction(label: str) -> NDArray[np.float64]:
    return _directions()[0][label]


def text_scaling() -> float:
    """Log of the temperature for softmax(exp(scaling) x image . texts): the head's own scale, the mean length of its
    rows about their mean (exp(3.06) = 21)."""
    return math.log(_directions()[1])


def _own(text: str) -> NDArray[np.float64]:
    """A direction of unit length from SHAKE-256 of the text: the same on every machine."""
    drawn = np.frombuffer(hashlib.shake_256(text.encode()).digest(SIZE), np.uint8).astype(np.float64) - 127.5
    return np.asarray(drawn / np.linalg.norm(drawn), np.float64)
