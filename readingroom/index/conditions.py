"""Conditions on metadata as they are typed: "modality=ct", "site!=B", "age>=18"."""

from __future__ import annotations

from collections.abc import Iterable

from readingroom.errors import BadRequest
from readingroom.index.entry import Filter, Scalar
from readingroom.index.scalar import scalar

SIGNS = (">=", "<=", "!=", "=")
DO = "Write field=value, field!=value, field>=number or field<=number."


def filter_of(told: Iterable[str]) -> Filter:
    """All of the conditions; several values of one field with = are any of them. Raises BadRequest for another text."""
    equals: dict[str, tuple[Scalar, ...]] = {}
    excludes: dict[str, tuple[Scalar, ...]] = {}
    least: dict[str, float] = {}
    most: dict[str, float] = {}
    for one in told:
        sign = next((sign for sign in SIGNS if sign in one), "")
        name, _, text = one.partition(sign) if sign else ("", "", "")
        name, value = name.strip(), scalar(text.strip())
        if not name or not text.strip():
            raise BadRequest(f"{one[:60]!r} is no condition", do=DO)
        if sign in ("=", "!="):
            held = equals if sign == "=" else excludes
            held[name] = (*held.get(name, ()), value)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise BadRequest(f"{text[:40]!r} is no number", where=one[:60], do=DO)
        else:
            (least if sign == ">=" else most)[name] = float(value)
    return Filter(equals=equals, excludes=excludes, at_least=least, at_most=most)
