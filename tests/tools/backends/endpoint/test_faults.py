"""Rows F05 and F07 to F16 of the fault matrix, over real HTTP in virtual time: what is expected, and how many calls."""

from __future__ import annotations

import asyncio
import email.utils
import gzip
import json
import logging

import pytest

from readingroom.errors import BadReply, InputRefused, ReadingRoomError, Unavailable
from readingroom.tools.backends.endpoint.breaker import FAILURES
from readingroom.tools.backends.endpoint.cache import ResponseCache
from readingroom.tools.backends.endpoint.failures import TimedOut
from readingroom.tools.backends.endpoint.halving import score_each
from readingroom.tools.backends.endpoint.order import check_order
from readingroom.tools.backends.endpoint.retry import ATTEMPTS
from tests.tools.backends.endpoint.asking import decode, endpoint, expected, texts
from tests.tools.backends.endpoint.published_stub import Answer, Stub, echo, refused_by_model
from tests.tools.backends.endpoint.virtual_time import run

WALL = 1_800_000_000.0


def asked(stub: Stub, ask=None, **config):
    """Score one request; what came or was raised, the virtual seconds it took, and the stub's count of calls."""

    async def main():
        async with stub:
            point = endpoint(stub.url, clock=lambda: WALL + asyncio.get_running_loop().time(), **config)
            begun = asyncio.get_running_loop().time()
            try:
                found = await point.score(ask or texts("chest"), decode)
            except ReadingRoomError as error:
                found = error
            took = asyncio.get_running_loop().time() - begun
            await point.aclose()
            return found, took, len(stub.calls)

    return run(main())


@pytest.mark.parametrize(
    ("told", "least", "most"),
    [
        ({"Retry-After": "2"}, 2.0, 2.2),
        ({"Retry-After": email.utils.formatdate(WALL + 30, usegmt=True)}, 30.0, 31.0),
        ({"retry-after-ms": "1500"}, 1.5, 1.65),
        ({"retry-after-ms": "700", "Retry-After": "60"}, 0.7, 0.77),
        ({"Retry-After": "in a while"}, 0.0, 0.5),
        ({"Retry-After": "-5"}, 0.0, 0.5),
        ({"Retry-After": "nan"}, 0.0, 0.5),
        ({"Retry-After": "inf"}, 0.0, 0.5),
        ({"Retry-After": email.utils.formatdate(WALL - 30, usegmt=True)}, 0.0, 0.5),
        ({}, 0.0, 0.5),
    ],
)
def test_f05_a_429_is_waited_out_as_told(told, least, most):
    found, took, calls = asked(Stub(script=[Answer(429, b"", told)]))
    assert found == expected("chest")
    assert least <= took <= most
    assert calls == 2


def test_f05_a_wait_beyond_the_cap_fails_as_throttled():
    found, took, calls = asked(Stub(script=[Answer(429, b"", {"Retry-After": "10000"})]))
    assert isinstance(found, Unavailable)
    assert "throttled" in str(found)
    assert "10000 s" in str(found)
    assert (took, calls) == (0, 1)


def test_f05_one_told_wait_holds_back_the_whole_endpoint():
    async def main():
        async with Stub(script=[Answer(429, b"", {"Retry-After": "2"})]) as stub:
            point = endpoint(stub.url)
            rows = await asyncio.gather(*(point.score(texts(str(number)), decode) for number in range(5)))
            assert rows == [expected(str(number)) for number in range(5)]
            assert [call.at >= 2 for call in stub.calls] == [False] + [True] * 5
            assert stub.calls[1].body == stub.calls[0].body, "the oldest goes first"
            await point.aclose()

    run(main())


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_f07_infrastructure_is_tried_again(status):
    found, took, calls = asked(Stub(script=[Answer(status, b"<html>"), Answer(status, b"")]))
    assert found == expected("chest")
    assert calls == 3
    assert 0 < took <= 0.25 + 0.5


