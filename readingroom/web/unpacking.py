"""A zip of a study, unpacked within limits: its names are not used, its claims not believed, none inside another."""

from __future__ import annotations

import stat
import zipfile
import zlib
from pathlib import Path

from readingroom.errors import BadFile
from readingroom.web.arrival import Arrived, new_file
from readingroom.web.limits import PageLimits
from readingroom.web.refusals import TooMuch

MARK = b"PK\x03\x04"
EMPTY_MARK = b"PK\x05\x06"
CHUNK = 1 << 16
HEAD = 4


def unpacked(came: Arrived, limits: PageLimits, allowed: int) -> Arrived:
    """What came with every zip in it replaced by its files, `allowed` bytes in all.

    Raises BadFile for a broken, encrypted or nested zip or a link in it, TooMuch.
    """
    found = Arrived(fields=came.fields)
    for role, paths in came.files.items():
        kept = found.files.setdefault(role, [])
        number = len(paths)
        for path in paths:
            if not _is_zip(path):
                kept.append(path)
                found.bytes += path.stat().st_size
                continue
            out = _opened(path, number, limits, allowed - found.bytes, limits.upload_files - found.count)
            number += len(out)
            found.bytes += sum(one.stat().st_size for one in out)
            kept.extend(out)
            path.unlink()
    return found


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(HEAD) in (MARK, EMPTY_MARK)


def _opened(path: Path, after: int, limits: PageLimits, allowed: int, most: int) -> list[Path]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if not one.is_dir() and not _is_litter(one.filename)]
            _admitted(members, path.stat().st_size, limits, allowed, most)
            out = []
            for number, member in enumerate(sorted(members, key=lambda one: one.filename), after + 1):
                out.append(new_file(path.parent, number))
                allowed -= _written(archive, member, out[-1], allowed)
            return out
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        raise BadFile("the zip is broken, or packed in a way that is not read here", do="Pack it again.") from error


def _admitted(members: list[zipfile.ZipInfo], packed: int, limits: PageLimits, allowed: int, most: int) -> None:
    """By what the zip says of itself; what it holds in truth is counted while it is written."""
    if len(members) > most:
        raise TooMuch(f"the zip holds more than {most} files", do="Give one study at a time.")
    if any(one.flag_bits & 1 for one in members):
        raise BadFile("the zip is encrypted", do="Unpack it first.")
    if any(stat.S_ISLNK(one.external_attr >> 16) for one in members):
        raise BadFile("the zip holds a link", do="Pack the files themselves.")
    size = sum(one.file_size for one in members)
    if size > allowed:
        raise TooMuch(f"the zip holds more than {allowed >> 20} MiB", do="Give one study at a time.")
    if size > limits.zip_floor and size > limits.zip_ratio * packed:
        raise TooMuch(
            f"the zip unpacks to more than {limits.zip_ratio} times its size", do="Give the files themselves."
        )


def _is_litter(name: str) -> bool:
    """What macOS and file managers put into a zip beside the files."""
    parts = name.replace("\\", "/").split("/")
    return "__MACOSX" in parts or parts[-1].startswith(".")


def _written(archive: zipfile.ZipFile, member: zipfile.ZipInfo, path: Path, allowed: int) -> int:
    written = 0
    with archive.open(member) as source, path.open("wb") as out:
        while chunk := source.read(CHUNK):
            if written == 0 and chunk.startswith(MARK):
                raise BadFile("the zip holds another zip", do="Unpack it first.")
            written += len(chunk)
            if written > allowed:
                raise TooMuch("the zip holds more than it says", do="Pack it again.")
            out.write(chunk)
    return written
