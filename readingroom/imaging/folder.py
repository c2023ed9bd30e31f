"""Files in: what a path holds, within the caps, and only ordinary files."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from readingroom.errors import BadFile, BadStudy
from readingroom.imaging.limits import Limits
from readingroom.imaging.sniff import HEAD_BYTES


class Listing(NamedTuple):
    """Ordinary files under a folder, in a stable order, and how many were passed over."""

    files: tuple[Path, ...]
    notes: tuple[str, ...]


def read_bytes(path: Path, limits: Limits, *, where: str) -> bytes:
    """The whole of an ordinary file; BadFile where there is none, it cannot be read, or it is too large."""
    size = ordinary_size(path, limits, where=where)
    try:
        with path.open("rb") as stream:
            data = stream.read(size + 1)
            if len(data) > size:  # it grew meanwhile
                data += stream.read(limits.file_bytes + 1 - len(data))
    except OSError as error:
        raise BadFile("the file cannot be read", where=where, do="Check its permissions.") from error
    if len(data) > limits.file_bytes:
        raise _too_large(limits, where)
    return data


def read_head(path: Path, limits: Limits, *, where: str) -> bytes:
    """The first bytes of an ordinary file, enough to tell its format."""
    ordinary_size(path, limits, where=where)
    try:
        with path.open("rb") as stream:
            return stream.read(HEAD_BYTES)
    except OSError as error:
        raise BadFile("the file cannot be read", where=where, do="Check its permissions.") from error


def ordinary_size(path: Path, limits: Limits, *, where: str) -> int:
    """Bytes of a file. Raises BadFile for pipes and devices, which may never end, and for one that is too large."""
    try:
        found = path.stat()
    except (OSError, ValueError) as error:
        raise BadFile("there is no such file or folder", where=where, do="Check the path.") from error
    if not stat.S_ISREG(found.st_mode):
        raise BadFile("this is not an ordinary file", where=where, do="Give an image file or a folder.")
    if found.st_size > limits.file_bytes:
        raise _too_large(limits, where)
    return found.st_size


def _too_large(limits: Limits, where: str) -> BadFile:
    return BadFile(f"the file is larger than {limits.file_bytes >> 20} MiB", where=where, do="Give a smaller one.")


def list_folder(folder: Path, limits: Limits, *, where: str) -> Listing:
    """Every ordinary file under `folder`; links that lead out of it, hidden and special files are passed over."""
    root = folder.resolve()
    files: list[Path] = []
    links = seen = 0
    for at, folders, names in os.walk(folder, followlinks=False):
        depth = len(Path(at).relative_to(folder).parts)
        if depth >= limits.folder_depth:
            folders.clear()
        folders[:] = sorted(name for name in folders if not name.startswith(".") and not (Path(at) / name).is_symlink())
        for name in sorted(names):
            seen += 1
            if seen > limits.folder_files:
                raise BadStudy(f"the folder holds more than {limits.folder_files} files", where=where,
                               do="Give the folder of one study.")  # fmt: skip
            path = Path(at) / name
            if name.startswith("."):
                continue
            if path.is_symlink() and not _leads_inside(path, root):
                links += 1
            elif path.is_file():
                files.append(path)
    note = f"{links} links that lead out of the folder were not followed."
    return Listing(tuple(files), (note,) if links else ())


def _leads_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):  # a broken link, or a loop of them
        return False
