"""The imager: a model gathers evidence with its tools alone, no further than its file allows."""

import asyncio
import json
from types import SimpleNamespace

import pytest

from readingroom.agents.budget import Budget, Limits
from readingroom.agents.desk import Desk
from readingroom.agents.imager import look
from readingroom.agents.offers import ToolFunctions
from readingroom.agents.planning import PlanContext
from readingroom.agents.scripted import ScriptedModel, calls, says
from readingroom.domain.value import Value
from readingroom.tools.tool import Result, Tool
from tests.agents.desks import DELIMITER, SPECIALISTS
from tests.agents.ledgers import CURRENT, LUNG


class LookRequest(Value):
    """Look at one image."""

    image: str


RAN: list[str] = []


async def _look(bench, step, request):
    RAN.append(request.image)
    return Result(evidence=(LUNG[len(RAN) % 5].model_copy(update={"id": f"{step}.1"}),))


SEGMENT = Tool("segment", LookRequest, Result, _look)
HIDDEN = Tool("measure", LookRequest, Result, _look)
CONTEXT = PlanContext(images=(CURRENT,), named={"A": ()})


@pytest.fixture(autouse=True)
def _nothing_ran():
    RAN.clear()


def looked(*script, rounds=4, most=3, **limits):
    specialist = SPECIALISTS["imager"].model_copy(
        update={"tools": ("segment",), "limits": SPECIALISTS["imager"].limits.model_copy(
            update={"rounds": rounds, "calls": most})}
    )  # fmt: skip
    bench = SimpleNamespace(images={"A": SimpleNamespace(ref=CURRENT)})
    functions = ToolFunctions(bench, tuple(tool for tool in (SEGMENT, HIDDEN) if tool.name in specialist.tools))
    model = ScriptedModel(list(script))
    desk = Desk(specialist, model, Budget(Limits(**limits)), DELIMITER)
    return asyncio.run(look(desk, functions, "What is there?", CONTEXT)), functions, model


def ask(name="segment", **arguments):
    return calls((name, json.dumps(arguments or {"image": "A"})))


def test_it_gathers_evidence_and_says_when_it_is_done():
    outcome, functions, model = looked(ask(), says("E1 is there."))
    assert outcome.evidence == ("segment-1.1",)
    assert not outcome.partial
    assert list(functions.done) == ["segment-1"]
    system, user = model.asked[0]
    assert "You may use these tools: segment." in system.text
    assert f"<{DELIMITER}>" in user.text


def test_it_has_no_tool_that_its_file_does_not_name():
    outcome, _, _ = looked(ask("measure"), ask(), says("done"))
    assert RAN == ["A"]
    assert outcome.evidence == ("segment-1.1",)


def test_it_sees_no_other_study():
    looked(ask(image="other-patient"), ask(image="/etc/passwd"), says("done"))
    assert RAN == []


@pytest.mark.parametrize(
    ("script", "named", "kind", "ran"),
    [
        ([ask(), ask(), says("x")], {"rounds": 1}, "rounds", 1),
        ([ask()], {"most": 0}, "calls", 0),
        ([ask()] * 9, {"rounds": 9}, "loop", 1),
        ([ask()] * 9, {"tokens": 1}, "tokens", 0),
    ],
)
def test_it_goes_no_further_than_its_file_and_the_budget_allow(script, named, kind, ran):
    outcome, _, _ = looked(*script, **named)
    assert outcome.stopped == kind
    assert len(RAN) == ran
