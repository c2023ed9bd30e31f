"""Which studies are unlike a reference, with p-values from the reference alone, and what may explain it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.index.entry import Entry
from readingroom.index.protocol import Collection
from readingroom.learning.conformal import fewest, p_value, threshold
from readingroom.learning.fields import Column, column_of, difference, fields_of, kind_of, oddity
from readingroom.learning.grouping import Group, drawn, number_of, same_space, studies_of, subject_of, texts_of
from readingroom.learning.multiple import benjamini_hochberg, holm
from readingroom.learning.outliers import (
    NEIGHBOURS,
    Found,
    Neighbourhood,
    Shrunk,
    shrunk,
    split_by_subject,
    study_vectors,
)

Numbers = NDArray[np.float64]

MOST_STUDIES = 3000
"""Studies or images of a reference that are looked at, drawn by chance: distances grow with the square."""
SHOWN_FIELDS = 3


class Asked(Value):
    """What counts as an outlier."""

    alpha: float = 0.05
    """Share of cases like the reference that are flagged nevertheless."""
    k: int = NEIGHBOURS
    seed: int = 0


class Near(Value):
    """One reference study or image near to a query."""

    name: str
    """The study's, or the image's id."""
    image: str
    """Id of its first image, or of the image itself, for a picture."""
    distance: float


class Odd(Value):
    """One metadata field of a query that is rare in the reference."""

    field: str
    value: str
    p: float
    """Holm-adjusted over the fields of the study."""


class ImageJudged(Value):
    """One image of a query study by itself, by the distance to the nearest reference images."""

    id: str
    score: float
    p: float
    nearest: tuple[Near, ...]


class StudyJudged(Value):
    """One query study."""

    study: str
    images: tuple[ImageJudged, ...]
    """The strangest first."""
    score: float
    """Mean distance of the study vector to those of the nearest reference studies."""
    p: float
    """Conformal p-value of the score."""
    q: float
    """The same by Benjamini-Hochberg over all query studies."""
    outlier: bool
    """p is at most alpha."""
    spread_score: float
    """Squared Mahalanobis distance with a Ledoit-Wolf covariance."""
    spread_p: float
    """Its split-conformal p-value."""
    nearest: tuple[Near, ...]
    odd_fields: tuple[Odd, ...]
    """The rarest first, at most three, those with p of at most alpha."""


class FieldShift(Value):
    """One metadata field of all queries against the reference."""

    field: str
    test: str
    p: float
    """Holm-adjusted over all fields."""
    words: str


class Outliers(Value):
    """Query studies held against a reference; the strangest first."""

    space: str
    reference_images: int
    reference_studies: int
    reference_subjects: int
    asked: Asked
    limit: float
    """Reference studies of other subjects lie above it in a share alpha; scores above are about where p is alpha."""
    reference_scores: tuple[float, ...]
    """Of the reference studies, each without its own subject."""
    studies: tuple[StudyJudged, ...]
    fields: tuple[FieldShift, ...]
    notes: tuple[str, ...]


def find_outliers(
    reference: Collection, queries: Collection, asked: Asked, tell: Callable[[int, int], None] | None = None
) -> Outliers:
    """Every study of `queries` against `reference`; nothing is fitted to or chosen on the queries.

    `tell` hears how many studies of how many are done. Raises BadRequest where the spaces differ, one of the two is
    empty, or the reference has too few subjects for alpha; NotServed without scikit-learn.
    """
    same_space(reference.space, queries.space)
    if not queries.entries:
        raise BadRequest("there is nothing to judge", do="Give at least one study.")
    notes: list[str] = []
    studies = _most(studies_of(reference.entries), asked.seed, notes, "studies")
    subjects = len({study.subject for study in studies})
    if subjects < fewest(asked.alpha):
        raise BadRequest(f"{subjects} reference subjects cannot give a p-value of {asked.alpha:g}",
                         do=f"Give at least {fewest(asked.alpha)}, or a larger alpha.")  # fmt: skip
    unnamed = sum(study.subject.startswith("image ") for study in studies)
    if unnamed:
        notes.append(f"{unnamed} reference studies name no subject and count as subjects of their own")
    judge = _Judge(reference, studies, asked)
    found = []
    groups = studies_of(queries.entries)
    for done, study in enumerate(groups, 1):
        found.append(judge.judged(drawn(queries, study.rows), study.subject, study.name))
        if tell:
            tell(done, len(groups))
    rates = benjamini_hochberg([one.p for one in found])
    ranked = [one.model_copy(update={"q": float(rate)}) for one, rate in zip(found, rates, strict=True)]
    return Outliers(
        space=reference.space.title,
        reference_images=len(reference.entries),
        reference_studies=len(studies),
        reference_subjects=subjects,
        asked=asked,
        limit=threshold(judge.studies.scores, asked.alpha),
        reference_scores=tuple(float(score) for score in np.sort(judge.studies.scores)),
        studies=tuple(sorted(ranked, key=lambda one: (one.p, -one.score, one.study))),
        fields=shifts(reference.entries, queries.entries),
        notes=tuple(notes),
    )


class _Judge:
    """A reference, ready for one study after the other."""

    def __init__(self, reference: Collection, studies: Sequence[Group], asked: Asked) -> None:
        self._reference, self._groups, self._asked = reference, studies, asked
        vectors = study_vectors(reference.vectors, studies)
        subjects = tuple(study.subject for study in studies)
        self.studies = Neighbourhood(vectors, subjects, asked.k)
        rows = [row for study in studies for row in study.rows]
        chance = np.random.default_rng(asked.seed)
        rows = sorted(chance.choice(rows, MOST_STUDIES, replace=False)) if len(rows) > MOST_STUDIES else rows
        self._images = drawn(reference, rows)
        own = tuple(subject_of(entry) for entry in self._images.entries)
        self._neighbours = Neighbourhood(self._images.vectors.astype(np.float64), own, asked.k)
        self._spread, self._spread_scores, self._spread_subjects = _split(vectors, subjects, asked.seed)
        kinds = {name: kind_of(reference.entries, name) for name in fields_of(reference.entries)}
        self._columns = [column_of(reference.entries, name, kind) for name, kind in kinds.items()]

    def judged(self, study: Collection, subject: str, name: str) -> StudyJudged:
        """`study`: its rows alone. `q` is still to be filled in."""
        whole = Group(name, subject, tuple(range(len(study.entries))))
        vector = study_vectors(study.vectors, [whole])[0]
        found = self.studies.look_up(vector, subject)
        spread = float(self._spread.scores(vector[None])[0])
        images = [self._image(entry, row, subject) for entry, row in zip(study.entries, study.vectors, strict=True)]
        return StudyJudged(
            study=name,
            images=tuple(sorted(images, key=lambda image: (image.p, -image.score, image.id))),
            score=found.score,
            p=found.p,
            q=found.p,
            outlier=found.p <= self._asked.alpha + 1e-9,
            spread_score=spread,
            spread_p=p_value(self._spread_scores, spread, self._spread_subjects),
            nearest=self._near(found, studies=True),
            odd_fields=_odd(self._columns, study.entries, self._asked.alpha),
        )

    def _image(self, entry: Entry, vector: NDArray[np.float32], subject: str) -> ImageJudged:
        found = self._neighbours.look_up(vector.astype(np.float64), subject)
        return ImageJudged(id=entry.id, score=found.score, p=found.p, nearest=self._near(found, studies=False))

    def _near(self, found: Found, *, studies: bool) -> tuple[Near, ...]:
        told = []
        for place, distance in zip(found.places, found.distances, strict=True):
            if studies:
                name, image = self._groups[place].name, self._reference.entries[self._groups[place].rows[0]].id
            else:
                name = image = self._images.entries[place].id
            told.append(Near(name=name, image=image, distance=distance))
        return tuple(told)


def _split(vectors: Numbers, subjects: tuple[str, ...], seed: int) -> tuple[Shrunk, Numbers, list[str]]:
    """A covariance fitted to half of the subjects, and the scores of the other half."""
    fitted = split_by_subject(subjects, seed)
    spread = shrunk(vectors[fitted])
    return (
        spread,
        spread.scores(vectors[~fitted]),
        [name for name, half in zip(subjects, fitted, strict=True) if not half],
    )


def _most(studies: tuple[Group, ...], seed: int, notes: list[str], what: str) -> tuple[Group, ...]:
    if len(studies) <= MOST_STUDIES:
        return studies
    notes.append(f"{MOST_STUDIES} of the {len(studies)} {what} of the reference were looked at, drawn by chance")
    chosen = np.random.default_rng(seed).permutation(len(studies))[:MOST_STUDIES]
    return tuple(studies[place] for place in sorted(chosen.tolist()))


def _odd(columns: Sequence[Column], entries: Sequence[Entry], alpha: float) -> tuple[Odd, ...]:
    """Fields of a study that are rare in the reference: by its first image that tells the field."""
    told: list[tuple[str, str, float]] = []
    for column in columns:
        metadata = next((one.metadata for one in entries if column.field in one.metadata), None)
        text = texts_of(metadata or {}, column.field)
        number = number_of(metadata or {}, column.field)
        if column.kind == "categorical":
            told.append((column.field, text, oddity(column, text)))
        elif np.isfinite(number):
            told.append((column.field, text, oddity(column, number)))
    adjusted = holm([p for _, _, p in told])
    found = [Odd(field=field, value=text, p=float(p)) for (field, text, _), p in zip(told, adjusted, strict=True)]
    return tuple(sorted((one for one in found if one.p <= alpha), key=lambda one: (one.p, one.field))[:SHOWN_FIELDS])


def shifts(reference: Sequence[Entry], queries: Sequence[Entry], leave: Sequence[str] = ()) -> tuple[FieldShift, ...]:
    """How the queries' metadata differ from the reference's as a whole, the clearest first; one value a patient."""
    found = [difference(reference, queries, name) for name in fields_of((*reference, *queries), leave)]
    adjusted = holm([one.p for one in found])
    told = [FieldShift(field=one.field, test=one.test, p=float(p), words=one.words)
            for one, p in zip(found, adjusted, strict=True)]  # fmt: skip
    return tuple(sorted(told, key=lambda one: (one.p, one.field)))
