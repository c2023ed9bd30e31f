"""Files that were made, written into a folder for their owner alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from readingroom.errors import RecordError


def save_files(folder: Path, files: Mapping[str, bytes]) -> tuple[Path, ...]:
    """Each under its name in `folder`, made if need be. Raises RecordError where nothing can be written there."""
    paths = []
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for name, content in files.items():
            path = folder / name
            path.write_bytes(content)
            path.chmod(0o600)
            paths.append(path)
    except OSError as error:
        raise RecordError(
            f"files cannot be written ({error.strerror})", where=str(folder), do="Choose another folder with --out."
        ) from error
    return tuple(paths)
