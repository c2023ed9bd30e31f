"""ROUGE-L and BLEU, for a look only: a report with one side swapped keeps almost all of either."""

from __future__ import annotations

import re
from importlib.util import find_spec

import numpy as np

from readingroom.errors import NotServed
from readingroom.experiments.metrics.tally import Tally, tally

TOKEN = re.compile(r"[a-z0-9]+")
"""As rouge-score splits: lower case, runs of letters and digits, no stems."""


def has_bleu() -> bool:
    """Whether sacrebleu is installed."""
    return find_spec("sacrebleu") is not None


def rouge_l(draft: str, reference: str) -> Tally:
    """F1 of the longest common subsequence of words (Lin 2004), 0..1."""
    said, known = TOKEN.findall(draft.lower()), TOKEN.findall(reference.lower())
    return tally(2 * _longest(said, known) / max(len(said) + len(known), 1), 1)


def bleu(draft: str, reference: str) -> Tally:
    """BLEU-4 of one text, 0..1, smoothed as sacrebleu does for single sentences (exp).

    Raises NotServed where sacrebleu is not installed.
    """
    if not has_bleu():
        raise NotServed("BLEU needs sacrebleu", do='Install it: pip install "readingroom[metrics]".')
    from sacrebleu.metrics.bleu import BLEU  # noqa: PLC0415 - an extra

    return tally(BLEU(effective_order=True, lowercase=True).sentence_score(draft, [reference]).score / 100, 1)


def _longest(one: list[str], other: list[str]) -> int:
    """Length of the longest common subsequence; a row at a time."""
    if not one or not other:
        return 0
    places = {word: number for number, word in enumerate(dict.fromkeys((*one, *other)))}
    against = np.array([places[word] for word in other])
    row = np.zeros(len(other) + 1, np.int64)
    for word in one:
        grown = np.where(against == places[word], row[:-1] + 1, row[1:])
        row[1:] = np.maximum.accumulate(grown)
    return int(row[-1])
