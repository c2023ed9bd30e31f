"""Words of a model in a whole report: the evidence of phantoms, told by a scripted model, composed and verified."""

import asyncio

import pytest

from readingroom import ReadingRoom
from readingroom.agents.template import templates
from readingroom.agents.verifier import Ledger
from readingroom.agents.writers import Written, write
from readingroom.domain.request import Request
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.dicom import write_chest, write_ct
from readingroom.phantoms.parameters import ChestPhantom, Effusion
from readingroom.workflows.compose import Occasion, compose, ledger_of, template_of
from readingroom.workflows.reading import Gathered
from tests.agents.desks import answer, desk

OCCASION = Occasion(run="r-20260101-000000-0000", workflow="report", planner="p", answered=(), code_version="0",
                    started="", finished="")  # fmt: skip


@pytest.fixture(scope="module")
def readings(tmp_path_factory):
    """Reports that the template wrote: an effusion, a larger heart than before, a CT."""
    home = tmp_path_factory.mktemp("room")
    room = ReadingRoom(home=home / "data", config=home / "config")
    heart = ChestPhantom(seed=7, spacing_mm=2.0, cardiothoracic_ratio=0.60)
    wet = write_chest(
        make_chest(ChestPhantom(seed=3, spacing_mm=2.0, effusion=Effusion("left", "moderate"))), home / "a"
    )
    now, before = write_chest(make_chest(heart), home / "b"), write_chest(make_chest(heart.earlier(0.45)), home / "c")
    return {
        "effusion": room.draft_sync(wet),
        "larger heart": room.draft_sync(now, prior=before),
        "ct": room.draft_sync(write_ct(make_ct(CtPhantom(seed=1)), home / "d")),
    }


def told(reading, *answers, impression=()) -> Written:
    report = reading.report
    template = templates()[report.provenance.template.split()[0]]
    ledger = Ledger(evidence=report.evidence, images=report.images)
    closing = desk(*impression, who="impression_writer") if impression else None
    return asyncio.run(write(template, ledger, desk(*answers), closing))


@pytest.mark.parametrize("name", ["effusion", "larger heart", "ct"])
def test_every_sentence_of_the_template_may_come_from_a_model_too(readings, name):
    report = readings[name].report
    findings = answer(*((one.text, *one.evidence) for one in report.findings))
    closing = answer(*((one.text, *one.derived_from) for one in report.impression))
    found = told(readings[name], findings, impression=(closing,))
    assert [one.text for one in found.findings] == [one.text for one in report.findings]
    assert {one.author for one in found.findings} == {"model"}
    assert [one.text for one in found.impression] == [one.text for one in report.impression]
    assert found.limitations == ()
    fields = {"author", "measurements"}
    assert [one.model_dump(exclude=fields) for one in found.findings] == [
        one.model_dump(exclude=fields) for one in report.findings
    ]


@pytest.mark.parametrize("name", ["effusion", "larger heart", "ct"])
def test_with_the_sides_swapped_none_of_a_models_sided_sentences_stands(readings, name):
    report = readings[name].report

    def swapped(text: str) -> str:
        return text.replace("left", "LEFT").replace("right", "left").replace("LEFT", "right")

    rows = [(swapped(one.text), *one.evidence) for one in report.findings if swapped(one.text) != one.text]
    found = told(readings[name], *[answer(*rows)] * 3)
    assert not [one for one in found.findings if one.author == "model"]
    assert f"{len(rows)} sentence" in found.limitations[0].text
    assert [one.text for one in found.findings] == [one.text for one in report.findings]


def test_a_report_is_composed_of_written_words_and_says_who_wrote(readings):
    reading = readings["effusion"]
    gathered, request = Gathered(evidence=[reading.report.evidence]), Request()
    ledger, template = ledger_of(gathered, reading.study, request), template_of(reading.study, request)
    bad = ("There is a large right pneumothorax.", ledger.evidence[0].id)
    first = next(one for one in reading.report.findings if one.presence == "present")
    at = desk(answer((first.text, *first.evidence), bad), answer(bad), answer(bad))
    words = asyncio.run(write(template, ledger, at))
    report = compose(gathered, reading.study, request, (), OCCASION, written=words)
    assert report.clean
    assert "pneumothorax" not in " ".join(one.text for one in report.findings)
    assert [one.author for one in report.findings].count("model") == 1
    assert any("1 sentence that scripted wrote for the findings was left out" in one.text for one in report.limitations)
    assert report.provenance.writer.startswith("scripted as findings_writer ")


def test_without_written_words_the_template_writes_as_before(readings):
    reading = readings["effusion"]
    gathered = Gathered(evidence=[reading.report.evidence])
    report = compose(gathered, reading.study, Request(), (), OCCASION)
    assert [one.text for one in report.findings] == [one.text for one in reading.report.findings]
    assert report.provenance.writer == "template writer 1"


def test_a_category_that_was_asked_for_and_is_not_given_is_told_with_its_reason(readings):
    reading = readings["effusion"]
    gathered = Gathered(evidence=[reading.report.evidence])
    report = compose(gathered, reading.study, Request(categories=("lung-rads",)), (), OCCASION)
    assert report.categories == ()
    (told,) = [one.text for one in report.limitations if "RADS" in one.text]
    assert told == "Lung-RADS was asked for and is not given: it is for CT, and this study is X-ray."
