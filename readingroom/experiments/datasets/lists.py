"""Lists of a dataset: found in its folder, checked for their columns, and read row by row."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from readingroom.errors import BadFile

SEE = "docs/datasets.md shows the layout."
LARGEST_JSON = 500_000_000
"""Bytes; the list of PadChest-GR has a hundredth of it."""


def file_in(folder: Path, *names: str) -> Path:
    """The first of several names that is there. Raises BadFile, naming what is expected."""
    found = next((folder / name for name in names if (folder / name).is_file()), None)
    if found is None:
        raise BadFile(f"{' or '.join(names)} is missing", where=str(folder), do=SEE)
    return found


def folder_in(folder: Path, *names: str) -> Path:
    """The first of several folders that is there. Raises BadFile."""
    found = next((folder / name for name in names if (folder / name).is_dir()), None)
    if found is None:
        raise BadFile(f"the folder {' or '.join(names)} is missing", where=str(folder), do=SEE)
    return found


def those_there(paths: Iterable[str]) -> tuple[str, ...]:
    """Films beside a study, laterals and earlier ones, as far as they were downloaded: it can be read without them."""
    return tuple(path for path in paths if Path(path).is_file())


def zipped(name: str) -> tuple[str, str]:
    """A list as it is published, or unpacked."""
    return name, f"{name}.gz"


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[dict[str, str]]:
    """Each row of a CSV, plain or gzip, one at a time. Raises BadFile for a missing column, naming all that there are
    to be, and for what is no CSV."""
    try:
        with _opened(path) as file:
            reader = csv.DictReader(file)
            there = reader.fieldnames or ()
            if missing := [name for name in columns if name not in there]:
                raise BadFile(
                    f"has no column {missing[0]!r}; expected are {', '.join(columns)}", where=path.name, do=SEE
                )
            for line, row in enumerate(reader, 2):
                if any(row[name] is None for name in columns):
                    raise BadFile(f"line {line} is cut off", where=path.name, do="Unpack or copy the file again.")
                yield {name: row[name].strip() for name in there if isinstance(row.get(name), str)}
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise BadFile(f"cannot be read ({type(error).__name__})", where=path.name, do=SEE) from error


def _opened(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8-sig", newline="")
    return path.open(encoding="utf-8-sig", newline="")


def json_of(path: Path) -> Any:
    """Raises BadFile for what is no JSON, or far too large for a list."""
    try:
        if path.stat().st_size > LARGEST_JSON:
            raise BadFile("is too large for a list of cases", where=path.name, do=SEE)
        return json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise BadFile(f"is no JSON ({type(error).__name__})", where=path.name, do=SEE) from error
