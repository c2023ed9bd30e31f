"""Conditions as they are typed become one filter."""

from __future__ import annotations

import pytest

from readingroom.errors import BadRequest
from readingroom.index.conditions import filter_of


def test_every_sign_has_its_place() -> None:
    found = filter_of(["modality=ct", "modality = mr", "site!=B", "age>=18", "age<=80.5", "sliced=true", "code=007"])
    assert found.equals == {"modality": ("ct", "mr"), "sliced": (True,), "code": ("007",)}
    assert found.excludes == {"site": ("B",)}
    assert (found.at_least, found.at_most) == ({"age": 18.0}, {"age": 80.5})
    assert filter_of([]).empty


@pytest.mark.parametrize("wrong", ["modality", "=ct", "modality=", "age>=old", "age>=true", ""])
def test_what_is_no_condition_is_refused(wrong: str) -> None:
    with pytest.raises(BadRequest):
        filter_of([wrong])
