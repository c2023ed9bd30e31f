"""A file that cannot be opened says why, and none reads beyond its folder."""

import os

import pytest

from readingroom.errors import BadFile, BadRequest
from readingroom.tools.backends.local.opening import open_local
from tests.tools.backends.local.networks import phantom, scored

onnx = pytest.importorskip("onnx", reason="the small networks are built with the onnx package")
from tests.tools.backends.local.onnx_files import Drawing, both, image_tower  # noqa: E402


@pytest.mark.parametrize("content", [b"", b"no network at all" * 50])
def test_a_file_that_is_no_onnx_is_refused(tmp_path, content):
    (tmp_path / "model.onnx").write_bytes(content)
    with pytest.raises(BadFile, match="no ONNX model, or it is cut off"):
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], [None])


def test_a_cut_off_file_is_refused(tmp_path):
    path = both(tmp_path / "model.onnx")
    path.write_bytes(path.read_bytes()[:100_000])
    with pytest.raises(BadFile, match="cut off"):
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], [None])


def test_missing_weights_beside_the_file_are_named(tmp_path):
    image_tower(Drawing()).save(tmp_path / "model.onnx", beside="model.onnx.data")
    (tmp_path / "model.onnx.data").unlink()
    with pytest.raises(BadFile, match="external data is missing"):
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], [None])


def test_weights_outside_the_folder_are_never_read(tmp_path):
    folder = tmp_path / "model"
    path = image_tower(Drawing()).save(folder / "model.onnx", beside="model.onnx.data")
    (folder / "model.onnx.data").rename(tmp_path / "elsewhere.data")
    model = onnx.load(str(path), load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = "../elsewhere.data"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(BadFile, match="outside its folder"):
        scored(open_local("medimageinsight", folder), [phantom(64, 64)], [None])


@pytest.mark.skipif(os.name == "nt", reason="making links needs a right on Windows")
def test_weights_behind_a_link_out_of_the_folder_are_never_read(tmp_path):
    folder = tmp_path / "model"
    image_tower(Drawing()).save(folder / "model.onnx", beside="model.onnx.data")
    (folder / "model.onnx.data").rename(tmp_path / "elsewhere.data")
    (folder / "model.onnx.data").symlink_to(tmp_path / "elsewhere.data")
    with pytest.raises(BadFile, match="outside its folder"):
        scored(open_local("medimageinsight", folder), [phantom(64, 64)], [None])


def test_a_runtime_that_would_read_them_is_not_used(tmp_path, monkeypatch):
    both(tmp_path / "model.onnx")
    monkeypatch.setattr("onnxruntime.__version__", "1.23.2")
    with pytest.raises(BadRequest, match=r"onnxruntime>=1\.24"):
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], [None])


def test_custom_operators_are_not_loaded(tmp_path):
    info = onnx.helper.make_tensor_value_info
    ports = [info(name, onnx.TensorProto.FLOAT, ["N", 3, 480, 480]) for name in ("image", "image_features")]
    node = onnx.helper.make_node("Own", ["image"], ["image_features"], domain="own")
    graph = onnx.helper.make_graph([node], "g", ports[:1], ports[1:])
    opsets = [onnx.helper.make_opsetid("", 13), onnx.helper.make_opsetid("own", 1)]
    model = onnx.helper.make_model(graph, opset_imports=opsets, ir_version=8)
    (tmp_path / "model.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(BadFile, match="custom operators"):
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], [None])
