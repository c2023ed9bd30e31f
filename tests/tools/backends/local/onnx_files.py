"""ONNX files of the small networks, in every layout that is read."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from tests.tools.backends.local.networks import EMBEDDING, LOG, PROJECTION, VOCABULARY

KINDS = {"float": TensorProto.FLOAT, "float16": TensorProto.FLOAT16, "uint8": TensorProto.UINT8,
         "int64": TensorProto.INT64, "int32": TensorProto.INT32, "string": TensorProto.STRING}  # fmt: skip


class Drawing:
    """Nodes, inputs, outputs and weights of a file to be."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.inputs: list[onnx.ValueInfoProto] = []
        self.outputs: list[onnx.ValueInfoProto] = []
        self.weights: list[onnx.TensorProto] = []

    def weight(self, name: str, array: np.ndarray) -> str:
        self.weights.append(numpy_helper.from_array(array, name))
        return name

    def node(self, kind: str, inputs: list[str], output: str, **attributes: object) -> str:
        self.nodes.append(helper.make_node(kind, inputs, [output], **attributes))
        return output

    def input(self, name: str, kind: str, shape: list[int | str]) -> str:
        self.inputs.append(helper.make_tensor_value_info(name, KINDS[kind], shape))
        return name

    def output(self, made: str, name: str, kind: str, shape: list[int | str]) -> None:
        cast = self.node("Cast", [made], f"{name}_cast", to=KINDS[kind])
        self.node("Identity", [cast], name)
        self.outputs.append(helper.make_tensor_value_info(name, KINDS[kind], shape))

    def save(self, path: Path, *, beside: str = "") -> Path:
        graph = helper.make_graph(self.nodes, "small", self.inputs, self.outputs, self.weights)
        opsets = [helper.make_opsetid("", 13), helper.make_opsetid("ai.onnx.ml", 2)]
        model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        path.parent.mkdir(parents=True, exist_ok=True)
        onnx.save(model, str(path), save_as_external_data=bool(beside), location=beside or None, size_threshold=0)
        return path


def image_tower(
    to: Drawing, *, name: str = "image", kind: str = "float", side: int | str = 480, output: str = "image_features",
    out_kind: str = "float", rank: int = 2, normalised: bool = True,
) -> Drawing:  # fmt: skip
    """Bytes are scaled inside, as a file that takes bytes has to."""
    pixels = to.node("Cast", [to.input(name, kind, ["N", 3, side, side])], "pixels", to=TensorProto.FLOAT)
    if kind == "uint8":
        mean = to.weight("mean", np.array([0.485, 0.456, 0.406], np.float32)[None, :, None, None])
        deviation = to.weight("deviation", np.array([0.229, 0.224, 0.225], np.float32)[None, :, None, None])
        unit = to.node("Div", [pixels, to.weight("most", np.float32(255))], "unit")
        pixels = to.node("Div", [to.node("Sub", [unit, mean], "less"), deviation], "scaled")
    window = (side if isinstance(side, int) else 480) // 8
    means = to.node("AveragePool", [pixels], "means", kernel_shape=[window, window], strides=[window, window])
    flat = to.node("Flatten", [means], "flat")
    vector = to.node("MatMul", [flat, to.weight("projection", PROJECTION)], "projected")
    if normalised:
        vector = to.node("LpNormalization", [vector], "vector", axis=1)
    shape: list[int | str] = ["N", 1024]
    if rank == 3:
        vector, shape = to.node("Unsqueeze", [vector, to.weight("one", np.array([1]))], "deep"), ["N", 1, 1024]
    to.output(vector, output, out_kind, shape)
    return to


def text_tower(
    to: Drawing, *, name: str = "input_ids", kind: str = "int64", mask: str = "", output: str = "text_features",
    out_kind: str = "float",
) -> Drawing:  # fmt: skip
    """With a mask the mean is taken of the tokens that it keeps."""
    ids = to.input(name, kind, ["N", 77])
    found = to.node("Gather", [to.weight("embedding", EMBEDDING), ids], "found")
    if mask:
        kept = to.node("Cast", [to.input(mask, kind, ["N", 77])], "kept", to=TensorProto.FLOAT)
        deep = to.node("Unsqueeze", [kept, to.weight("last", np.array([2]))], "kept_deep")
        found = to.node("Mul", [found, deep], "found_kept")
    vector = to.node(
        "LpNormalization", [to.node("ReduceMean", [found], "mean_of", axes=[1], keepdims=0)], "text_vector"
    )
    to.output(vector, output, out_kind, ["N", 1024])
    return to


def string_tower(to: Drawing, words: list[str], shape: list[int | str]) -> Drawing:
    """A file with a tokenizer of its own: it knows whole texts."""
    numbers = list(range(1, len(words) + 1))
    given = to.input("text", "string", shape)
    to.nodes.append(
        helper.make_node("LabelEncoder", [given], ["number"], domain="ai.onnx.ml", keys_strings=words,
                         values_int64s=numbers, default_int64=0)
    )  # fmt: skip
    flat = to.node("Reshape", ["number", to.weight("all", np.array([-1]))], "flat_number")
    found = to.node("Gather", [to.weight("embedding", EMBEDDING), flat], "found")
    to.output(to.node("LpNormalization", [found], "text_vector"), "text_features", "float", ["N", 1024])
    return to


def scale(to: Drawing, *, value: float = LOG, name: str = "logit_scale", shape: tuple[int, ...] = ()) -> Drawing:
    weight = to.weight("scale_weight", np.full(shape, value, np.float32))
    to.output(weight, name, "float", list(shape))
    return to


def both(path: Path, **image: object) -> Path:
    """One file with both towers and the scale, all by default."""
    return scale(text_tower(image_tower(Drawing(), **image))).save(path)  # type: ignore[arg-type]


assert max(VOCABULARY.values()) < len(EMBEDDING)
