"""What a cohort will take: items, bytes, the endpoints' limit, hours and money, told before it starts.

The limit is arithmetic: an endpoint of n instances that take c requests each, S seconds a request,
answers n c / S of them a second, whoever asks (Little's law); a managed online endpoint takes 500 a second and sends
5 MB/s. S is measured: the first items are carried out alone, and no queue is in their times.
"""

from __future__ import annotations

from collections.abc import Mapping

from readingroom.cohorts.item import Cost
from readingroom.domain.value import Value
from readingroom.settings import Settings
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.contracts.model_ids import ModelId

MANAGED = ".inference.ml.azure.com"
MANAGED_RATE = 500.0
"""Requests a second of a managed online endpoint; beyond it 429."""
MANAGED_BANDWIDTH = 5_000_000.0
"""Bytes a second each way; the excess is delayed."""

ASKS: Mapping[str, tuple[ModelId, ...]] = {
    "draft_findings": ("cxrreportgen",),
    "segment": ("medimageparse", "medimageparse3d", "gigatime"),
    "embed": ("medimageinsight", "gigapath"),
    "classify": ("medimageinsight",),
    "similar": ("medimageinsight",),
}
"""Which model a tool's call goes to: the first of these that is configured."""


class Bound(Value):
    """One thing that keeps a cohort from going faster."""

    rate: float
    """Items a second."""
    what: str


class Estimate(Value):
    """Of what is still to be done."""

    items: int
    waiting: int
    bytes_waiting: int
    calls: int | None = None
    """Of one item, as the quicker of the first two made them."""
    bound: Bound | None = None
    """The tightest; None where none is known."""
    hours: float | None = None
    money: float | None = None
    """In the currency of the price table."""
    notes: tuple[str, ...] = ()


def estimated(counts: tuple[int, int, int], first: Cost | None, settings: Settings, stated: float | None = None,
              answer_bytes: float = 0.0) -> Estimate:  # fmt: skip
    """`counts`: items, those waiting, their bytes. `first`: what the quicker of two took, alone. `stated`: the
    limit in items a second where the user knows it. `answer_bytes`: what came back for one of them."""
    items, waiting, size = counts
    bounds, notes = ([], []) if first is None else _bounds(first, settings, answer_bytes)
    if stated is not None:
        bounds.append(Bound(rate=stated, what="as stated"))
    bound = min(bounds, key=lambda one: one.rate, default=None)
    money = None if first is None or first.cost is None else first.cost * waiting
    if first is None and stated is None and waiting:
        notes.append("Seconds and money are known when the first two items are done.")
    return Estimate(items=items, waiting=waiting, bytes_waiting=size, calls=first.calls if first else None, bound=bound,
                    hours=waiting / bound.rate / 3600 if bound else None, money=money, notes=tuple(notes))  # fmt: skip


def _bounds(first: Cost, settings: Settings, answer_bytes: float) -> tuple[list[Bound], list[str]]:
    bounds: list[Bound] = []
    notes: list[str] = []
    asks: dict[ModelId, tuple[int, float]] = {}
    if "endpoint" not in settings.backend.split(","):
        return bounds, ["The models run on this machine: how fast is seen as it goes."]
    for tool, calls in first.calls_of.items():
        model = next((one for one in ASKS.get(tool, ()) if one in settings.endpoints), None)
        if model is not None:
            count, seconds = asks.get(model, (0, 0.0))
            asks[model] = (count + calls, seconds + first.call_seconds[tool])
    for model, (count, seconds) in asks.items():
        config = settings.endpoints[model]
        if model in ("medimageinsight", "gigapath") and set(first.calls_of) == {"embed"}:
            notes.append("Several images go in one call: how many a second the endpoint does is seen as it goes.")
        elif config.instances and config.concurrency and seconds:
            slots = config.instances * config.concurrency
            bounds.append(Bound(rate=slots / seconds, what=f"{model}: {slots} at once, {seconds / count:.2f} s a call"))
        elif seconds:
            notes.append(f"The limit of {model} is not known: set its instances and concurrency, or give --limit.")
        if _managed(config):
            bounds.append(Bound(rate=MANAGED_RATE / count, what=f"{model}: {MANAGED_RATE:.0f} requests a second"))
            if answer_bytes:
                rate = MANAGED_BANDWIDTH / answer_bytes
                bounds.append(Bound(rate=rate, what=f"{model}: 5 MB/s, {answer_bytes / 1e3:.0f} kB an item"))
    return bounds, notes


def _managed(config: EndpointConfig) -> bool:
    return MANAGED in config.address or config.address.startswith("/subscriptions/")
