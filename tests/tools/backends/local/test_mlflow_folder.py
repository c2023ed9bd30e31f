"""MLflow folders run by MLflow itself: written by hand, and saved by MLflow."""

import asyncio
import hashlib
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from readingroom.errors import BadFile, BadReply, ToolFailed
from readingroom.tools.backends.local.mlflow_folder import OWN_ID
from readingroom.tools.backends.local.opening import open_local
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.cxrreportgen import decode_report
from readingroom.tools.contracts.medimageinsight import decode_insight
from tests.tools.backends.local.mlflow_models import CODE, write_folder
from tests.tools.backends.local.networks import ask, cleared, phantom

pytestmark = pytest.mark.filterwarnings("ignore")  # what MLflow's own imports say is not ours to mend


@pytest.fixture(scope="module")
def pyfunc():
    pytest.importorskip("pandas", reason="MLflow's predictions need pandas")
    return pytest.importorskip("mlflow.pyfunc", reason="mlflow is an extra")


@pytest.fixture(autouse=True)
def _no_loader_left():
    """Each folder brings a module of the same name, and MLflow leaves its folder on the path."""
    path = list(sys.path)
    yield
    sys.modules.pop("small_loader", None)
    sys.path[:] = path


def vector(told):
    seed = int.from_bytes(hashlib.sha256(told).digest()[:8], "little")
    numbers = np.random.default_rng(seed).standard_normal(1024)
    return numbers / np.linalg.norm(numbers)


def scored(scorer, asked, decode=decode_insight):
    return asyncio.run(scorer.score(asked, decode))


@pytest.mark.usefixtures("pyfunc")
def test_mixed_rows_answer_in_their_order(tmp_path):
    """The folder's code takes only rows that are alike, and at most 32: the request is parted and put together."""
    scorer = open_local("medimageinsight", write_folder(tmp_path / "model"), trust_code=True)
    images = [None if n % 3 == 0 else phantom(32, 32, seed=n) for n in range(80)]
    texts = [f"text {n}" if n % 3 != 1 else None for n in range(80)]
    rows = scored(scorer, ask(images, texts))
    for row, image, text in zip(rows, images, texts, strict=True):
        assert (row.image is None, row.text is None) == (image is None, text is None)
        if image is not None:
            assert row.image == pytest.approx(vector(cleared(image).content), abs=1e-6)
        if text is not None:
            assert row.text == pytest.approx(vector(text.encode()), abs=1e-6)
        assert row.scaling == 4.5
    assert scorer.model.preprocessing_id == OWN_ID


@pytest.mark.usefixtures("pyfunc")
def test_params_of_the_signature_are_passed_and_others_are_not(tmp_path):
    scorer = open_local("medimageinsight", write_folder(tmp_path / "model"), trust_code=True)
    (row,) = scored(scorer, ask([None], ["lung"], get_scaling_factor=False, image_standardization_jpeg_quality=3))
    assert row.scaling is None


@pytest.mark.usefixtures("pyfunc")
def test_a_column_that_no_row_fills_may_be_absent(tmp_path):
    scorer = open_local("medimageinsight", write_folder(tmp_path / "model"), trust_code=True)
    (row,) = scored(scorer, Ask("medimageinsight", ("text",), (("lung",),)))
    assert row.text == pytest.approx(vector(b"lung"), abs=1e-6)


FORMS = {
    "a table": "import pandas\n        return pandas.DataFrame(rows)",
    "three objects of one key": "return [{key: value} for key, value in rows[0].items()]",
}


@pytest.mark.usefixtures("pyfunc")
@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_other_published_forms_of_the_answer(tmp_path, form):
    folder = write_folder(tmp_path / "model", source=CODE.replace("return rows", form))
    shown = phantom(32, 32)
    (row,) = scored(open_local("medimageinsight", folder, trust_code=True), ask([shown], ["lung"]))
    assert row.image == pytest.approx(vector(cleared(shown).content), abs=1e-6)
    assert row.text == pytest.approx(vector(b"lung"), abs=1e-6)


