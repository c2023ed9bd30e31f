"""An ONNX file whose inputs and outputs are not those of MedImageInsight is refused, naming what was found."""

import pytest

from readingroom.errors import BadFile
from readingroom.tools.backends.local.opening import open_local
from tests.tools.backends.local.networks import phantom, scored

pytest.importorskip("onnx", reason="the small networks are built with the onnx package")
from tests.tools.backends.local.onnx_files import Drawing, image_tower


def channels_last(to):
    to.output(to.input("image", "float", ["N", 480, 480, 3]), "image_features", "float", ["N", 1024])


def oblong(to):
    to.output(to.input("image", "float", ["N", 3, 480, 512]), "image_features", "float", ["N", 1024])


def small(to):
    to.output(to.input("image", "float", ["N", 3, 224, 224]), "image_features", "float", ["N", 1024])


def long_text(to):
    image_tower(to)
    to.output(to.input("input_ids", "int64", ["N", 512]), "text_features", "float", ["N", 1024])


def extra_input(to):
    image_tower(to)
    to.output(to.input("temperature", "float", [1]), "scale", "float", [1])


def two_images(to):
    image_tower(to)
    to.output(to.input("prior", "float", ["N", 3, 480, 480]), "prior_features", "float", ["N", 1024])


def ambiguous_vectors(to):
    image_tower(to)
    to.output("vector", "image_other", "float", ["N", 1024])


def short_vector(to):
    to.output(to.input("image", "float", ["N", 3, 480, 480]), "image_features", "float", ["N", 512])


def mask_alone(to):
    image_tower(to)
    to.output(to.input("attention_mask", "int64", ["N", 77]), "text_features", "float", ["N", 1024])


STRANGE = [
    channels_last,
    oblong,
    small,
    long_text,
    extra_input,
    two_images,
    ambiguous_vectors,
    short_vector,
    mask_alone,
]


@pytest.mark.parametrize("draw", STRANGE, ids=lambda draw: draw.__name__)
def test_a_file_of_another_signature_is_refused_naming_what_was_found(tmp_path, draw):
    drawing = Drawing()
    draw(drawing)
    drawing.save(tmp_path / "model.onnx")
    with pytest.raises(BadFile) as refused:
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], [None])
    line = refused.value.line()
    assert "Expected: an image (N, 3, 480, 480)" in line
    shown = [*drawing.inputs, *drawing.outputs]
    assert any(f"{port.name} (" in line for port in shown)


def test_two_files_that_say_the_same_are_refused(tmp_path):
    for name in ("a.onnx", "b.onnx"):
        image_tower(Drawing()).save(tmp_path / name)
    with pytest.raises(BadFile, match="both files have an output for the image"):
        scored(open_local("medimageinsight", tmp_path), [phantom(64, 64)], [None])
