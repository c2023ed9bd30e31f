"""`readingroom category` and `readingroom template import`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from readingroom import cli_category
from readingroom.agents.template import parse_template
from readingroom.errors import BadFile, BadRequest

app = typer.Typer()
app.command()(cli_category.category)
app.add_typer(cli_category.template, name="template")

FULL = ("lungs=evaluable", "prior=none", "infection=none", "benign_feature=none", "type=solid", "juxtapleural=no",
        "change=baseline", "suspicious_features=no", "diameter=7")  # fmt: skip


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, words)
    assert done.exit_code == code, done.output
    return done.output


def inputs(*texts: str) -> list[str]:
    return [word for text in texts for word in ("--input", text)]


def test_a_category_by_its_inputs() -> None:
    text = run("category", "lung-rads", *inputs(*FULL))
    assert text.startswith("Lung-RADS 3\n")
    assert "The system's text on management: 6-month LDCT." in text
    assert json.loads(run("category", "lung-rads", "--json", *inputs(*FULL)))["value"] == "3"


def test_missing_inputs_are_named_and_it_ends_with_1() -> None:
    text = run("category", "lung-rads", *inputs("diameter=7", "type=solid"), code=1)
    assert text.startswith("Lung-RADS not assessable\n")
    assert "Missing: lungs, prior, infection" in text


def test_without_inputs_it_lists_them() -> None:
    text = run("category", "bi-rads")
    assert "likelihood: Likelihood of malignancy that a reader states" in text
    assert "inputs" in json.loads(run("category", "ti-rads", "--json"))


@pytest.mark.parametrize("words", [["pi-rads"], ["lung-rads", "--input", "x=1"], ["lung-rads", "-i", "diameter=3px"]])
def test_what_is_wrong_is_a_bad_request(words: list[str]) -> None:
    done = CliRunner().invoke(app, ["category", *words])
    assert isinstance(done.exception, BadRequest)


def test_a_template_is_imported(tmp_path: Path) -> None:
    source, target = tmp_path / "mine.html", tmp_path / "mine.yaml"
    source.write_text("<section data-section-name='Lungs'><label for='a'>Nodule</label><input id='a'></section>")
    run("template", "import", str(source), "--out", str(target))
    assert parse_template(target.read_text(), "mine.yaml").requires == ("nodule",)
    assert run("template", "import", str(source)) == target.read_text()
    assert json.loads(run("template", "import", str(source), "--json"))["template"]["requires"] == ["nodule"]
    source.write_text("nothing")
    assert isinstance(CliRunner().invoke(app, ["template", "import", str(source)]).exception, BadFile)
