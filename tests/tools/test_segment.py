"""The segment tool at a bench: evidence for what was found, silence for what was not, and no belief in a wrong side."""

import asyncio
from dataclasses import replace

import numpy as np
import pytest

from readingroom.domain.image import ImageRef
from readingroom.domain.request import Request
from readingroom.errors import BadRequest, NotServed
from readingroom.imaging.image import Image
from readingroom.runs.store import Store
from readingroom.runs.trace import Trace
from readingroom.tools.backends.classical.backend import BASELINE, ClassicalBackend
from readingroom.tools.backends.protocol import Segmented
from readingroom.tools.segment import SegmentRequest, segment
from readingroom.tools.tool import Bench, Masks

REF = ImageRef(
    id="img-1", sha256="0" * 64, kind="image", rows=100, columns=100, modality="x_ray", anatomy="chest", view="PA",
    image_left="right",
)  # fmt: skip


class Answering(ClassicalBackend):
    """A backend that outlines whatever it is asked for in the same place."""

    def __init__(self, mask: np.ndarray, quality: float = 0.9) -> None:
        super().__init__()
        self.answer = Segmented("", mask, quality, "because", "drawn", BASELINE)

    async def segment(self, image: Image, targets: tuple[str, ...]) -> tuple[Segmented, ...]:
        return tuple(replace(self.answer, target=target) for target in targets)


def asked(tmp_path, backend, *targets, ref=REF):
    store = Store(tmp_path)
    trace = Trace.begin(store, workflow="test", subject="unknown", request=Request(), code_version="0")
    image = Image(ref, np.zeros((100, 100), np.float32))
    bench = Bench({"img-1": image}, backend, trace, Masks(store.blobs))
    return asyncio.run(segment(bench, "segment-1", SegmentRequest(image="img-1", targets=targets)))


def block(low: int, high: int) -> np.ndarray:
    mask = np.zeros((100, 100), bool)
    mask[20:80, low:high] = True
    return mask


def test_an_outline_becomes_evidence_in_source_pixels(tmp_path):
    result = asked(tmp_path, Answering(block(10, 40)), "right lung")
    (item,) = result.evidence
    assert (item.observation, item.laterality, item.presence) == ("lung", "right", "present")
    assert (item.regions[0].box, item.regions[0].frame) == ((10, 20, 40, 80), "source_pixels")
    assert item.origin.pointer == "/raw/0"


@pytest.mark.parametrize(("image_left", "believed"), [("right", False), ("left", True), ("unknown", True)])
def test_a_model_that_mixes_up_the_sides_is_not_believed(tmp_path, image_left, believed):
    ref = REF.model_copy(update={"image_left": image_left})
    result = asked(tmp_path, Answering(block(10, 40)), "left lung", ref=ref)
    assert result.outlines[0].assessable is believed
    assert believed or "patient's right" in result.outlines[0].reason


def test_what_is_of_low_quality_is_not_assessed(tmp_path):
    result = asked(tmp_path, Answering(block(10, 40), quality=0.2), "heart")
    assert (result.evidence[0].presence, result.outlines[0].assessable) == ("not_assessed", False)


def test_an_empty_mask_has_no_region(tmp_path):
    (item,) = asked(tmp_path, Answering(np.zeros((100, 100), bool)), "heart").evidence
    assert (item.presence, item.regions) == ("not_assessed", ())


def test_targets_are_refused_before_anything_runs(tmp_path):
    with pytest.raises(NotServed, match="'spleen'"):
        asked(tmp_path, ClassicalBackend(), "heart", "spleen")


def test_only_images_of_the_study_have_an_id(tmp_path):
    store = Store(tmp_path)
    trace = Trace.begin(store, workflow="test", subject="unknown", request=Request(), code_version="0")
    bench = Bench({}, ClassicalBackend(), trace, Masks(store.blobs))
    with pytest.raises(BadRequest, match="no image"):
        asyncio.run(segment(bench, "segment-1", SegmentRequest(image="../../etc/passwd", targets=("heart",))))
