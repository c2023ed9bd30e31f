"""MedImageInsight: vectors of images and texts, their length, dimension and space, and the temperature."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from readingroom.conformance.bench import Bench
from readingroom.conformance.loose import MOST, numbers_of
from readingroom.conformance.question import Question, Seen, failed, passed, skipped, warned
from readingroom.conformance.sameness import CLOSE, SAME, UNSTEADY, closeness, single
from readingroom.conformance.tolerance import compared
from readingroom.conformance.wire import Print, Wire, cosine
from readingroom.errors import BadReply, InputRefused
from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask
from readingroom.tools.contracts.medimageinsight import DIMENSION, ask_insight, decode_insight

OFF_UNIT = 1e-3
"""How far half precision moves the length of a unit vector."""

TEXTS = ("x-ray chest anteroposterior.", "fundus photograph of the retina.", "pathology haematoxylin and eosin stain.")
"""By the documented pattern; the first is what the golden films are."""

TEMPERATURE = (1.0, 6.0)
"""The log of a plausible temperature: CLIP starts at ln(1 / 0.07) = 2.66 and stops at ln 100 = 4.61; 4.51 is recorded.
A temperature itself (91) lies far outside."""


def ask_images(images: Sequence[Cleared]) -> Ask:
    """Images alone, a row each."""
    return ask_insight(images, ())


def vectors(value: Any, key: str) -> list[Print]:
    """Every list of numbers under `key`, in order, from any documented form and of any length."""
    found = [numbers_of(entry, key) for part in _under(value, key) for entry in _flat(part)]
    if not found:
        raise BadReply(f"there is no list of numbers under {key}", where="answer")
    return found


def _under(value: Any, key: str) -> Iterator[Any]:
    for entry in value if isinstance(value, list) else [value]:
        if isinstance(entry, dict) and key in entry:
            yield entry[key]


def _flat(value: Any) -> Iterator[list[float]]:
    if isinstance(value, list) and value and all(isinstance(entry, list) for entry in value):
        for entry in value:
            yield from _flat(entry)
    elif isinstance(value, list) and value and all(type(entry) in (int, float) for entry in value):
        yield value


def _images(value: Any, _ask: Ask) -> list[Print]:
    return vectors(value, "image_features")


def _variants(value: Any, ask: Ask) -> set[str]:
    return {row.variant for row in decode_insight(value, ask)}


WIRE = Wire("medimageinsight", ask_images, _images, _variants, may_lack=("text",))


async def dimension(bench: Bench) -> Seen:
    """How long the vectors are."""
    sizes = sorted({len(vector) for vector in await single(bench)})
    told = ", ".join(map(str, sizes))
    return passed(told) if sizes == [DIMENSION] else failed(f"{told} numbers")


async def norm(bench: Bench) -> Seen:
    """Whether vectors come as unit vectors."""
    return _unit(await single(bench))


def _unit(found: Sequence[Print]) -> Seen:
    norms = [float(np.linalg.norm(vector.astype(np.float64))) for vector in found]
    told = f"lengths from {min(norms):.6f} to {max(norms):.6f}"
    return passed(told) if all(abs(value - 1) <= OFF_UNIT for value in norms) else failed(told)


async def values(bench: Bench) -> Seen:
    """Whether there is something in the vectors."""
    spreads = [float(np.std(vector)) for vector in await single(bench)]
    told = f"standard deviation of the entries from {min(spreads):.4f}"
    return passed(told) if all(math.isfinite(spread) and spread > 1e-6 for spread in spreads) else failed(told)


async def temperature(bench: Bench) -> Seen:
    """The scaling factor of the first answer."""
    answer = await bench.answer(bench.ask())
    found = list(_under(answer.parsed, "scaling_factor"))
    if not found:
        return warned("missing: probabilities of zero-shot classification cannot be told")
    value = found[0][0] if isinstance(found[0], list) and found[0] else found[0]
    if type(value) not in (int, float):
        return failed("it is not a number")
    low, high = TEMPERATURE
    if not low <= value <= high:
        return failed(f"{f'{value:.4f}' if abs(value) < MOST else 'it'} is not the log of a plausible temperature")
    return passed(f"{value:.4f}, a temperature of {math.exp(value):.1f}")


async def boolean_as_text(bench: Bench) -> Seen:
    """`True` in quotes, as some clients write it."""
    return await compared(bench, replace(bench.ask(), params={"get_scaling_factor": "True"}))


async def _texts(bench: Bench, *which: int) -> list[Print]:
    ask = ask_insight((), [TEXTS[number] for number in which])
    answer = await bench.answer(ask)
    bench.variants |= _variants(answer.parsed, ask)
    return vectors(answer.parsed, "text_features")


async def texts_alone(bench: Bench) -> Seen:
    """Rows with a text and no image."""
    try:
        found = await _texts(bench, 0, 1, 2)
    except InputRefused as error:
        return warned(f"texts are refused ({error.what}): no zero-shot classification here")
    if [len(vector) for vector in found] != [DIMENSION] * 3:
        return failed(f"{len(found)} vectors of {sorted({len(vector) for vector in found})} numbers")
    unit = _unit(found)
    return unit if unit.verdict != "pass" else passed(f"3 vectors of {DIMENSION}, {unit.found}")


async def texts_in_order(bench: Bench) -> Seen:
    """The same texts in another order."""
    try:
        found, turned = await _texts(bench, 0, 1, 2), await _texts(bench, 2, 0, 1)
    except InputRefused:
        return skipped("texts are refused")
    near = closeness(turned, found)
    if float(closeness(found, found)[~np.eye(3, dtype=bool)].max()) >= SAME:
        return failed("different texts get the same vector")
    met = near.argmax(axis=1).tolist()
    return passed("rows in order") if met == [2, 0, 1] else failed(f"texts 3, 1, 2 came as {[n + 1 for n in met]}")


async def both(bench: Bench) -> Seen:
    """An image and a text in one row: each as it comes alone."""
    if not bench.repeatable:
        return skipped(UNSTEADY)
    ask = ask_insight(bench.cleared[:1], TEXTS[:1])
    try:
        answer, (text, *_) = await bench.answer(ask), await _texts(bench, 0, 1, 2)
    except InputRefused as error:
        return skipped(f"texts are refused ({error.what})")
    bench.variants |= _variants(answer.parsed, ask)
    image = (await single(bench))[0]
    near = [cosine(image, vectors(answer.parsed, "image_features")[0]),
            cosine(text, vectors(answer.parsed, "text_features")[0])]  # fmt: skip
    told = f"cosine to each alone: image {near[0]:.6f}, text {near[1]:.6f}"
    return passed(told) if min(near) >= CLOSE else failed(told)


async def one_space(bench: Bench) -> Seen:
    """Whether the films lie nearest to the text that names them."""
    if not bench.repeatable:
        return skipped(UNSTEADY)
    try:
        words = await _texts(bench, 0, 1, 2)
    except InputRefused:
        return skipped("texts are refused")
    near = closeness(await single(bench), words).round(3)
    told = f"cosines of the first film to chest X-ray, fundus, pathology: {', '.join(map(str, near[0]))}"
    return passed(told) if (near.argmax(axis=1) == 0).all() else warned(f"a chest film lies nearer to another: {told}")


QUESTIONS = (
    Question("vector.dimension", "the golden films, one a call", f"{DIMENSION} numbers", dimension),
    Question("vector.norm", "the same", f"length 1 within {OFF_UNIT}", norm),
    Question("vector.values", "the same", "entries that differ", values),
    Question("request.params_boolean", 'get_scaling_factor "True"', "the plain request's answer", boolean_as_text),
    Question("scaling_factor", "get_scaling_factor true", f"the log of a temperature, {TEMPERATURE[0]:g} to "
             f"{TEMPERATURE[1]:g}", temperature),
    Question("text.alone", "three texts without images", f"a unit vector of {DIMENSION} each", texts_alone),
    Question("text.order", "the same texts in another order", "the vectors move with their texts", texts_in_order),
    Question("text.with_image", "a film and a text in one row", "both vectors, as alone", both),
    Question("text.space", "films and texts", "each film nearest to its own modality's text", one_space),
)  # fmt: skip
