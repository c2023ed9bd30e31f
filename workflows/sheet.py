"""Tables of files as others hand them over: a header that can be told apart, and numbers no spreadsheet has spoiled."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from readingroom.errors import BadFile
from readingroom.imaging.subject import pseudonym_of
from readingroom.ordinary import ordinary

MANGLED = re.compile(r"-?\d([.,]\d+)?E\+?\d+|#(REF!|N/A|NAME\?|VALUE!|NUM!|DIV/0!|NULL!|#+)")
"""What a spreadsheet leaves of a long number, or of a formula that failed."""

SAVE = "Save it as CSV in UTF-8."


def csv_rows(path: Path, files: Sequence[str]) -> Iterator[dict[str, str | None]]:
    """The rows that hold anything, some in memory at a time; `files` are the columns of which the table needs one.

    A cell that a short row lacks is None. Raises BadFile for what is no such table.
    """
    where = path.name
    try:
        with ordinary(path).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            reader.fieldnames = headed([name.strip() for name in reader.fieldnames or ()], files, where)
            for row in reader:
                if any(isinstance(cell, str) and cell.strip() for cell in row.values()):
                    yield {name: cell for name, cell in row.items() if name is not None}
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})", where=where, do="Check the path.") from error
    except UnicodeDecodeError as error:
        raise BadFile("this is no CSV table in UTF-8", where=where, do=SAVE) from error
    except csv.Error as error:
        what = f"this is no CSV table in UTF-8 (line {reader.reader.line_num}: {error})"
        raise BadFile(what, where=where, do=SAVE) from error


def headed(names: list[str], files: Sequence[str], where: str) -> list[str]:
    """The header of a table. Raises BadFile; does not tell its words: without a header they are a patient's."""
    if not set(names) & set(files):
        apart = next((told for mark, told in ((";", "semicolons"), ("\t", "tabs")) if mark in "".join(names)), "")
        what = "the table has no column of files" + (f"; its columns stand apart by {apart}" if apart else "")
        raise BadFile(what, where=where, do=f"{'Save it with commas. ' if apart else ''}Call it {files[0]!r}.")
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise BadFile(f"the column {twice[:40]!r} stands twice", where=where, do="Keep one of them.")
    return names


def pseudonym(number: str, key: bytes, where: str) -> str:
    """Of a patient's or a study's number. Raises BadFile for what a spreadsheet has left of one."""
    if MANGLED.fullmatch(number):
        raise BadFile("a spreadsheet has spoiled the number in the column of patients or studies", where=where,
                      do="Save the table with that column as text, or two patients become one.")  # fmt: skip
    return pseudonym_of(number, key)
