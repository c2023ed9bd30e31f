"""A reader study as a folder for the readers, and a key that stays elsewhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from readingroom.domain.value import Value, canonical_json
from readingroom.errors import BadFile, BadRequest, RecordError
from readingroom.reader_study.answer import form_csv, form_json
from readingroom.reader_study.case import Key, Pair, blinded
from readingroom.reader_study.page import to_page

ON_A_PAGE = 25
"""Cases on one page: with two pictures each some 40 MB, which browsers open without waiting."""
MOST_KEY = 200_000_000

README = """Reader study {study}

Open {pages} in a browser; nothing is sent anywhere. Type your initials, read each case, correct draft A and draft B
as you would before signing, mark what was wrong, choose the better draft, and press "Save answers". Send the saved
file back. Your work is also kept in the browser until you save it.
Without a browser: fill in form.csv (or form.json) instead.

{notice}
"""


class Made(Value):
    """What was written."""

    folder: Path
    key: Path
    files: tuple[Path, ...]
    study: str


def make(pairs: Sequence[Pair], folder: Path, key: Path, *, systems: tuple[str, str], seed: int) -> Made:
    """Write the readers' folder (page-01.html ..., form.csv, form.json, README.txt) and the key.

    The same pairs and seed give the same bytes. Raises BadRequest: the key would lie in the readers' folder, the
    folder is not empty, or what `blinded` refuses; RecordError where nothing can be written.
    """
    if key.resolve().is_relative_to(folder.resolve()):
        raise BadRequest("the key would lie in the readers' folder", where=str(key), do="Keep it elsewhere.")
    if folder.is_dir() and any(folder.iterdir()):
        raise BadRequest("the readers' folder is not empty", where=str(folder), do="Name a new one.")
    told = blinded(pairs, systems, seed)
    cases = [one.case for one in told.cases]
    by_name = {pair.name: pair.figures for pair in pairs}
    figures = {one.id: by_name[one.name] for one in told.cases}
    chunks = [cases[start : start + ON_A_PAGE] for start in range(0, len(cases), ON_A_PAGE)]
    texts = {
        f"page-{number:02d}.html": to_page(told.study, chunk, figures, part=number, parts=len(chunks))
        for number, chunk in enumerate(chunks, 1)
    }
    texts["README.txt"] = README.format(study=told.study, pages=", ".join(texts), notice=pairs[0].drafts[0].notice)
    texts |= {"form.csv": form_csv(told.study, cases), "form.json": form_json(told.study, cases)}
    files = write_all(folder, texts)
    write_all(key.parent, {key.name: canonical_json(told) + "\n"})
    return Made(folder=folder, key=key, files=files, study=told.study)


def write_all(folder: Path, texts: Mapping[str, str]) -> tuple[Path, ...]:
    """Write texts by file name, for their owner alone. Raises RecordError."""
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, text in texts.items():
            path = folder / name
            path.write_text(text, encoding="utf-8", newline="")
            path.chmod(0o600)
            paths.append(path)
    except OSError as error:
        what = f"the study cannot be written ({error.strerror})"
        raise RecordError(what, where=str(folder), do="Choose another folder.") from error
    return tuple(paths)


def read_key(path: Path) -> Key:
    """The key of a study. Raises BadFile."""
    try:
        if path.stat().st_size > MOST_KEY:
            raise BadFile("is too large to be a key", where=str(path), do="Give key.json as it was made.")
        return Key.model_validate_json(path.read_bytes(), strict=True)
    except OSError as error:
        what = f"cannot be read ({error.strerror})"
        raise BadFile(what, where=str(path), do="Give the key that `reader-study make` wrote.") from error
    except ValueError as error:
        raise BadFile(
            "is not the key of a reader study", where=str(path), do="Give key.json as it was made."
        ) from error
