"""The whole conformance run: golden requests to one endpoint as one model, judged by the contract."""

from __future__ import annotations

import asyncio
import re

from readingroom.conformance import (
    insight,
    parse,
    parse3d,
    reaching,
    refusing,
    report,
    sameness,
    tiles,
    timing,
    tolerance,
)
from readingroom.conformance.bench import Bench
from readingroom.conformance.found import Checked, Conformance
from readingroom.conformance.line import Line
from readingroom.conformance.question import Question, checked, put, skipped
from readingroom.conformance.wire import Wire
from readingroom.errors import BadRequest
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.contracts.model_ids import MODEL_IDS, ModelId

WIRES: dict[ModelId, tuple[Wire, tuple[Question, ...]]] = {
    "medimageinsight": (insight.WIRE, insight.QUESTIONS),
    "medimageparse": (parse.WIRE, parse.QUESTIONS),
    "medimageparse3d": (parse3d.WIRE, parse3d.QUESTIONS),
    "cxrreportgen": (report.WIRE, report.QUESTIONS),
    "gigapath": (tiles.GIGAPATH, tiles.GIGAPATH_QUESTIONS),
    "gigatime": (tiles.GIGATIME, tiles.GIGATIME_QUESTIONS),
}

NAMES: tuple[tuple[ModelId, str], ...] = (
    ("medimageparse3d", r"parse-?3-?d|mip3d"),
    ("medimageparse", r"parse|mip\b"),
    ("medimageinsight", r"insight|mi2"),
    ("cxrreportgen", r"cxr"),
    ("gigapath", r"gigapath"),
    ("gigatime", r"gigatime"),
)
"""What the names of deployed endpoints hold; the first that fits."""


def model_of(address: str) -> ModelId:
    """The model that an endpoint's URL, resource ID or configured name names; of a resource ID its last part counts.

    Raises BadRequest where it names none.
    """
    name = address.rstrip("/").rpartition("/")[2] if address.startswith("/") else address
    for model, pattern in NAMES:
        if re.search(pattern, name.lower()):
            return model
    raise BadRequest("its address does not say which model it is", where="endpoint",
                     do=f"Name it with --model: {', '.join(MODEL_IDS)}.")  # fmt: skip


def questions(own: tuple[Question, ...], *, limits: bool) -> tuple[Question, ...]:
    """All checks of a model in the order in which they are put; `reachable` comes before them."""
    last = (timing.LATENCY, timing.ADMISSION) if limits else (timing.LATENCY,)
    return (
        *reaching.QUESTIONS, *sameness.QUESTIONS, *own, *tolerance.QUESTIONS, *refusing.QUESTIONS, *last,
    )  # fmt: skip


def check_sync(config: EndpointConfig, model: str, *, limits: bool = False) -> Conformance:
    """`check` for callers without an event loop; raises BadRequest for a model that is none, too."""
    known = next((one for one in MODEL_IDS if one == model), None)
    if known is None:
        raise BadRequest(f"{model[:40]!r} is no model", where="--model", do=f"Choose of {', '.join(MODEL_IDS)}.")
    return asyncio.run(check(config, known, limits=limits))


async def check(config: EndpointConfig, model: ModelId, *, limits: bool = False) -> Conformance:
    """Put every golden request of the model to the endpoint and judge the answers.

    `limits` also steps concurrency until a 429 and sends more rows than documented: it costs calls. What is wrong with
    the endpoint ends in failed checks; raised is what is wrong with the configuration: BadRequest for an address that
    is none, NotAuthorised where no credentials are to be had, Unavailable where the resource manager is away.
    """
    wire, own = WIRES[model]
    line = Line(config)
    bench = Bench(line, wire, limits=limits)
    try:
        await line.open()
        checks = await _put_all(bench, questions(own, limits=limits))
    finally:
        await line.aclose()
    passed = not any(one.verdict == "fail" for one in checks) and any(one.verdict == "pass" for one in checks)
    return Conformance(
        model=model, host=line.host, checks=tuple(checks), variants=tuple(sorted(bench.variants)),
        latency=bench.latency, limits=bench.admission, passed=passed,
    )  # fmt: skip


async def _put_all(bench: Bench, rest: tuple[Question, ...]) -> list[Checked]:
    """One after the other, so that each has the endpoint to itself; without a first answer none of the rest."""
    first = await put(reaching.REACHABLE, bench)
    if first.verdict == "fail":
        return [first, *(checked(one, skipped("the endpoint did not answer the first request"), 0) for one in rest)]
    return [first, *[await put(one, bench) for one in rest]]
