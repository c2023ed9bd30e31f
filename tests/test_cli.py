"""The command line as a user meets it: a process, its files, its words and its exit code."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from readingroom import streams
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom
from tests.commands import ran


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


def place(home: Path) -> dict[str, str]:
    return {"READINGROOM_HOME": str(home / "data"), "READINGROOM_CONFIG": str(home / "config"), "CI": "1"}


def process(home: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """As a shell starts it."""
    return subprocess.run(
        [sys.executable, "-c", "from readingroom.cli import main; main()", *words],
        env={**os.environ, **place(home)}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def run(home: Path, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    """The same in this process, whose libraries are loaded already."""
    return ran(*words, places=place(home), stdin=stdin)


@pytest.fixture(scope="module")
def film(home):
    phantom = ChestPhantom(seed=5, spacing_mm=1.0, cardiothoracic_ratio=0.44)
    return write_chest(make_chest(phantom), home / "film")


@pytest.fixture(scope="module")
def done(home, film):
    """A draft as a shell sees it."""
    return process(home, "draft", str(film), "--strict", "--out", str(home / "out"))


@pytest.fixture(scope="module")
def drafted(home, done):
    """One clean draft, for the tests that verify edits of it."""
    assert done.returncode == 0, done.stderr
    return home / "out"


def test_a_draft_is_readable_and_ends_with_its_files(done):
    assert "The cardiac silhouette is not enlarged" in done.stdout
    assert [Path(line).name for line in done.stdout.splitlines()[-3:]] == ["report.html", "report.json", "report.md"]
    assert "Traceback" not in done.stderr


def test_a_draft_says_what_it_is_and_is_not(drafted):
    report = json.loads((drafted / "report.json").read_text())
    assert (report["status"], report["intended_use"]) == ("preliminary", "research-only")
    said = " ".join(item["text"] for item in report["limitations"])
    assert "no foundation model looked at the image" in said
    assert "pneumothorax" in said
    assert "No prior image was supplied" in said
    assert "at the detector" in said


EDITS = {
    "negation": ("is not enlarged", "is enlarged", "contradict"),
    "side": ("The right lung field has", "The left lung field has", "left|right"),
    "number": (r"cardiothoracic ratio of 0\.(\d)(\d)", r"cardiothoracic ratio of 0.\2\1", r"0\.\d\d"),
    "unit": ("cm²", "mm²", "mm"),
}


@pytest.mark.parametrize("kind", EDITS)
def test_an_edit_for_the_worse_is_named(home, drafted, kind):
    old, new, said = EDITS[kind]
    text = (drafted / "report.md").read_text()
    edited = re.sub(old, new, text, count=1)
    assert edited != text
    done = run(home, "verify", "-", stdin=edited)
    worse = done.stdout.partition("All sentences")[0]
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Worse than in the recorded report" in worse
    assert re.search(said, worse), worse


def test_the_unedited_text_is_clean(home, drafted):
    for name in ("report.md", "report.json"):
        done = run(home, "verify", str(drafted / name))
        assert done.returncode == 0, done.stdout


def test_an_edited_file_cannot_bring_its_own_evidence(home, drafted, tmp_path):
    report = json.loads((drafted / "report.json").read_text())
    for finding in report["findings"]:
        finding["text"] = finding["text"].replace("is not enlarged", "is enlarged")
    for item in report["evidence"]:
        if item["observation"] == "cardiac_enlargement":
            item["presence"] = "present"
    path = tmp_path / "edited.json"
    path.write_text(json.dumps(report))
    done = run(home, "verify", str(path))
    assert done.returncode == 1
    assert "the record of run" in done.stdout


def test_a_run_is_listed_and_shown_step_by_step(home, drafted):
    listed = json.loads(run(home, "runs", "--json").stdout)
    shown = json.loads(run(home, "show", listed[-1]["id"], "--json").stdout)
    assert {step["tool"] for step in shown["steps"]} >= {"segment", "measure", "draft_findings"}
    assert all(step["status"] == "done" and step["output_sha256"] for step in shown["steps"])
    assert shown["report"]["provenance"]["run"] == shown["run"]["id"]


def test_tools_work_by_themselves(home, film):
    measured = json.loads(run(home, "measure", str(film), "--json").stdout)
    assert any(item["observation"] == "cardiothoracic_ratio" for item in measured)
    outlined = run(home, "segment", str(film), "-t", "heart", "--out", str(home / "masks"))
    assert (home / "masks" / "img-1-heart.png").is_file(), outlined.stdout + outlined.stderr
    vector = json.loads(run(home, "embed", str(film), "--json").stdout)
    assert len(vector["values"]) == 1024
    assert "x_ray chest" in run(home, "classify", str(film)).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("draft", "nowhere.dcm"), "nowhere.dcm"),
        (("draft", "x" * 300), "no such file"),
        (("draft", "FILM", "--template", "mine"), "no template 'mine'"),
        (("draft", "FILM", "--workflow", "mine"), "no workflow 'mine'"),
        (("draft", "FILM", "--format", "doc"), "no format 'doc'"),
        (("draft", "FILM", "-t", "pancreas"), "pancreas"),
        (("draft", "FILM", "--modality", "xray"), "modality"),
        (("draft", "FILM", "--pixel-mm", "1e300"), "pixel_mm"),
        (("draft", "FILM", "--modality", "ct"), "the header says x-ray"),
        (("draft", "FILM", "--lateral", "FILM"), "lateral"),
        (("draft", "FILM", "--format", ""), "no format"),
        (("draft", "FILM", "--prior-report", "HUGE"), "prior_report"),
        (("classify", "FILM", "-l", "pneumonia"), "pneumonia"),
        (("show", "r-nothing"), "no such run"),
        (("verify", "-"), "--run"),
        (("verify", "PIPE"), "this is not an ordinary file"),
        (("draft", "FILM", "--template", "PIPE"), "this is not an ordinary file"),
        (("draft", "FILM", "--nope"), "no such option: --nope. `readingroom draft --help` tells"),
        (("draft",), "missing argument 'images'. `readingroom draft --help` tells"),
        (("serv",), "no such command 'serv'. Did you mean 'serve'? `readingroom --help`"),
        (("index", "search", "FILM", "-k", "0"), "invalid value for '-k': "),
        (("experiment", "export", "FILM", "--to", "x"), "'--to': 'x' is not one of"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(home, film, words, said):
    huge = home / "huge.txt"
    huge.write_text("The heart is large. " * 20_000)
    pipe = home / "pipe.yaml"
    if not pipe.exists():
        os.mkfifo(pipe)
    names = {"FILM": str(film), "HUGE": str(huge), "PIPE": str(pipe)}
    done = run(home, *(names.get(word, word) for word in words), stdin="The heart is large.")
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("readingroom: ")


def test_a_group_without_a_command_tells_what_it_has(home):
    done = run(home, "cohort")
    assert done.returncode == 2
    assert "estimate" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("out", "code", "said"),
    [
        (">/dev/full", 2, "cannot be read or written (No space left on device). Free some space"),
        (">&-", 0, ""),
        ("| head -c 1 >/dev/null", 0, ""),
    ],
)
def test_a_standard_output_that_takes_nothing_ends_in_a_line_at_most(home, out, code, said):
    line = f"set -o pipefail; '{sys.executable}' -c 'from readingroom.cli import main; main()' --version {out}"
    done = subprocess.run(["bash", "-c", line], env={**os.environ, **place(home)}, capture_output=True, text=True,
                          check=False)  # fmt: skip
    assert (done.returncode, len(done.stderr.splitlines())) == (code, bool(said)), done.stderr
    assert said in done.stderr


def test_what_an_alphabet_lacks_is_spelled_as_json_spells_it():
    streams.prepare()
    told = "fine ✓ 😀 é".encode("ascii", streams.SPELLED).decode()
    assert json.loads(f'"{told}"') == "fine ✓ 😀 é"


def test_broken_settings_are_told_in_one_line(home, tmp_path):
    for name, content, said in (
        (".env", b"\xff\xfe", ".env: cannot be read as UTF-8"),
        ("no", b"", "'endpoints'"),
    ):
        (tmp_path / name).write_bytes(content)
        wrong = {"READINGROOM_ENDPOINTS": "no json"} if name == "no" else {}
        done = ran("runs", places=place(home) | wrong, folder=tmp_path)
        assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
        assert said in done.stderr
        (tmp_path / name).unlink()
    (tmp_path / "readingroom.toml").write_text("home = [broken")
    done = ran("runs", places=place(home), folder=tmp_path)
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (2, 1)
    assert "readingroom.toml" in done.stderr
