"""Opening an ONNX file: which processor runs it, and plain words where it cannot be opened or run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as state

from readingroom.errors import BadFile, BadRequest

PROVIDERS = ("CUDAExecutionProvider", "DmlExecutionProvider", "CoreMLExecutionProvider", "CPUExecutionProvider")
"""In the order of preference; DirectML is Windows', CoreML Apple's."""
ERRORS: tuple[type[Exception], ...] = (
    state.EPFail, state.Fail, state.InvalidArgument, state.InvalidGraph, state.InvalidProtobuf, state.NoModel,
    state.NoSuchFile, state.NotImplemented, state.RuntimeException, ValueError,
)  # fmt: skip
"""All that ONNX Runtime raises, for opening and for running; they share no parent."""
CONFINED = (1, 24)
"""Tried: 1.20.1, 1.22.1 and 1.23.2 read external data outside the model's folder, 1.24.1 and 1.31.1 refuse it."""
FATAL_ONLY = 4
SUFFIX = ".onnx"


def providers() -> tuple[str, ...]:
    """Those of PROVIDERS that this installation of ONNX Runtime has, best first."""
    offered = onnxruntime.get_available_providers()
    return tuple(name for name in PROVIDERS if name in offered)


def described() -> str:
    """For a report: "ONNX Runtime 1.31.1 on CPU"."""
    names = ", else ".join(name.removesuffix("ExecutionProvider") for name in providers())
    return f"ONNX Runtime {onnxruntime.__version__} on {names}"


def weight_files(file: Path) -> list[Path]:
    """The file, and external data named after it."""
    return [one for one in file.parent.iterdir() if one.is_file() and one.name.startswith(file.stem)]


def open_session(file: Path) -> onnxruntime.InferenceSession:
    """The network, on the best provider there is. Raises BadFile.

    No library of custom operators is registered, so a file that needs one is refused; ONNX Runtime itself refuses
    external data outside the file's folder, through links too, from version 1.24 on: an older one is not used.
    """
    if tuple(int(part) for part in onnxruntime.__version__.split(".")[:2]) < CONFINED:
        what = f"ONNX Runtime {onnxruntime.__version__} would read any file that a model names as its weights"
        raise BadRequest(what, where=str(file), do="Install a newer one: pip install 'onnxruntime>=1.24'.")
    options = onnxruntime.SessionOptions()
    # Its own messages would quote the model and the input; what matters is raised.
    options.log_severity_level = FATAL_ONLY
    options.inter_op_num_threads = 1
    # The arena keeps, for good, up to twice what one inference needs; beside weights of a gigabyte that is too dear.
    options.enable_cpu_mem_arena = False
    try:
        return onnxruntime.InferenceSession(str(file), options, providers=list(providers()))
    except ERRORS as error:
        raise _explained(str(error), file) from error


def _explained(told: str, file: Path) -> BadFile:
    whole = "Copy the folder again, whole, from where the model is published."
    if "escapes" in told:
        what, do = (
            "its external data lies outside its folder",
            "Keep a model and its data in one folder, without links.",
        )
    elif "xternal data" in told or "filesystem error" in told:
        what, do = "its external data is missing or cannot be read", whole
    elif "not a registered function" in told:
        what, do = "it needs custom operators, which are not loaded here", "Export it with standard operators."
    elif "rotobuf" in told or "ModelProto" in told:
        what, do = "it is no ONNX model, or it is cut off", whole
    else:
        what, do = f"ONNX Runtime {onnxruntime.__version__} cannot open it", f"{whole} A newer onnxruntime may read it."
    return BadFile(what, where=str(file), do=do)


def run(session: onnxruntime.InferenceSession, outputs: list[str], feed: dict[str, Any]) -> list[Any]:
    """The named outputs. Raises BadFile where the network refuses inputs of the shapes that it declares itself."""
    try:
        return list(session.run(outputs, feed))
    except ERRORS as error:
        what = f"the network failed on inputs of its own declared shapes ({type(error).__name__})"
        raise BadFile(what, where="onnx", do="The export is faulty, or this onnxruntime does not fit it.") from None
