"""Whether the endpoint is there, over what, and for whom; nothing else can be asked where this fails."""

from __future__ import annotations

from readingroom.conformance.bench import Bench
from readingroom.conformance.question import Question, Seen, failed, passed, skipped
from readingroom.conformance.refusing import strangers
from readingroom.errors import BadReply


async def reachable(bench: Bench) -> Seen:
    """The base request, with the configured credentials."""
    answer = await bench.answer(bench.ask())
    return passed(f"200 in {1000 * answer.reply.seconds:.0f} ms")


async def encrypted(bench: Bench) -> Seen:
    """TLS on the way, unless there is no way."""
    if bench.line.encrypted:
        return passed("TLS, and the certificate holds")
    if bench.line.loopback:
        return skipped("plain HTTP that does not leave this machine")
    return failed("plain HTTP: key and pixels can be read on the way")


async def form(bench: Bench) -> Seen:
    """Which documented form of the answer comes, in the eyes of the strict reader that the package uses."""
    ask = bench.ask()
    answer = await bench.answer(ask)
    try:
        met = bench.wire.variants(answer.parsed, ask)
    except BadReply as error:
        bench.readable = False
        return failed(error.line())
    bench.variants |= met
    return passed(", ".join(sorted(met)))


REACHABLE = Question("reachable", "the first golden image with the configured credentials", "200 with JSON", reachable)

QUESTIONS = (
    Question("tls", "how the answer came", "over TLS, unless it stays on this machine", encrypted),
    Question("auth.wrong_key", "the same request with a wrong key", "401", strangers),
    Question("form", "the first golden image", "a documented form of the answer", form),
)
