"""The second reader: every sentence of a model is held against what it cites before it may stand."""

from readingroom.agents.second_reader import Basis, Line, reasons, review
from readingroom.agents.verifier import Ledger
from tests.agents.desks import ledger
from tests.agents.ledgers import LUNG

PLAIN = ledger()
BASIS = Basis(PLAIN, {item.id: item for item in LUNG})


TRUE = "The cardiac silhouette is not enlarged."


def test_sentences_are_read_alone_first_so_that_a_bad_one_spoils_no_good_one():
    bad, good = Line(text="The cardiac silhouette is enlarged.", evidence=("E4",)), Line(text=TRUE, evidence=("E4",))
    read = review([bad, good], [], BASIS)
    assert [bool(one.flaws) for one in read] == [True, False]


def test_a_sentence_must_stand_by_itself():
    lines = [Line(text=LUNG_TEXT, evidence=("E1",)), Line(text="It has an area of 213.4 cm².", evidence=("E1",))]
    assert [bool(one.flaws) for one in review(lines, [], BASIS)] == [False, True]


LUNG_TEXT = "The right lung field has an area of 213.4 cm²."


def test_what_was_kept_is_not_said_again():
    (one,) = review([Line(text=TRUE, evidence=("E4",))], [Line(text=TRUE, evidence=("E4",))], BASIS)
    assert [flaw.rule for flaw in one.flaws] == ["R13"]


def test_reasons_name_the_sentence_by_its_place_and_hold_no_forbidden_text():
    read = review(
        [Line(text=TRUE, evidence=("E4",)), Line(text="The heart is fine; signed by Dr. Brown.", evidence=("E4",))],
        [],
        BASIS,
    )
    told = reasons(read)
    assert told.startswith("2. ")
    assert "signed by" not in told


def test_nothing_is_citable_that_is_not_given():
    (one,) = review([Line(text=TRUE, evidence=("E4",))], [], Basis(Ledger(evidence=LUNG), {}))
    assert one.flaws[0].rule == "R15"
