"""The folder of an experiment: what was asked, every cell, the evidence, and what it comes to. It is copied whole."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from pydantic import TypeAdapter, ValidationError

from readingroom.domain.value import Value
from readingroom.errors import BadFile, BadRequest, RecordError
from readingroom.experiments.arms import Arm
from readingroom.experiments.atomic import put_bytes, put_value
from readingroom.experiments.case import Case
from readingroom.experiments.draft import Drafted
from readingroom.experiments.experiment import Experiment

DO = "Run it first: `readingroom experiment run FILE.yaml`."

_CASES: TypeAdapter[tuple[Case, ...]] = TypeAdapter(tuple[Case, ...])


class Planned(Value):
    """One cell of the matrix."""

    cell: str
    case: str
    arm: int
    """Its place among the arms."""
    seed: int


class Matrix(Value):
    """The cells of the experiment as it was last run; others in the folder are of earlier forms of it."""

    name: str
    arms: tuple[Arm, ...]
    cells: tuple[Planned, ...]


class Results:
    """One experiment's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.evidence = folder / "evidence"
        self.turns = folder / "turns"
        self.summary = folder / "summary.json"
        self.scores = folder / "scores.json"

    @property
    def writable(self) -> bool:
        """Whether figures can be kept beside the cells; of another's folder they are made again each time."""
        return os.access(self.folder, os.W_OK)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Only one process works in a folder at a time. Raises BadRequest where another does, RecordError."""
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            file = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise RecordError(
                f"cannot be written ({error.strerror})", where=str(self.folder), do="Choose another --out."
            ) from error
        try:
            _lock(file, self.folder)
            yield
        finally:
            os.close(file)

    def put_plan(self, experiment: Experiment, cases: tuple[Case, ...]) -> None:
        """The experiment with its places resolved, and its cases."""
        told = yaml.safe_dump(experiment.model_dump(mode="json"), sort_keys=False, allow_unicode=True)
        put_bytes(self.folder / "experiment.yaml", told.encode())
        put_bytes(self.folder / "cases.json", _CASES.dump_json(cases, indent=1) + b"\n")

    def put_matrix(self, matrix: Matrix) -> None:
        put_value(self.folder / "matrix.json", matrix)

    def put(self, drafted: Drafted) -> None:
        put_value(self._cell(drafted.cell), drafted)

    def get(self, cell: str) -> Drafted | None:
        """A drafted cell; None where there is none, or where its file is not whole."""
        try:
            return Drafted.model_validate_json(self._cell(cell).read_bytes())
        except (OSError, ValidationError):
            return None

    def written(self, cell: str) -> float:
        """When a drafted cell was written, in seconds since 1970."""
        return self._cell(cell).stat().st_mtime

    def has(self, cell: str) -> bool:
        return self._cell(cell).is_file()

    def matrix(self) -> Matrix:
        """Raises BadFile where there is no experiment in the folder."""
        try:
            return Matrix.model_validate_json((self.folder / "matrix.json").read_bytes())
        except OSError as error:
            raise BadFile("is no folder of an experiment", where=str(self.folder), do=DO) from error
        except ValidationError as error:
            raise BadFile("matrix.json cannot be read", where=str(self.folder), do=DO) from error

    def cases(self) -> dict[str, Case]:
        """By id. Raises BadFile."""
        try:
            found = _CASES.validate_json((self.folder / "cases.json").read_bytes())
        except (OSError, ValidationError) as error:
            raise BadFile("cases.json cannot be read", where=str(self.folder), do=DO) from error
        return {case.id: case for case in found}

    def drafts(self, matrix: Matrix) -> Iterator[Drafted]:
        """Every cell of the matrix that is there, under the arm's present name."""
        for planned in matrix.cells:
            found = self.get(planned.cell)
            if found is not None:
                name = matrix.arms[planned.arm].name
                yield found.model_copy(update={"case": planned.case, "arm": name, "seed": planned.seed})

    def _cell(self, cell: str) -> Path:
        return self.folder / "cells" / f"{cell}.json"


def _lock(file: int, folder: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise BadRequest("another process is at it", where=str(folder), do="Wait until it is done.") from error
