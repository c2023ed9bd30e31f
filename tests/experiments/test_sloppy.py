"""The writer that errs on purpose: each kind of error is one, the dice are fair, and unchecked words stay as said."""

from __future__ import annotations

import asyncio
from random import Random

import pytest

from readingroom.agents.assembling import Basics, basics
from readingroom.agents.ledger import Ledger
from readingroom.agents.second_reader import Line, Lines
from readingroom.agents.template import templates
from readingroom.agents.verifier import verify
from readingroom.agents.writers import write
from readingroom.experiments.draft import Drafted, Slip
from readingroom.experiments.slips import slip_scores
from readingroom.experiments.sloppy import SloppyWriter, _other_number, _other_side, _turned
from readingroom.experiments.unchecked import bound
from readingroom.language.sentences import Sentence
from tests.agents.desks import CHEST, DELIMITER, SPECIALISTS, Budget, Desk
from tests.agents.ledgers import CURRENT, LUNG


def base() -> Basics:
    return basics(CHEST, Ledger(evidence=LUNG, images=(CURRENT,)))


def answered(rate: float, dice: str = "1") -> tuple[SloppyWriter, tuple[Line, ...]]:
    writer = SloppyWriter(base(), rate, dice)
    desk = Desk(SPECIALISTS["findings_writer"], writer, Budget(), DELIMITER)
    opening = desk.opening("Write the findings of this evidence.", "")
    return writer, asyncio.run(desk.answer(Lines, opening)).sentences


def test_without_errors_it_is_the_template():
    writer, lines = answered(0.0)
    assert [line.text for line in lines] == [finding.text for finding in base().findings]
    assert writer.slips == []


def test_every_error_is_told_and_nothing_else_is_changed():
    right = {finding.text for finding in base().findings}
    kinds = set()
    for dice in map(str, range(60)):
        writer, lines = answered(0.5, dice)
        wrong = {slip.text for slip in writer.slips if slip.kind != "omission"}
        assert {line.text for line in lines} - right == wrong - right
        gone = {slip.was for slip in writer.slips if slip.kind != "invention"}
        assert right - {line.text for line in lines} == gone
        kinds |= {slip.kind for slip in writer.slips}
    assert {"side", "negation", "number", "invention"} <= kinds


def test_the_same_dice_fall_the_same_and_the_rate_is_kept():
    assert answered(0.5, "7")[1] == answered(0.5, "7")[1]
    made = [answered(0.3, str(dice))[0] for dice in range(150)]
    sentences = 150 * len(base().findings)
    wrong = sum(slip.kind != "invention" for writer in made for slip in writer.slips)
    assert 0.2 < wrong / sentences < 0.4


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("The cardiac silhouette is not enlarged.", "The cardiac silhouette is enlarged."),
        ("The cardiac silhouette is enlarged.", "The cardiac silhouette is not enlarged."),
        ("There is no cardiomegaly.", "There is cardiomegaly."),
        ("There is cardiomegaly.", "There is no cardiomegaly."),
        ("Lung density is symmetric.", "Lung density is asymmetric."),
        ("The lung fields are of similar size.", "The lung fields are of different size."),
    ],
)
def test_a_turned_sentence_says_the_opposite(right: str, wrong: str):
    assert _turned(right) == wrong


def test_sides_and_numbers():
    assert _other_side("The right lung is smaller than the left.") == "The left lung is smaller than the right."
    text = "The ratio is 0.45 (sd 0.03)."
    for seed in range(20):
        changed = _other_number(text, Random(seed))
        value = float(changed.split()[3])
        assert 0.45 * 1.2 < value < 0.45 * 1.55
        assert changed.endswith("(sd 0.03).")
    assert _other_number("No number here.", Random(1)) == "No number here."


def test_under_review_it_is_sent_back_and_what_stands_holds():
    for dice in map(str, range(5)):
        ledger = Ledger(evidence=LUNG, images=(CURRENT,))
        writer = SloppyWriter(basics(templates()["chest_xray"], ledger), 0.6, dice)
        desks = [
            Desk(SPECIALISTS[f"{part}_writer"], writer, Budget(), DELIMITER) for part in ("findings", "impression")
        ]
        written = asyncio.run(write(CHEST, ledger, *desks))
        told = [Sentence(id=one.id, section="findings", text=one.text, cites=one.evidence) for one in written.findings]
        assert {check.verdict for check in verify(told, ledger).checks} == {"supported"}


def test_words_that_cite_nothing_rest_on_themselves_and_are_unsupported():
    ledger = Ledger(evidence=LUNG, images=(CURRENT,))
    lines = [Line(text="There is a left pneumothorax.", evidence=("E99",))]
    made = bound(lines, [Line(text="Left pneumothorax.", evidence=())], ledger)
    (finding,), (statement,), (item,) = made
    assert (finding.observation, finding.presence, finding.laterality) == ("pneumothorax", "present", "left")
    assert finding.evidence == (item.id,)
    assert item.trust == "untrusted_text"
    assert statement.derived_from == ("F1",)
    told = [Sentence(id="F1", section="findings", text=finding.text, cites=finding.evidence)]
    found = verify(told, Ledger(evidence=(*LUNG, item), images=(CURRENT,)))
    assert [check.verdict for check in found.checks] == ["unsupported"]


def test_an_impression_of_no_findings_is_none():
    assert bound([], [Line(text="Normal.", evidence=())], Ledger(images=(CURRENT,))) == ((), (), ())


def test_a_failed_draft_lets_nothing_through_and_no_slips_are_no_score():
    slip = Slip(kind="side", section="findings", text="a", was="b")
    failed = Drafted(case="c", cell="0", arm="a", seed=1, error="down", slips=(slip,))
    assert slip_scores(failed)["slips_reaching"].rate == 0
    assert slip_scores(failed.model_copy(update={"slips": ()})) == {}
