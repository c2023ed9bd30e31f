"""The caveat of a study that is unlike the reference, as a report tells it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np

from readingroom.domain.request import Request
from readingroom.imaging.image import Study
from readingroom.imaging.png import encode_png
from readingroom.imaging.reader import read_study
from readingroom.index.entry import Entry
from readingroom.index.protocol import Collection
from readingroom.runs.store import Store
from readingroom.runs.trace import Trace
from readingroom.tools.backends.classical.backend import DESCRIPTOR, ClassicalBackend
from readingroom.tools.familiarity import Reference
from readingroom.tools.image_vector import space_of
from readingroom.tools.tool import Bench, Masks
from readingroom.workflows.familiar import told_familiarity
from readingroom.workflows.reading import Gathered


def study(folder: Path, seed: int, *, stripes: bool = False) -> Study:
    grey = np.random.default_rng(seed).normal(128, 20, (64, 64))
    grey = np.where(np.arange(64) // 4 % 2, 255, 0) * np.ones((64, 1)) if stripes else grey
    path = folder / f"{seed}.png"
    path.write_bytes(encode_png(np.clip(grey, 0, 255).astype(np.uint8)))
    return read_study([path], subject_key=b"k" * 32)


def reference(folder: Path) -> Reference:
    images = [study(folder, seed).images[0] for seed in range(20)]
    vectors = np.stack([asyncio.run(ClassicalBackend().embed(image)).vector for image in images])
    entries = tuple(Entry(id=image.ref.sha256) for image in images)
    return Reference(Collection(space_of(DESCRIPTOR, vectors.shape[1]), entries, vectors))


def told(folder: Path, given: Study, held: Reference | None) -> Gathered:
    store, gathered = Store(folder / "home"), Gathered()
    trace = Trace.begin(store, workflow="test", subject="unknown", request=Request(), code_version="0")
    images = {image.ref.id: image for image in given.images}
    bench = Bench(images, ClassicalBackend(), trace, Masks(store.blobs), reference=held)
    asyncio.run(told_familiarity(bench, given, gathered))
    return gathered


def test_a_foreign_study_is_told_and_a_usual_one_is_only_in_the_ledger(tmp_path: Path) -> None:
    held = reference(tmp_path)
    foreign = told(tmp_path, study(tmp_path, 90, stripes=True), held)
    assert [item.presence for part in foreign.evidence for item in part] == ["indeterminate"]
    assert "is unlike the reference images (conformal p 0.048, 20 reference images" in foreign.limitations[0].text
    usual = told(tmp_path, study(tmp_path, 91), held)
    assert [item.observation for part in usual.evidence for item in part] == ["out_of_distribution"]
    assert usual.limitations == []
    unset = told(tmp_path, study(tmp_path, 91), None)
    assert (unset.evidence, unset.limitations) == ([], [])
