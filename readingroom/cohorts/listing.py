"""Manifests: a CSV or Parquet table, a folder, or a DICOM tree, read as a stream of items."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from readingroom.cohorts.columns import FILES, Row, item_of, known, stamped
from readingroom.cohorts.item import Item
from readingroom.domain.value import digest_of
from readingroom.errors import BadFile, BadInput
from readingroom.imaging.sources import Source, sources_of
from readingroom.later import Later
from readingroom.ordinary import ordinary
from readingroom.workflows.sheet import csv_rows, headed

if TYPE_CHECKING:
    from readingroom.cohorts import parquet
else:  # an extra
    parquet = Later("readingroom.cohorts.parquet")

By = Literal["study", "series"]

PARQUET = (".parquet", ".pq")


def items_of(manifest: Path, *, key: bytes, by: By = "study") -> Iterator[Item]:
    """Every item that a manifest names; `key` is that of pseudonyms, `by` how DICOM files of a folder go together.

    A file of a folder that cannot be read is an item with its error. Raises BadFile for what is no manifest, and for a
    row of a table that cannot be understood.
    """
    where = manifest.name or str(manifest)
    if manifest.is_dir():
        yield from _of_folder(manifest, key, by)
        return
    folder = manifest.absolute().parent
    for number, row in enumerate(_rows(manifest), 1):
        yield item_of(row, folder, key, f"{where}, row {number}")


def unused(manifest: Path) -> tuple[str, ...]:
    """Columns of a table that nothing is done with."""
    if manifest.is_dir():
        return ()
    if manifest.suffix.lower() in PARQUET:
        plain = _plain(manifest)
        return tuple(name for name, _ in parquet.columns_of(manifest) if name not in plain or not known(name))
    return tuple(name for name in next(csv_rows(manifest, FILES), {}) if not known(name))


def _rows(path: Path) -> Iterator[Row]:
    if path.suffix.lower() not in PARQUET:
        return csv_rows(path, FILES)
    plain = _plain(path)
    return parquet.rows_of(path, tuple(name for name in plain if known(name)))


def _plain(path: Path) -> list[str]:
    """Columns of a Parquet table that hold words, numbers or lists of them. Raises BadFile where its files are packed
    into it, or what we need of it is."""
    told = parquet.columns_of(ordinary(path))
    plain = [name for name, packed in told if not packed]
    rest = [name for name, packed in told if packed]
    paths = bool(set(plain) & set(FILES))
    if wrong := next((name for name in rest if known(name) and not (paths and name in FILES)), None):
        do = "Write the pictures to files and their paths into it." if wrong in FILES else "Write words or numbers."
        raise BadFile(f"the column {wrong!r} holds structures or bytes", where=path.name, do=do)
    return headed(plain, FILES, path.name)


def _of_folder(folder: Path, key: bytes, by: By) -> Iterator[Item]:
    """Pictures and volume files each by itself, DICOM by study or series wherever below the folder its files lie."""
    studies: dict[str, list[Source]] = {}
    for source in sources_of([folder], key=key):
        name = source.study if by == "study" else source.series and f"{source.study}-{source.series}"
        if source.error is None and name:
            studies.setdefault(name, []).append(source)
        else:
            yield _item(_near(source, folder), [source])
    for name in sorted(studies):
        yield _item(name, studies[name])


def _near(source: Source, folder: Path) -> str:
    return digest_of(sorted(str(path.relative_to(folder)) for path in source.paths))[:16]


def _item(name: str, sources: list[Source]) -> Item:
    first = sources[0]
    return stamped(
        Item(
            id=name,
            paths=tuple(sorted(str(path.absolute()) for source in sources for path in source.paths)),
            subject=first.subject,
            study=first.study,
            error=BadInput(first.error.what, do=first.error.do).line() if first.error else "",
        )
    )
