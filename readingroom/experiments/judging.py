"""Optional scorers over the drafts of an experiment: a language model as the judge, or RadEval's learned ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError

from readingroom.agents.budget import Budget
from readingroom.agents.chat_model import ChatModel
from readingroom.agents.model_config import ModelConfig
from readingroom.domain.value import Value, digest_of
from readingroom.errors import BadRequest, RecordError
from readingroom.experiments.atomic import put_value
from readingroom.experiments.extra_scores import EXTRA, Pair, keep_extra, pairs_of
from readingroom.experiments.metrics.entailment import entailment_scores, judge_version
from readingroom.experiments.metrics.radeval import SCORERS, radeval_scores
from readingroom.experiments.metrics.tally import Tally, tally, worst
from readingroom.experiments.results import Results
from readingroom.experiments.running import at_once
from readingroom.later import Later
from readingroom.settings import Settings

if TYPE_CHECKING:
    from readingroom.agents import kernel
else:  # only where a language model judges
    kernel = Later("readingroom.agents.kernel")

ANSWERS = 3
"""Of the judge to one question at most: as it came, mended once, and once more past a content filter."""
AT_ONCE = 4
__all__ = ["EXTRA", "Judged", "judge", "score_by_radeval"]


class Verdicts(Value):
    """What a judge said of one draft and one report, in whatever experiment and arm."""

    tallies: dict[str, Tally]


class Judged(NamedTuple):
    """What one run of the judge did."""

    drafts: int
    """Of which it has now been asked."""
    asked: int
    """Pairs of texts in this run."""
    failures: int
    """Answers that could not be used, of all that count; the same line asks for them again."""


Listen = Callable[[int, int], None]
"""Told how many pairs are done, and of how many."""


def judge_of(settings: Settings, name: str) -> ModelConfig:
    """Raises BadRequest where the settings do not name the model."""
    known = settings.language_models
    if name not in known:
        do = f"They name {', '.join(known)}." if known else "They name none: see docs/language_models.md."
        raise BadRequest(f"the settings name no model {name!r}", where="--model", do=do)
    return known[name]


async def judge(
    results: Results, settings: Settings, name: str, listen: Listen = lambda done, of: None, *, limit: int = AT_ONCE
) -> Judged:
    """Ask the judge of every draft that has a report beside it, the same words once, and keep what it says.

    Raises BadRequest, NotAuthorised, RecordError.
    """
    config = judge_of(settings, name)
    with results.held():
        pairs = list(pairs_of(results))
        asked = {one.content: one for one in pairs if not one.failed}
        model = kernel.open_chat(config)
        judging = _Judging(results.folder / "judged", model, version_of(model, config), settings)
        try:
            times = await judging.ask(tuple(asked.values()), listen, limit)
        finally:
            await model.aclose()
        scores = {one.content: _failed(one) if one.failed else judging.said(one) for one in pairs}
        keep_extra(results, "judge", judging.version, scores)
    return Judged(len(scores), times, round(sum(one["judge_failures"].hits for one in scores.values())))


def version_of(model: ChatModel, config: ModelConfig) -> str:
    """The model, its settings and its prompt; never a key."""
    return f"{judge_version(model)} {digest_of(config.model_dump(mode='json', exclude={'key', 'token'}))[:8]}"


@dataclass(frozen=True)
class _Judging:
    """One judge, and where its verdicts are kept, one file a pair of texts."""

    folder: Path
    model: ChatModel
    version: str
    settings: Settings

    async def ask(self, pairs: Sequence[Pair], listen: Listen, limit: int) -> int:
        """Of what is not known yet, and of what failed; how many pairs of texts that were."""
        missing = {self._place(one): one for one in pairs if _wants(self._kept(one))}
        done = 0

        async def one(item: tuple[Path, Pair]) -> None:
            nonlocal done
            path, pair = item
            rounds = ANSWERS * (len(pair.draft) + len(pair.reference))
            budget = Budget(self.settings.budget.model_copy(update={"rounds": rounds}), self.settings.prices)
            put_value(path, Verdicts(tallies=await entailment_scores(pair.draft, pair.reference, self.model, budget)))
            done += 1
            listen(done, len(missing))

        listen(0, len(missing))
        await at_once(tuple(missing.items()), one, limit)
        return len(missing)

    def said(self, pair: Pair) -> Mapping[str, Tally]:
        """Raises RecordError where its verdicts cannot be read again."""
        found = self._kept(pair)
        if found is None:
            raise RecordError("the judge's verdicts are gone", where=str(self.folder), do="Run the same line again.")
        return found

    def _kept(self, pair: Pair) -> Mapping[str, Tally] | None:
        try:
            return Verdicts.model_validate_json(self._place(pair).read_bytes()).tallies
        except (OSError, ValidationError):
            return None

    def _place(self, pair: Pair) -> Path:
        return self.folder / f"{digest_of([self.version, pair.draft, pair.reference])}.json"


def _wants(known: Mapping[str, Tally] | None) -> bool:
    """What failed is asked again."""
    return known is None or known["judge_failures"].hits > 0


def _failed(pair: Pair) -> Mapping[str, Tally]:
    """A failed draft says nothing, and nobody needs to be asked about it."""
    nothing = {"judge_precision": worst(), "judge_failures": tally(0, 0)}
    return {**nothing, "judge_recall": tally(0, len(pair.reference))}


def score_by_radeval(results: Results, scorers: Sequence[str] = tuple(SCORERS)) -> int:
    """RadEval's values of every draft that has a report beside it; how many there are.

    Raises NotServed where RadEval is not installed, BadRequest, BadReply, RecordError.
    """
    with results.held():
        pairs = list(pairs_of(results))
        texts = list(dict.fromkeys((" ".join(one.draft), " ".join(one.reference)) for one in pairs if not one.failed))
        values = radeval_scores([draft for draft, _ in texts], [known for _, known in texts], scorers)
        found = dict(zip(texts, values, strict=True))
        none = dict.fromkeys(scorers, worst())
        scores = {one.content: none if one.failed else found[" ".join(one.draft), " ".join(one.reference)]
                  for one in pairs}  # fmt: skip
        keep_extra(results, "radeval", ", ".join(scorers), scores)
    return len(scores)
