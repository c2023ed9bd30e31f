"""What one Endpoint promises beyond single calls: one call for identical requests, the cache, several event loops."""

from __future__ import annotations

import asyncio
import gc
import os
import stat
import threading

import pytest

from readingroom.errors import BadReply, BadRequest, NotAuthorised, Unavailable
from readingroom.tools.backends.endpoint.cache import ResponseCache
from readingroom.tools.backends.endpoint.calls import admitted
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.endpoint import Endpoint
from readingroom.tools.backends.endpoint.retry import Budget, backoff
from tests.tools.backends.endpoint.asking import cleared, decode, endpoint, expected, texts
from tests.tools.backends.endpoint.published_stub import KEY, Answer, Stub, echo
from tests.tools.backends.endpoint.virtual_time import run


def test_a_hundred_identical_requests_are_one_call():
    async def main():
        async with Stub(behave=lambda call: Answer(body=echo(call).body, delay=1)) as stub:
            point = endpoint(stub.url)
            rows = await asyncio.gather(*(point.score(texts("chest"), decode) for _ in range(100)))
            assert rows == [expected("chest")] * 100
            assert len(stub.calls) == 1
            await point.aclose()

    run(main())


def test_a_waiter_that_leaves_stops_nobody_and_the_last_stops_the_call():
    async def main():
        async with Stub(behave=lambda call: Answer(body=echo(call).body, delay=10)) as stub:
            point = endpoint(stub.url)
            tasks = [asyncio.create_task(point.score(texts("chest"), decode)) for _ in range(5)]
            await asyncio.sleep(1)
            for task in tasks[:4]:
                task.cancel()
            assert await tasks[4] == expected("chest")
            assert len(stub.calls) == 1
            alone = asyncio.create_task(point.score(texts("other"), decode))
            await asyncio.sleep(1)
            alone.cancel()
            await asyncio.sleep(0.1)
            assert point._calls.limiter.in_flight == 0
            assert await point.score(texts("third"), decode) == expected("third")
            await point.aclose()

    run(main())


def test_an_error_reaches_every_waiter():
    async def main():
        async with Stub(behave=lambda _: Answer(404, b"", delay=1)) as stub:
            point = endpoint(stub.url)
            found = await asyncio.gather(
                *(point.score(texts("chest"), decode) for _ in range(9)), return_exceptions=True
            )
            assert all(isinstance(error, Unavailable) for error in found)
            assert len(stub.calls) == 1
            await point.aclose()

    run(main())


def test_what_was_answered_is_kept_by_content_and_deployment(tmp_path):
    async def main():
        async with Stub() as stub:
            for deployment, calls in (("blue", 1), ("blue", 1), ("green", 2)):
                point = endpoint(stub.url, cache=ResponseCache(tmp_path), deployment=deployment)
                assert await point.score(texts("chest"), decode) == expected("chest")
                assert len(stub.calls) == calls
                await point.aclose()

    run(main())
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 2
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in files)
    assert all(stat.S_IMODE(path.parent.stat().st_mode) == 0o700 for path in files)


@pytest.mark.parametrize("how", ["flipped", "cut", "emptied", "swapped"])
def test_f30_a_poisoned_entry_is_evicted_and_asked_again(tmp_path, how):
    async def main():
        async with Stub() as stub:
            point = endpoint(stub.url, cache=ResponseCache(tmp_path))
            for text in ("chest", "other"):
                await point.score(texts(text), decode)
            files = sorted(path for path in tmp_path.rglob("*") if path.is_file())
            whole = [path.read_bytes() for path in files]
            for number, path in enumerate(files):
                poisoned = {
                    "flipped": whole[number].replace(b".0", b".1"),
                    "cut": whole[number][:-4],
                    "emptied": b"",
                    "swapped": whole[1 - number],
                }[how]
                path.write_bytes(poisoned)
            assert await point.score(texts("chest"), decode) == expected("chest")
            assert await point.score(texts("other"), decode) == expected("other")
            assert len(stub.calls) == 4
            assert sorted(path.read_bytes() for path in files) == sorted(whole), "recomputed and kept"
            await point.aclose()

    run(main())


def test_an_entry_that_no_longer_decodes_is_asked_again(tmp_path):
    def stricter(parsed, ask):
        if len(parsed[0]["text_features"]) != 3:
            raise BadReply("expected 3", where="$")
        return decode(parsed, ask)

    async def main():
        async with Stub() as stub:
            point = endpoint(stub.url, cache=ResponseCache(tmp_path))
            await point.score(texts("a"), decode)
            stub.behave = lambda _: Answer(body=b'[{"text_features": [1, 2, 3]}]')
            assert await point.score(texts("a"), stricter) == ((1, 2, 3),)
            await point.aclose()

    run(main())


def test_the_cache_stays_below_its_cap_and_drops_what_was_used_least_lately(tmp_path):
    cache = ResponseCache(tmp_path, most=10_000)
    for number in range(30):
        cache.put(str(number), bytes(1000))
        path = cache._path(str(number))
        os.utime(path, ns=(number * 10**9, number * 10**9))
        if number >= 5:
            assert cache.get("0") == bytes(1000), "it is used all the time"
    held = sum(path.stat().st_size for path in tmp_path.rglob("*") if path.is_file())
    assert held <= 10_000
    assert cache.get("1") is None
    assert cache.get("29") is not None


