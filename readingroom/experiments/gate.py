"""The gate of continuous integration: a safety metric's bound may not fall, below a floor or below an earlier one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from readingroom.errors import BadRequest
from readingroom.experiments.metrics.metric import Metric
from readingroom.experiments.summary import ArmFigures, Summary


def floors_of(given: Sequence[str]) -> dict[str, float]:
    """ "metric=0.95" as pairs. Raises BadRequest."""
    found: dict[str, float] = {}
    for one in given:
        name, _, value = one.partition("=")
        try:
            found[name.strip()] = float(value)
        except ValueError as error:
            raise BadRequest(
                f"--floor {one!r} is not metric=number", do="As in --floor claim_precision=0.95."
            ) from error
    return found


def fallen(
    now: Summary, *, before: Summary | None = None, floors: Mapping[str, float] | None = None,
    arms: Sequence[str] = (), by: float = 0.0,
) -> tuple[str, ...]:  # fmt: skip
    """One line for each bound that fell; none where all hold.

    The bound is the end of the 95 % interval on the wrong side, failed drafts counted: the lower one where more is
    better, the upper one where less is. `arms`: only these; else all but the baselines. `by`: how far a bound may fall
    below the earlier one. Raises BadRequest for an unknown arm or metric, or where there is nothing to hold.
    """
    if before is None and not floors:
        raise BadRequest("there is nothing to hold it against", do="Give --baseline DIR or --floor metric=number.")
    chosen = _chosen(now, arms)
    lines = [f"{now.missing} drafts of {now.name!r} were not run"] if now.missing else []
    lines += [line for arm in chosen for line in _below(now, arm, floors or {})]
    if before is not None:
        lines += [line for arm in _chosen(before, arms) for line in _lower(now, before, arm, by)]
    return tuple(lines)


def _chosen(summary: Summary, names: Sequence[str]) -> list[ArmFigures]:
    known = {arm.name: arm for arm in summary.arms}
    if strange := [name for name in names if name not in known]:
        raise BadRequest(f"there is no arm {strange[0]!r} in {summary.name!r}", do=f"There are {'; '.join(known)}.")
    found = [known[name] for name in names] if names else [arm for arm in summary.arms if not arm.baseline]
    if not found:
        raise BadRequest(f"{summary.name!r} has baselines alone", do="Name one with --arm.")
    return found


def _below(now: Summary, arm: ArmFigures, floors: Mapping[str, float]) -> Iterator[str]:
    known = {metric.name: metric for metric in now.metrics}
    for name, floor in floors.items():
        metric = known.get(name)
        if metric is None or metric.sanity_only:
            told = "is for a look only" if metric else "was not counted"
            safe = ", ".join(one.name for one in now.metrics if one.safety)
            raise BadRequest(f"metric {name!r} {told}", do=f"Of safety are {safe}.")
        bound = bound_of(arm, metric)
        if bound is None:
            yield f"{arm.name}: {name} cannot be told, and must be {_way(metric)} {floor:g}"
        elif (off := _worse(metric, bound, floor)) > 0:
            yield f"{arm.name}: {name} {_end(metric)} is {bound:.4f}, {off:.4f} off its limit {floor:g}"


def _lower(now: Summary, before: Summary, arm: ArmFigures, by: float) -> Iterator[str]:
    """What an arm of the earlier experiment held and no longer does."""
    same = next((one for one in now.arms if one.name == arm.name), None)
    if same is None:
        yield f"{arm.name}: the arm is no longer there"
        return
    for metric in before.metrics:
        old = bound_of(arm, metric)
        if not metric.safety or old is None:
            continue
        new = bound_of(same, metric)
        if new is None:
            yield f"{arm.name}: {metric.name} cannot be told any more; its {_end(metric)} was {old:.4f}"
        elif _worse(metric, new, old) > by + 1e-9:
            worse = _worse(metric, new, old)
            yield f"{arm.name}: {metric.name} {_end(metric)} went from {old:.4f} to {new:.4f}, worse by {worse:.4f}"


def bound_of(arm: ArmFigures, metric: Metric) -> float | None:
    """The end of the interval that a reader has to fear."""
    figure = next((one for one in arm.figures if one.metric == metric.name), None)
    if figure is None:
        return None
    return figure.included.low if metric.better == "higher" else figure.included.high


def _worse(metric: Metric, bound: float, limit: float) -> float:
    return limit - bound if metric.better == "higher" else bound - limit


def _end(metric: Metric) -> str:
    return "lower bound" if metric.better == "higher" else "upper bound"


def _way(metric: Metric) -> str:
    return "at least" if metric.better == "higher" else "at most"
