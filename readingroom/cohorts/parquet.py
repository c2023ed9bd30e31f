"""The tables of a cohort as Parquet: typed, compressed, in parts; the same rows give the same bytes."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.errors import BadFile, NotServed, RecordError
from readingroom.later import Later

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
else:  # an extra; `needed` says so before anything is begun
    pa, pq = Later("pyarrow"), Later("pyarrow.parquet")

ROWS = 4096
"""In a row group; what is held in memory of a table."""

TYPES = {"text": "string", "whole": "int32", "number": "float64", "yes": "bool_", "bytes": "binary"}
"""Our words for columns, and Arrow's types."""

Columns = Mapping[str, str]
"""Type by name, in our words; "vector" is a list of float32."""


def needed() -> None:
    """Raises NotServed where the extra is not installed."""
    try:
        _ = pa.string, pq.ParquetWriter
    except ImportError as error:
        raise NotServed("cohorts need pyarrow for their tables", do="pip install 'readingroom[cohort]'") from error


def write_table(path: Path, columns: Columns, rows: Iterable[Mapping[str, Any]]) -> int:
    """Replace the table at once when the last row is written; how many rows. A column that a row lacks is null.

    Raises RecordError where it cannot be written.
    """
    schema = pa.schema([(name, _type(kind)) for name, kind in columns.items()])
    half = path.with_suffix(".half")
    count = 0
    try:
        with pq.ParquetWriter(half, schema, compression="zstd", write_statistics=True) as writer:
            for part in _parts(rows):
                writer.write_table(pa.Table.from_pylist(part, schema=schema))
                count += len(part)
        half.chmod(0o600)
        os.replace(half, path)
    except OSError as error:
        with suppress(OSError):
            half.unlink()
        what = f"a table cannot be written ({error.strerror or 'the disk fails'})"
        raise RecordError(what, where=str(path), do="Free some space and run the same line again.") from error
    return count


def _type(kind: str) -> Any:
    return pa.list_(pa.float32()) if kind == "vector" else getattr(pa, TYPES[kind])()


def _parts(rows: Iterable[Mapping[str, Any]]) -> Iterator[list[Mapping[str, Any]]]:
    part: list[Mapping[str, Any]] = []
    for row in rows:
        part.append(row)
        if len(part) == ROWS:
            yield part
            part = []
    if part:
        yield part


def columns_of(path: Path) -> tuple[tuple[str, bool], ...]:
    """Names, and whether each holds structures or bytes. Raises BadFile for what is no Parquet file."""
    needed()
    try:
        return tuple((column.name, _packed(column.type)) for column in pq.read_schema(path))
    except (OSError, pa.ArrowException) as error:
        raise BadFile("this is no Parquet table", where=path.name, do="Check the path.") from error


def _packed(kind: Any) -> bool:
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        return _packed(kind.value_type)
    return bool(pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind))


def rows_of(path: Path, columns: tuple[str, ...] | None = None) -> Iterator[dict[str, Any]]:
    """Some rows in memory at a time. Raises BadFile for what is no Parquet file."""
    needed()
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS, columns=list(columns) if columns else None):
                yield from batch.to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise BadFile("this is no Parquet table", where=path.name, do="Check the path.") from error
