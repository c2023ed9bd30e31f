"""Files as they come in: a multipart stream written straight to a private folder, under names of our own."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, get_args

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from readingroom.errors import BadRequest, RecordError
from readingroom.web.limits import PageLimits
from readingroom.web.refusals import TooMuch

Role = Literal["current", "prior", "lateral"]
ROLES: tuple[Role, ...] = get_args(Role)
FILES = "files"
"""A field of this name is of the current study, too."""
MOST_FIELD = 1000
"""Characters of a field that is no file."""
MOST_HEADER = 16_384
"""Bytes of the header of one part, the file's name among it."""


@dataclass
class Arrived:
    """What came: files by role in the order in which they came, and fields."""

    files: dict[Role, list[Path]] = field(default_factory=dict)
    fields: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
    """Of all files."""

    @property
    def count(self) -> int:
        return sum(map(len, self.files.values()))


async def arrived(
    stream: AsyncIterator[bytes], content_type: str, folder: Path, limits: PageLimits, allowed: int
) -> Arrived:
    """Write a multipart/form-data stream into `folder`/<role>, at most `allowed` bytes of files.

    Names of files are read by nobody: what comes is called f0001, f0002 ... Raises BadRequest for what is no such
    stream, TooMuch, RecordError.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or b"boundary" not in options:
        raise BadRequest("files come as multipart/form-data", do="Send them as a form with files.")
    parts = _Parts(folder, limits, allowed)
    callbacks: dict[str, Callable[..., None]] = {
        "on_part_begin": parts.begin,
        "on_header_field": parts.header_name,
        "on_header_value": parts.header_value,
        "on_header_end": parts.header_end,
        "on_headers_finished": parts.opened,
        "on_part_data": parts.data,
        "on_part_end": parts.end,
        "on_end": parts.whole,
    }
    try:
        parser = MultipartParser(options[b"boundary"], callbacks)  # type: ignore[arg-type]  # its own names of these
        async for chunk in stream:
            parser.write(chunk)
        parser.finalize()
    except MultipartParseError as error:
        raise BadRequest("the form with the files cannot be read", do="Send it again.") from error
    except OSError as error:
        what = f"the files cannot be kept ({error.strerror})"
        raise RecordError(what, do="Free some space, or set READINGROOM_HOME elsewhere.") from error
    finally:
        parts.close()
    if not parts.done:
        raise BadRequest("the form with the files is not whole", do="Send it again.")
    return parts.found


class _Parts:
    """What the parser tells, part by part."""

    def __init__(self, folder: Path, limits: PageLimits, allowed: int) -> None:
        self.found = Arrived()
        self.done = False
        self._folder, self._limits, self._allowed = folder, limits, allowed
        self._name, self._value, self._headers = b"", b"", dict[str, bytes]()
        self._field, self._text = "", b""
        self._file: BinaryIO | None = None

    def begin(self) -> None:
        self._headers = {}
        self._field, self._text = "", b""

    def header_name(self, data: bytes, start: int, end: int) -> None:
        self._name = self._limited(self._name + data[start:end])

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value = self._limited(self._value + data[start:end])

    def _limited(self, header: bytes) -> bytes:
        if len(header) > MOST_HEADER:
            raise TooMuch("the name of a file is too long", do="Shorten it.")
        return header

    def header_end(self) -> None:
        self._headers[self._name.decode("latin-1").lower()] = self._value
        self._name, self._value = b"", b""

    def opened(self) -> None:
        _, options = parse_options_header(self._headers.get("content-disposition", b""))
        self._field = options.get(b"name", b"").decode("utf-8", "replace")
        if b"filename" not in options:
            return
        role = "current" if self._field == FILES else self._field
        if role not in ROLES:
            raise BadRequest(
                f"there is no part {self._field[:40]!r} of a study", do=f"Name the files {', '.join(ROLES)}."
            )
        if self.found.count >= self._limits.upload_files:
            raise TooMuch(f"more than {self._limits.upload_files} files", do="Give one study at a time.")
        kept = self.found.files.setdefault(next(one for one in ROLES if one == role), [])
        path = new_file(self._folder / role, len(kept) + 1)
        kept.append(path)
        self._file = path.open("wb")

    def data(self, data: bytes, start: int, end: int) -> None:
        if self._file is None:
            self._text += data[start:end]
            if len(self._text) > MOST_FIELD:
                raise TooMuch(f"the field {self._field[:40]!r} is too long", do="Shorten it.")
            return
        self.found.bytes += end - start
        if self.found.bytes > self._allowed:
            raise TooMuch(f"more than {self._allowed >> 20} MiB of files", do="Give fewer, or remove other studies.")
        self._file.write(data[start:end])

    def end(self) -> None:
        if self._file is None:
            self.found.fields[self._field] = self._text.decode("utf-8", "replace")
        self.close()

    def whole(self) -> None:
        self.done = True

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def new_file(folder: Path, number: int) -> Path:
    """An empty file for its owner alone, under a name of ours."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / f"f{number:04d}"
    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return path
