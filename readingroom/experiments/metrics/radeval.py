"""RadGraph, CheXbert and GREEN through RadEval, where it is installed: learned scorers with weights of their own.

RadEval brings torch and transformers and fetches weights on first use, so it is no dependency; install it beside. Its
scores are of whole texts, one a case, and means over cases. Source: jbdel/RadEval, `RadEval(...)(refs=, hyps=)` with
`do_per_sample`.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from readingroom.errors import BadReply, BadRequest, NotServed
from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.metrics.tally import Tally, tally

MODULE = "RadEval"


class Scorer(NamedTuple):
    """One of RadEval's scorers."""

    switches: tuple[str, ...]
    """Its argument, by the names that versions of RadEval gave it."""
    keys: tuple[str, ...]
    """Where its values stand in the answer."""
    title: str


SCORERS: Mapping[str, Scorer] = {
    "radgraph": Scorer(("do_radgraph",), ("radgraph_partial",), "RadGraph F1 (partial)"),
    "chexbert": Scorer(("do_f1chexbert", "do_chexbert"),
                       ("f1chexbert_sample_acc_all", "chexbert_sample_acc_all"), "CheXbert agreement of 14 labels"),
    "green": Scorer(("do_green",), ("green",), "GREEN"),
}  # fmt: skip

RADEVAL_METRICS: tuple[Metric, ...] = tuple(
    Metric(name=name, title=one.title, better="higher", needs="text", extra=MODULE) for name, one in SCORERS.items()
)


def radeval_scores(
    drafts: Sequence[str], references: Sequence[str], scorers: Sequence[str] = tuple(SCORERS)
) -> list[dict[str, Tally]]:
    """One value a case and scorer, of drafts and references in the same order.

    Raises NotServed where RadEval is not installed or does not have a scorer, BadRequest for an unknown scorer and for
    texts that do not pair, BadReply where RadEval does not give a value for each case.
    """
    if unknown := set(scorers) - set(SCORERS):
        raise BadRequest(f"there is no scorer {sorted(unknown)}", do=f"There are {', '.join(SCORERS)}.")
    if len(drafts) != len(references):
        raise BadRequest(f"{len(drafts)} drafts and {len(references)} references do not pair")
    if find_spec(MODULE) is None:
        raise NotServed(f"{', '.join(scorers)} need RadEval", do="Install it beside: pip install RadEval.")
    radeval = import_module(MODULE).RadEval
    switches = {_switch(radeval, name): True for name in scorers}
    found = radeval(**switches, do_per_sample=True)(refs=list(references), hyps=list(drafts))
    columns = {name: _column(found, name, len(drafts)) for name in scorers}
    return [{name: tally(values[n], 1) for name, values in columns.items()} for n in range(len(drafts))]


def _switch(radeval: Any, name: str) -> str:
    known = inspect.signature(radeval).parameters
    if "do_per_sample" not in known:
        raise NotServed("this RadEval gives no values of single cases", do="Install a newer one.")
    switch = next((one for one in SCORERS[name].switches if one in known), None)
    if switch is None:
        raise NotServed(f"this RadEval does not have {name}", do="Install another version.")
    return switch


def _column(found: Mapping[str, Any], name: str, cases: int) -> list[float]:
    values = next((found[key] for key in SCORERS[name].keys if key in found), None)
    if not isinstance(values, list) or len(values) != cases:
        raise BadReply(f"no {cases} values of {name}", where=MODULE, do="Look at the version of RadEval.")
    return [float(value) for value in values]
