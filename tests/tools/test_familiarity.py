"""A phantom of another kind is told to be unlike the reference, in evidence and in a caveat; one like it is not."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from readingroom.agents.template import templates
from readingroom.agents.writer import write_findings
from readingroom.domain.request import Request
from readingroom.errors import BadRequest
from readingroom.imaging.image import Image
from readingroom.imaging.png import encode_png
from readingroom.imaging.reader import read_study
from readingroom.index.entry import Entry
from readingroom.index.protocol import Collection
from readingroom.runs.store import Store
from readingroom.runs.trace import Trace
from readingroom.tools.backends.classical.backend import DESCRIPTOR, ClassicalBackend
from readingroom.tools.familiarity import FamiliarityRequest, FamiliarityResult, Reference, familiarity
from readingroom.tools.image_vector import space_of
from readingroom.tools.tool import Bench, Masks


def picture(folder: Path, seed: int, *, foreign: bool = False) -> Image:
    """Smooth blobs, or stripes."""
    chance = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:64, 0:64]
    grey = 100 + 80 * np.exp(-((rows - 32 - chance.normal(0, 3)) ** 2 + (columns - 32) ** 2) / 300)
    grey = 255 * (columns // 4 % 2) if foreign else grey + chance.normal(0, 4, grey.shape)
    path = folder / f"{seed}.png"
    path.write_bytes(encode_png(np.clip(grey, 0, 255).astype(np.uint8)))
    return read_study([path], subject_key=b"k" * 32).images[0]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Reference:
    folder = tmp_path_factory.mktemp("reference")
    backend = ClassicalBackend()
    images = [picture(folder, seed) for seed in range(30)]
    vectors = np.stack([asyncio.run(backend.embed(image)).vector for image in images])
    entries = tuple(Entry(id=image.ref.sha256, metadata={"subject": f"s{at}"}) for at, image in enumerate(images))
    return Reference(Collection(space_of(DESCRIPTOR, vectors.shape[1]), entries, vectors))


def asked(folder: Path, images: list[Image], reference: Reference, digest: str = "") -> FamiliarityResult:
    named = {f"image-{at}": replace(image, ref=image.ref.model_copy(update={"id": f"image-{at}"}))
             for at, image in enumerate(images)}  # fmt: skip
    store = Store(folder / "home")
    trace = Trace.begin(store, workflow="test", subject="unknown", request=Request(), code_version="0")
    bench = Bench(named, ClassicalBackend(), trace, Masks(store.blobs))
    request = FamiliarityRequest(images=tuple(named), reference=digest or reference.digest)
    return asyncio.run(familiarity(bench, "familiarity", request, reference))


def test_an_image_like_the_reference_is_told_to_be_so(tmp_path: Path, reference: Reference) -> None:
    found = asked(tmp_path, [picture(tmp_path, 101)], reference)
    (item,) = found.evidence
    assert (item.observation, item.presence, item.calibrated) == ("out_of_distribution", "absent", True)
    assert item.score == found.p > 0.05
    assert found.caveat == ""


def test_a_foreign_image_gets_a_caveat_and_its_p_value(tmp_path: Path, reference: Reference) -> None:
    found = asked(tmp_path, [picture(tmp_path, 102, foreign=True)], reference)
    assert (found.evidence[0].presence, found.p) == ("indeterminate", pytest.approx(1 / 31))
    assert "unlike the reference images (conformal p 0.032, 30 reference images of 30 subjects)" in found.caveat


def test_several_images_are_held_to_a_stricter_measure(tmp_path: Path, reference: Reference) -> None:
    found = asked(tmp_path, [picture(tmp_path, 101), picture(tmp_path, 102, foreign=True)], reference)
    assert (found.image, found.p) == ("image-1", pytest.approx(2 / 31))
    assert (found.evidence[0].presence, found.caveat) == ("absent", "")


def test_no_template_makes_a_finding_of_it(tmp_path: Path, reference: Reference) -> None:
    found = asked(tmp_path, [picture(tmp_path, 102, foreign=True)], reference)
    for template in templates().values():
        findings, impression = write_findings(template, found.evidence, frozenset({"image-0"}))
        told = " ".join(str(sentence) for sentence in (*findings, *impression)).lower()
        assert "distribution" not in told


def test_another_reference_or_space_is_refused(tmp_path: Path, reference: Reference) -> None:
    image = picture(tmp_path, 101)
    with pytest.raises(BadRequest, match="not the one"):
        asked(tmp_path, [image], reference, digest="0" * 64)
    space = reference.rows.space.model_copy(update={"version": "9"})
    other = Reference(Collection(space, reference.rows.entries, reference.rows.vectors))
    assert other.digest != reference.digest
    with pytest.raises(BadRequest, match=r"version|same model"):
        asked(tmp_path / "b", [image], other)
    few = Reference(Collection(reference.rows.space, reference.rows.entries[:18], reference.rows.vectors[:18]))
    with pytest.raises(BadRequest, match="18 subjects"):
        _ = few.digest
