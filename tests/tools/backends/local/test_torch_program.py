"""Saved torch programs: three models, both file forms, and every other file refused without being run."""

import asyncio
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from readingroom.errors import BadFile, BadReply, BadRequest, InputRefused, NotServed
from readingroom.tools.backends.local.opening import open_local
from readingroom.tools.backends.local.pixels import GIGAPATH_ID, GIGATIME_ID, INSIGHT_ID
from readingroom.tools.backends.local.torch_file import kind_of
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.gigapath import ask_tiles, decode_tiles
from readingroom.tools.contracts.gigatime import ask_markers, decode_markers
from readingroom.tools.contracts.medimageinsight import decode_insight
from tests.tools.backends.local.networks import PROJECTION, ask, cleared, expected_image, phantom

torch = pytest.importorskip("torch", reason="torch is the user's own")
pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning"),
]


class ImageTower(torch.nn.Module):
    """As the ONNX one: means of 60 x 60 squares, projected, of unit length."""

    def __init__(self, deep=False):
        super().__init__()
        self.projection = torch.nn.Parameter(torch.from_numpy(PROJECTION))
        self.deep = deep

    def forward(self, image):
        flat = torch.nn.functional.avg_pool2d(image, 60).flatten(1)
        vector = torch.nn.functional.normalize(flat @ self.projection, dim=-1)
        return (vector, vector) if self.deep else vector


class Tiles(torch.nn.Module):
    """A map (1, 1536, 14, 14) that tells each patch's mean colour and place, in one of the forms a ViT has."""

    def __init__(self, form):
        super().__init__()
        self.form = form
        self.weight = torch.nn.Parameter(torch.linspace(0.5, 1.5, 512)[:, None].repeat(1, 3).reshape(1536, 1))

    def forward(self, image):
        patches = torch.nn.functional.avg_pool2d(image, 16)
        found = patches.repeat(1, 512, 1, 1) * self.weight[None, :, :, None]
        if self.form == "map":
            return found
        tokens = found.flatten(2).transpose(1, 2)
        if self.form == "tokens":
            return tokens
        whole = torch.cat([tokens.mean(1, keepdim=True) * 100, tokens], 1)
        return whole if self.form == "class token first" else whole[:, 0]


class Markers(torch.nn.Module):
    """Each of 23 channels tells the red of the pixel, as a probability, scaled by its number."""

    def __init__(self, probabilities=True):
        super().__init__()
        self.slope = torch.nn.Parameter(torch.linspace(0.2, 1.0, 23)[None, :, None, None])
        self.probabilities = probabilities

    def forward(self, image):
        red = (image[:, :1] * 0.229 + 0.485) * self.slope
        return red if self.probabilities else red * 20


def save(module, path: Path, shape, form="torchscript"):
    example = torch.zeros(shape)
    if form == "torchscript":
        torch.jit.trace(module.eval(), example).save(str(path))
    else:
        free = ({0: torch.export.Dim("n", min=1, max=64)},) if shape[0] > 1 else None
        torch.export.save(torch.export.export(module.eval(), (example,), dynamic_shapes=free), str(path))
    return path


def scored(scorer, asked, decode):
    return asyncio.run(scorer.score(asked, decode))


FORMS = {"torchscript": "model.pt", "exported": "model.pt2"}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("deep", [False, True], ids=["alone", "with other outputs after it"])
def test_the_image_tower_of_medimageinsight(tmp_path, form, deep):
    save(ImageTower(deep), tmp_path / FORMS[form], (1, 3, 480, 480), form)
    shown = [phantom(512, 512), phantom(700, 500)]
    scorer = open_local("medimageinsight", tmp_path, trust_code=True)
    rows = scored(scorer, ask(shown, [None, None]), decode_insight)
    for row, one in zip(rows, shown, strict=True):
        assert float(np.abs(row.image - expected_image(one)).max()) < 1e-4
        assert row.scaling is None
    assert scorer.model.preprocessing_id == INSIGHT_ID


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", ["map", "tokens", "class token first"])
def test_the_patches_of_gigapath_keep_their_place(tmp_path, form, shape):
    save(Tiles(shape), tmp_path / FORMS[form], (1, 3, 224, 224), form)
    tile = phantom(256, 256, colour=True)
    scorer = open_local("gigapath", tmp_path, trust_code=True)
    (row,) = scored(scorer, ask_tiles([cleared(tile)]), decode_tiles)
    middle = np.asarray(tile, np.float64)[16:240, 16:240, 0] / 255
    patches = middle.reshape(14, 16, 14, 16).mean((1, 3))
    assert row.features[0] * 0.229 / 0.5 + 0.485 == pytest.approx(patches, abs=1e-4)
    assert scorer.model.preprocessing_id == GIGAPATH_ID


def test_the_pooled_vector_of_gigapath_is_refused_with_what_to_save_instead(tmp_path):
    save(Tiles("pooled"), tmp_path / "model.pt", (1, 3, 224, 224))
    with pytest.raises(BadReply, match="forward_features"):
        scored(open_local("gigapath", tmp_path, trust_code=True), ask_tiles([cleared(phantom(256, 256))]), decode_tiles)


