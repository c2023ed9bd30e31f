"""From a list of cases to pairs of drafts: reports by run or by file, images by path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from readingroom.domain.report import Report
from readingroom.errors import BadFile, BadRequest, BadStudy
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
    BadRequest for a row that lacks something or whose drafts are not of the same images, BadStudy where it shows images
    that neither was made from, BadFile or BadStudy for a file that cannot be read.
    """
    pairs = []
    for number, row in enumerate(rows, 2):
        if missing := [name for name in COLUMNS if not row.get(name, "").strip()]:
            do = "Its columns are case, first, second, images."
            raise BadRequest(f"line {number} of the list lacks {missing[0]!r}", where="reader study", do=do)
        first, second = (_draft(row[name].strip(), folder, recorded) for name in ("first", "second"))
        _same_study(first, second, number)
        paths = [folder / part.strip() for part in row.get("images", "").split(";") if part.strip()]
        pairs.append(Pair(row["case"].strip(), (first, second), _figures((first, second), paths, subject_key)))
    return tuple(pairs)


def _same_study(first: Report, second: Report, number: int) -> None:
    """By the digests of the current images: a pseudonym tells nothing of a report from another installation."""
    one, other = ({image.sha256 for image in report.images if image.role == "current"} for report in (first, second))
    if one & other:
        return
    whose = "two patients" if first.subject != second.subject else "different images"
    what = f"line {number} of the list pairs drafts of {whose}"
    raise BadRequest(what, where="reader study", do="Pair drafts that were made from the same files.")


def _draft(named: str, folder: Path, recorded: Callable[[str], Report]) -> Report:
    path = folder / named
    if not path.is_file():
        return recorded(named)
    try:
        if path.stat().st_size > MOST_JSON:
            raise BadFile("is too large to be a report", where=str(path), do="Give the report.json of a draft.")
        return from_json(path.read_text(encoding="utf-8"), where=str(path))
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise BadFile(what, where=str(path), do="Give the report.json of a draft.") from error
    except UnicodeDecodeError as error:
        what = "is not a report's JSON"
        raise BadFile(what, where=str(path), do="Give the report.json of a draft.") from error


def _figures(drafts: tuple[Report, Report], paths: list[Path], subject_key: bytes) -> tuple[Figure, ...]:
    """The images as they are displayed, with nothing drawn over them."""
    if not paths:
        return ()
    study = read_study(paths, subject_key=subject_key)
    refs = tuple(image.ref for image in study.images)
    known = {image.sha256 for report in drafts for image in report.images}
    if strange := [ref for ref in refs if ref.sha256 not in known]:
        what = f"neither draft was made from {strange[0].name or 'an image that it is to be shown with'}"
        raise BadStudy(what, where="reader study", do="Show the files that the drafts were made from.")
    return build_figures(drafts[0].model_copy(update={"images": refs, "evidence": ()}), study, {})
