"""Optional scorers over an experiment: every pair of texts once, failures counted and asked again, figures beside the
others."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from readingroom.agents.model_config import ModelConfig
from readingroom.errors import BadRequest
from readingroom.experiments.judging import judge, score_by_radeval
from readingroom.experiments.results import Results
from readingroom.experiments.summary import summarised
from readingroom.settings import Settings
from tests.answering import Asked, Told, answering
from tests.experiments.shown import written

REPORT = " There is a pleural effusion."
STAND_IN = """
class RadEval:
    def __init__(self, do_radgraph=False, do_per_sample=False):
        pass
    def __call__(self, refs, hyps):
        return {"radgraph_partial": [0.5 for _ in hyps]}
"""


@pytest.fixture
def results(tmp_path: Path) -> Results:
    return written(tmp_path / "out", words=REPORT)


def figures(results: Results, arm: int) -> dict[str, tuple[float | None, int]]:
    return {one.metric: (one.included.value, one.included.n_cases) for one in summarised(results).arms[arm].figures}


def test_the_judge_is_asked_once_of_the_same_words_and_again_for_what_failed(results: Results, tmp_path: Path):
    pytest.importorskip("semantic_kernel", reason="extra 'agent'")
    asked: list[str] = []
    bad = [True]

    def answer(told: Asked) -> Told:
        data = json.loads(told.body["messages"][1]["content"].split("\n")[3])
        asked.append(data["sentence"])
        yes = {"status": "entailment", "evidence": [1]}
        said = "certainly" if bad[0] and data["sentence"] == REPORT.strip() else json.dumps(yes)
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": said}}
        return Told({"model": "j", "choices": [choice], "usage": {"prompt_tokens": 5, "completion_tokens": 5}})

    with answering(answer) as url:
        model = ModelConfig(provider="compatible", model="j", address=f"{url}/v1")
        settings = Settings(home=tmp_path / "home", language_models={"judge": model})

        first = asyncio.run(judge(results, settings, "judge"))
        once = len(asked)
        # three cases by two arms: what both say alike is one pair of texts, and a failed draft is not asked about
        assert (first.drafts, first.asked) == (6, 2)
        assert first.failures == 5
        assert figures(results, 0)["judge_recall"] == (0.0, 3)
        assert figures(results, 0)["judge_failures"][0] > 0

        bad[0] = False
        second = asyncio.run(judge(results, settings, "judge"))
        assert (second.asked, second.failures) == (2, 0)
        assert len(asked) > once
        assert asyncio.run(judge(results, settings, "judge")).asked == 0
        assert figures(results, 0)["judge_recall"] == (pytest.approx(2 / 3), 3)  # the failed draft tells nothing
        assert figures(results, 1)["judge_f1"] == (1.0, 3)


def test_a_model_that_the_settings_do_not_name_is_told(results: Results, tmp_path: Path):
    with pytest.raises(BadRequest, match="the settings name no model 'judge'"):
        asyncio.run(judge(results, Settings(home=tmp_path), "judge"))


def test_values_of_radeval_join_the_figures_and_a_failed_draft_has_none(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "RadEval.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "RadEval", raising=False)
    assert score_by_radeval(results, ["radgraph"]) == 6
    __import__("sys").modules.pop("RadEval", None)
    assert figures(results, 0)["radgraph"] == (pytest.approx(1 / 3), 3)
    assert figures(results, 1)["radgraph"] == (0.5, 3)
    assert "judge_f1" not in figures(results, 1)


def test_typed_truth_is_no_report_to_judge_against(tmp_path: Path):
    with pytest.raises(BadRequest, match="no case has a report"):
        score_by_radeval(written(tmp_path / "out"), ["radgraph"])
