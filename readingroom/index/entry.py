"""What an index holds: rows with metadata, all of one space of vectors, and what a search finds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from pydantic import Field, FiniteFloat

from readingroom.domain.value import Value

Scalar = bool | int | FiniteFloat | str
"""What a metadata field may be; several values of one field are a list of texts."""

Metadata = dict[str, Scalar | list[str]]

Name = Annotated[str, Field(min_length=1, max_length=200)]


class Space(Value):
    """Where vectors can be compared: one model, one version, one preparation of the pixels."""

    model: str
    version: str
    preprocessing_id: str
    dimensions: int = Field(gt=0, le=65536)

    @property
    def title(self) -> str:
        """ "MedImageInsight 5, mi2-512-grey, 1024 numbers"."""
        return f"{f'{self.model} {self.version}'.strip()}, {self.preprocessing_id}, {self.dimensions} numbers"


class Entry(Value):
    """One row beside its vector."""

    id: Name
    """The caller's own; adding it again replaces the row."""
    metadata: Metadata = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Hit:
    """One row that a search found: of values that were checked when they were added, and made by the million."""

    id: str
    similarity: float
    """Cosine of the angle between query and row: 1 the same direction."""
    metadata: Metadata


class Filter(Value):
    """Which rows a search may find: every named field has one of the values, or lies in the range.

    1 and 1.0 are one number; true is no number, and "1" is neither.
    """

    equals: dict[str, tuple[Scalar, ...]] = Field(default_factory=dict)
    """A field that is a list fits where any of its members does."""
    excludes: dict[str, tuple[Scalar, ...]] = Field(default_factory=dict)
    """Rows without the field stay in."""
    at_least: dict[str, FiniteFloat] = Field(default_factory=dict)
    at_most: dict[str, FiniteFloat] = Field(default_factory=dict)

    @property
    def empty(self) -> bool:
        """It lets every row through."""
        return not (self.equals or self.excludes or self.at_least or self.at_most)


EVERYTHING = Filter()


class Kinds(NamedTuple):
    """Values by what they are."""

    texts: tuple[str, ...]
    numbers: tuple[int | float, ...]
    truths: tuple[bool, ...]


def by_kind(values: Sequence[Scalar]) -> Kinds:
    """What JSON tells apart, told apart: in Python True is 1."""
    return Kinds(
        texts=tuple(one for one in values if isinstance(one, str)),
        numbers=tuple(one for one in values if isinstance(one, int | float) and not isinstance(one, bool)),
        truths=tuple(one for one in values if isinstance(one, bool)),
    )
