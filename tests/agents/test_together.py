"""Ways of working together: checked before anything runs, in a steady order, and never endlessly."""

import asyncio

import pytest

from readingroom.agents.budget import Budget, Limits
from readingroom.agents.specialist import Specialist
from readingroom.agents.together import Gave, HandOver, Worker, at_once, concurrent, hand_off, sequential
from readingroom.errors import BadRequest, ModelFailed

RAN: list[str] = []


def specialist(name: str, needs: tuple[str, ...], gives: tuple[str, ...]) -> Specialist:
    return Specialist(**{"id": name, "title": name, "for": name, "needs": needs, "gives": gives, "prompt": "x",
                         "sha256": "0" * 64})  # fmt: skip


def worker(name, needs=("study",), gives=("evidence",), *, over=None, fails=False, after=0, words=None) -> Worker:
    async def work(given, budget):
        for _ in range(after):
            await asyncio.sleep(0)
        RAN.append(name)
        if fails:
            raise ModelFailed("is down", where=name)
        assert set(given) == set(needs)
        told = {word: f"{word} by {name}" for word in gives} if words is None else words
        return Gave(told, HandOver(to=over) if over else None)

    return Worker(specialist(name, needs, gives), work)


@pytest.fixture(autouse=True)
def _nothing_ran():
    RAN.clear()


IMAGER = worker("imager", ("study",), ("evidence",))
WRITER = worker("writer", ("evidence",), ("findings",))
SUMMER = worker("summer", ("findings",), ("impression",))
STUDY = {"study": "s"}


def run(way, *given, **limits):
    return asyncio.run(way(*given, Budget(Limits(**limits))))


def test_one_after_another_each_with_what_those_before_gave():
    done = run(sequential, [IMAGER, WRITER, SUMMER], STUDY)
    assert [one.by for one in done] == RAN == ["imager", "writer", "summer"]
    assert done[2].words == {"impression": "impression by summer"}


def test_a_wrong_order_is_refused_before_anything_runs():
    with pytest.raises(BadRequest, match="writer: it needs evidence, which nobody gives"):
        run(sequential, [WRITER, IMAGER], STUDY)
    with pytest.raises(BadRequest, match="summer: it needs findings"):
        run(concurrent, [IMAGER, SUMMER], STUDY)
    assert RAN == []


def test_who_needs_what_a_failed_one_would_have_given_fails_and_says_so():
    done = run(sequential, [worker("imager", fails=True), WRITER, worker("other", ("study",), ("answer",))], STUDY)
    assert [one.failure for one in done] == ["imager: is down", "evidence could not be given", ""]
    assert RAN == ["imager", "other"]


def test_at_the_same_time_in_the_declared_order_whatever_ends_first():
    done = run(concurrent, [worker("slow", after=9), worker("fails", fails=True), worker("quick")], STUDY)
    assert RAN == ["fails", "quick", "slow"]
    assert [(one.by, bool(one.failure)) for one in done] == [("slow", False), ("fails", True), ("quick", False)]


def test_no_more_than_eight_at_the_same_time():
    with pytest.raises(BadRequest, match="9 specialists"):
        run(concurrent, [worker(f"w{at}") for at in range(9)], STUDY)


def test_one_that_gives_what_it_does_not_declare_gives_nothing():
    done = run(sequential, [worker("imager", words={"report": "mine"})], STUDY)
    assert done[0].words == {}
    assert "instead of evidence" in done[0].failure


def test_handing_over_goes_on_with_what_is_known():
    team = {"imager": worker("imager", over="writer"), "writer": WRITER}
    done = run(hand_off, team, "imager", STUDY)
    assert [one.by for one in done] == ["imager", "writer"]


def test_handing_over_in_circles_ends_at_the_depth_of_the_budget():
    team = {"a": worker("a", over="b"), "b": worker("b", over="a")}
    done = run(hand_off, team, "a", STUDY, depth=3)
    assert RAN == ["a", "b", "a", "b"]
    assert "3 deep" in done[-1].failure
    assert len(done) == 5


@pytest.mark.parametrize(
    ("team", "why"),
    [
        ({"a": worker("a", over="stranger")}, "no specialist 'stranger'"),
        ({"a": worker("a", over="summer"), "summer": SUMMER}, "it needs findings"),
    ],
)
def test_a_hand_over_that_cannot_be_ends_it_and_says_so(team, why):
    done = run(hand_off, team, "a", STUDY)
    assert RAN == ["a"]
    assert why in done[-1].failure


def test_an_unknown_first_is_refused():
    with pytest.raises(BadRequest, match="no specialist 'x'"):
        run(hand_off, {"a": IMAGER}, "x", STUDY)


def test_an_error_of_the_user_ends_all_of_them_bare():
    async def wrong():
        raise BadRequest("mend it")

    cancelled = []

    async def waits():
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    with pytest.raises(BadRequest, match="mend it"):
        asyncio.run(at_once([waits(), wrong()]))
    assert cancelled == [True]
