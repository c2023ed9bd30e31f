"""What is settled of a study before any tool runs: what the user states, what the pixels tell, what the gate says."""

from __future__ import annotations

from dataclasses import replace

from readingroom.domain.gate import Gate
from readingroom.domain.image import ImageRef, Spacing
from readingroom.domain.request import Request, Stated
from readingroom.errors import BadRequest, BadStudy, NotServed, ToolFailed
from readingroom.imaging.gate import inspect
from readingroom.imaging.image import Image, Study
from readingroom.imaging.windowing import preset
from readingroom.language.identifiers import without_names
from readingroom.tools.classify import ClassifyRequest, ClassifyResult, classify
from readingroom.tools.tool import Bench

LEAST_SHARE = 0.25
"""Score that the best label of a known modality needs; set on the development volumes."""

STATED_OF_ALL = ("modality", "anatomy")
"""What the user says of prior and lateral images too; the rest is said of the current ones alone."""

VOLUMES = frozenset({"ct", "mr"})
"""What a volume is taken for from its pixels alone; the rest are pictures."""


def _stated_ref(ref: ImageRef, stated: Stated) -> ImageRef:
    """Raises BadRequest where the header names another modality: one of the two is wrong, and it may be the user."""
    if stated.modality and ref.modality_source == "header" and ref.modality not in (stated.modality, "other"):
        raise BadRequest(
            f"the header says {ref.modality.replace('_', '-')}, not {stated.modality.replace('_', '-')}",
            do="Leave out --modality, or give the image that it is of.",
        )
    changes: dict[str, object] = {}
    for name in STATED_OF_ALL if ref.role != "current" else (*STATED_OF_ALL, "view", "image_left"):
        value = getattr(stated, name)
        if value is not None:
            changes |= {name: value, f"{name}_source": "stated"}
    if stated.pixel_mm is not None and ref.role == "current":
        step = stated.pixel_mm
        between = ref.spacing.slice if ref.spacing else None
        spacing = Spacing(row=step, column=step, slice=between, source="stated by the user", plane="patient")
        changes |= {"spacing": spacing, "spacing_note": ""}
    return ref.model_copy(update=changes)


def restated(study: Study, stated: Stated) -> Study:
    """What the user says of the images goes before header and pixels. Raises BadRequest for an unknown window."""

    def settled(image: Image) -> Image:
        window = preset(stated.window) if stated.window and image.ref.units == "HU" else image.window
        return replace(image, ref=_with_side(_stated_ref(image.ref, stated)), window=window)

    return replace(study, images=tuple(settled(image) for image in study.images))


def without_the_name(study: Study, request: Request, key: bytes) -> Request:
    """The request with the patient's own name and numbers, as the header has them, taken out of its words.

    They are kept in no run and told in no report, whoever typed them.
    """

    def clean(text: str | None) -> str | None:
        return without_names(text, study.marks, key).text if text else text

    texts = {"indication", "technique", "prior_report", "question"}
    return request.model_copy(update={name: clean(getattr(request, name)) for name in texts})


def _with_side(ref: ImageRef) -> ImageRef:
    """A frontal radiograph without a side in its header is shown facing the reader: image left is patient right."""
    frontal = ref.modality == "x_ray" and ref.anatomy == "chest" and ref.view != "lateral"
    if frontal and ref.image_left == "unknown":
        return ref.model_copy(update={"image_left": "right", "image_left_source": "convention"})
    return ref


def _within(modality: str, found: ClassifyResult) -> str:
    """Where the modality is known, the best label of it that outweighs "unknown": only the body part is asked for."""
    scores = {item.label: item.score for item in found.scores}
    fits = [label for label in scores if label.startswith(f"{modality} ")]
    best = max(fits, key=scores.__getitem__, default="unknown")
    return best if scores.get(best, 0.0) >= max(scores.get("unknown", 0.0), LEAST_SHARE) else "unknown"


async def _routed_ref(bench: Bench, image: Image) -> ImageRef:
    """Where nothing can tell, the image stays of unknown kind, and the report says so."""
    try:
        found = await classify(bench, f"route-{image.ref.id}", ClassifyRequest(image=image.ref.id))
    except (NotServed, ToolFailed):
        return image.ref
    label = found.label if image.ref.modality == "unknown" else _within(image.ref.modality, found)
    modality, _, anatomy = label.partition(" ")
    if label == "unknown":
        return image.ref
    if image.ref.kind == "volume" and modality not in VOLUMES:
        return image.ref
    changes: dict[str, object] = {}
    if image.ref.modality == "unknown":
        changes |= {"modality": modality, "modality_source": "pixels"}
    if image.ref.anatomy == "unknown":
        changes |= {"anatomy": anatomy, "anatomy_source": "pixels"}
    return _with_side(ImageRef.model_validate({**image.ref.model_dump(), **changes}))


async def routed(study: Study, bench: Bench) -> tuple[Study, Bench]:
    """Where neither header nor user tells modality or body part, the pixels are asked, as a step of the run.

    The pixels never overrule a modality that the header or the user names.
    """
    images = []
    for image in study.images:
        asked = "unknown" in (image.ref.modality, image.ref.anatomy) and image.ref.kind != "frames"
        images.append(replace(image, ref=await _routed_ref(bench, image)) if asked else image)
    settled = replace(study, images=tuple(images))
    return settled, replace(bench, images={image.ref.id: image for image in settled.images})


def related(study: Study) -> None:
    """Raises BadStudy where a prior or lateral image is of another kind than the current one: nothing compares them."""
    if not study.current:
        return
    now = study.current[0].ref
    for image in (*study.priors, *study.laterals):
        kinds = [(ref.modality, ref.anatomy) for ref in (now, image.ref)]
        if any(a != b and "unknown" not in (a, b) for a, b in zip(*kinds, strict=True)):
            theirs, ours = (" ".join(kind).replace("_", "-") for kind in reversed(kinds))
            raise BadStudy(f"the {image.ref.role} image is {theirs}, the current one {ours}", do="Give one of a kind.")
    for image in study.laterals:
        if image.ref.view in ("PA", "AP", "frontal"):
            raise BadStudy(
                f"the lateral image is a {image.ref.view} view", do="Give the lateral film, or leave it out."
            )


def gated(study: Study) -> tuple[Gate, ...]:
    """The gate's answers for every image. Raises BadStudy with the first refusal's reason."""
    gates = tuple(inspect(image) for image in study.images)
    for gate, image in zip(gates, study.images, strict=True):
        for check in gate.refusals:
            name = image.ref.name or "the image"
            raise BadStudy(f"{name} was refused: {check.reason}", do="Give another image, or say what it is.")
    return gates
