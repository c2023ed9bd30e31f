"""F06 and the limiter's rules, in virtual time against the documented admission rule; no sockets."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.tools.backends.endpoint.limiter import Limiter
from tests.tools.backends.endpoint.virtual_time import run


class Service:
    """In flight > 2 x slots -> 429; `slots` at once in service; all 429 between the two times of `storm`."""

    def __init__(self, slots, seconds, storm=(0.0, 0.0), spread=0.3, seed=0):
        self.slots, self.seconds, self.storm, self.spread = slots, seconds, storm, spread
        self.random = random.Random(seed)
        self.room = asyncio.Semaphore(slots)
        self.in_flight = self.refused = 0
        self.done: list[tuple[float, int]] = []

    async def ask(self, item):
        await asyncio.sleep(0.01)
        now = asyncio.get_running_loop().time()
        if self.storm[0] <= now < self.storm[1] or self.in_flight >= 2 * self.slots:
            self.refused += 1
            return "throttled"
        self.in_flight += 1
        try:
            async with self.room:
                await asyncio.sleep(max(0.01, self.random.gauss(self.seconds, self.spread * self.seconds)))
        finally:
            self.in_flight -= 1
        self.done.append((asyncio.get_running_loop().time(), item))
        await asyncio.sleep(0.01)
        return "answered"


async def ask_until_answered(limiter, service, item):
    while True:
        async with limiter.slot(item) as slot:
            slot.outcome = await service.ask(item)
        if slot.outcome == "answered":
            return


async def all_asked(limiter, service, items):
    await asyncio.gather(*(ask_until_answered(limiter, service, item) for item in range(items)))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("slots", "seconds", "begin"), [(6, 0.3, 40.0), (16, 0.2, 20.0), (8, 1.0, 60.0)])
def test_f06_a_storm_of_a_minute_loses_nothing_wastes_little_and_is_got_over(seed, slots, seconds, begin):
    capacity = slots / seconds
    end = begin + 60
    items = round(capacity * (begin + 90))

    async def main():
        service = Service(slots, seconds, (begin, end), seed=seed)
        limiter = Limiter(draw=random.Random(seed))
        await all_asked(limiter, service, items)
        return service

    service = run(main(), settle=0)
    assert sorted(item for _, item in service.done) == list(range(items)), "a request was lost or sent twice"
    assert service.refused <= 0.1 * items
    after = [when for when, _ in service.done if end + 30 <= when < end + 50]
    assert len(after) / 20 >= 0.95 * capacity


@pytest.mark.parametrize(("instances", "concurrency", "seconds"), [(2, 3, 0.3), (1, 1, 2.0), (4, 8, 0.1), (3, 2, 0.2)])
def test_it_finds_what_the_endpoint_takes_without_being_told(instances, concurrency, seconds):
    slots = instances * concurrency
    items = min(9000, round(120 * slots / seconds))

    async def main():
        service, limiter = Service(slots, seconds), Limiter(draw=random.Random(1))
        await all_asked(limiter, service, items)
        return service, asyncio.get_running_loop().time()

    service, took = run(main(), settle=0)
    assert items * seconds / slots / took >= 0.95
    assert service.refused <= 0.02 * items


def test_a_known_limit_is_never_passed():
    async def main():
        service, limiter = Service(6, 0.3), Limiter(cap=12)
        await all_asked(limiter, service, 2000)
        return service.refused, limiter.refused_at

    assert run(main(), settle=0) == (0, None)


def test_of_a_known_limit_one_call_goes_first_and_then_what_keeps_every_instance_busy():
    async def main():
        service, limiter, seen = Service(6, 0.3, spread=0.0), Limiter(cap=12), []
        asking = asyncio.create_task(all_asked(limiter, service, 50))
        while len(service.done) < 2:
            await asyncio.sleep(0.001)
            if not seen or seen[-1] != limiter.in_flight:
                seen.append(limiter.in_flight)
        await asking
        return [one for one in seen if one], service.refused

    seen, refused = run(main(), settle=0)
    assert seen[:2] == [1, 6]
    assert max(seen) <= 12
    assert refused == 0


def test_more_instances_are_found_and_fewer_are_followed():
    async def main():
        service, limiter = Service(2, 0.2), Limiter(draw=random.Random(0))
        asking = [asyncio.create_task(ask_until_answered(limiter, service, item)) for item in range(20_000)]
        await asyncio.sleep(60)
        few = limiter.limit
        service.slots = 20
        for _ in range(18):
            service.room.release()
        await asyncio.sleep(120)
        many = limiter.limit
        service.slots = 2
        for _ in range(18):
            await service.room.acquire()
        await asyncio.sleep(60)
        again, refused = limiter.limit, service.refused
        await asyncio.sleep(60)
        waste = (service.refused - refused) / 600
        for task in asking:
            task.cancel()
        await asyncio.gather(*asking, return_exceptions=True)
        return few, many, again, waste, limiter.in_flight

    few, many, again, waste, left = run(main(), settle=0)
    assert 2 <= few <= 5
    assert many >= 20
    assert 2 <= again <= 5
    assert waste <= 0.02
    assert left == 0


def test_where_something_else_is_the_limit_growth_rests():
    async def main():
        """Bandwidth: answers leave one after the other, 20 a second, whatever is in flight."""
        limiter, pipe = Limiter(), asyncio.Lock()

        async def one(item):
            async with limiter.slot(item) as slot:
                async with pipe:
                    await asyncio.sleep(0.05)
                slot.outcome = "answered"

        await asyncio.gather(*(one(item) for item in range(2000)))
        return limiter.limit

    assert run(main(), settle=0) < 60


def test_failures_of_infrastructure_do_not_cut_but_stop_growth():
    async def main():
        limiter = Limiter()
        for _ in range(10):
            async with limiter.slot(0) as slot:
                slot.outcome = "answered"
        grown = limiter.limit
        for _ in range(20):
            async with limiter.slot(0) as slot:
                slot.outcome = "failed"
        return grown, limiter.limit

    grown, after = run(main(), settle=0)
    assert after == grown


def test_the_oldest_goes_first_whatever_order_they_came_in():
    async def main():
        limiter, order = Limiter(cap=1), []

        async def one(age):
            async with limiter.slot(age) as slot:
                order.append(age)
                await asyncio.sleep(1)
                slot.outcome = "answered"

        first = asyncio.create_task(one(100))
        await asyncio.sleep(0)
        others = [asyncio.create_task(one(age)) for age in (7, 3, 9, 1)]
        await asyncio.gather(first, *others)
        return order

    assert run(main(), settle=0) == [100, 1, 3, 7, 9]


@settings(max_examples=60, deadline=None)
@given(
    slots=st.integers(1, 12),
    steps=st.lists(
        st.tuples(st.sampled_from(["answered", "throttled", "failed", "cancel", "raise"]), st.floats(0.01, 3)),
        min_size=1,
        max_size=60,
    ),
    seed=st.integers(0, 1000),
)
def test_whatever_happens_every_slot_comes_back(slots, steps, seed):
    """Cancelled while waiting or holding, failing, throttled: nothing is left behind and the limit stays in bounds."""

    async def one(limiter, age, outcome, seconds):
        async with limiter.slot(age) as slot:
            assert 1 <= limiter.in_flight <= slots
            await asyncio.sleep(seconds)
            if outcome == "raise":
                raise OSError
            if outcome != "cancel":
                slot.outcome = outcome

    async def main():
        limiter, draws = Limiter(cap=slots, draw=random.Random(seed)), random.Random(seed)
        tasks = []
        for age, (outcome, seconds) in enumerate(steps):
            tasks.append(asyncio.create_task(one(limiter, age, outcome, seconds)))
            await asyncio.sleep(draws.random() * 0.3)
            if outcome == "cancel":
                draws.choice(tasks).cancel()
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert not [error for error in found if isinstance(error, AssertionError)]
        assert limiter.in_flight == 0
        assert 1 <= limiter.limit <= slots
        await asyncio.wait_for(one(limiter, 0, "answered", 0), 60)

    run(main(), settle=0)
