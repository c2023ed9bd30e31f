"""What a run was asked, as its record keeps it; and the study as far as the record tells it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from readingroom.domain.image import ImageRef
from readingroom.domain.report import Report
from readingroom.domain.request import Request
from readingroom.domain.value import Value
from readingroom.errors import BadStudy
from readingroom.imaging.image import Image, Study
from readingroom.runs.history import History


class Asked(Value):
    """Words and references, no pixels and no paths."""

    request: Request
    images: tuple[ImageRef, ...]
    notes: tuple[str, ...] = ()
    """What reading the files had to decide."""


def asked_of(study: Study, request: Request) -> Asked:
    return Asked(request=request, images=tuple(image.ref for image in study.images), notes=study.notes)


def recorded_study(past: History) -> tuple[Asked, Study]:
    """What the run was asked, and its study without pixels. Raises RecordError where the record of it was changed."""
    asked = Asked.model_validate_json(past.content(past.begun))
    images = tuple(Image(ref, np.zeros((0, 0), np.uint8)) for ref in asked.images)
    return asked, Study(past.run.subject, images, asked.notes)


def unchanged(asked: Asked, study: Study) -> None:
    """Raises BadStudy where the sources are no longer what the run began with."""
    found = {image.ref.id: image.ref for image in study.images}
    for ref in asked.images:
        if ref.id not in found or found[ref.id].sha256 != ref.sha256:
            what = f"the {ref.name or f'{ref.role} image'} is no longer what the run began with"
            raise BadStudy(what, do="Put the file back as it was, or draft anew.")
    if asked_of(study, asked.request) != asked:
        raise BadStudy("the study is read otherwise than when the run began", do="Draft anew.")


def of_the_report(report: Report, study: Study) -> Study:
    """Images given again, as the report knows them. Raises BadStudy for one that it was not made from."""
    left = list(report.images)
    images = []
    for image in study.images:
        ref = next((one for one in left if one.sha256 == image.ref.sha256), None)
        if ref is None:
            what = f"the {image.ref.name or f'{image.ref.role} image'} is none that the report was made from"
            raise BadStudy(what, do="Give the images of that run, unchanged, each in its place.")
        left.remove(ref)
        images.append(replace(image, ref=ref))
    return replace(study, images=tuple(images))


def absolute(paths: Sequence[Path]) -> tuple[str, ...]:
    """As the run's private file keeps them: another process may stand elsewhere."""
    return tuple(os.path.abspath(path) for path in paths)
