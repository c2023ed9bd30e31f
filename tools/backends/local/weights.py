"""Weights on disk: where they come from, which bytes they are, and whether this machine can hold them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path

from readingroom.errors import BadFile, Unavailable
from readingroom.tools.contracts.model_ids import ModelId

CATALOG = "the Azure model catalog"
SOURCES: dict[ModelId, str] = {
    "medimageinsight": f"MedImageInsight-onnx or MedImageInsight of {CATALOG} (MIT licence by its card)",
    "medimageparse": f"MedImageParse of {CATALOG} (MIT licence by its card)",
    "medimageparse3d": f"MedImageParse3D of {CATALOG} (licence on its card)",
    "cxrreportgen": f"CXRReportGen of {CATALOG} (licence on its card)",
    "gigapath": "prov-gigapath/prov-gigapath on Hugging Face, where its licence is accepted before access is given",
    "gigatime": "prov-gigatime/GigaTIME on Hugging Face, where its research licence is accepted before access is given",
}
"""Where each model's weights are published, and under what terms, as far as its public pages say."""

GIB = 1 << 30
MEMINFO, CGROUP = Path("/proc/meminfo"), Path("/sys/fs/cgroup")


def present(model: ModelId, path: Path) -> Path:
    """The file or folder, resolved. Raises BadFile where there is none, saying where its weights are published."""
    resolved = path.expanduser().resolve()
    if not resolved.exists():
        do = f"Get {SOURCES[model]}, accept its licence there, and give the folder's path; none is shipped here."
        raise BadFile(f"there are no weights of {model} at this path", where=str(path), do=do)
    return resolved


def digest(files: Iterable[Path], folder: Path) -> str:
    """The first 16 hexadecimal digits of SHA-256 over the files' names within `folder` and their bytes."""
    told = hashlib.sha256()
    for file in sorted(files):
        with file.open("rb") as opened:
            told.update(f"{file.relative_to(folder).as_posix()}\0".encode())
            told.update(hashlib.file_digest(opened, "sha256").digest())
    return told.hexdigest()[:16]


def check_memory(needed: int, where: str) -> None:
    """Raises Unavailable where `needed` bytes of weights are more than the memory that is free."""
    free = available_memory()
    if free is not None and needed > free:
        what = f"the weights take {needed / GIB:.1f} GiB and {free / GIB:.1f} GiB of memory are free"
        raise Unavailable(what, where=where, do="Free memory, use a larger machine, or name an endpoint instead.")


def available_memory() -> int | None:
    """Bytes that may still be taken: the kernel's estimate, cut by a container's limit; None where nothing tells."""
    known = [size for size in (_of_machine(), _of_container()) if size is not None]
    return min(known) if known else None


def _of_machine() -> int | None:
    if MEMINFO.is_file():
        for line in MEMINFO.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    if "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_container() -> int | None:
    """What the control group (version 2) leaves, where one limits memory."""
    limit, taken = CGROUP / "memory.max", CGROUP / "memory.current"
    if not (limit.is_file() and taken.is_file()):
        return None
    allowed = limit.read_text(encoding="ascii").strip()
    return max(0, int(allowed) - int(taken.read_text(encoding="ascii"))) if allowed.isdigit() else None
