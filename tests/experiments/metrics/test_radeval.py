"""RadEval where it is installed: what it is asked, and what is said where it is not or answers otherwise.

RadEval itself is too heavy for tests; a module of its name stands in for what its source says of its arguments and
answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from readingroom.errors import BadReply, BadRequest, NotServed
from readingroom.experiments.metrics.radeval import radeval_scores
from tests.experiments.metrics.drafts import pair

STAND_IN = """
class RadEval:
    def __init__(self, do_radgraph=False, do_f1chexbert=False, do_per_sample=False):
        self.keys = ["radgraph_partial"] * do_radgraph + ["f1chexbert_sample_acc_all"] * do_f1chexbert
        assert do_per_sample
    def __call__(self, refs, hyps):
        return {key: [float(a == b) for a, b in zip(refs, hyps)] for key in self.keys}
"""


@pytest.fixture
def radeval(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.delitem(__import__("sys").modules, "RadEval", raising=False)
    yield tmp_path / "RadEval.py"
    __import__("sys").modules.pop("RadEval", None)


def test_without_radeval_it_says_what_to_install() -> None:
    with pytest.raises(NotServed, match=r"radgraph need RadEval\. Install it beside: pip install RadEval"):
        radeval_scores(["a"], ["a"], ["radgraph"])


def test_a_value_a_case_and_scorer(radeval: Path) -> None:
    radeval.write_text(STAND_IN)
    found = radeval_scores(["a", "b"], ["a", "c"], ["radgraph", "chexbert"])
    assert [{name: pair(tally) for name, tally in one.items()} for one in found] == [
        {"radgraph": (1, 1), "chexbert": (1, 1)}, {"radgraph": (0, 1), "chexbert": (0, 1)},
    ]  # fmt: skip


def test_a_scorer_that_this_version_does_not_have(radeval: Path) -> None:
    radeval.write_text(STAND_IN)
    with pytest.raises(NotServed, match="does not have green"):
        radeval_scores(["a"], ["a"], ["green"])


def test_values_that_do_not_match_the_cases(radeval: Path) -> None:
    radeval.write_text(STAND_IN.replace("zip(refs, hyps)", "zip(refs[1:], hyps)"))
    with pytest.raises(BadReply, match="no 2 values of radgraph"):
        radeval_scores(["a", "b"], ["a", "b"], ["radgraph"])


def test_what_cannot_be_asked() -> None:
    with pytest.raises(BadRequest, match="there is no scorer"):
        radeval_scores(["a"], ["a"], ["bertscore"])
    with pytest.raises(BadRequest, match="1 drafts and 2 references"):
        radeval_scores(["a"], ["a", "b"])
