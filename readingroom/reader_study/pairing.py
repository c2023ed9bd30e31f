"""From a list of cases to pairs of drafts: reports by run or by file, images by path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from readingroom.domain.report import Report
from readingroom.errors import BadFile, BadRequest
from readingroom.exports.canonical import from_json
from readingroom.exports.figure import Figure, build_figures
from readingroom.imaging.reader import read_study
from readingroom.reader_study.case import Pair

COLUMNS = ("case", "first", "second")
MOST_JSON = 20_000_000


def pairs_of(
    rows: Iterable[Mapping[str, str]], folder: Path, recorded: Callable[[str], Report], subject_key: bytes
) -> tuple[Pair, ...]:
    """A pair for each row with columns case, first, second and, if wanted, images (paths with ";" between).

    A draft is a path of a report's JSON, from `folder` where it is relative, or a run that `recorded` knows. Raises
    BadRequest for a row that lacks something, BadFile or BadStudy for a file that cannot be read.
    """
    pairs = []
    for number, row in enumerate(rows, 2):
        if missing := [name for name in COLUMNS if not row.get(name, "").strip()]:
            do = "Its columns are case, first, second, images."
            raise BadRequest(f"line {number} of the list lacks {missing[0]!r}", where="reader study", do=do)
        first, second = (_draft(row[name].strip(), folder, recorded) for name in ("first", "second"))
        paths = [folder / part.strip() for part in row.get("images", "").split(";") if part.strip()]
        pairs.append(Pair(row["case"].strip(), (first, second), _figures(first, paths, subject_key)))
    return tuple(pairs)


def _draft(named: str, folder: Path, recorded: Callable[[str], Report]) -> Report:
    path = folder / named
    if not path.is_file():
        return recorded(named)
    try:
        if path.stat().st_size > MOST_JSON:
            raise BadFile("is too large to be a report", where=str(path))
        return from_json(path.read_text(encoding="utf-8"), where=str(path))
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise BadFile("is not a report's JSON", where=str(path)) from error


def _figures(report: Report, paths: list[Path], subject_key: bytes) -> tuple[Figure, ...]:
    """The images as they are displayed, with nothing drawn over them."""
    if not paths:
        return ()
    study = read_study(paths, subject_key=subject_key)
    refs = tuple(image.ref for image in study.images)
    return build_figures(report.model_copy(update={"images": refs, "evidence": ()}), study, {})
