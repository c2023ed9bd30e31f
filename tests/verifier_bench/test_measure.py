"""The benchmark tells a broken verifier from a whole one: without a rule its class falls and the check fails."""

from __future__ import annotations

import json
import math

import pytest
from typer.testing import CliRunner

from readingroom.agents.verifier import ALL
from readingroom.cli_bench import bench
from readingroom.domain.check import Rule
from readingroom.verifier_bench.classes import CLASSES, bar_of
from readingroom.verifier_bench.measure import Cell, count_alarms, count_errors, wilson
from readingroom.verifier_bench.phrasebook import WRITERS

OF_RULE: dict[Rule, str] = {
    "R01": "false finding", "R02": "flipped negative", "R03": "false negation", "R04": "laterality", "R05": "location",
    "R06": "number", "R07": "unit", "R08": "comparison", "R09": "severity", "R10": "certainty", "R11": "omission",
    "R12": "contradiction", "R13": "repetition", "R14": "impression", "R15": "wrong region", "R16": "conflict averaged",
    "R17": "forbidden text",
}  # fmt: skip
N = 8


def errors(name: str, rules: frozenset[Rule] = ALL) -> tuple[Cell, ...]:
    return count_errors("tuned", seed=7, n=N, rules=rules, only=frozenset((name,)))[0]


def test_every_rule_has_a_class() -> None:
    assert set(OF_RULE) == ALL
    assert set(OF_RULE.values()) <= {one.name for one in CLASSES}
    assert frozenset[Rule]().union(*(one.rules for one in CLASSES)) == ALL


@pytest.mark.parametrize(("rule", "name"), OF_RULE.items())
def test_without_its_rule_a_class_falls_and_misses_its_bar(rule: Rule, name: str) -> None:
    whole, broken = errors(name), errors(name, ALL - {rule})
    assert sum(cell.right for cell in broken) < sum(cell.right for cell in whole)
    assert any(cell.low for cell in broken)
    if name != "contradiction":
        assert sum(cell.detected for cell in broken) < sum(cell.detected for cell in whole)


def test_the_same_seed_gives_the_same_figures() -> None:
    assert errors("laterality") == errors("laterality")
    assert count_alarms("held_out", seed=7, n=5) == count_alarms("held_out", seed=7, n=5)


def test_a_verifier_without_rules_finds_nothing_and_raises_no_alarm() -> None:
    cells, misses = count_errors("tuned", seed=7, n=3, rules=frozenset())
    assert {cell.detected for cell in cells} == {0}
    assert len(misses) == sum(cell.n for cell in cells)
    alarms, told = count_alarms("tuned", seed=7, n=3, rules=frozenset())
    assert not told
    assert all(one.false == one.flagged == 0 for one in alarms)
    assert all(one.n == 3 for one in alarms)


def test_bars_are_those_of_the_table() -> None:
    strict = {one.name for one in CLASSES if bar_of(one, "text") == 0.99}
    assert strict == {"laterality", "number", "unit", "flipped negative", "false negation"}
    assert {bar_of(one, "field") for one in CLASSES} == {1.0}
    assert {bar_of(one, "text") for one in CLASSES} == {0.95, 0.99}


def test_wilsons_interval_by_its_formula_and_at_its_ends() -> None:
    found = wilson(98, 100)
    assert math.isclose(found.low, 0.93, abs_tol=0.001)
    assert math.isclose(found.high, 0.9945, abs_tol=0.001)
    assert wilson(300, 300).low == pytest.approx(0.9874, abs=1e-4)
    assert wilson(0, 0).share == 0.0


def test_the_command_prints_figures_and_fails_its_check_when_a_rule_is_gone() -> None:
    run = CliRunner().invoke(bench, ["verifier", "-n", "2", "--phrasings", "tuned", "--without", "R04", "--check"])
    assert run.exit_code == 1
    assert "laterality (text)" in run.stderr
    assert "reports checked a second" in run.stdout
    assert "a sentence does not name its image" in run.stdout


def test_the_command_gives_json_and_refuses_an_unknown_rule() -> None:
    run = CliRunner().invoke(bench, ["verifier", "-n", "1", "--phrasings", "held_out", "--json"])
    assert run.exit_code == 0
    found = json.loads(run.stdout)
    assert found["results"][0]["writer"] == "held_out"
    assert {cell["n"] for cell in found["results"][0]["cells"]} == {1}
    every = CliRunner().invoke(bench, ["verifier", "-n", "1", "--phrasings", "all", "--json", "--check"])
    assert [one["writer"] for one in json.loads(every.stdout)["results"]] == list(WRITERS)
    assert "below its bar: tuned:" in every.stderr
    assert "below its bar: fresh:" not in every.stderr
    wrong = CliRunner().invoke(bench, ["verifier", "--without", "R99"])
    assert wrong.exit_code != 0
    assert "R99" in str(wrong.exception)
