"""One float tensor in torch's file format, read without torch and without running its pickle, and written.

The file is a zip of uncompressed entries: `data.pkl`, `data/<key>` with the bytes of a storage, `byteorder`, `version`
(PyTorch's notes on serialization semantics). The pickle is taken apart opcode by opcode; it may build exactly one
`torch._utils._rebuild_tensor_v2` of one storage, and nothing that it names is ever imported or called.
"""

from __future__ import annotations

import io
import pickletools
import struct
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import BadReply
from readingroom.tools.contracts.expect import bad

STORAGES: dict[str, np.dtype[Any]] = {
    "torch FloatStorage": np.dtype("<f4"), "torch HalfStorage": np.dtype("<f2"),
    "torch DoubleStorage": np.dtype("<f8"), "torch BFloat16Storage": np.dtype("<u2"),
}  # fmt: skip
_REBUILD, _ORDERED = "torch._utils _rebuild_tensor_v2", "collections OrderedDict"
MOST_PICKLE = 1 << 12
"""Bytes of data.pkl; a tensor's takes under 300."""
MOST_ENTRIES = 64
_ZIP_ERRORS = (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, KeyError,
               struct.error, UnicodeDecodeError)  # fmt: skip
"""What zipfile raises on hostile bytes."""


@dataclass(frozen=True)
class _Name:
    """Something that the pickle names by module; never imported."""

    name: str


@dataclass(frozen=True)
class _Storage:
    kind: str
    key: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Hooks:
    """The empty OrderedDict that every tensor carries."""


_MARK = object()


