"""RadFact's arithmetic with any language model as the judge: each sentence against the other side's, both ways.

Source: Bannur et al. 2024, MAIRA-2, and microsoft/RadFact: logical precision is the share of the draft's sentences
that the reference entails, recall the share of the reference's that the draft entails. An answer that cannot be used,
or that names sentences which are not there, is a failure: it counts as not entailed and is counted by itself. A judge's
figures are worth how far it agrees with humans; a model should not judge what it wrote.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from typing import Literal

from pydantic import Field

from readingroom.agents.asking import answer_in
from readingroom.agents.budget import Budget
from readingroom.agents.chat_model import ChatModel, Message
from readingroom.agents.quoting import new_delimiter, quote, rule
from readingroom.domain.value import Value
from readingroom.errors import ToolFailed
from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.metrics.tally import Tally, tally
from readingroom.prompts.words import digest_of_words, load_words, read_words

FILE = "metrics/entailment.yaml"

PARTS = ("judge_precision", "judge_recall")

JUDGE_METRICS: tuple[Metric, ...] = (
    Metric(name="judge_precision", title="logical precision by a judge", better="higher", needs="text", extra="agent"),
    Metric(name="judge_recall", title="logical recall by a judge", better="higher", needs="text", extra="agent"),
    Metric(name="judge_f1", title="logical F1 by a judge", better="higher", needs="text", parts=PARTS, fold="harmonic",
           extra="agent"),
    Metric(name="judge_failures", title="answers of the judge that could not be used", better="lower", needs="text",
           extra="agent"),
)  # fmt: skip


class Entailment(Value):
    """What the judge answers of one sentence."""

    status: Literal["entailment", "not_entailment"]
    evidence: tuple[int, ...] = Field(max_length=200)


class EntailmentWords(Value):
    """The file of words: what the judge is told first, and what it is asked."""

    prompt: str
    task: str


@cache
def entailment_words() -> EntailmentWords:
    """As shipped."""
    return EntailmentWords.model_validate(load_words(read_words(FILE), FILE))


def judge_version(model: ChatModel) -> str:
    """For records: the model, and the prompt by its digest."""
    return f"{model.name} with {FILE} {digest_of_words(read_words(FILE))[:8]}"


async def entailment_scores(
    draft: Sequence[str], reference: Sequence[str], model: ChatModel, budget: Budget
) -> dict[str, Tally]:
    """Tallies of one case: a question for each sentence of either side; none where either side has no sentence.

    A spent budget fails what is left. Raises BadRequest for a limit of money without a price.
    """
    forward = [await _entailed(one, reference, model, budget) for one in draft] if reference else [False] * len(draft)
    back = [await _entailed(one, draft, model, budget) for one in reference] if draft else [False] * len(reference)
    failures = sum(one is None for one in (*forward, *back))
    return {
        "judge_precision": tally(sum(map(bool, forward)), len(forward)),
        "judge_recall": tally(sum(map(bool, back)), len(back)),
        "judge_failures": tally(failures, len(forward) + len(back) if draft and reference else 0),
    }


async def _entailed(sentence: str, others: Sequence[str], model: ChatModel, budget: Budget) -> bool | None:
    """None where the judge failed."""
    words, delimiter = entailment_words(), new_delimiter()
    numbered = {str(number): text for number, text in enumerate(others, 1)}
    data = json.dumps({"sentence": sentence, "sentences": numbered}, ensure_ascii=False)
    asked = [
        Message(role="system", text=f"{words.prompt}\n{rule(delimiter)}"),
        Message(role="user", text=f"{words.task}\n\n{quote(data, delimiter)}"),
    ]
    try:
        found = await answer_in(Entailment, model, asked, budget, delimiter=delimiter)
    except ToolFailed:
        return None
    if found.status == "not_entailment":
        return False
    known = set(range(1, len(others) + 1))
    return True if found.evidence and known.issuperset(found.evidence) else None
