"""The cases of an experiment: drawn, or read by an adapter from the layout that a folder or a list has."""

from __future__ import annotations

import csv
import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from readingroom.domain.request import Request
from readingroom.domain.value import Value
from readingroom.errors import BadFile, BadRequest
from readingroom.experiments.case import Case, Reference
from readingroom.experiments.datasets.layouts import LAYOUTS
from readingroom.experiments.experiment import SEE, Source
from readingroom.experiments.phantom_cohort import phantom_cases
from readingroom.ordinary import ordinary

Adapter = Callable[[Path], Iterable[Case]]
"""Reads the cases of one layout. Raises BadFile, naming the place."""

MOST_LIST = 200_000_000
"""Bytes of a list of cases."""
PARTS = ";"
"""Between the files of one field of a CSV."""
CHOICES = "|"
"""Between the options of a question."""
WORDS = ("indication", "technique", "prior_report", "question")
COLUMNS = ("case", "subject", "images", "prior", "lateral", *WORDS, "report", "choices", "answer", "split")


def cases_of(
    sources: Iterable[Source], folder: Path, listen: Callable[[int], None] = lambda count: None
) -> tuple[Case, ...]:
    """All cases in order; drawn ones are written to `folder`. `listen` is told how many there are so far.

    Raises BadFile, BadRequest, RecordError.
    """
    found: list[Case] = []
    for source in sources:
        if source.phantoms is not None:
            given: Iterable[Case] = phantom_cases(source.phantoms, folder / "phantoms")
        else:
            given = _adapted(source)
        chosen = (case for case in given if source.split in ("", case.split))
        for case in islice(chosen, source.limit):
            found.append(case)
            listen(len(found))
    if not found:
        raise BadRequest("the experiment has no case", where="cases", do="Look at path, split and limit.")
    names = Counter(case.id for case in found)
    if doubled := next((name for name, times in names.items() if times > 1), None):
        raise BadRequest(f"case {doubled!r} is there twice", where="cases", do="Give every case an id of its own.")
    for case in found:
        _request_of(case)
    return tuple(found)


def _adapted(source: Source) -> Iterable[Case]:
    adapter = ADAPTERS.get(source.adapter)
    if adapter is None:
        raise BadRequest(
            f"there is no adapter {source.adapter!r}", where="cases", do=f"There are {', '.join(ADAPTERS)}."
        )
    if source.path is None or not source.path.exists():
        raise BadFile("is not there", where=str(source.path), do="Look at cases.path.")
    return adapter(source.path)


def _request_of(case: Case) -> Request:
    try:
        return Request(**case.words)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        name = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"words.{name}: {first['msg']}", where=f"case {case.id}", do=SEE) from error


def folder_cases(path: Path) -> Iterator[Case]:
    """Each entry of a folder is a case: a file, or a folder with the files of one study."""
    for entry in sorted(path.iterdir()):
        if not entry.name.startswith("."):
            yield Case(id=entry.name, subject=entry.name, paths=(str(entry.resolve()),))


def csv_cases(path: Path) -> Iterator[Case]:
    """One row a case. Files count from the list's folder; several are separated by semicolons."""
    try:
        with _opened(path).open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file, strict=True)
            if strange := [name for name in rows.fieldnames or () if name not in COLUMNS]:
                raise BadFile(f"has a column {strange[0]!r}", where=path.name, do=f"There are {', '.join(COLUMNS)}.")
            for line, row in enumerate(rows, 2):
                yield _row(row, path.parent, f"{path.name}, line {line}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise BadFile("is no CSV in UTF-8", where=path.name, do=f"Columns are {', '.join(COLUMNS)}.") from error


def _row(row: Mapping[str | Any, str | Any], folder: Path, where: str) -> Case:
    told = {name: (row.get(name) or "").strip() for name in COLUMNS}
    if not told["images"]:
        raise BadFile("names no images", where=where, do="Fill in the column images.")
    name = told["case"] or told["images"]
    reference = Reference(
        text=told["report"],
        choices=tuple(part.strip() for part in told["choices"].split(CHOICES) if part.strip()),
        answer=told["answer"],
    )
    return Case(
        id=name,
        subject=told["subject"] or name,
        paths=_files(told["images"], folder),
        prior=_files(told["prior"], folder),
        lateral=_files(told["lateral"], folder),
        words={key: told[key] for key in WORDS if told[key]},
        reference=reference if reference != Reference() else None,
        split=told["split"],
    )


def _files(given: str, folder: Path) -> tuple[str, ...]:
    return tuple(str((folder / part.strip()).resolve()) for part in given.split(PARTS) if part.strip())


def json_cases(path: Path) -> Iterator[Case]:
    """A list of cases as JSON, with all that a case may have; files count from the list's folder."""
    try:
        data = json.loads(_opened(path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise BadFile(f"is no JSON ({error})", where=path.name, do="Give a list of cases.") from error
    if not isinstance(data, list):
        raise BadFile("is no list", where=path.name, do="Give a list of cases.")
    for number, one in enumerate(data, 1):
        try:
            case = Case.model_validate_json(json.dumps(one))
        except ValidationError as error:
            first = error.errors(include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"])
            raise BadFile(f"{field}: {first['msg']}", where=f"{path.name}, case {number}", do=SEE) from error
        places = {name: tuple(str((path.parent / one).resolve()) for one in getattr(case, name)) for name in ROLES}
        yield case.model_copy(update=places)


def _opened(path: Path) -> Path:
    try:
        if ordinary(path).stat().st_size > MOST_LIST:
            raise BadFile("is too large for a list of cases", where=path.name, do="Split it into several lists.")
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})", where=str(path), do="Look at cases.path.") from error
    return path


ROLES = ("paths", "prior", "lateral")

ADAPTERS: dict[str, Adapter] = {
    "folder": folder_cases,
    "csv": csv_cases,
    "json": json_cases,
    **{name: layout.read for name, layout in LAYOUTS.items()},
}


class Content(Value):
    """What a case is made of, whatever its files are called and wherever they lie."""

    files: dict[str, tuple[str, ...]]
    """SHA-256 of every file, by the part it has in the study; of a folder's files in the order of their names."""
    words: dict[str, Any]


def content_of(case: Case) -> Content:
    """Raises BadFile where a file cannot be read."""
    files = {role: tuple(_digests(getattr(case, role))) for role in ROLES}
    return Content(files=files, words=case.words)


def _digests(paths: Iterable[str]) -> Iterator[str]:
    for path in map(Path, paths):
        try:
            inside = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
            for one in inside:
                with one.open("rb") as file:
                    yield hashlib.file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise BadFile(
                f"cannot be read ({error.strerror})", where=path.name, do="Look at the case's files."
            ) from error
