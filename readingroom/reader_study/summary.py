"""What the readers' answers say of the two systems, once the key has told which draft was whose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import mean, median

from readingroom.domain.value import Value
from readingroom.reader_study.answer import ERRORS, Answers, CaseAnswer, DraftAnswer
from readingroom.reader_study.case import Draft, Key
from readingroom.reader_study.statistics import distance, sign_test, wilson, word_distance


class Share(Value):
    """A count of how many, with the 95 % Wilson interval of its share."""

    hits: int
    of: int
    low: float
    high: float

    @property
    def text(self) -> str:
        """ "7 of 12 (58 %, 32 to 81 %)"."""
        share = f"{self.hits / self.of:.0%}, " if self.of else ""
        return f"{self.hits} of {self.of} ({share}{self.low * 100:.0f} to {self.high * 100:.0f} %)"


class SystemSummary(Value):
    """One system over all readings of its drafts."""

    system: str
    readings: int
    untouched: Share
    """Drafts that a reader left as they were and added nothing to."""
    sentences: int
    edited: Share
    """Sentences that were changed or struck."""
    struck: int
    added: int
    edits_mean: float
    """Sentences changed, struck and added, a report."""
    edits_median: float
    sentence_distance_mean: float
    """Levenshtein distance of the draft and the edited report in whole sentences, a report."""
    words_mean: float
    """Words inserted, deleted or replaced, a report."""
    words_share: float
    """The same, of the words of the draft."""
    errors: dict[str, int]
    significant_errors: dict[str, int]


class Preference(Value):
    """Which system's draft was preferred."""

    first: int
    second: int
    ties: int
    first_share: Share
    """Of the readings that were no tie."""
    cases_first: int
    cases_second: int
    cases_tied: int
    """Cases by the majority of their readers."""
    p: float
    """Two-sided exact sign test over cases, ties left out: readings of one case are not independent, cases are."""


class Summary(Value):
    """A reader study, unblinded."""

    study: str
    seed: int
    cases: int
    cases_read: int
    readers: tuple[str, ...]
    readings: int
    systems: tuple[SystemSummary, SystemSummary]
    preference: Preference


def summarise(answers: Sequence[Answers], key: Key) -> Summary:
    """Counts and intervals over every reading that `read_files` let pass."""
    cases = {one.id: one for one in key.cases}
    readings = [(file.reader, answer) for file in answers for answer in file.cases]
    drafts: dict[str, list[tuple[Draft, DraftAnswer]]] = {system: [] for system in key.systems}
    for _, answer in readings:
        one = cases[answer.case]
        for source, draft, given in zip(one.sources, one.case.drafts, answer.drafts, strict=True):
            drafts[source.system].append((draft, given))
    told = tuple(_system(system, drafts[system]) for system in key.systems)
    return Summary(
        study=key.study,
        seed=key.seed,
        cases=len(key.cases),
        cases_read=len({answer.case for _, answer in readings}),
        readers=tuple(sorted({reader for reader, _ in readings})),
        readings=len(readings),
        systems=(told[0], told[1]),
        preference=_preference([answer for _, answer in readings], key),
    )


def _system(system: str, readings: Sequence[tuple[Draft, DraftAnswer]]) -> SystemSummary:
    edits, words, orders = [], [], []
    errors: Counter[str] = Counter()
    grave: Counter[str] = Counter()
    changed = struck = added = sentences = draft_words = 0
    for draft, given in readings:
        pairs = [
            (_folded(line.text), _folded(answer.text)) for line, answer in zip(draft.lines, given.lines, strict=True)
        ]
        touched = [after for before, after in pairs if before != after]
        edits.append(len(touched) + len(given.added))
        words.append(sum(word_distance(*pair) for pair in pairs) + sum(len(each.text.split()) for each in given.added))
        after = [*filter(None, (after for _, after in pairs)), *(_folded(each.text) for each in given.added)]
        orders.append(distance([before for before, _ in pairs], after))
        changed, struck = changed + len(touched), struck + sum(not after for after in touched)
        added, sentences = added + len(given.added), sentences + len(pairs)
        draft_words += sum(len(before.split()) for before, _ in pairs)
        for line in given.lines:
            errors.update(set(line.errors))
            grave.update(set(line.errors) if line.significance == "significant" else ())
        errors["omission"] += len(given.added)
        grave["omission"] += sum(each.significance == "significant" for each in given.added)
    return SystemSummary(
        system=system,
        readings=len(readings),
        untouched=_share(sum(not each for each in edits), len(edits)),
        sentences=sentences,
        edited=_share(changed, sentences),
        struck=struck,
        added=added,
        edits_mean=_mean(edits),
        edits_median=float(median(edits)) if edits else 0.0,
        sentence_distance_mean=_mean(orders),
        words_mean=_mean(words),
        words_share=sum(words) / draft_words if draft_words else 0.0,
        errors={name: errors[name] for name in ERRORS},
        significant_errors={name: grave[name] for name in ERRORS},
    )


def _preference(answers: Iterable[CaseAnswer], key: Key) -> Preference:
    whose = {(one.id, source.label): source.system for one in key.cases for source in one.sources}
    wins: Counter[str] = Counter()
    by_case: dict[str, Counter[str]] = {}
    for answer in answers:
        system = "tie" if answer.prefer == "tie" else whose[answer.case, answer.prefer]
        wins["" if answer.prefer == "tie" else system] += 1
        by_case.setdefault(answer.case, Counter())["" if answer.prefer == "tie" else system] += 1
    first, second = key.systems
    leads = [votes[first] - votes[second] for votes in by_case.values()]
    ahead, behind = sum(lead > 0 for lead in leads), sum(lead < 0 for lead in leads)
    return Preference(
        first=wins[first],
        second=wins[second],
        ties=wins[""],
        first_share=_share(wins[first], wins[first] + wins[second]),
        cases_first=ahead,
        cases_second=behind,
        cases_tied=sum(lead == 0 for lead in leads),
        p=sign_test(ahead, behind),
    )


def _folded(text: str) -> str:
    return " ".join(text.split())


def _mean(values: Sequence[int]) -> float:
    return float(mean(values)) if values else 0.0


def _share(hits: int, of: int) -> Share:
    low, high = wilson(hits, of)
    return Share(hits=hits, of=of, low=low, high=high)
