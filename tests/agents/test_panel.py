"""A panel: what all say alike stands, what one says and another does not is shown, and nothing is averaged."""

import asyncio

import pytest

from readingroom.agents.panel import Convened, convene
from readingroom.agents.writers import write
from readingroom.errors import BadRequest
from tests.agents.desks import CHEST, PAYLOADS, answer, desk, held, ledger, obeying, texts
from tests.agents.ledgers import LUNG, evidence

QUOTE = "There is a small left pleural effusion."
EFFUSION = evidence("E6", "pleural_effusion", laterality="left", severity="mild", quote=QUOTE, tool="draft_findings")
PLAIN = ledger(*LUNG, EFFUSION)
HEART = ("The cardiac silhouette is not enlarged.", "E4")
DENSE = ("The right lower zone is denser than the left by 14 %.", "E5")
LEFT = ("A small left pleural effusion is present.", "E6")
TEMPLATE = asyncio.run(write(CHEST, PLAIN))


def panel(given=PLAIN, **members) -> Convened:
    desks = {name: one if not isinstance(one, tuple) else desk(*one, name=name) for name, one in members.items()}
    return asyncio.run(convene(CHEST, given, desks))


def lines(found: Convened) -> list[str]:
    return [line.text for line in found.written.limitations]


def row(found: Convened, observation: str):
    return next(one for one in found.table if one.observation == observation)


def test_what_all_say_stands_in_the_words_of_the_first():
    found = panel(a=(answer(HEART, DENSE, LEFT),), b=(answer(DENSE, LEFT, HEART),))
    assert texts(found.written, "model") == [HEART[0], DENSE[0], LEFT[0]]
    assert all(one.agreed for one in found.table)
    assert lines(found) == []
    assert held(found.written, PLAIN)
    assert found.written.writer == (
        "panel of " + "; ".join(f"{name} as findings_writer {desk().specialist.sha256[:8]}" for name in "ab")
    )


def test_silence_of_one_is_shown_and_the_evidence_is_told_by_the_template():
    found = panel(a=(answer(HEART, DENSE, LEFT),), b=(answer(HEART, DENSE),), c=(answer(HEART, DENSE),))
    effusion = row(found, "pleural_effusion")
    assert [one.says for one in effusion.positions] == ["present", "silent", "silent"]
    assert (effusion.laterality, effusion.evidence, effusion.agreed) == ("left", ("E6",), False)
    assert LEFT[0] not in texts(found.written)
    assert QUOTE in texts(found.written, "template")
    assert lines(found) == [
        "The panel does not agree on pleural effusion, left: a says present; b is silent; c is silent. "
        "The evidence on it is E6."
    ]
    assert held(found.written, PLAIN)


def test_what_no_evidence_bears_is_shown_and_never_told():
    invented = answer(HEART, DENSE, LEFT, ("There is a right pneumothorax.", "E5"))
    found = panel(a=(invented,) * 3, b=(answer(HEART, DENSE, LEFT),))
    assert [(one.says, one.holds) for one in row(found, "pneumothorax").positions] == [
        ("present", False), ("silent", True)
    ]  # fmt: skip
    shown = "The panel does not agree on pneumothorax, right: a says present, which the evidence does not bear; b is"
    assert any(line.startswith(shown) and line.endswith("No evidence speaks of it.") for line in lines(found))
    assert not any("pneumothorax" in text for text in texts(found.written))
    assert any("1 sentence that a wrote" in line for line in lines(found))


def test_agreement_on_what_no_evidence_bears_does_not_make_it_true():
    invented = (answer(HEART, DENSE, LEFT, ("There is a right pneumothorax.", "E5")),) * 3
    found = panel(a=invented, b=invented, c=invented)
    assert not row(found, "pneumothorax").agreed
    assert not any("pneumothorax" in text for text in texts(found.written))
    assert held(found.written, PLAIN)


def test_tools_that_disagree_leave_both_on_the_table():
    both = ledger(*LUNG, evidence("E6", "pneumothorax", "present", laterality="left", tool="draft_findings"),
                  evidence("E7", "pneumothorax", "absent", laterality="left", tool="classify"))  # fmt: skip
    found = panel(both, a=(answer(("There is a left pneumothorax.", "E6")),) * 3,
                  b=(answer(("There is no left pneumothorax.", "E7")),) * 3)  # fmt: skip
    told = row(found, "pneumothorax")
    assert [one.says for one in told.positions] == ["present", "absent"]
    assert told.evidence == ("E6", "E7")
    assert not told.agreed
    assert not any("pneumothorax" in text for text in texts(found.written, "model"))
    assert any("a says present" in line and "b says absent" in line for line in lines(found))


def test_members_draft_at_the_same_time_and_stand_in_their_order():
    waiting = asyncio.Event()

    class Slow:
        name = "slow"

        def __init__(self, last):
            self.last, self.inner = last, desk(answer(HEART)).model

        async def turn(self, messages, offers=(), *, form=None, tell=None):
            if self.last:
                waiting.set()
            else:
                await asyncio.wait_for(waiting.wait(), 5)
            return await self.inner.turn(messages, offers, form=form, tell=tell)

    one, two = desk(), desk()
    desks = {"first": type(one)(one.specialist, Slow(False), one.budget, one.delimiter),
             "second": type(two)(two.specialist, Slow(True), two.budget, two.delimiter)}  # fmt: skip
    found = asyncio.run(convene(CHEST, PLAIN, desks))
    assert [one.member for one in found.table[0].positions] == ["first", "second"]


def test_a_member_that_fails_is_left_out_and_that_is_told():
    found = panel(a=(answer(HEART, DENSE, LEFT),), b=("?", "?"))
    assert [one.member for one in found.table[0].positions] == ["a"]
    assert any("Of a panel of 2, 1 answered" in line for line in lines(found))
    assert found.written.degraded == ("panel-b",)


def test_where_all_fail_the_template_writes():
    found = panel(a=(), b=())
    assert texts(found.written) == texts(TEMPLATE)
    assert found.table == ()
    assert found.written.writer == "template writer 1"


@pytest.mark.parametrize("count", [0, 1, 9])
def test_a_panel_has_two_to_eight_members(count):
    with pytest.raises(BadRequest, match="panel of"):
        panel(**{f"m{at}": (answer(HEART),) for at in range(count)})


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_members_that_obey_what_they_read_agree_on_nothing_false(payload):
    given = ledger(*LUNG[:4], LUNG[4].model_copy(update={"summary": payload}))
    found = panel(given, a=obeying(), b=obeying())
    assert texts(found.written, "model") == []
    assert held(found.written, given)