@pytest.mark.usefixtures("pyfunc")
def test_an_answer_that_json_cannot_hold_is_refused(tmp_path):
    folder = write_folder(
        tmp_path / "model", source=CODE.replace("return rows", "return [{'image_features': b'bytes'}]")
    )
    with pytest.raises(BadReply, match=r"answer\[0\]\.image_features: the model returned bytes"):
        scored(open_local("medimageinsight", folder, trust_code=True), ask([phantom(8, 8)], [None]))


@pytest.mark.usefixtures("pyfunc")
def test_what_the_folders_code_says_of_the_input_is_not_repeated(tmp_path):
    scorer = open_local("medimageinsight", write_folder(tmp_path / "model"), trust_code=True)
    with pytest.raises(ToolFailed, match=r"failed on this input \(ValueError\)") as failed:
        scored(scorer, ask([None, None], ["fail", "Zebulon Quux"]))
    assert "Zebulon" not in failed.value.line()
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__
    assert scored(scorer, ask([None], ["lung"]))[0].text is not None


@pytest.mark.usefixtures("pyfunc")
def test_a_module_that_the_folder_lacks_is_named(tmp_path):
    folder = write_folder(tmp_path / "model", source="import a_module_that_nobody_has\n")
    with pytest.raises(BadFile, match="no module a_module_that_nobody_has"):
        scored(open_local("medimageinsight", folder, trust_code=True), ask([None], ["lung"]))


def test_a_model_that_mlflow_saved(tmp_path, pyfunc, monkeypatch):
    """CXRReportGen's columns, as a Python model; nothing is written but the folder."""
    from mlflow.models import ModelSignature  # noqa: PLC0415
    from mlflow.types import ColSpec, Schema  # noqa: PLC0415

    class Reports(pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            told = [["The heart is not enlarged.", None], [model_input["indication"][0], [[0.1, 0.2, 0.3, 0.4]]]]
            return [{"output": json.dumps(told)}]

    names = ("frontal_image", "lateral_image", "indication", "technique", "comparison")
    schema = Schema([ColSpec("string", name, required=name == "frontal_image") for name in names])
    monkeypatch.chdir(tmp_path)
    pyfunc.save_model("model", python_model=Reports(), signature=ModelSignature(inputs=schema), pip_requirements=[])
    scorer = open_local("cxrreportgen", tmp_path / "model", trust_code=True)
    asked = Ask("cxrreportgen", ("frontal_image", "indication"), ((cleared(phantom(64, 64)), "Cough."),))
    (report,) = scored(scorer, asked, decode_report)
    assert [sentence.text for sentence in report.sentences] == ["The heart is not enlarged.", "Cough."]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


WATCH = """
import asyncio, sys
from pathlib import Path
calls = []
sys.addaudithook(lambda event, args: calls.append(args) if event in ("socket.connect", "socket.getaddrinfo") else None)
from readingroom.tools.backends.local.opening import open_local
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.medimageinsight import decode_insight
asked = Ask("medimageinsight", ("text",), (("lung",),))
scorer = open_local("medimageinsight", Path(sys.argv[1]), trust_code=True)
print(len(asyncio.run(scorer.score(asked, decode_insight))))
from mlflow.telemetry.client import get_telemetry_client
print(calls, get_telemetry_client())
"""


@pytest.mark.usefixtures("pyfunc")
def test_mlflow_reports_to_nobody(tmp_path):
    """It makes no reports from within tests, so this asks outside of one, whether a reporter is there at all."""
    folder = write_folder(tmp_path / "model")
    command = [sys.executable, "-W", "ignore", "-c", WATCH, str(folder)]
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "PYTHONPATH") if name in os.environ}
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=kept)
    assert done.stdout.split("\n")[:2] == ["1", "[] None"]
