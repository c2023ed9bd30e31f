"""The tables of a cohort, written anew from its journal: ordered by item, and the same for the same results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from readingroom.cohorts.item import Item, Outcome
from readingroom.cohorts.journal import Journal
from readingroom.cohorts.parquet import write_table
from readingroom.cohorts.rows import FINDINGS, ITEMS, PATHS, TIMES, VECTORS, Row
from readingroom.domain.value import canonical_json, digest_of

COMPARED = ("items.parquet", "findings.parquet", "embeddings.parquet")
"""No clock, no path and no run is in them."""
TIMINGS, FILES = "timings.parquet", "paths.parquet"


def write_tables(folder: Path, journal: Journal, workflow: str, generation: int) -> None:
    """All tables, each replaced when it is whole. Raises RecordError."""
    about = {"workflow": workflow, "generation": generation}
    write_table(folder / "items.parquet", ITEMS, (_item(item, found, about) for item, found in journal.results()))
    write_table(folder / "findings.parquet", FINDINGS, _each(journal, lambda _, found: found.findings))
    write_table(folder / TIMINGS, TIMES, _each(journal, lambda _, found: (_times(found),)))
    write_table(folder / FILES, PATHS, (row for item, _ in journal.results() for row in _paths(item)))
    if workflow == "embed":
        write_table(folder / "embeddings.parquet", VECTORS, _each(journal, lambda _, found: _vectors(found)))


def _each(journal: Journal, rows: Any) -> Iterator[Row]:
    for item, found in journal.results():
        if found is not None:
            for row in rows(item, found):
                yield {"id": item.id, **row}


def _item(item: Item, found: Outcome | None, about: Row) -> Row:
    given = {
        "id": item.id, **about, "subject": item.subject or None, "study": item.study or None, "bytes": float(item.size),
        "files": len(item.paths) + len(item.prior) + len(item.lateral), "paths_sha256": digest_of(list(item.paths)),
        "about": canonical_json(item.about) if item.about else None, "status": "waiting",
    }  # fmt: skip
    if found is None:
        return given
    told = {"status": found.status, "reason": found.reason or None, "error": found.error or None}
    row = {name: value for name, value in found.row.items() if not (name == "subject" and value == "unknown")}
    return {**given, **row, **told}


def _times(found: Outcome) -> Row:
    cost = found.cost
    return {"run": cost.run or None, "seconds": cost.seconds, "calls": cost.calls, "tokens": cost.tokens,
            "cost": cost.cost, "call_seconds": round(sum(cost.call_seconds.values()), 3)}  # fmt: skip


def _paths(item: Item) -> list[Row]:
    roles = (("current", item.paths), ("prior", item.prior), ("lateral", item.lateral))
    return [{"id": item.id, "role": role, "path": path} for role, paths in roles for path in paths]


def _vectors(found: Outcome) -> list[Row]:
    return [
        {"image_sha256": one.id, "model": one.model, "version": one.version, "preprocessing_id": one.preprocessing_id,
         "vector": numbers_of(one.numbers).tolist()}
        for one in found.vectors
    ]  # fmt: skip


def numbers_of(told: str) -> np.ndarray:
    """(D,) float32."""
    return np.frombuffer(bytes.fromhex(told), dtype="<f4")
