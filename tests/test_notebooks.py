"""The examples that are notebooks run from top to bottom, and what they show is framed, escaped and small."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from readingroom import notebook
from readingroom.domain.evidence import Evidence, Origin
from readingroom.errors import BadRequest
from readingroom.exports.sheet import HIGHEST, MOST, Line, Sheet, to_frame

nbformat = pytest.importorskip("nbformat", reason="notebooks need nbclient and ipykernel")
pytest.importorskip("ipykernel", reason="notebooks need nbclient and ipykernel")

EXAMPLES = sorted((Path(__file__).resolve().parent.parent / "examples").glob("*.ipynb"))
LARGEST = 1_500_000
"""Characters of one output: three planes of a volume as PNG have about half of it."""
FRAME = re.compile(r'<iframe sandbox="((?:allow-scripts)?)" [^>]*height:(\d+)px[^>]* srcdoc="([^"]*)"></iframe>')


def test_outputs_are_not_committed() -> None:
    assert len(EXAMPLES) == 4
    for path in EXAMPLES:
        for cell in nbformat.read(path, 4).cells:
            assert cell.get("outputs", []) == [], path.name
            assert cell.get("execution_count") is None, path.name


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """The outputs of each, run one after the other in one kernel that forgets between them."""
    folder = tmp_path_factory.mktemp("notebooks")
    places = {"HOME": str(folder), "IPYTHONDIR": str(folder / "ipython"), "OMP_NUM_THREADS": "1",
              "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}  # fmt: skip
    whole, lengths = nbformat.v4.new_notebook(), {}
    for path in EXAMPLES:
        cells = [cell for cell in nbformat.read(path, 4).cells if cell.cell_type == "code"]
        lengths[path.stem] = len(cells)
        whole.cells += [*cells, nbformat.v4.new_code_cell("%reset -f")]
    nbformat.write(whole, folder / "whole.ipynb")
    done = subprocess.run(
        [sys.executable, "-c", "from nbclient.cli import main; main()", str(folder / "whole.ipynb"), "--inplace",
         "--kernel_name=python3", "--timeout=300"],
        env={**os.environ, **places}, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    ran = iter(nbformat.read(folder / "whole.ipynb", 4).cells)
    parts = {name: [next(ran) for _ in range(count + 1)] for name, count in lengths.items()}
    return {name: [one for cell in cells for one in cell.outputs] for name, cells in parts.items()}


def pages(outputs: list[Any]) -> list[str]:
    """What is framed in these outputs."""
    found = [one.data["text/html"] for one in outputs if "text/html" in one.get("data", {})]
    frames = [match for text in found for match in FRAME.finditer(text)]
    assert len(frames) == sum("<iframe" in text for text in found)
    assert all(int(match[2]) <= HIGHEST for match in frames)
    return [html.unescape(match[3]) for match in frames]


def words(outputs: list[Any]) -> str:
    return " ".join(one.get("text") or one.get("data", {}).get("text/plain", "") for one in outputs)


def test_a_first_report_shows_itself(told: dict[str, list[Any]]) -> None:
    study, reading, finding, evidence = pages(told["1_first_report"])
    assert "frontal chest radiograph" in study
    assert "data:image/png;base64," in study
    assert "Preliminary draft" in reading
    assert "cardiothoracic ratio" in finding
    assert "Evidence E" in evidence
    assert "'unsupported'" in words(told["1_first_report"])
    steps = [
        one.data["text/html"] for one in told["1_first_report"] if "draft-findings" in one.data.get("text/html", "")
    ]
    assert "✓" in steps[0]


def test_an_answer_shows_its_verdicts(told: dict[str, list[Any]]) -> None:
    answer, evidence, refused, outlined = pages(told["2_ask_and_evidence"])
    assert 'class="v supported"' in answer
    assert "cardiothoracic ratio" in evidence
    assert "fracture" in refused.lower()
    assert "heart" in outlined
    assert "True" in words(told["2_ask_and_evidence"])


def test_a_ct_is_shown_in_three_planes(told: dict[str, list[Any]]) -> None:
    for page in pages(told["3_measure_a_ct"]):
        assert [name for name in ("axial", "coronal", "sagittal") if f"slices, {name}" in page] == [
            "axial", "coronal", "sagittal",
        ]  # fmt: skip
        assert page.count("<img") == 3
    volumes = re.findall(r"volume (\d+) mL.* drawn with (\d+) mL", words(told["3_measure_a_ct"]))
    assert len(volumes) == 3
    assert all(abs(int(found) - int(drawn)) <= 0.06 * int(drawn) for found, drawn in volumes)


def test_a_cohort_and_an_experiment_come_to_an_end(told: dict[str, list[Any]]) -> None:
    said = words(told["4_cohort_and_experiment"])
    assert "{'done': 2}" in said
    assert "failed 0, left for later 0" in said


def test_frames_let_nothing_out_and_are_small(told: dict[str, list[Any]]) -> None:
    for name, outputs in told.items():
        for page in pages(outputs):
            assert "default-src 'none'" in html.unescape(page), name
            assert len(page) < LARGEST, name
            assert not re.search(r"""(?:src|href)=["'](?!data:image/png;base64,|#)""", page), name
            assert not re.search(r"<script(?! ?>)|\son\w+=", page), name


def test_what_is_shown_is_escaped_and_bounded() -> None:
    evil = "<script>alert(1)</script>\x1b]0;x\x07\u202e\"'></iframe>"
    frame = to_frame(
        Sheet(evil, evil, tuple(Line(evil, "supported", evil) for _ in range(MOST + 5)), (), ((evil, evil),))
    )
    (match,) = FRAME.finditer(frame)
    assert frame == match[0]
    page = html.unescape(match[3])
    assert match[1] == ""
    assert "<script" not in page
    assert "</iframe>" not in page
    assert not set(page) & set("\x1b\x07\u202e")
    assert page.count("<li>") == MOST
    assert "5 more are not shown here." in page
    assert int(match[2]) == HIGHEST


def test_evidence_of_a_hostile_model_is_inert() -> None:
    origin = Origin(tool="t", tool_version="1", backend="b", model="<img src=x onerror=alert(1)>", model_version="1",
                    preprocessing_id="p", step="s", input_sha256="0", output_sha256="0")  # fmt: skip
    item = Evidence(
        id="E1", observation="lung", presence="present", summary="</iframe><b>", image_id="a", origin=origin
    )
    shown = next(told for module, name, told in notebook.FORMATTERS if name == "Evidence")(item)
    assert shown.count("</iframe>") == 1
    assert "<img" not in html.unescape(shown)
    assert "&lt;img src=x" in html.unescape(shown)


def test_planes_say_what_is_missing() -> None:
    class Gone:
        study = None

    with pytest.raises(BadRequest, match="the images are not at hand"):
        notebook.planes(Gone())  # type: ignore[arg-type]
