"""Outliers as a page: the answer, the map, the scores, and each flagged study beside its nearest reference images."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from readingroom.exports.chart import Chart
from readingroom.exports.curves import map_chart, score_chart
from readingroom.exports.plots_page import Page, Picture, Strip, Table
from readingroom.index.protocol import Collection
from readingroom.learning.grouping import evenly, study_of
from readingroom.learning.projection import principal
from readingroom.workflows.outliers import Outliers, StudyJudged

MOST_POINTS = 2000
"""Reference images on the map, evenly through the index."""
MOST_STRIPS = 20
MOST_ROWS = 500
SHORT = 24

Pictures = Callable[[str], bytes | None]
"""The PNG of an image of the index by its id."""


def outliers_page(found: Outliers, reference: Collection, queries: Collection, pictures: Pictures) -> Page:
    """What `find_outliers` found of these two collections."""
    flagged = [study for study in found.studies if study.outlier]
    told = f"{len(flagged)} of {len(found.studies)} studies are unlike the reference"
    return Page(
        title="Outliers",
        answer=f"{told} (conformal p of {found.asked.alpha:g} or less).",
        alarm=bool(flagged),
        charts=(
            score_chart(found.reference_scores, [(one.study, one.score, one.p) for one in found.studies], found.limit),
            _map(found, reference, queries),
        ),
        tables=(_studies(found), _images(flagged), *_fields(found)),
        strips=tuple(strip for study in flagged[:MOST_STRIPS] if (strip := _strip(study, pictures))),
        notes=_notes(found),
    )


def _map(found: Outliers, reference: Collection, queries: Collection) -> Chart:
    shown = evenly(reference, MOST_POINTS)
    outlying = {image.id for study in found.studies if study.outlier for image in study.images}
    groups = ["reference"] * len(shown.entries)
    groups += ["outlier" if entry.id in outlying else "query" for entry in queries.entries]
    labels = [
        f"study {study_of(entry)[:SHORT]}\nimage {entry.id[:SHORT]}" for entry in (*shown.entries, *queries.entries)
    ]
    vectors = np.concatenate([shown.vectors, queries.vectors])
    return map_chart(principal(vectors), vectors, groups, labels, "Where the images lie")


def _why(study: StudyJudged) -> str:
    """The fields that are rare in the reference, in words."""
    return "; ".join(f"{odd.field} {odd.value} (p {odd.p:.2g})" for odd in study.odd_fields) or "none"


def _studies(found: Outliers) -> Table:
    rows = tuple(
        (
            one.study, str(len(one.images)), f"{one.score:.3f}", f"{one.p:.3g}", f"{one.q:.3g}", f"{one.spread_p:.3g}",
            ", ".join(f"{near.name[:SHORT]} ({near.distance:.3f})" for near in one.nearest), _why(one),
        )
        for one in found.studies[:MOST_ROWS]
    )  # fmt: skip
    marked = frozenset(at for at, one in enumerate(found.studies[:MOST_ROWS]) if one.outlier)
    more = len(found.studies) - len(rows)
    title = f"Studies, the strangest first{f' ({more} more in the JSON)' if more > 0 else ''}"
    heads = ("study", "images", "score", "p", "q", "p (Mahalanobis)", "nearest reference studies", "rare metadata")
    return Table(title, heads, rows, marked)


def _images(flagged: list[StudyJudged]) -> Table:
    rows = tuple(
        (
            study.study, image.id[:SHORT], f"{image.score:.3f}", f"{image.p:.3g}",
            ", ".join(f"{near.name[:SHORT]} ({near.distance:.3f})" for near in image.nearest),
        )
        for study in flagged
        for image in study.images
    )  # fmt: skip
    heads = ("study", "image", "score", "p", "nearest reference images")
    return Table("Images of the flagged studies", heads, rows[:MOST_ROWS])


def _fields(found: Outliers) -> tuple[Table, ...]:
    if not found.fields:
        return ()
    rows = tuple((one.field, one.test, f"{one.p:.3g}", one.words) for one in found.fields)
    marked = frozenset(at for at, one in enumerate(found.fields) if one.p <= found.asked.alpha)
    heads = ("field", "test", "p (Holm)", "what differs most")
    return (Table("All queries against the reference, field by field", heads, rows, marked),)


def _strip(study: StudyJudged, pictures: Pictures) -> Strip | None:
    """The strangest image of a study, and the reference images nearest to it; None where no picture is kept."""
    first = study.images[0]
    shown = [(first.id, f"{study.study}: p {study.p:.3g}")]
    shown += [(near.image, f"nearest of the reference, distance {near.distance:.3f}") for near in first.nearest]
    found = [Picture(png, words) for name, words in shown if (png := pictures(name)) is not None]
    rare = _why(study)
    return Strip(f"{study.study}{f': rare here: {rare}' if study.odd_fields else ''}", tuple(found)) if found else None


def _notes(found: Outliers) -> tuple[str, ...]:
    asked = found.asked
    return (
        f"Reference: {found.reference_images} images, {found.reference_studies} studies, {found.reference_subjects} "
        f"subjects; vectors of {found.space}.",
        "A study vector is mean, standard deviation, least, quartiles and largest of each number over its images; its "
        f"score is the mean distance to the {asked.k} nearest reference studies of other subjects.",
        f"p is conformal, from the reference alone: of studies like it, at most a share {asked.alpha:g} is flagged. "
        "Studies are taken to come one after the other, as if drawn from the same place; q is p by Benjamini and "
        "Hochberg over the query studies.",
        "Mahalanobis: squared distance by a Ledoit-Wolf covariance of half of the subjects, its p from the other half.",
        f"Rare metadata: values as rare in the reference, p Holm-adjusted in the study and at most {asked.alpha:g}.",
        "The map shows the two directions in which reference and queries together vary most; no p-value rests on it.",
        "Unlike the reference is not diseased, and like the reference is not healthy.",
        *found.notes,
    )
