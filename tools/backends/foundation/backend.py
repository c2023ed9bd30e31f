"""The foundation models as one backend: which model serves which call, wherever each of them runs."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from readingroom.domain.image import ImageRef
from readingroom.domain.request import Request
from readingroom.errors import BadRequest, NotServed
from readingroom.imaging.image import Image
from readingroom.tools.backends.foundation.drafting import Outgoing, draft_report
from readingroom.tools.backends.foundation.embedding import (
    classify_zero_shot,
    embed_insight,
    embed_insights,
    embed_texts,
    embed_tile,
)
from readingroom.tools.backends.foundation.kinds import kinds
from readingroom.tools.backends.foundation.outlining import (
    Asking,
    marker_of,
    outline_markers,
    outline_picture,
    outline_volume,
)
from readingroom.tools.backends.foundation.staining import stain_tile
from readingroom.tools.backends.protocol import Classified, Draft, Embedded, Segmented
from readingroom.tools.backends.scorer import Scorer
from readingroom.tools.backends.several import Each, embed_side_by_side
from readingroom.tools.backends.stains import Stained
from readingroom.tools.contracts.model_ids import ModelId
from readingroom.tools.models import models, served_targets
from readingroom.tools.preparation import BurnedIn
from readingroom.tools.presence_published import Published


class Terms(NamedTuple):
    """On what terms pixels and words leave, and what is known of the models beside their answers."""

    burned_in: BurnedIn = "refuse"
    published: Published | None = None
    marks: frozenset[str] = frozenset()
    """Of the patient's name and numbers, to be kept out of texts."""
    key: bytes = b""
    """With which the marks were made."""


class FoundationBackend:
    """MedImageInsight, MedImageParse, CXRReportGen and their partners behind the tools, each where it is configured.

    `scorers` names those that are there; a call for another raises NotServed, naming what to configure.
    """

    def __init__(self, name: str, scorers: Mapping[ModelId, Scorer], terms: Terms | None = None) -> None:
        self.name = name
        self._scorers = dict(scorers)
        self._terms = terms or Terms()
        told = "\n".join(sorted(f"{model} {one.model.name} {one.model.version}" for model, one in scorers.items()))
        self.version = hashlib.sha256(told.encode()).hexdigest()[:12]

    def _scorer(self, *wanted: ModelId) -> Scorer:
        for model in wanted:
            if model in self._scorers:
                return self._scorers[model]
        names = " or ".join(models()[model].name for model in wanted)
        where = f"Set {models()[wanted[0]].env}_MODEL_ENDPOINT" if self.name == "endpoint" else "Name its weights"
        raise NotServed(f"no {names} is configured for the {self.name} backend", do=f"{where}, or use another backend.")

    def targets(self, ref: ImageRef) -> tuple[str, ...]:
        """Of a picture what MedImageParse's card lists, less what must be asked for by name; of volumes nothing."""
        if "medimageparse" not in self._scorers or ref.kind != "image":
            return ()
        held_back = models()["medimageparse"].only_on_request
        return tuple(name for name in served_targets("medimageparse", ref) if name not in held_back)

    def targets_by_name(self, ref: ImageRef) -> tuple[str, ...] | None:
        """Any words, where the model for such an image is there; of pathology without MedImageParse GigaTIME's
        markers alone."""
        wanted: ModelId = "medimageparse3d" if ref.kind == "volume" else "medimageparse"
        if ref.kind != "frames" and wanted in self._scorers:
            return None
        return served_targets("gigatime", ref) if ref.kind == "image" and "gigatime" in self._scorers else ()

    async def segment(self, image: Image, targets: tuple[str, ...]) -> tuple[Segmented, ...]:
        """By the kind of image: a volume to MedImageParse3D, markers to GigaTIME, all else to MedImageParse.

        The models take any words: a target that no card lists is asked for all the same, and its outline says so.
        """
        if not targets:
            raise NotServed(f"the {self.name} backend outlines nothing unasked here", do="Name targets with --target.")
        asking = Asking(self._terms.burned_in, self._terms.published)
        if image.ref.kind == "frames":
            raise NotServed("no model here outlines a cine", do="Give one frame as a picture.")
        if image.ref.kind == "volume":
            return await outline_volume(self._scorer("medimageparse3d"), image, targets, asking)
        if image.ref.modality == "pathology" and all(map(marker_of, targets)):
            return await outline_markers(self._scorer("gigatime"), image, targets, asking)
        return _told(image.ref, await outline_picture(self._scorer("medimageparse"), image, targets, asking))

    async def embed(self, image: Image, model: str = "") -> Embedded:
        """MedImageInsight's vector; Prov-GigaPath's where it is named, or alone configured, of a pathology picture."""
        if model not in ("", "medimageinsight", "gigapath"):
            raise BadRequest(f"there is no embedding model {model!r}", do="Choose medimageinsight or gigapath.")
        alone = not model and image.ref.modality == "pathology" and "medimageinsight" not in self._scorers
        if model == "gigapath" or (alone and "gigapath" in self._scorers):
            return await embed_tile(self._scorer("gigapath"), image, self._terms.burned_in)
        return await embed_insight(self._scorer("medimageinsight"), image, self._terms.burned_in)

    async def embed_several(self, images: Sequence[Image]) -> Each:
        """`embed` of several, in batches where MedImageInsight is there: one answer or error an image, in order."""
        if "medimageinsight" in self._scorers:
            return await embed_insights(self._scorer("medimageinsight"), images, self._terms.burned_in)
        return await embed_side_by_side(self, images)

    async def stain(self, image: Image) -> Stained:
        """GigaTIME's probabilities of a pathology tile."""
        return await stain_tile(self._scorer("gigatime"), image, self._terms.burned_in)

    async def embed_texts(self, texts: tuple[str, ...], model: str = "") -> tuple[Embedded, ...]:
        """MedImageInsight's vectors of texts; the other models here see pictures alone."""
        if model not in ("", "medimageinsight"):
            raise NotServed(f"{model!r} has no vectors of texts", do="Ask medimageinsight.")
        return await embed_texts(self._scorer("medimageinsight"), texts)

    async def classify(self, image: Image, labels: tuple[str, ...]) -> Classified:
        """Zero-shot; without labels modality and body part."""
        scorer = self._scorer("medimageinsight")
        return await classify_zero_shot(scorer, image, labels or tuple(kinds()), self._terms.burned_in)

    async def draft(self, images: tuple[Image, ...], request: Request) -> Draft:
        """CXRReportGen's findings of a frontal chest film."""
        if not images:
            raise BadRequest("a draft needs an image")
        outgoing = Outgoing(self._terms.marks, self._terms.key, self._terms.burned_in)
        return await draft_report(self._scorer("cxrreportgen"), images, request, outgoing)


def _told(ref: ImageRef, found: tuple[Segmented, ...]) -> tuple[Segmented, ...]:
    """With a word on targets that the model's card does not list for such an image."""
    listed = served_targets("medimageparse", ref)
    strange = "the model's card does not list it for such an image"
    return tuple(
        item if item.target in listed else replace(item, caveat=f"{item.caveat}; {strange}".lstrip("; "))
        for item in found
    )
