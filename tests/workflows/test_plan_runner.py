"""Plans are carried out as fast as their needs allow, told in their order, and end cleanly however they end."""

import asyncio
import selectors
from contextlib import suppress

import pytest

from readingroom.agents.events import Ended, Started
from readingroom.domain.plan import Plan, PlannedStep
from readingroom.domain.value import Value
from readingroom.errors import BadInput, BadRequest, NotServed, RecordError, ToolFailed
from readingroom.tools.tool import Result, Tool
from readingroom.workflows.plan_runner import carry_out


class Request(Value):
    takes: tuple[int, ...] = ()
    seconds: float = 0.0


class Gives(Result):
    gave: tuple[int, ...] = ()


class VirtualTime(asyncio.SelectorEventLoop):
    """Time that passes only while everybody waits."""

    def __init__(self):
        self.now = 0.0
        loop = self

        class Selector(selectors.DefaultSelector):
            def select(self, timeout=None):
                loop.now += timeout or 0.0
                return super().select(0)

        super().__init__(Selector())

    def time(self):
        return self.now


def virtually(work):
    with asyncio.Runner(loop_factory=VirtualTime) as runner:
        result = runner.run(work)
        return result, runner.get_loop().time()


def plan(**steps):
    """name=(tool, arguments)."""
    made = tuple(PlannedStep(id=name, tool=tool, arguments=arguments) for name, (tool, arguments) in steps.items())
    return Plan(question="?", aim="answer", steps=made, planner="t")


def ref(name):
    return {"from": name, "field": "gave"}


def box(**calls):
    return tuple(Tool(name, Request, Gives, call) for name, call in calls.items())


async def slow(bench, step, request):
    await asyncio.sleep(request.seconds)
    return Gives(gave=(*request.takes, ord(step[0])))


def run(work, events=None, **calls):
    heard = [] if events is None else events
    return virtually(carry_out(None, work, heard.append, tools=box(slow=slow, **calls)))


def test_four_independent_tools_of_a_second_take_a_second():
    carried, took = run(plan(**{name: ("slow", {"seconds": 1.0}) for name in "abcd"}))
    assert took <= 1.1
    assert list(carried.results) == ["a", "b", "c", "d"]


def test_a_step_begins_as_soon_as_what_it_needs_is_done():
    work = plan(
        a=("slow", {"seconds": 3.0}), b=("slow", {"seconds": 1.0}), c=("slow", {"seconds": 1.0, "takes": ref("b")}),
        d=("slow", {"seconds": 1.0, "takes": ref("c")}),
    )  # fmt: skip
    carried, took = run(work)
    assert took == pytest.approx(3.0)
    assert carried.results["d"].gave == (98, 99, 100)


def test_results_stand_in_the_order_of_the_plan_whatever_finished_first():
    carried, _ = run(plan(a=("slow", {"seconds": 2.0}), b=("slow", {"seconds": 1.0}), c=("slow", {})))
    assert list(carried.results) == ["a", "b", "c"]


@pytest.mark.parametrize("error", [ToolFailed, NotServed])
def test_a_failed_step_leaves_its_dependants_out_and_the_rest_goes_on(error):
    async def fail(*_):
        raise error("the model is away")

    events = []
    work = plan(a=("fail", {}), b=("slow", {"takes": ref("a")}), c=("slow", {"takes": ref("b")}), d=("slow", {}))
    carried, _ = run(work, events, fail=fail)
    assert list(carried.results) == ["d"]
    assert carried.degraded == ["a", "b", "c"]
    texts = [limit.text for limit in carried.limitations]
    assert [("the model is away" in text, "left out, since" in text) for text in texts] == [
        (True, False), (False, True), (False, True),
    ]  # fmt: skip
    assert [event.step for event in events if isinstance(event, Started)] == ["a", "d"]
    assert {event.step: event.error for event in events if isinstance(event, Ended)} == {
        "a": "the model is away", "d": "",
    }  # fmt: skip


@pytest.mark.parametrize("error", [BadInput, RecordError, ZeroDivisionError])
def test_what_the_user_or_the_operator_must_mend_ends_the_run_and_stops_the_rest(error):
    stopped = []

    async def wait(bench, step, request):
        try:
            await asyncio.sleep(100)
        finally:
            stopped.append(step)

    async def fail(*_):
        await asyncio.sleep(1)
        raise error("mend this")

    with pytest.raises(error, match="mend this"):
        run(plan(a=("wait", {}), b=("fail", {}), c=("slow", {"takes": ref("b")})), wait=wait, fail=fail)
    assert stopped == ["a"]


def test_cancelling_stops_calls_in_flight_before_it_returns():
    stopped = []

    async def wait(bench, step, request):
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.5)
            stopped.append(step)

    async def cancelled():
        task = asyncio.create_task(
            carry_out(None, plan(a=("wait", {}), b=("wait", {}), c=("wait", {"takes": ref("a")})), print,
                      tools=box(wait=wait))
        )  # fmt: skip
        await asyncio.sleep(1)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        return sorted(stopped), [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]

    (ended, left), _ = virtually(cancelled())
    assert (ended, left) == (["a", "b"], [])


def test_what_was_done_is_not_done_again():
    calls = []

    async def count(bench, step, request):
        calls.append(step)
        return Gives(gave=(1,))

    first = plan(a=("count", {}))
    grown = plan(a=("count", {}), b=("count", {"takes": ref("a")}))

    async def both():
        carried = await carry_out(None, first, print, tools=box(count=count))
        return await carry_out(None, grown, print, tools=box(count=count), done=carried)

    carried, _ = virtually(both())
    assert calls == ["a", "b"]
    assert carried.plan == grown
    assert list(carried.results) == ["a", "b"]


def test_a_result_that_does_not_fit_is_refused_by_the_tools_own_request():
    class Strange(Result):
        gave: tuple[str, ...] = ("x",)

    async def strange(*_):
        return Strange()

    with pytest.raises(BadRequest, match="takes"):
        run(plan(a=("strange", {}), b=("slow", {"takes": ref("a")})), strange=strange)
