"""What lies at a path decides how it is run; what cannot be run is refused with what to give instead."""

import sys

import pytest

from readingroom.errors import BadFile, BadRequest, NotServed
from readingroom.tools.backends.local import weights
from readingroom.tools.backends.local.mlflow_folder import MlflowFolder
from readingroom.tools.backends.local.onnx_insight import OnnxInsight
from readingroom.tools.backends.local.opening import open_local
from readingroom.tools.backends.local.torch_program import open_program
from readingroom.tools.contracts.ask import MODEL_IDS
from tests.tools.backends.local.mlflow_models import write_folder


@pytest.mark.parametrize("model", MODEL_IDS)
def test_missing_weights_say_where_they_are_published_and_on_what_terms(tmp_path, model):
    with pytest.raises(BadFile) as refused:
        open_local(model, tmp_path / "nowhere")
    line = refused.value.line()
    assert "nowhere" in line
    assert "licence" in line
    assert "none is shipped here" in line


def test_an_unknown_model_is_refused(tmp_path):
    with pytest.raises(BadRequest, match="Choose of medimageinsight"):
        open_local("medimagine", tmp_path)


def test_an_empty_folder_is_refused(tmp_path):
    with pytest.raises(BadFile, match="no MLmodel, no ONNX file and no torch file"):
        open_local("medimageinsight", tmp_path)


def test_a_file_of_no_known_kind_is_refused(tmp_path):
    (tmp_path / "notes.txt").write_text("hello", encoding="utf-8")
    with pytest.raises(BadFile, match="no ONNX model and no torch archive"):
        open_local("medimageinsight", tmp_path / "notes.txt")


def test_onnx_is_opened_without_trust_in_a_folder_below_or_as_a_file(tmp_path):
    (tmp_path / "download" / "onnx").mkdir(parents=True)
    (tmp_path / "download" / "onnx" / "model.onnx").write_bytes(b"bytes")
    assert isinstance(open_local("medimageinsight", tmp_path), OnnxInsight)
    assert isinstance(open_local("medimageinsight", tmp_path / "download" / "onnx" / "model.onnx"), OnnxInsight)


@pytest.mark.parametrize("model", [model for model in MODEL_IDS if model != "medimageinsight"])
def test_onnx_of_other_models_is_not_served(tmp_path, model):
    (tmp_path / "model.onnx").write_bytes(b"bytes")
    with pytest.raises(NotServed, match=f"ONNX files of {model} are not published"):
        open_local(model, tmp_path)


def test_more_than_two_onnx_files_are_named(tmp_path):
    for name in "abc":
        (tmp_path / f"{name}.onnx").write_bytes(b"bytes")
    with pytest.raises(BadFile, match=r"3 ONNX files lie here: a\.onnx, b\.onnx, c\.onnx"):
        open_local("medimageinsight", tmp_path)


def test_a_catalog_download_is_found_below(tmp_path):
    folder = write_folder(tmp_path / "MedImageInsight" / "mlflow_model_folder")
    for path in (folder, tmp_path, folder / "MLmodel"):
        assert isinstance(open_local("medimageinsight", path, trust_code=True), MlflowFolder)


def test_two_mlflow_folders_are_named(tmp_path):
    for name in ("one", "two"):
        write_folder(tmp_path / name)
    with pytest.raises(BadFile, match="several could be meant: one/MLmodel, two/MLmodel"):
        open_local("medimageinsight", tmp_path, trust_code=True)


def test_an_mlflow_folder_that_holds_onnx_offers_both_ways(tmp_path):
    folder = write_folder(tmp_path / "model")
    (folder / "artifacts").mkdir()
    (folder / "artifacts" / "insight.onnx").write_bytes(b"bytes")
    with pytest.raises(BadRequest, match=r"artifacts/insight\.onnx.*trust_model_code"):
        open_local("medimageinsight", folder)
    assert isinstance(open_local("medimageinsight", folder / "artifacts" / "insight.onnx"), OnnxInsight)
    assert isinstance(open_local("medimageinsight", folder, trust_code=True), MlflowFolder)


def test_without_torch_its_source_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(BadRequest, match=r"pytorch.org"):
        open_program(tmp_path / "model.pt")


@pytest.mark.parametrize(
    ("limit", "taken", "free"), [("max", "100", 2048 * 1024), ("1000000", "400000", 600_000), ("100", "400", 0)]
)
def test_a_containers_limit_counts(tmp_path, monkeypatch, limit, taken, free):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 9999 kB\nMemAvailable: 2048 kB\n", encoding="ascii")
    (tmp_path / "memory.max").write_text(f"{limit}\n", encoding="ascii")
    (tmp_path / "memory.current").write_text(f"{taken}\n", encoding="ascii")
    monkeypatch.setattr(weights, "MEMINFO", meminfo)
    monkeypatch.setattr(weights, "CGROUP", tmp_path)
    assert weights.available_memory() == free
