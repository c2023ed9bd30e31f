"""The embedded default: classical image analysis and small fitted models behind the backend protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from readingroom.domain.image import ImageRef
from readingroom.domain.request import Request
from readingroom.errors import BadRequest, NotServed
from readingroom.imaging.image import Image
from readingroom.imaging.windowing import display_gray, display_rgb
from readingroom.later import Later
from readingroom.tools.backends.classical.chest_draft import NOT_ASSESSED, draft_chest
from readingroom.tools.backends.classical.chest_reading import ChestSegments, read_chest
from readingroom.tools.backends.classical.descriptor import DESCRIPTOR_ID, PREPROCESSING_ID, describe
from readingroom.tools.backends.classical.segment import Segment
from readingroom.tools.backends.classical.text_vector import text_scaling, text_vector
from readingroom.tools.backends.protocol import Classified, Draft, Embedded, Model, Scored, Segmented
from readingroom.tools.models import models, served_targets, would_serve

if TYPE_CHECKING:
    from readingroom.tools.backends.classical import brain, ct, fundus, histology, kind, skin, ultrasound
else:  # each for its own kind of image; scipy and scikit-image, which most of them stand on, are slow to load
    brain = Later("readingroom.tools.backends.classical.brain")
    ct = Later("readingroom.tools.backends.classical.ct")
    fundus = Later("readingroom.tools.backends.classical.fundus")
    histology = Later("readingroom.tools.backends.classical.histology")
    kind = Later("readingroom.tools.backends.classical.kind")
    skin = Later("readingroom.tools.backends.classical.skin")
    ultrasound = Later("readingroom.tools.backends.classical.ultrasound")

VERSION = "0.1.0"

BASELINE = Model(
    backend="classical",
    name="classical baseline",
    version=VERSION,
    preprocessing_id="source-pixels",
    description="classical image analysis and small models fitted by this project",
)

DESCRIPTOR = BASELINE.model_copy(
    update={
        "name": DESCRIPTOR_ID,
        "preprocessing_id": PREPROCESSING_ID,
        "description": "a hand-made image descriptor, not a foundation model",
    }
)

LUNGLESS = frozenset({"brain", "head", "pelvis", "extremity", "hand", "foot", "knee"})
"""Parts of which a CT shows no lung: nobody looks for it there unasked."""

Segmenter = Callable[[Image], Segment]


def _volume_spacing(ref: ImageRef) -> tuple[float, float, float] | None:
    spacing = ref.spacing
    return None if spacing is None else (spacing.slice or 1.0, spacing.row, spacing.column)


SEGMENTERS: dict[tuple[str, str], Segmenter] = {
    ("mr", "brain"): lambda image: brain.segment_brain(
        image.pixels.astype(np.float32, copy=False), _volume_spacing(image.ref)
    ),
    ("dermoscopy", "lesion"): lambda image: skin.segment_lesion(display_rgb(image)),
    ("fundus", "optic disc"): lambda image: fundus.segment_optic_disc(display_rgb(image)),
    ("fundus", "vessels"): lambda image: fundus.segment_vessels(display_rgb(image)),
    ("pathology", "nuclei"): lambda image: histology.segment_nuclei(display_rgb(image)),
    ("ultrasound", "fetal head"): lambda image: ultrasound.segment_fetal_head(display_gray(image)),
    ("ultrasound", "hypoechoic lesion"): lambda image: ultrasound.segment_hypoechoic_lesion(display_gray(image)),
}
"""By modality and target; chest radiographs and CT have readers of their own, since their targets share much."""


class ClassicalBackend:
    """Keeps the chest readings of one study, so that segmenting and drafting look at each film once."""

    name = "classical"
    version = VERSION

    def __init__(self) -> None:
        self._chests: dict[str, asyncio.Task[ChestSegments]] = {}

    def targets(self, ref: ImageRef) -> tuple[str, ...]:
        """All it serves for such an image but what must be asked for by name."""
        held_back = models()["classical"].only_on_request
        doubled = {"lung"} if ref.modality in ("x_ray", "ct") else set()
        if ref.modality == "ct" and ref.anatomy in LUNGLESS:
            doubled |= {"right lung", "left lung", "airway"}
        served = served_targets("classical", ref) if self._can_see(ref) else ()
        return tuple(name for name in served if name not in held_back and name not in doubled)

    def targets_by_name(self, ref: ImageRef) -> tuple[str, ...]:
        """All it serves for such an image."""
        return served_targets("classical", ref) if self._can_see(ref) else ()

    @staticmethod
    def _can_see(ref: ImageRef) -> bool:
        return not (ref.modality == "ct" and ref.units != "HU") and ref.kind != "frames"

    def _refuse(self, target: str, ref: ImageRef) -> NotServed:
        where = f"{ref.modality.replace('_', '-')} {ref.anatomy}"
        if target in served_targets("classical", ref) and not self._can_see(ref):
            why = "needs Hounsfield units, which this image does not carry" if ref.units != "HU" else "serves no cine"
            return NotServed(f"the classical baseline {why}: {target!r} is not outlined", do="Give the DICOM or NIfTI.")
        return NotServed(
            f"the classical baseline does not outline {target!r} in {where}", do=f"{would_serve(target, ref)}."
        )

    async def segment(self, image: Image, targets: tuple[str, ...]) -> tuple[Segmented, ...]:
        """Refuses before it starts, so that a wrong name costs nothing."""
        served = served_targets("classical", image.ref)
        for target in targets:
            if target not in served or not self._can_see(image.ref):
                raise self._refuse(target, image.ref)
        if image.ref.modality == "x_ray":
            chest = await self._chest(image)
            return tuple(chest.by_target(target) for target in targets)
        if image.ref.modality == "ct":
            scan = ct.Scan(image.pixels.astype(np.float32, copy=False), _volume_spacing(image.ref))
            found = [await asyncio.to_thread(scan.segment, target) for target in targets]
        else:
            found = [await asyncio.to_thread(SEGMENTERS[image.ref.modality, target], image) for target in targets]
        return tuple(_segmented(item, target) for item, target in zip(found, targets, strict=True))

    async def _chest(self, image: Image) -> ChestSegments:
        """One reading a film, shared by whoever asks while the first is still at it."""
        key = f"{image.ref.sha256}:{image.ref.image_left}"
        if key not in self._chests:
            self._chests[key] = asyncio.create_task(asyncio.to_thread(read_chest, image, BASELINE))
        return await self._chests[key]

    async def embed(self, image: Image, model: str = "") -> Embedded:
        """Of a volume or several frames: the middle plane. Raises NotServed where another model is named."""
        self._refuse_other(model)
        vector = await asyncio.to_thread(describe, _flat(image))
        return Embedded(vector, DESCRIPTOR, text_scaling())

    def _refuse_other(self, model: str) -> None:
        if model not in ("", self.name, DESCRIPTOR_ID):
            raise NotServed(f"the classical baseline does not embed with {model!r}", do=f"It has {DESCRIPTOR_ID}.")

    async def embed_texts(self, texts: tuple[str, ...], model: str = "") -> tuple[Embedded, ...]:
        """Modality and body part that a text names, in the descriptor's space; never pathology."""
        self._refuse_other(model)
        return tuple(Embedded(text_vector(text), DESCRIPTOR, text_scaling()) for text in texts)

    async def classify(self, image: Image, labels: tuple[str, ...]) -> Classified:
        """Modality and anatomy. Raises NotServed for any other label, by name."""
        guess = await asyncio.to_thread(kind.kind_of, _flat(image), tuple(label.lower() for label in labels))
        scores = tuple(Scored(label, score) for label, score in guess.scores)
        model = BASELINE.model_copy(update={"preprocessing_id": PREPROCESSING_ID})
        return Classified(guess.label, scores, guess.reason, calibrated=False, model=model)

    async def draft(self, images: tuple[Image, ...], request: Request) -> Draft:
        """What was measured of the frontal film; nothing here reads the words of the request."""
        del request
        if not images:
            raise BadRequest("a draft needs an image")
        ref = images[0].ref
        if (ref.modality, ref.anatomy) != ("x_ray", "chest"):
            raise NotServed(
                f"the classical baseline drafts chest radiographs, not {ref.modality} {ref.anatomy}",
                do="Use segment and measure.",
            )
        chest = await self._chest(images[0])
        found = await asyncio.to_thread(draft_chest, images[0], chest)
        return Draft(found, NOT_ASSESSED, BASELINE)


def _flat(image: Image) -> Any:
    plane = image.ref.depth // 2 if image.ref.depth > 1 else None
    return display_rgb(image, plane=plane) if image.ref.colour else display_gray(image, plane=plane)


def _segmented(found: Segment, target: str) -> Segmented:
    return Segmented(
        target=target,
        mask=found.mask,
        quality=found.quality,
        quality_reason=found.reason,
        method=found.method,
        model=BASELINE,
        caveat=found.caveat,
    )