@pytest.mark.parametrize(("form", "size"), [("torchscript", (256, 256)), ("exported", (300, 270))])
def test_the_markers_of_gigatime_lie_on_their_pixels(tmp_path, form, size):
    save(Markers(), tmp_path / FORMS[form], (2, 3, 256, 256), form)
    scorer = open_local("gigatime", tmp_path, trust_code=True)
    tile = phantom(*size, colour=True)
    (row,) = scored(scorer, ask_markers([cleared(tile)]), decode_markers)
    red = np.asarray(tile, np.float64)[..., 0] / 255
    assert row.probabilities.shape == (23, *reversed(size))
    assert row.probabilities[22] == pytest.approx(red, abs=1e-5)
    assert row.probabilities[0] == pytest.approx(red * 0.2, abs=1e-5)
    assert scorer.model.preprocessing_id == GIGATIME_ID


def test_logits_of_gigatime_are_refused(tmp_path):
    save(Markers(probabilities=False), tmp_path / "model.pt", (2, 3, 256, 256))
    scorer = open_local("gigatime", tmp_path, trust_code=True)
    with pytest.raises(BadReply, match="probabilities from 0 to 1"):
        scored(scorer, ask_markers([cleared(phantom(256, 256))]), decode_markers)


def test_a_program_of_another_signature_is_refused(tmp_path):
    save(ImageTower(), tmp_path / "model.pt", (1, 3, 480, 480))
    with pytest.raises(BadFile, match="does not take 1x3x224x224"):
        scored(open_local("gigapath", tmp_path, trust_code=True), ask_tiles([cleared(phantom(256, 256))]), decode_tiles)
    save(Tiles("map"), tmp_path / "model.pt", (1, 3, 480, 480))
    with pytest.raises(BadReply, match="expected 1x1024, but 1x1536x30x30 came"):
        scored(open_local("medimageinsight", tmp_path, trust_code=True), ask([phantom(64, 64)], [None]), decode_insight)


def test_a_text_is_refused(tmp_path):
    save(ImageTower(), tmp_path / "model.pt", (1, 3, 480, 480))
    with pytest.raises(NotServed, match="reads no text"):
        scored(open_local("medimageinsight", tmp_path, trust_code=True), ask([phantom(64, 64)], ["a"]), decode_insight)


@pytest.mark.parametrize("asked", [Ask("gigapath", ("image",), ((None,),)), Ask("gigapath", ("tile",), (("a",),))])
def test_rows_without_an_image_are_refused(tmp_path, asked):
    save(Tiles("map"), tmp_path / "model.pt", (1, 3, 224, 224))
    with pytest.raises(InputRefused):
        scored(open_local("gigapath", tmp_path, trust_code=True), asked, decode_tiles)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_is_run_unless_the_source_is_trusted(tmp_path, form):
    save(Tiles("map"), tmp_path / FORMS[form], (1, 3, 224, 224), form)
    with pytest.raises(BadRequest, match="trust_model_code"):
        open_local("gigapath", tmp_path)


@pytest.mark.parametrize("model", ["medimageparse", "medimageparse3d", "cxrreportgen"])
def test_models_that_are_more_than_one_network_are_not_served(tmp_path, model):
    save(Tiles("map"), tmp_path / "model.pt", (1, 3, 224, 224))
    with pytest.raises(NotServed, match=f"cannot stand for {model}"):
        open_local(model, tmp_path, trust_code=True)


def test_weights_without_a_program_are_refused_and_never_unpickled(tmp_path):
    torch.save(Tiles("map").state_dict(), tmp_path / "model.pth")
    with pytest.raises(BadFile, match="weights without the program"):
        open_local("gigapath", tmp_path, trust_code=True)


class Bomb:
    """Unpickled, it would write a file."""

    def __init__(self, mark):
        self.mark = mark

    def __reduce__(self):
        return Path.touch, (self.mark,)


def test_a_pickled_module_is_never_unpickled(tmp_path):
    for name in ("model.pt", "model.pth", "model.bin"):
        folder = tmp_path / name.replace(".", "_")
        folder.mkdir()
        torch.save(Bomb(tmp_path / "went_off"), folder / name)
        with pytest.raises(BadFile, match="weights without the program"):
            open_local("gigapath", folder, trust_code=True)
    assert not (tmp_path / "went_off").exists()


def test_files_are_told_apart_by_what_is_in_them(tmp_path):
    assert kind_of(save(Tiles("map"), tmp_path / "a.bin", (1, 3, 224, 224))) == "torchscript"
    assert kind_of(save(Tiles("map"), tmp_path / "b.pt2", (1, 3, 224, 224), "exported")) == "exported"
    torch.save({}, tmp_path / "c.pt")
    assert kind_of(tmp_path / "c.pt") == "state"
    head = json.dumps({"__metadata__": {}}).encode()
    (tmp_path / "d.safetensors").write_bytes(len(head).to_bytes(8, "little") + head)
    assert kind_of(tmp_path / "d.safetensors") == "safetensors"
    (tmp_path / "e.pt").write_bytes(b"\x80\x02}q\x00." * 40)
    assert kind_of(tmp_path / "e.pt") == "unknown"
    with zipfile.ZipFile(tmp_path / "f.pt", "w") as archive:
        archive.writestr("readme.txt", "a")
    assert kind_of(tmp_path / "f.pt") == "unknown"


def test_a_cut_program_is_refused(tmp_path):
    path = save(Tiles("map"), tmp_path / "model.pt", (1, 3, 224, 224))
    with zipfile.ZipFile(path) as archive:
        kept = {name: archive.read(name) for name in archive.namelist() if not name.endswith("/data/0")}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in kept.items():
            archive.writestr(name, content)
    scorer = open_local("gigapath", tmp_path, trust_code=True)
    with pytest.raises(BadFile, match="cannot load it"):
        scored(scorer, ask_tiles([cleared(phantom(256, 256))]), decode_tiles)
