"""docs/conformance.md names every check and no other."""

from __future__ import annotations

import re
from pathlib import Path

from readingroom.conformance.reaching import REACHABLE
from readingroom.conformance.suite import WIRES, questions

PAGE = Path(__file__).resolve().parents[2] / "docs" / "conformance.md"


def test_every_check_is_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    ids = {one.id for _, own in WIRES.values() for one in (REACHABLE, *questions(own, limits=True))}
    cells = [row.split("|")[1] for row in text.splitlines() if row.startswith("| `")]
    assert set(re.findall(r"`([a-z_0-9.]+)`", " ".join(cells))) == ids


def test_ids_are_unique_within_a_model() -> None:
    for _, own in WIRES.values():
        ids = [one.id for one in questions(own, limits=True)]
        assert len(ids) == len(set(ids))