def test_f07_attempts_are_bounded_and_the_limit_is_not_cut():
    async def main():
        async with Stub() as stub:
            point = endpoint(stub.url)
            await asyncio.gather(*(point.score(texts(str(number)), decode) for number in range(40)))
            limit = point._calls.limiter.limit
            assert limit > 5
            stub.script = [Answer(503, b"")] * ATTEMPTS
            calls = len(stub.calls)
            with pytest.raises(Unavailable, match="503"):
                await point.score(texts("chest"), decode)
            assert len(stub.calls) - calls == ATTEMPTS
            assert point._calls.limiter.limit == limit
            await point.aclose()

    run(main())


def test_f07_the_deadline_bounds_everything():
    found, took, _ = asked(Stub(behave=lambda _: Answer(429, b"")), deadline=40)
    assert isinstance(found, Unavailable)
    assert "throttled" in str(found)
    assert took == pytest.approx(40)


def test_f08_an_endpoint_that_lets_nothing_through_is_left_alone_too():
    """A throttled queue would otherwise wait out one deadline after the other."""

    async def main():
        async with Stub(behave=lambda _: Answer(429, b"")) as stub:
            point = endpoint(stub.url, deadline=40)
            found = await asyncio.gather(
                *(point.score(texts(str(number)), decode) for number in range(50)), return_exceptions=True
            )
            assert all(isinstance(error, Unavailable) for error in found)
            assert asyncio.get_running_loop().time() < 50
            await point.aclose()

    run(main())


def test_f08_the_circuit_opens_says_until_when_and_closes_again():
    async def main():
        async with Stub(behave=lambda _: Answer(503, b"")) as stub:
            point = endpoint(stub.url)
            found = await asyncio.gather(
                *(point.score(texts(str(number)), decode) for number in range(30)), return_exceptions=True
            )
            assert all(isinstance(error, Unavailable) for error in found)
            assert FAILURES <= len(stub.calls) <= FAILURES + 2, "nobody asks once it is open"
            with pytest.raises(Unavailable, match=r"asked again in \d+ s, at \d\d:\d\d:\d\d"):
                await point.score(texts("chest"), decode)
            calls = len(stub.calls)
            await asyncio.sleep(16)
            probes = await asyncio.gather(
                *(point.score(texts(str(number)), decode) for number in range(5)), return_exceptions=True
            )
            assert all(isinstance(error, Unavailable) for error in probes)
            assert len(stub.calls) == calls + 1, "one call finds out"
            stub.behave = echo
            with pytest.raises(Unavailable):
                await point.score(texts("too early"), decode)
            await asyncio.sleep(31)
            assert await point.score(texts("chest"), decode) == expected("chest")
            await point.aclose()

    run(main())


@pytest.mark.parametrize(
    "answer", [Answer(400), Answer(413), Answer(422), refused_by_model(400), refused_by_model(422)]
)
def test_f09_refused_input_is_not_sent_again(answer):
    found, took, calls = asked(Stub(behave=lambda _: answer))
    assert isinstance(found, InputRefused)
    assert (took, calls) == (0, 1)


@pytest.mark.parametrize("answer", [refused_by_model(500), refused_by_model(503), Answer(424, b"")])
def test_f09_a_broken_model_is_tried_again(answer):
    found, _, calls = asked(Stub(script=[answer]))
    assert found == expected("chest")
    assert calls == 2


def poisoned(call):
    return refused_by_model(400) if any("poison" in row[1] for row in call.rows) else echo(call)


@pytest.mark.parametrize(("size", "bad"), [(8, {3}), (8, {0, 7}), (5, {4}), (1, {0}), (7, set()), (3, {0, 1, 2})])
def test_f09_poison_is_isolated_and_nothing_answered_is_sent_twice(size, bad):
    rows = [f"poison {number}" if number in bad else f"row {number}" for number in range(size)]

    async def main():
        async with Stub(behave=poisoned) as stub:
            point = endpoint(stub.url)
            found = await score_each(point, texts(*rows), decode)
            await point.aclose()
            for number, row in enumerate(rows):
                if number in bad:
                    assert isinstance(found[number], InputRefused)
                else:
                    assert found[number] == expected(row)[0]
            sent = [row[1] for call in stub.answered for row in call.rows]
            assert sorted(sent) == sorted(row for row in rows if "poison" not in row)
            if (size, bad) == (8, {3}):
                assert len(stub.calls) == 7

    run(main())


