"""From a path in the settings to a model that answers: what lies there decides how it is run."""

from __future__ import annotations

from pathlib import Path

from readingroom.errors import BadFile, BadRequest, NotServed
from readingroom.tools.backends.local.mlflow_card import CARD
from readingroom.tools.backends.local.mlflow_folder import MlflowFolder
from readingroom.tools.backends.local.onnx_insight import OnnxInsight
from readingroom.tools.backends.local.onnx_session import SUFFIX
from readingroom.tools.backends.local.torch_file import SUFFIXES, kind_of
from readingroom.tools.backends.local.torch_program import TorchProgram
from readingroom.tools.backends.local.weights import SOURCES, present
from readingroom.tools.backends.scorer import Scorer
from readingroom.tools.contracts.model_ids import MODEL_IDS, ModelId

DEPTH = ("", "*/", "*/*/")
"""How deep a download may hide its files."""
MOST_TOWERS = 2


def open_local(model: ModelId, path: Path, *, trust_code: bool = False) -> Scorer:
    """The model in a folder or file: MLflow where there is an MLmodel, else ONNX, else a saved torch program.

    The weights' digest is taken here, which reads them once; they are loaded at the first question. `trust_code` lets
    an MLflow folder or a torch program run, which ONNX does not need. Raises BadFile, BadRequest or NotServed, each
    saying what was found and what to give instead.
    """
    if model not in MODEL_IDS:
        raise BadRequest(f"{model} is not a model", do=f"Choose of {', '.join(MODEL_IDS)}.")
    found = present(model, path)
    if found.is_file():
        return _open_file(model, found, trust_code)
    if cards := _within(found, CARD):
        return _open_card(model, _only(cards, found), found, trust_code)
    if networks := _within(found, f"*{SUFFIX}"):
        return _open_onnx(model, networks, found)
    programs = [file for suffix in SUFFIXES for file in _within(found, f"*{suffix}")]
    if programs:
        return _open_file(model, _only(programs, found), trust_code)
    what = "the folder holds no MLmodel, no ONNX file and no torch file"
    raise BadFile(what, where=str(found), do=f"Give the folder of {SOURCES[model]}.")


def _open_file(model: ModelId, file: Path, trust_code: bool) -> Scorer:
    if file.name == CARD:
        return MlflowFolder(model, file.parent, trust_code=trust_code)
    if file.suffix.lower() == SUFFIX:
        return _open_onnx(model, [file], file.parent)
    kind = kind_of(file)
    if kind in ("torchscript", "exported"):
        return TorchProgram(model, file, trust_code=trust_code)
    if kind in ("state", "safetensors"):
        what = "the file holds weights without the program that uses them"
        do = "Give the model's MLflow folder, or save it with torch.jit.save, torch.export.save or as ONNX."
        raise BadFile(what, where=str(file), do=do)
    raise BadFile("the file is no ONNX model and no torch archive", where=str(file), do=f"Give {SOURCES[model]}.")


def _open_card(model: ModelId, card: Path, folder: Path, trust_code: bool) -> Scorer:
    networks = _within(folder, f"*{SUFFIX}")
    if networks and not trust_code and model == "medimageinsight":
        what = "the folder is an MLflow model, which would run its own code, and holds ONNX files, which would not"
        names = ", ".join(file.relative_to(folder).as_posix() for file in networks)
        raise BadRequest(
            what, where=str(folder), do=f"Name the ONNX file itself ({names}), or set trust_model_code to true."
        )
    return MlflowFolder(model, card.parent, trust_code=trust_code)


def _open_onnx(model: ModelId, files: list[Path], folder: Path) -> Scorer:
    if model != "medimageinsight":
        what = f"ONNX files of {model} are not published, and no inputs are known for them"
        raise NotServed(what, where=str(folder), do="Give its MLflow folder, or name an endpoint.")
    if len(files) > MOST_TOWERS:
        names = ", ".join(file.relative_to(folder).as_posix() for file in files[:6])
        raise BadFile(f"{len(files)} ONNX files lie here: {names}", where=str(folder), do="Name the one that is meant.")
    return OnnxInsight(tuple(files), folder)


def _within(folder: Path, name: str) -> list[Path]:
    """Files of that name in the folder, or where there is none, in the folders below it."""
    for depth in DEPTH:
        found = sorted(one for one in folder.glob(depth + name) if one.is_file())
        if found:
            return found
    return []


def _only(files: list[Path], folder: Path) -> Path:
    if len(files) > 1:
        names = ", ".join(file.relative_to(folder).as_posix() for file in files[:6])
        raise BadFile(f"several could be meant: {names}", where=str(folder), do="Name the one that is.")
    return files[0]
