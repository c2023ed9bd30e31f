"""One request to a model as every endpoint takes it: columns, rows of cells, and params."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

import pybase64

from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.model_ids import MODEL_IDS, ModelId

__all__ = ["MODEL_IDS", "Ask", "Cell", "ModelId"]

Cell = str | Cleared | None
"""A text, an image cleared to leave, or nothing."""


@dataclass(frozen=True, eq=False)
class Ask:
    """Rows for one model, in the order in which the answers are expected."""

    model: ModelId
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    """Each as long as `columns`."""
    params: Mapping[str, object] = field(default_factory=dict)

    def part(self, rows: slice) -> Ask:
        """The same request for some of its rows."""
        return Ask(self.model, self.columns, self.rows[rows], self.params)

    @property
    def key(self) -> str:
        """SHA-256 of what is asked, images by their digest and the way they were prepared."""
        cells = [[_named(cell) for cell in row] for row in self.rows]
        told = {"model": self.model, "columns": self.columns, "rows": cells, "params": dict(self.params)}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def body(self) -> bytes:
        """The JSON envelope, images as base64 without line breaks."""
        rows = b",".join(b"[" + b",".join(map(_encoded, row)) + b"]" for row in self.rows)
        columns, index = json.dumps(self.columns).encode(), json.dumps(list(range(len(self.rows)))).encode()
        params = json.dumps(dict(self.params)).encode()
        return b'{"input_data":{"columns":%b,"index":%b,"data":[%b]},"params":%b}' % (columns, index, rows, params)


def _named(cell: Cell) -> object:
    return [cell.sha256, cell.preprocessing_id] if isinstance(cell, Cleared) else cell


def _encoded(cell: Cell) -> bytes:
    if isinstance(cell, Cleared):
        return b'"' + pybase64.b64encode(cell.content) + b'"'
    return json.dumps(cell).encode()