def test_f10_a_row_that_timed_out_is_tried_once_more():
    assert asked(Stub(script=[Answer(408, b"")]))[0] == expected("chest")
    found, _, calls = asked(Stub(behave=lambda _: Answer(408, b"")))
    assert isinstance(found, TimedOut)
    assert calls == 2


def test_f10_the_client_times_out_itself_and_says_after_how_long():
    found, took, calls = asked(Stub(behave=lambda _: Answer(delay=500)), timeout=90)
    assert isinstance(found, TimedOut)
    assert "90 s" in str(found)
    assert calls == 2
    assert 180 <= took <= 181


def test_f10_a_batch_that_timed_out_is_sent_in_halves_once():
    def slow(call):
        return Answer(408, b"") if len(call.rows) > 4 else echo(call)

    async def main():
        async with Stub(behave=slow) as stub:
            point = endpoint(stub.url)
            rows = [f"row {number}" for number in range(8)]
            assert tuple(await score_each(point, texts(*rows), decode)) == expected(*rows)
            assert [len(call.rows) for call in stub.calls] == [8, 4, 4]
            stub.calls.clear()
            found = await score_each(point, texts(*(f"row {number}" for number in range(8, 24))), decode)
            assert [len(call.rows) for call in stub.calls] == [16, 8, 8]
            await point.aclose()
            return found

    with pytest.raises(TimedOut):
        run(main())


def test_f11_a_refused_connection_is_tried_again():
    async def main():
        async with Stub() as stub:
            url = stub.url
        point = endpoint(url)
        with pytest.raises(Unavailable, match="no connection came about"):
            await point.score(texts("chest"), decode)
        assert asyncio.get_running_loop().time() > 0
        await point.aclose()

    run(main())


def test_f11_a_name_that_does_not_resolve_is_tried_again():
    async def main():
        point = endpoint("https://no-such-endpoint.invalid/score")
        with pytest.raises(Unavailable, match="no connection came about"):
            await point.score(texts("chest"), decode)
        await point.aclose()

    run(main())


GOOD = json.dumps([{"text_features": list(expected("chest")[0])}]).encode()


def written(head: str, body: bytes, *, stall: float = 0, reset: bool = False) -> Answer:
    async def raw(writer):
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{head}\r\n".encode() + body)
        await writer.drain()
        await asyncio.sleep(stall)
        if reset:
            writer.transport.abort()

    return Answer(raw=raw)


BROKEN = {
    "reset mid-body": written("Content-Length: 500\r\n", GOOD[:10], reset=True),
    "shorter than its length": written("Content-Length: 500\r\n", GOOD),
    "stalled": written(f"Content-Length: {len(GOOD)}\r\n", GOOD[:10], stall=60),
    "chunks broken off": written("Transfer-Encoding: chunked\r\n", b"5\r\n[{\"te\r\n"),
    "packed and cut": written("Content-Encoding: gzip\r\nContent-Length: 20\r\n", gzip.compress(GOOD * 9)[:20]),
    "no HTTP at all": Answer(raw=lambda writer: asyncio.sleep(0, writer.write(b"\x00\x01\x02 hello\r\n\r\n"))),
    "closed without a word": Answer(raw=lambda _: asyncio.sleep(0)),
}  # fmt: skip


