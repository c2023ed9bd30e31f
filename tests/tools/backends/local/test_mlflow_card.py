"""An MLmodel file is read as data: nothing of its folder is run, and what it names stays in the folder."""

import asyncio
import sys

import pytest

from readingroom.errors import BadFile, BadRequest, NotServed
from readingroom.tools.backends.local.mlflow_card import read_card
from readingroom.tools.backends.local.opening import open_local
from readingroom.tools.contracts.ask import Ask
from tests.tools.backends.local.mlflow_models import CODE, COLUMNS, write_folder


def test_the_signature_and_the_code_are_told(tmp_path):
    folder = write_folder(tmp_path / "model")
    card = read_card(folder, "medimageinsight")
    assert card.columns == card.required == ("image", "text")
    assert card.params == {"get_scaling_factor", "image_standardization_image_size"}
    assert {file.name for file in card.code} == {"MLmodel", "small_loader.py", "weights.bin"}


def test_a_folder_without_a_signature_is_taken_as_it_is(tmp_path):
    assert read_card(write_folder(tmp_path / "model", columns=None), "cxrreportgen").columns is None


def test_code_is_not_run_without_trust_nor_by_opening(tmp_path):
    folder = write_folder(tmp_path / "model")
    with pytest.raises(BadRequest, match=r"runs its own code on this machine.*trust_model_code to true"):
        open_local("medimageinsight", folder)
    open_local("medimageinsight", folder, trust_code=True)
    assert not (folder / "was_run").exists()


def test_the_version_follows_the_code_and_nothing_else(tmp_path):
    versions = []
    for name, code in (("a", CODE), ("b", CODE), ("c", CODE + "\n# other\n")):
        folder = write_folder(tmp_path / name, source=code)
        (folder / "notes.txt").write_text(name, encoding="utf-8")
        versions.append(open_local("medimageinsight", folder, trust_code=True).model.version)
    assert versions[0] == versions[1] != versions[2]


@pytest.mark.parametrize("key", ["python_model", "data", "code"])
@pytest.mark.parametrize("name", ["../outside.bin", "/etc/hostname", "absent.bin"])
def test_code_outside_the_folder_is_refused(tmp_path, key, name):
    (tmp_path / "outside.bin").write_bytes(b"bytes")
    folder = write_folder(tmp_path / "model", **{key: name})
    with pytest.raises(BadFile, match="missing or outside the folder"):
        open_local("medimageinsight", folder, trust_code=True)


def test_code_behind_a_link_out_of_the_folder_is_refused(tmp_path):
    (tmp_path / "outside.pkl").write_bytes(b"bytes")
    folder = write_folder(tmp_path / "model", python_model="python_model.pkl")
    (folder / "python_model.pkl").symlink_to(tmp_path / "outside.pkl")
    with pytest.raises(BadFile, match="missing or outside the folder"):
        open_local("medimageinsight", folder, trust_code=True)


@pytest.mark.parametrize("model", ["cxrreportgen", "medimageparse"])
def test_the_folder_of_another_model_is_refused(tmp_path, model):
    folder = write_folder(tmp_path / "model", columns=COLUMNS[:1])
    with pytest.raises(NotServed, match=f"columns image, and {model} needs"):
        open_local(model, folder, trust_code=True)


def test_a_column_that_the_signature_lacks_is_refused(tmp_path):
    scorer = open_local("medimageinsight", write_folder(tmp_path / "model", columns=COLUMNS[:1]), trust_code=True)
    with pytest.raises(NotServed, match="no column text"):
        asyncio.run(scorer.score(Ask("medimageinsight", ("text",), (("lung",),)), lambda value, ask: ()))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "holds no mapping"),
        ("- a\n", "holds no mapping"),
        ("flavors: [", "cannot be read"),
        ("flavors: !!python/object/apply:os.getcwd []\n", "cannot be read"),
        ("flavors: {keras: {}}\n", "no python_function flavour"),
        ("flavors: {python_function: {}}\nsignature: {inputs: '{'}\n", "not JSON"),
        ("flavors: {python_function: {}}\nsignature: {inputs: '4'}\n", "not a list"),
        ("a: " + "[" * 3000, "cannot be read"),
    ],
)
def test_an_mlmodel_file_that_is_none_is_refused(tmp_path, content, words):
    (tmp_path / "MLmodel").write_text(content, encoding="utf-8")
    with pytest.raises(BadFile, match=words):
        open_local("medimageinsight", tmp_path, trust_code=True)


def test_without_mlflow_its_extra_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "mlflow", None)
    scorer = open_local("medimageinsight", write_folder(tmp_path / "model"), trust_code=True)
    with pytest.raises(BadRequest, match=r"pip install 'readingroom\[mlflow\]'"):
        asyncio.run(scorer.score(Ask("medimageinsight", ("text",), (("lung",),)), lambda value, ask: ()))
