"""What kind of file torch, or its neighbours, wrote: told from its table of contents, without loading it."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Literal

Kind = Literal["torchscript", "exported", "state", "safetensors", "unknown"]

SUFFIXES = (".pt", ".pth", ".ts", ".torchscript", ".pt2", ".safetensors", ".bin", ".ckpt")


def kind_of(file: Path) -> Kind:
    """torchscript: torch.jit.save; exported: torch.export.save; state: torch.save, weights without a program."""
    if not zipfile.is_zipfile(file):
        with file.open("rb") as opened:
            head = opened.read(9)
        # safetensors: eight bytes of length, then a JSON object
        return "safetensors" if len(head) == 9 and head[8:] == b"{" and head[5:8] == b"\0\0\0" else "unknown"
    try:
        with zipfile.ZipFile(file) as archive:
            names = {name.partition("/")[2] for name in archive.namelist()}
    except (zipfile.BadZipFile, OSError, ValueError):
        return "unknown"
    if "archive_format" in names and any(name.startswith("models/") for name in names):
        return "exported"
    if "constants.pkl" in names and any(name.startswith("code/") for name in names):
        return "torchscript"
    return "state" if "data.pkl" in names else "unknown"
