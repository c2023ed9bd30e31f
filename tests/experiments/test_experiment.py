"""The file of an experiment: what it may say, and one line with the place where it is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from readingroom.errors import BadFile, BadRequest
from readingroom.experiments.arms import arms_of, baselines_of, rivals_of
from readingroom.experiments.crew import Crew
from readingroom.experiments.experiment import parse_experiment, read_experiment
from readingroom.experiments.running import refuse_unknown
from readingroom.prompts.words import read_words
from readingroom.settings import Settings

REPO = Path(__file__).resolve().parent.parent.parent

GOOD = """name: a
cases: {phantoms: {n: 4}}
writers:
  template: {}
  sloppy: {kind: sloppy, rate: 0.2}
checks: [off, strike]
"""


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (GOOD.replace("n: 4", "n: 0"), "cases.0.phantoms.n (line 2): Input should be greater than or equal to 1"),
        (GOOD.replace("rate", "rat"), "writers.sloppy.rat (line 5): Extra inputs are not permitted"),
        (
            GOOD.replace("kind: sloppy", "kind: model"),
            "writers.sloppy (line 5): model: a writer of kind model names one",
        ),
        (GOOD.replace("strike]", "on]"), "checks.1 (line 6): Input should be 'off', 'mark', 'strike' or 'review'"),
        (
            GOOD.replace("{phantoms: {n: 4}}", "{adapter: csv}"),
            "cases.0 (line 2): path: the adapter 'csv' needs a path",
        ),
        (GOOD.replace("{phantoms: {n: 4}}", "{}"), "cases.0 (line 2): give either phantoms or an adapter"),
        (GOOD.replace("sloppy:", "../up:"), "writers.../up (line 5): String should match pattern"),
        (GOOD + "templates: [a, a]\n", "templates (line 7): something is named twice"),
        (GOOD + "colour: red\n", "colour (line 7): Extra inputs are not permitted"),
        (GOOD.replace("writers:", "writers"), "is not valid YAML"),
        (GOOD + "name: again\n", "is not valid YAML ('name' stands twice"),
        ("a: " + "[" * 2000, "is not valid YAML (too many brackets"),
        ("- a\n- b\n", "is not a list of fields with their values"),
    ],
)
def test_what_is_wrong_is_told_with_field_and_line(wrong: str, told: str):
    with pytest.raises(BadRequest) as raised:
        parse_experiment(wrong, "x.yaml", Path())
    assert raised.value.line().startswith(f"x.yaml: {told}")
    assert "\n" not in raised.value.line()


def test_a_key_does_not_belong_in_the_file_and_is_not_repeated():
    text = GOOD.replace("kind: sloppy, rate: 0.2", "kind: model, model: {model: m, key: sk-very-secret}")
    with pytest.raises(BadRequest, match="keys belong in the environment") as raised:
        parse_experiment(text, "x.yaml", Path())
    assert "sk-very-secret" not in raised.value.line()


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(BadFile, match="cannot be read"):
        read_experiment(tmp_path / "none.yaml")


def test_paths_count_from_the_file(tmp_path: Path):
    text = GOOD.replace("{phantoms: {n: 4}}", "{adapter: csv, path: list.csv}")
    (tmp_path / "x.yaml").write_text(f"{text}templates: [chest_xray, own.yaml]\nprompts: {{terse: terse}}\n")
    found = read_experiment(tmp_path / "x.yaml")
    assert found.cases[0].path == tmp_path / "list.csv"
    assert found.templates == ("chest_xray", str(tmp_path / "own.yaml"))
    assert found.prompts == {"terse": tmp_path / "terse"}


def test_the_baselines_are_always_there():
    text = GOOD.replace("checks: [off, strike]", "checks: [strike]") + "templates: [chest_xray]\n"
    arms = arms_of(parse_experiment(text, "x.yaml", Path()))
    names = [arm.name for arm in arms if arm.writer == "sloppy"]
    assert names == [
        "chest_xray / sloppy / no tools",
        "chest_xray / sloppy / usual / no check",
        "chest_xray / sloppy / usual / strike",
    ]
    assert [one.name for one in baselines_of(arms[-1], arms)] == names[:2]
    assert [arm.baseline for arm in arms] == [True, True, False] * 2


def test_an_arm_is_compared_with_the_first_of_what_it_has_another_of():
    text = GOOD.replace("checks: [off, strike]", "checks: [strike]") + (
        "templates: [chest_xray, abdomen_ct]\nprompts: {usual: null, terse: terse}\n"
        "tools: {one: {}, two: {planner: fixed}}\n"
    )
    text = text.replace("  template: {}", "  model: {kind: model, model: gpt}\n  template: {}")
    arms = {arm.name: arm for arm in arms_of(parse_experiment(text, "x.yaml", Path()))}
    last = rivals_of(arms["abdomen_ct / model (terse) / two / strike"], tuple(arms.values()))
    assert {differs: one.name for differs, one in last.items()} == {
        "template": "chest_xray / model (terse) / two / strike",
        "prompts": "abdomen_ct / model (usual) / two / strike",
        "tools": "abdomen_ct / model (terse) / one / strike",
    }
    other = rivals_of(arms["chest_xray / template / one / strike"], tuple(arms.values()))
    assert {differs: one.name for differs, one in other.items()} == {
        "writer": "chest_xray / model (usual) / one / strike"
    }
    assert rivals_of(arms["abdomen_ct / template / no tools"], tuple(arms.values())) == {}


def test_two_templates_of_one_name_cannot_be_told_apart(tmp_path: Path):
    text = GOOD + f"templates: [{tmp_path}/a/own.yaml, {tmp_path}/b/own.yaml]\n"
    with pytest.raises(BadRequest, match="two arms are called"):
        arms_of(parse_experiment(text, "x.yaml", Path()))


def test_only_writers_that_read_prompts_have_arms_of_them():
    text = GOOD + "prompts: {usual: null, terse: terse}\n"
    text = text.replace("  template: {}", "  model: {kind: model, model: gpt}\n  template: {}")
    arms = arms_of(parse_experiment(text, "x.yaml", Path()))
    assert {(arm.writer, arm.prompts) for arm in arms} == {
        ("model", "usual"), ("model", "terse"), ("template", ""), ("sloppy", ""),
    }  # fmt: skip


def test_the_shipped_example_is_one():
    found = read_experiment(REPO / "examples" / "sloppy_writer.yaml")
    assert found.checks == ("off", "mark", "strike", "review")
    assert len(found.templates) == 2
    assert all(Path(name).is_file() for name in found.templates if name.endswith(".yaml"))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ("templates: [chestt]\n", "templates: there is no template 'chestt'. There are "),
        ("tools: {a: {planner: fixed, workflow: repot}}\n", "tools.a: there is no workflow 'repot'. There are "),
    ],
)
def test_what_every_cell_would_fail_on_is_refused_before_anything_runs(more: str, told: str):
    with pytest.raises(BadRequest) as raised:
        refuse_unknown(parse_experiment(GOOD + more, "x.yaml", Path()))
    assert raised.value.line().startswith(told)


def test_other_prompts_are_another_writer(tmp_path: Path):
    own = read_words("agents/findings_writer.yaml").replace("You write", "You tersely write")
    (tmp_path / "findings_writer.yaml").write_text(own)
    text = GOOD.replace("template: {}", "m: {kind: model, model: {model: m, address: 'http://127.0.0.1:9/v1'}}")
    found = parse_experiment(f"{text}prompts: {{usual: null, terse: {tmp_path}}}\n", "x.yaml", Path())
    crew = Crew(found, Settings(home=tmp_path))
    told = {arm.prompts: crew.identity(arm, 1) for arm in arms_of(found) if arm.writer == "m"}
    assert told["usual"]["prompts"] != told["terse"]["prompts"]
    assert told["usual"]["model"] == told["terse"]["model"]


def test_a_limit_of_money_needs_a_price(tmp_path: Path):
    text = GOOD.replace("template: {}", "m: {kind: model, model: {model: m}}") + "stop: {money: 1}\n"
    found = parse_experiment(text, "x.yaml", Path())
    with pytest.raises(BadRequest, match="money is limited, but 'openai m' has no price"):
        Crew(found, Settings(home=tmp_path))
    assert Crew(found, Settings(home=tmp_path, prices={"m": {"tokens_in": 1, "tokens_out": 1}}))
