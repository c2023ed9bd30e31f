"""What an endpoint must not answer: strangers, broken images, columns it does not know, more rows than it documents."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from readingroom.conformance.bench import Bench
from readingroom.conformance.line import Reply
from readingroom.conformance.question import Question, Seen, failed, passed, skipped, warned
from readingroom.errors import Unavailable
from readingroom.imaging.cleared import Cleared
from readingroom.tools.contracts.ask import Ask, ModelId

WRONG_KEY = "conformance-check-no-valid-key"

SIGNATURE = 8
"""Bytes by which a PNG is known; a gzip by fewer."""
NO_IMAGE = b"These bytes are no image of any kind."

MOST_ROWS: dict[ModelId, int] = {"medimageinsight": 1024, "medimageparse": 256, "cxrreportgen": 10}
"""Documented upper ends of `index`; of the other models none is documented."""


async def strangers(bench: Bench) -> Seen:
    """A wrong key, sent to the configured host and nowhere else."""
    reply = await bench.reply(bench.ask(), key=WRONG_KEY)
    if reply.status == 401:
        return passed("401")
    if reply.status == 200:
        return failed("200: whoever reaches this address can use it and see what is sent")
    return warned(f"{reply.told} instead of 401")


def broken(image: Cleared) -> Cleared:
    """The signature of a golden image with words after it, which no reader can take for a picture."""
    content = image.content[:SIGNATURE] + NO_IMAGE
    return replace(image, content=content, sha256=hashlib.sha256(content).hexdigest())


def broken_ask(ask: Ask) -> Ask:
    """The request with every image broken."""
    rows = tuple(tuple(broken(cell) if isinstance(cell, Cleared) else cell for cell in row) for row in ask.rows)
    return replace(ask, rows=rows)


async def _broken(bench: Bench) -> Reply:
    return await bench.reply(broken_ask(bench.ask()))


async def broken_image(bench: Bench) -> Seen:
    """Bytes that start like an image and are none."""
    reply = await _broken(bench)
    if reply.status == 200:
        return failed("200: a broken image is answered as if it were one")
    if reply.status in (400, 413, 415, 422) or (reply.status == 424 and reply.refused):
        return passed(reply.told)
    return warned(f"{reply.told}: not told as a fault of the input, so that clients will send it again")


async def model_headers(bench: Bench) -> Seen:
    """Whether a 424 names the status of the model, by which a client tells whether to send again."""
    reply = await _broken(bench)
    if reply.status != 424:
        return skipped(f"a broken image is answered with {reply.status}, not 424")
    status = reply.headers.get("ms-azureml-model-error-statuscode", "")
    reason = "a reason" if "ms-azureml-model-error-reason" in reply.headers else "no reason"
    told = f"ms-azureml-model-error-statuscode {status or 'missing'}, {reason}"
    return passed(told) if status.isdigit() and reason == "a reason" else warned(told)


async def unknown_column(bench: Bench) -> Seen:
    """A column that the model does not have: a misspelt name must not be dropped in silence."""
    ask = bench.ask()
    reply = await bench.reply(replace(ask, columns=(*ask.columns, "imagge"), rows=((*ask.rows[0], "x"),)))
    if reply.status == 200:
        return warned("200: a column with a misspelt name is dropped in silence")
    return passed(reply.told) if reply.refused else warned(f"{reply.told}: not told as a fault of the input")


async def too_many_rows(bench: Bench) -> Seen:
    """One row more than the model documents; where that would cost much, only when limits are asked for."""
    most = MOST_ROWS.get(bench.wire.model)
    if most is None:
        return skipped("no upper end is documented for this model")
    if most > 10 and not bench.limits:
        return skipped(f"{most + 1} rows cost much where they are answered: asked with --limits only")
    ask = bench.ask()
    try:
        reply = await bench.reply(replace(ask, rows=ask.rows * (most + 1)))
    except Unavailable as error:
        return warned(f"{most + 1} rows are not refused, and no answer came ({error.what})")
    if reply.status == 200:
        return warned(f"200 for {most + 1} rows: the documented {most} is not enforced")
    return passed(f"{reply.told} for {most + 1} rows")


QUESTIONS = (
    Question("error.broken_image", "an image that is a signature with words after it",
             "424 with a 4xx of the model, or 400", broken_image),
    Question("error.headers", "the same broken image", "a 424 names the model's status and a reason", model_headers),
    Question("error.unknown_column", 'a column "imagge" besides the right ones', "a refusal", unknown_column),
    Question("error.too_many_rows", "one row more than documented", "a refusal", too_many_rows),
)  # fmt: skip
