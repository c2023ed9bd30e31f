"""What a question may cost is held before each call, for all agents that work on it together."""

import pytest

from readingroom.agents.budget import Budget, Exhausted, Limits, Price
from readingroom.agents.chat_model import Usage
from readingroom.errors import BadRequest

PRICES = {"gpt-4o": Price(tokens_in=2.5, tokens_out=10.0), "free": Price(tokens_in=0, tokens_out=0)}


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def turn(budget, model="gpt-4o", tokens_in=100, tokens_out=10):
    budget.before_turn(model)
    budget.after_turn(model, Usage(tokens_in=tokens_in, tokens_out=tokens_out))


def kind(call, *given):
    with pytest.raises(Exhausted) as stopped:
        call(*given)
    return stopped.value.kind


def test_rounds_are_held_before_the_next():
    budget = Budget(Limits(rounds=2))
    turn(budget)
    turn(budget)
    assert kind(turn, budget) == "rounds"
    assert budget.spent.rounds == 2


def test_calls_are_held_before_the_next():
    budget = Budget(Limits(calls=1))
    budget.before_call()
    assert kind(budget.before_call) == "calls"


def test_tokens_are_held_with_those_that_the_next_request_would_take():
    budget = Budget(Limits(tokens=1000))
    turn(budget, tokens_in=600, tokens_out=100)
    budget.before_turn("gpt-4o", 1200)
    assert kind(budget.before_turn, "gpt-4o", 1204) == "tokens"


def test_a_provider_that_counts_nothing_is_counted_by_characters():
    budget = Budget()
    budget.after_turn("m", Usage(), sent=400, said=9)
    assert (budget.spent.tokens_in, budget.spent.tokens_out) == (100, 3)


def test_money_is_counted_by_the_price_table_and_held():
    budget = Budget(Limits(money=0.01), PRICES)
    turn(budget, "gpt-4o-2024-08-06", 2000, 400)
    assert budget.spent.money == pytest.approx(0.009)
    assert kind(budget.before_turn, "openai gpt-4o", 4000) == "money"


def test_a_limit_of_money_needs_a_price():
    with pytest.raises(BadRequest, match="no price"):
        Budget(Limits(money=1), PRICES).before_turn("gpt-4o-mini")
    Budget(Limits(money=1), PRICES).before_turn("free")


def test_an_unknown_price_is_not_told_as_nothing():
    budget = Budget(prices=PRICES)
    turn(budget, "free")
    assert budget.spent.money == 0
    turn(budget, "unknown")
    assert budget.spent.money is None


def test_time_is_held_by_a_steady_clock():
    clock = Clock()
    budget = Budget(Limits(seconds=10), clock=clock)
    clock.now += 9
    assert budget.seconds_left() == pytest.approx(1)
    clock.now += 1
    assert kind(budget.seconds_left) == "time"
    assert kind(budget.before_call) == "time"


def test_agents_that_are_asked_share_the_budget_and_have_their_own_within_it():
    budget = Budget(Limits(rounds=5, depth=2))
    below = budget.deeper(Limits(rounds=2))
    turn(below)
    turn(below)
    assert kind(turn, below) == "rounds"
    other = budget.deeper(Limits(rounds=9))
    for _ in range(3):
        turn(other)
    assert kind(turn, other) == "rounds"
    assert (budget.spent.rounds, below.spent.rounds, other.spent.rounds) == (5, 2, 3)


def test_agents_do_not_ask_agents_without_end():
    assert kind(Budget(Limits(depth=2)).deeper().deeper().deeper) == "depth"
