"""The modality head: what it says of real pictures, and that it knows what it does not know."""

from __future__ import annotations

import csv
import json
from collections import Counter
from importlib.resources import files
from pathlib import Path
from typing import get_args

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from readingroom.domain.terms import Modality
from readingroom.errors import NotServed
from readingroom.tools.backends.classical.descriptor import DESCRIPTOR_ID, SIZE, describe
from readingroom.tools.backends.classical.modality import (
    CLASSES,
    HEAD_FILE,
    LEAST_MARGIN,
    LEAST_SCORE,
    Head,
    guess_modality,
    judge,
    load_head,
)

Picture = NDArray[np.float32] | NDArray[np.uint8]
PACKAGE = "readingroom.tools.backends.classical"


def page() -> Picture:
    out = np.full((400, 300), 250, np.uint8)
    for y in range(30, 390, 18):
        cv2.putText(out, "the quick brown fox jumps over", (12, y), cv2.FONT_HERSHEY_SIMPLEX, 0.45, 20, 1)
    return (out / 255).astype(np.float32)


def no_images() -> dict[str, Picture]:
    rng = np.random.default_rng(11)
    y, x = np.mgrid[:240, :320]
    sky = np.stack([120 + 0.3 * y, 160 + 0.2 * y, np.full(y.shape, 230)], axis=2)
    sky[150:] = (70, 120, 60)
    sky += rng.normal(0, 6, sky.shape)
    return {
        "noise": rng.random((200, 260)).astype(np.float32),
        "colour noise": rng.integers(0, 256, (200, 260, 3)).astype(np.uint8),
        "black": np.zeros((100, 100), np.float32),
        "white": np.full((100, 100, 3), 255, np.uint8),
        "page": page(),
        "ramp": (x / 320).astype(np.float32),
        "colour ramp": np.stack([x * 0.7, y, 255 - y], axis=2).astype(np.uint8),
        "chessboard": ((x // 20 + y // 20) % 2).astype(np.float32),
        "landscape": np.clip(sky, 0, 255).astype(np.uint8),
        "tiny": np.zeros((9, 9), np.float32),
        "strange": np.zeros((40,), np.float32),
    }


@pytest.mark.parametrize("name", no_images())
def test_what_is_no_medical_image_is_unknown(name: str) -> None:
    guess = guess_modality(no_images()[name])
    assert (guess.label, guess.modality, guess.anatomy) == ("unknown", "unknown", "unknown")
    assert guess.reason


@pytest.mark.parametrize("label", ["pneumonia", "melanoma", "x_ray", "chest", "tumor"])
def test_pathology_and_strange_labels_are_refused_by_name(label: str) -> None:
    with pytest.raises(NotServed, match=label):
        guess_modality(page(), [label])


def test_scores_are_told_best_first_and_sum_to_one() -> None:
    guess = guess_modality(page())
    values = [item.score for item in guess.scores]
    assert values == sorted(values, reverse=True)
    assert sum(values) == pytest.approx(1)
    assert {item.label for item in guess.scores} == {*CLASSES, "unknown"}
    asked = guess_modality(page(), ["mr brain", "unknown"])
    assert {item.label for item in asked.scores} == {"mr brain", "unknown"}
    assert asked.label == guess.label


def test_between_two_labels_it_says_unknown() -> None:
    labels = tuple(CLASSES)
    bias = np.full(len(labels), -9.0)
    bias[:2] = 1.0
    even = Head(labels, np.zeros((len(labels), SIZE)), bias)
    assert judge(np.zeros(SIZE, np.float32), even).label == "unknown"
    bias[0] = 9.0
    assert judge(np.zeros(SIZE, np.float32), even).label == labels[0]


def test_the_head_fits_the_descriptor_and_the_vocabulary() -> None:
    head = load_head()
    assert json.loads((files(PACKAGE) / HEAD_FILE).read_text(encoding="utf-8"))["descriptor_id"] == DESCRIPTOR_ID
    assert head.weights.shape == (len(head.labels), SIZE)
    assert set(CLASSES) <= set(head.labels)
    assert {modality for modality, _ in CLASSES.values()} <= set(get_args(Modality))
    assert all(label == f"{modality} {anatomy}" for label, (modality, anatomy) in CLASSES.items())
    assert (files(PACKAGE) / HEAD_FILE).read_bytes().__len__() < 300_000


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 200), st.integers(1, 200), st.booleans(), st.integers(0, 2**32 - 1))
def test_any_picture_gets_an_answer(height: int, width: int, colour: bool, seed: int) -> None:
    shape = (height, width, 3) if colour else (height, width)
    raw = np.random.default_rng(seed).integers(0, 256, shape)
    guess = guess_modality(raw.astype(np.uint8) if colour else (raw / 255).astype(np.float32))
    assert guess.label == "unknown"
    assert 0 <= guess.score <= 1


def test_pictures_it_was_never_shown(data_dir: Path) -> None:
    """Share-alike pictures were left out of training: a wrong modality must be rare, unknown is allowed."""
    with (data_dir / "dev/manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = {r["file"]: r for r in csv.DictReader(file) if "BY-SA" in r["licence"]}
    told: Counter[str] = Counter()
    for name, row in rows.items():
        gray = cv2.imread(str(data_dir / "dev" / name), cv2.IMREAD_GRAYSCALE)
        guess = guess_modality((gray / 255).astype(np.float32))
        wanted = {"CT": "ct", "X-Ray": "x_ray"}[row["modality"]]
        told["right" if guess.modality == wanted else "unknown" if guess.modality == "unknown" else "wrong"] += 1
    assert sum(told.values()) == 11
    assert told["wrong"] == 0
    assert told["right"] >= 5


def test_routes_the_pictures_it_learned_from(data_dir: Path) -> None:
    head = load_head()
    for name, label in {
        "dermoscopy_skin": "dermoscopy skin",
        "fundus_retinal": "fundus retinal",
        "endoscope_colon": "endoscopy colon",
        "ultrasound_breast": "ultrasound breast",
    }.items():
        paths = [p for p in sorted((data_dir / "dev" / name).iterdir()) if p.suffix in (".png", ".jpg")]
        pictures = [cv2.cvtColor(cv2.imread(str(p), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB) for p in paths]
        guesses = [judge(describe(np.asarray(p)), head) for p in pictures]
        assert np.mean([g.label == label for g in guesses]) >= 0.8
        assert all(g.score >= LEAST_SCORE and g.margin >= LEAST_MARGIN for g in guesses if g.label == label)
