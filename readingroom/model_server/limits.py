"""What an endpoint lets through and how long it takes: the published limits of managed online endpoints, settable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from readingroom.errors import BadRequest
from readingroom.tools.contracts.model_ids import ModelId

MANAGED_BANDWIDTH = 5_000_000.0
"""Bytes a second each way of a managed online endpoint; the excess is delayed, not refused."""

MANAGED_RATE = 500.0
"""Requests a second of a managed online endpoint; beyond it 429."""


@dataclass(frozen=True)
class Limits:
    """One endpoint's limits. Without latency, bandwidth and faults it answers as fast as the machine can."""

    instances: int = 1
    concurrency: int = 1
    """max_concurrent_requests_per_instance."""
    latency: float = 0.0
    """Seconds that a request is held in service, beside what the model itself takes."""
    bandwidth: float | None = None
    """Bytes a second, each way; None: not limited."""
    faults: float = 0.0
    """Share of admitted requests that end in 503 or 500 before the model is reached."""
    requests_per_second: float | None = MANAGED_RATE
    timeout: float = 90.0
    """Seconds in queue and service before 408; the published deployments set 90, the service allows 180."""
    start_delay: float = 0.0
    """Seconds after the start in which every request ends in 424, as while an instance's probes fail."""
    seed: int = 0
    """Of the faults."""

    def __post_init__(self) -> None:
        """Raises BadRequest naming the limit that cannot be."""
        positive = {"instances": self.instances, "concurrency": self.concurrency, "timeout": self.timeout}
        for name, value in positive.items():
            if not value > 0:
                raise BadRequest(f"{name} cannot be {value}", do="Give a number above 0.")
        if self.latency < 0 or self.start_delay < 0:
            raise BadRequest("a delay cannot be negative", do="Give seconds, 0 or more.")
        if not 0 <= self.faults <= 1:
            raise BadRequest(f"a fault rate cannot be {self.faults}", do="Give a share from 0 to 1.")
        for name, rate in (("bandwidth", self.bandwidth), ("requests_per_second", self.requests_per_second)):
            if rate is not None and not rate > 0:
                raise BadRequest(f"{name} cannot be {rate}", do="Give a number above 0, or leave it out.")

    @property
    def slots(self) -> int:
        """Requests in service at once."""
        return self.instances * self.concurrency

    @property
    def in_flight(self) -> int:
        """Requests that may be in flight: 2 x max_concurrent x instances; one more is answered with 429."""
        return 2 * self.slots


PUBLISHED: dict[ModelId, Limits] = {
    "medimageinsight": Limits(instances=2, concurrency=3),
    "medimageparse": Limits(instances=1, concurrency=8),
    "medimageparse3d": Limits(instances=1, concurrency=1, timeout=180.0),
    "cxrreportgen": Limits(),
    "gigapath": Limits(),
    "gigatime": Limits(),
}
"""Instances and concurrency of the published deployments; of GigaTIME and the 3D model none are published: 1 x 1."""


def limits_of(models: tuple[ModelId, ...], **changes: Any) -> Mapping[ModelId, Limits]:
    """The published limits of these models, with `changes` (fields of Limits; None keeps the published one)."""
    given = {name: value for name, value in changes.items() if value is not None}
    return {model: replace(PUBLISHED[model], **given) for model in models}