@pytest.mark.parametrize("answer", BROKEN.values(), ids=BROKEN)
def test_f12_a_broken_transfer_is_tried_again_and_never_parsed(answer):
    seen = []

    def watching(parsed, ask):
        seen.append(parsed)
        return decode(parsed, ask)

    async def main():
        async with Stub(script=[answer]) as stub:
            point = endpoint(stub.url)
            assert await point.score(texts("chest"), watching) == expected("chest")
            assert len(stub.calls) == 2
            assert len(seen) == 1, "the partial body was parsed"
            await point.aclose()

    run(main())


@pytest.mark.parametrize("bomb", [True, False], ids=["gzip bomb", "plain"])
def test_f12_an_answer_above_the_cap_is_dropped(bomb):
    whole = b" " * (65 << 20)
    answer = Answer(body=gzip.compress(whole, 1), headers={"Content-Encoding": "gzip"}) if bomb else Answer(body=whole)
    found, _, calls = asked(Stub(behave=lambda _: answer))
    assert isinstance(found, BadReply)
    assert "64 MiB" in str(found)
    assert calls == 1


def test_f12_what_was_packed_is_unpacked():
    packed = Answer(body=gzip.compress(GOOD), headers={"Content-Encoding": "gzip"})
    assert asked(Stub(script=[packed]))[0] == expected("chest")


BAD = {
    "truncated": GOOD[:-3],
    "NaN": b'[{"text_features": [NaN, 1]}]',
    "Infinity": b'[{"text_features": [Infinity, 1]}]',
    "same key twice": b'[{"text_features": [1, 1], "text_features": [2, 2]}]',
    "byte order mark": b"\xef\xbb\xbf" + GOOD,
    "HTML": b"<html><body>maintenance</body></html>",
    "empty": b"",
    "too few rows": b"[]",
    "wrong shape": b'[{"text_features": 3}]',
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_f13_f14_a_bad_reply_is_asked_for_once_more(body, tmp_path):
    found, _, calls = asked(Stub(script=[Answer(body=body)]))
    assert (found, calls) == (expected("chest"), 2)
    cache = ResponseCache(tmp_path)
    found, _, calls = asked(Stub(behave=lambda _: Answer(body=body)), cache=cache)
    assert isinstance(found, BadReply)
    assert calls == 2
    assert not [path for path in tmp_path.rglob("*") if path.is_file()], "a bad reply was kept"


def test_f15_one_bad_row_is_flagged_and_the_others_go_on():
    def constant(call):
        rows = [{"text_features": None} if "bad" in row[1] else json.loads(echo(call).body)[number]
                for number, row in enumerate(call.rows)]  # fmt: skip
        return Answer(body=json.dumps(rows).encode())

    async def main():
        async with Stub(behave=constant) as stub:
            point = endpoint(stub.url)
            found = await score_each(point, texts("a", "bad", "c", "d"), decode)
            await point.aclose()
            assert [isinstance(row, BadReply) for row in found] == [False, True, False, False]
            assert found[3] == expected("d")[0]

    run(main())


def test_f16_rows_that_come_back_in_another_order_are_found():
    def shuffled(call):
        return Answer(body=json.dumps(json.loads(echo(call).body)[::-1]).encode())

    async def main(behave):
        async with Stub(behave=behave) as stub:
            point = endpoint(stub.url)
            try:
                return await check_order(point, texts("a", "bb", "ccc"), decode, lambda one, other: one == other)
            finally:
                await point.aclose()

    assert run(main(echo)) == expected("a", "bb", "ccc")
    with pytest.raises(BadReply, match="row 2: its answer came as row 0, so rows are mixed up"):
        run(main(shuffled))


def test_a_wrong_address_is_named_and_not_tried_again():
    found, _, calls = asked(Stub(behave=lambda _: Answer(404, b"")))
    assert isinstance(found, Unavailable)
    assert "404" in str(found)
    assert calls == 1


def test_nothing_is_logged_as_an_error(caplog):
    caplog.set_level(logging.DEBUG)
    asked(Stub(script=[Answer(503, b"")]))
    assert all(record.levelno < logging.WARNING for record in caplog.records)
