"""The 14 labels of chest radiographs, read from claims by a table, and their precision, recall and F1."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Literal

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.experiments.case import Reference
from readingroom.experiments.metrics.tally import Tally, tally
from readingroom.experiments.metrics.truth import is_positive, told_by
from readingroom.language.claim import Claim
from readingroom.language.lexicon import Lexicon
from readingroom.prompts.words import load_words, read_words

FILE = "labels/chexpert14.yaml"

Labels = Mapping[str, bool | None]
"""Every label that is positive, or uncertain (None); the others are negative or not mentioned."""


class LabelTable(Value):
    """The table of prompts/labels/chexpert14.yaml."""

    uncertain: Literal["positive", "negative"]
    none_of_them: str
    beside: tuple[str, ...]
    """Labels that do not keep "No Finding" from being positive."""
    labels: dict[str, tuple[str, ...]]
    speaks: tuple[str, ...]
    five: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """All 14."""
        return (*self.labels, self.none_of_them)


@lru_cache(maxsize=1)
def label_table() -> LabelTable:
    """As shipped."""
    return LabelTable.model_validate(load_words(read_words(FILE), FILE))


def label_part(name: str) -> str:
    """The name of one label's tally."""
    return f"label_f1:{name}"


def label_of(concept: str, table: LabelTable, words: Lexicon) -> str | None:
    """The label of a concept or of its nearest ancestor that has one."""
    owner = {one: name for name, concepts in table.labels.items() for one in concepts}
    waiting, seen = [concept], set[str]()
    while waiting:
        found = next((owner[one] for one in waiting if one in owner), None)
        if found:
            return found
        seen.update(waiting)
        above = (up for one in waiting if one in words.concepts for up in words.concepts[one].parents)
        waiting = [up for up in dict.fromkeys(above) if up not in seen]
    return None


def labels_in(claims: Iterable[Claim], table: LabelTable, words: Lexicon) -> dict[str, bool | None]:
    """Positive and uncertain labels; a finding stated once and doubted once is positive."""
    found: dict[str, bool | None] = {}
    for claim in claims:
        name = label_of(claim.observation, table, words) if is_positive(claim) else None
        if name:
            found[name] = True if claim.presence == "present" or found.get(name) else None
    if not set(found) - set(table.beside):
        found[table.none_of_them] = True
    return found


def reference_labels(reference: Reference, table: LabelTable, words: Lexicon) -> Labels | None:
    """The dataset's own labels, else those of typed truth or of the text; None where neither speaks of a chest.

    Raises BadRequest for a label that is not one of the 14.
    """
    if reference.labels:
        if unknown := set(reference.labels) - set(table.names):
            raise BadRequest(f"labels {sorted(unknown)} are not among the 14", where="reference",
                             do=f"They are {', '.join(table.names)}.")  # fmt: skip
        return {name: state for name, state in reference.labels.items() if state is not False}
    claims = told_by(reference)
    spoken = any(label_of(one.observation, table, words) or one.observation in table.speaks for one in claims)
    return labels_in(claims, table, words) if spoken else None


def label_scores(said: Iterable[Claim], known: Labels, table: LabelTable, words: Lexicon) -> dict[str, Tally]:
    """Micro counts over the 14 labels, over CheXpert's five, and each label's own F1 for the macro mean."""
    told = _positive(labels_in(said, table, words), table)
    true = _positive(known, table)
    five = frozenset(table.five)
    scores = {
        "label_precision": tally(len(told & true), len(told)),
        "label_recall": tally(len(told & true), len(true)),
        "label_f1": _f1(told, true),
        "label_f1_five": _f1(told & five, true & five),
    }
    return scores | {label_part(name): _f1(told & {name}, true & {name}) for name in table.names}


def _positive(labels: Labels, table: LabelTable) -> frozenset[str]:
    return frozenset(name for name, state in labels.items() if state or (table.uncertain == "positive"))


def _f1(told: frozenset[str], true: frozenset[str]) -> Tally:
    """2 TP of 2 TP + FP + FN: sums of it are the micro F1."""
    return tally(2 * len(told & true), len(told) + len(true))