def test_a_cache_that_cannot_be_written_does_not_cost_the_answer(tmp_path, caplog):
    blocked = tmp_path / "file"
    blocked.write_text("in the way")

    async def main():
        async with Stub() as stub:
            point = endpoint(stub.url, cache=ResponseCache(blocked))
            assert await point.score(texts("a"), decode) == expected("a")
            await point.aclose()

    run(main())
    assert "cannot keep an answer" in caplog.text


def test_one_endpoint_through_several_event_loops():
    """As ReadingRoom.draft_sync does; connections of an ended loop are closed with it."""
    started, stop = threading.Event(), threading.Event()
    stub = Stub()

    async def serve():
        async with stub:
            started.set()
            while not stop.is_set():
                await asyncio.sleep(0.01)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    started.wait()
    try:
        point = endpoint(stub.url)
        for text in "abc":
            assert asyncio.run(point.score(texts(text), decode)) == expected(text)

        async def many():
            return await asyncio.gather(*(point.score(texts(str(number)), decode) for number in range(9)))

        assert asyncio.run(many()) == [expected(str(number)) for number in range(9)]
        assert point._calls.limiter.in_flight == 0
    finally:
        stop.set()
        thread.join()
    gc.collect()


def test_two_threads_at_once_are_told_apart():
    async def main():
        async with Stub(behave=lambda call: Answer(body=echo(call).body, delay=1)) as stub:
            point = endpoint(stub.url)
            await point.score(texts("a"), decode)
            found = []

            def other():
                try:
                    asyncio.run(point.score(texts("b"), decode))
                except BadRequest as error:
                    found.append(str(error))

            thread = threading.Thread(target=other)
            thread.start()
            thread.join()
            await point.aclose()
            return found

    assert "another thread" in run(main())[0]


def test_closed_it_opens_again():
    async def main():
        async with Stub() as stub:
            point = endpoint(stub.url)
            for text in "ab":
                assert await point.score(texts(text), decode) == expected(text)
                await point.aclose()
            await point.aclose()

    run(main())


def test_connections_are_kept_and_no_more_than_are_used():
    opened = []

    async def main():
        async with Stub() as stub:
            serve = stub._serve

            async def counted(reader, writer):
                opened.append(1)
                await serve(reader, writer)

            stub._server.close()
            server = await asyncio.start_server(counted, "127.0.0.1", 0)
            point = endpoint(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/score", instances=1, concurrency=2)
            await asyncio.gather(*(point.score(texts(str(number)), decode) for number in range(50)))
            await point.aclose()
            server.close()

    run(main())
    assert len(opened) <= 4


def test_no_rows_are_no_call():
    async def main():
        async with Stub() as stub:
            point = endpoint(stub.url)
            assert await point.score(texts(), decode) == ()
            assert stub.calls == []

    run(main())


def test_slots_come_from_the_documented_rule():
    def cap(model, **told):
        return admitted(model, EndpointConfig(address="https://x/score", **told))

    assert cap("medimageinsight", instances=2, concurrency=3) == 12
    assert cap("medimageinsight") is None
    assert cap("cxrreportgen") == 2
    assert cap("cxrreportgen", instances=3, concurrency=1) == 6


def test_cxrreportgen_never_has_more_than_two_in_flight():
    async def main():
        async with Stub(instances=1, concurrency=1, service=6) as stub:
            point = endpoint(stub.url, model="cxrreportgen")
            await asyncio.gather(*(point.score(texts(str(number)), decode) for number in range(12)))
            await point.aclose()
            return stub.most_in_flight, len(stub.calls), asyncio.get_running_loop().time()

    most, calls, took = run(main())
    assert most == 2
    assert calls == 12
    assert took < 12 * 6 + 1


@pytest.mark.parametrize("key", ["", "two words", "schlüssel", "a\nb"])
def test_a_key_that_no_header_can_hold(key):
    with pytest.raises(NotAuthorised) as caught:
        Endpoint("gigapath", EndpointConfig(address="https://x/score", key=key))
    assert not key or key not in str(caught.value)


def test_it_says_who_answers():
    model = endpoint("https://mi2.westeurope.inference.ml.azure.com/score", deployment="blue").model
    assert (model.backend, model.name, model.version) == ("endpoint", "MedImageInsight", "blue")
    assert "mi2.westeurope.inference.ml.azure.com" in model.description


def test_the_wait_before_a_retry_is_full_jitter():
    assert [backoff(failures, lambda: 1.0) for failures in (1, 2, 3, 20)] == [0.25, 0.5, 1.0, 20.0]
    assert backoff(5, lambda: 0.0) == 0


def test_the_retry_budget_bounds_how_much_more_is_asked():
    budget = Budget()
    spent = 0
    for call in range(1000):
        budget.earn()
        spent += budget.spend(call * 0.001)
    assert 100 <= spent <= 115
    assert not budget.spend(1.0)
    assert budget.spend(5.0)


def test_images_and_texts_make_different_keys(tmp_path):
    async def main():
        async with Stub() as stub:
            point = endpoint(stub.url, cache=ResponseCache(tmp_path))
            for seed in (0, 1, 0):
                ask = texts("x")
                ask = type(ask)(ask.model, ask.columns, ((cleared(seed), "x"),))
                await point.score(ask, decode)
            await point.aclose()
            return len(stub.calls)

    assert run(main()) == 2
    assert KEY