def read_tensor(data: bytes, *, shape: tuple[int, ...], path: str = "tensor") -> NDArray[np.float32]:
    """The tensor of a torch.save file of exactly `shape`. Raises BadReply for anything but one plain float tensor."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            entries = _entries(archive, path)
            tensor = _tensor(archive.read(entries["data.pkl"]), path)
            if entries.get("byteorder") and archive.read(entries["byteorder"]).strip() != b"little":
                raise bad(path, "little-endian numbers", "another order of bytes")
            if f"data/{tensor.storage.key}" not in entries:
                raise bad(path, "the storage that the tensor names", "a file without it")
            raw = archive.read(entries[f"data/{tensor.storage.key}"])
    except _ZIP_ERRORS as error:
        raise bad(path, "a file of torch.save", f"{len(data)} bytes that cannot be read as one") from error
    if tensor.shape != shape:
        raise bad(path, "x".join(map(str, shape)), "x".join(map(str, tensor.shape)) or "a single number")
    return _numbers(tensor, raw, path)


def write_tensor(array: NDArray[np.float32]) -> bytes:
    """A file that torch.load(weights_only=True) reads as a float tensor of the array's shape."""
    content = np.ascontiguousarray(array, "<f4")
    strides = tuple(step // 4 for step in content.strides)
    numbers = [b"J" + struct.pack("<i", value) for value in (content.size, *content.shape, *strides)]
    count, sizes, steps = numbers[0], numbers[1 : 1 + content.ndim], numbers[1 + content.ndim :]
    text = [b"X" + struct.pack("<I", len(word)) + word for word in (b"storage", b"0", b"cpu")]
    storage = b"(" + text[0] + b"ctorch\nFloatStorage\n" + text[1] + text[2] + count + b"tQ"
    pickled = (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\x00(" + b"".join(sizes) + b"t("
        + b"".join(steps) + b"t\x89ccollections\nOrderedDict\n)RtR."
    )  # fmt: skip
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, part in (
            ("data.pkl", pickled), ("byteorder", b"little"), ("data/0", content.tobytes()), ("version", b"3\n"),
        ):  # fmt: skip
            archive.writestr(zipfile.ZipInfo(f"archive/{name}"), part)
    return buffer.getvalue()


def _entries(archive: zipfile.ZipFile, path: str) -> dict[str, zipfile.ZipInfo]:
    """Entries by their name below the one top folder."""
    found = archive.infolist()
    if len(found) > MOST_ENTRIES or any(entry.compress_type != zipfile.ZIP_STORED for entry in found):
        raise bad(path, "a file of torch.save", "an archive that is packed or of many parts")
    entries = {entry.filename.partition("/")[2]: entry for entry in found}
    if len(entries) != len(found) or "data.pkl" not in entries or entries["data.pkl"].file_size > MOST_PICKLE:
        raise bad(path, "a file of torch.save", "an archive without one small data.pkl")
    return entries


def _numbers(tensor: _Tensor, raw: bytes, path: str) -> NDArray[np.float32]:
    kind = STORAGES[tensor.storage.kind]
    last = tensor.offset + sum((size - 1) * step for size, step in zip(tensor.shape, tensor.strides, strict=True))
    if min((tensor.offset, *tensor.strides), default=0) < 0 or last >= len(raw) // kind.itemsize:
        raise bad(path, "a tensor within its storage", f"one that reaches beyond {len(raw)} bytes")
    flat = np.frombuffer(raw, kind, len(raw) // kind.itemsize)
    steps = tuple(
        step * kind.itemsize if size > 1 else 0 for size, step in zip(tensor.shape, tensor.strides, strict=True)
    )
    view = np.lib.stride_tricks.as_strided(flat[tensor.offset :], tensor.shape, steps, writeable=False)
    if tensor.storage.kind == "torch BFloat16Storage":
        return (view.astype("<u4") << np.uint32(16)).view(np.float32)
    with np.errstate(over="ignore"):
        return np.ascontiguousarray(view, np.float32)


def _tensor(pickled: bytes, path: str) -> _Tensor:
    """What the pickle describes, by a stack machine of the few opcodes that torch.save writes for a tensor."""
    stack: list[Any] = []
    memo: dict[int, Any] = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", DeprecationWarning)  # odd escapes: no torch.save writes them
            for opcode, argument, _ in pickletools.genops(pickled):
                if opcode.name == "STOP":
                    break
                _step(opcode.name, argument, stack, memo)
    except DeprecationWarning as error:
        raise bad(path, "the pickle of one plain float tensor", "one with odd escapes") from error
    except (ValueError, IndexError, KeyError, TypeError, AttributeError, UnicodeDecodeError, BadReply) as error:
        raise bad(path, "the pickle of one plain float tensor", "another one, which was not run") from error
    if len(stack) != 1 or not isinstance(stack[0], _Tensor):
        raise bad(path, "the pickle of one plain float tensor", "another one, which was not run")
    return stack[0]


def _step(name: str, argument: Any, stack: list[Any], memo: dict[int, Any]) -> None:
    if name in _PUSH:
        stack.append(_PUSH[name](argument))
    elif name in ("BINPUT", "LONG_BINPUT"):
        memo[argument] = stack[-1]
    elif name == "MEMOIZE":
        memo[len(memo)] = stack[-1]
    elif name in ("BINGET", "LONG_BINGET"):
        stack.append(memo[argument])
    elif name in ("TUPLE1", "TUPLE2", "TUPLE3"):
        stack[-int(name[-1]) :] = [_popped(stack, len(stack) - int(name[-1]))]
    elif name == "TUPLE":
        start = len(stack) - 1 - stack[::-1].index(_MARK)
        stack[start:] = [tuple(stack[start + 1 :])]
    elif name == "BINPERSID":
        stack.append(_storage(stack.pop()))
    elif name == "REDUCE":
        given = stack.pop()
        stack.append(_built(stack.pop(), given))
    elif name not in ("PROTO", "FRAME"):
        raise ValueError(name)


def _popped(stack: list[Any], start: int) -> tuple[Any, ...]:
    if start < 0:
        raise IndexError
    return tuple(stack[start:])


_PUSH: dict[str, Callable[[Any], Any]] = {
    "GLOBAL": _Name, "MARK": lambda _: _MARK, "EMPTY_TUPLE": lambda _: (), "NONE": lambda _: None,
    "NEWTRUE": lambda _: True, "NEWFALSE": lambda _: False,
    **dict.fromkeys(("BINUNICODE", "SHORT_BINUNICODE", "BININT", "BININT1", "BININT2", "LONG1"), lambda given: given),
}  # fmt: skip


def _storage(given: Any) -> _Storage:
    word, kind, key, _, count = given
    if word != "storage" or not isinstance(kind, _Name) or kind.name not in STORAGES or type(count) is not int:
        raise ValueError("storage")
    if not isinstance(key, str) or not key.isalnum():
        raise ValueError("key")
    return _Storage(kind.name, key, count)


def _built(called: Any, given: Any) -> _Tensor | _Hooks:
    if called == _Name(_ORDERED) and given == ():
        return _Hooks()
    storage, offset, shape, strides, grad, hooks = given
    whole = all(type(number) is int for number in (offset, *shape, *strides))
    plain = isinstance(storage, _Storage) and isinstance(hooks, _Hooks) and type(grad) is bool
    if called != _Name(_REBUILD) or not whole or not plain or len(shape) != len(strides) or min((*shape, 1)) < 1:
        raise ValueError("call")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))
