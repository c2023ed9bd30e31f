"""Manifests: a CSV or Parquet table, a folder, or a DICOM tree, read as a stream of items."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from readingroom.cohorts.columns import FILES, Row, item_of, known, stamped
from readingroom.cohorts.item import Item
from readingroom.domain.value import digest_of
from readingroom.errors import BadFile, BadInput
from readingroom.imaging.sources import Source, sources_of
from readingroom.later import Later

if TYPE_CHECKING:
    from readingroom.cohorts import parquet
else:  # an extra
    parquet = Later("readingroom.cohorts.parquet")

By = Literal["study", "series"]

NO_TABLE = "Give a table, a .parquet file or a folder."


def items_of(manifest: Path, *, key: bytes, by: By = "study") -> Iterator[Item]:
    """Every item that a manifest names; `key` is that of pseudonyms, `by` how DICOM files of a folder go together.

    A file of a folder that cannot be read is an item with its error. Raises BadFile for what is no manifest, and for a
    row of a table that cannot be understood.
    """
    where = manifest.name or str(manifest)
    if manifest.is_dir():
        yield from _of_folder(manifest, key, by)
        return
    rows = _of_parquet(manifest) if manifest.suffix.lower() in (".parquet", ".pq") else _of_csv(manifest)
    for number, row in enumerate(rows, 1):
        yield item_of(row, manifest.absolute().parent, key, f"{where}, row {number}")


def unused(manifest: Path) -> tuple[str, ...]:
    """Columns of a table that nothing is done with."""
    if manifest.is_dir():
        return ()
    if manifest.suffix.lower() in (".parquet", ".pq"):
        return tuple(name for name in parquet.columns_of(manifest) if not known(name))
    return tuple(name for name in next(_of_csv(manifest), {}) if not known(name))


def _of_csv(path: Path) -> Iterator[Row]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            reader.fieldnames = _names([name.strip() for name in reader.fieldnames or ()], path.name)
            for row in reader:
                if any(isinstance(cell, str) and cell.strip() for cell in row.values()):
                    yield {name: cell for name, cell in row.items() if name is not None}
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})", where=path.name, do="Check the path.") from error
    except UnicodeDecodeError as error:
        raise BadFile("this is no CSV table in UTF-8", where=path.name, do=NO_TABLE) from error
    except csv.Error as error:
        what = f"this is no CSV table in UTF-8 (line {reader.reader.line_num}: {error})"
        raise BadFile(what, where=path.name, do=NO_TABLE) from error


def _names(names: list[str], where: str) -> list[str]:
    """The header of a table. Raises BadFile; does not tell its words: without a header they are a patient's."""
    if not set(names) & set(FILES):
        apart = next((told for mark, told in ((";", "semicolons"), ("\t", "tabs")) if mark in "".join(names)), "")
        what = "the table has no column of files" + (f"; its columns stand apart by {apart}" if apart else "")
        raise BadFile(what, where=where, do=f"{'Save it with commas. ' if apart else ''}Call it {FILES[0]!r}.")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise BadFile(f"the column {twice[:40]!r} stands twice", where=where, do="Keep one of them.")
    return names


def _of_parquet(path: Path) -> Iterator[Row]:
    _names(list(parquet.columns_of(path)), path.name)
    yield from parquet.rows_of(path)


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
