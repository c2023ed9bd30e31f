"""What the checker struck is shown with why, in every view, and is no sentence of the draft when it is read back."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from readingroom.agents.gate import gated
from readingroom.domain.report import Report
from readingroom.exports.html import to_html
from readingroom.exports.markdown import to_markdown
from readingroom.exports.terminal import print_report
from readingroom.exports.view import read
from readingroom.language.sentences import read_report
from tests.exports import sample
from tests.exports.hostile import PAYLOADS, poisoned
from tests.exports.page import Page

HEAD = "Struck by the checker"


def struck() -> Report:
    found = gated(sample.build().report, "strike")
    assert sample.OPACITY in [one.check.text for one in found.struck]
    return found


def printed(report: Report) -> str:
    file = io.StringIO()
    print_report(Console(file=file, width=2000, highlight=False), report)
    return file.getvalue()


def page(report: Report) -> str:
    return Page(to_html(report)).words


@pytest.mark.parametrize("view", [page, to_markdown, printed])
def test_every_view_shows_what_was_struck_and_why(view) -> None:
    report = struck()
    text = view(report)
    after = text[text.index(HEAD) :]
    for one in report.struck:
        assert one.check.text in after
        assert all(problem.reason[:24] in after for problem in one.check.problems)
    assert sample.OPACITY not in text[: text.index(HEAD)]
    assert HEAD not in view(sample.build().report)


@pytest.mark.parametrize("view", [page, to_markdown, printed])
def test_what_a_person_struck_is_never_said_to_be_the_checkers_doing(view) -> None:
    report = struck()
    mine = report.struck[0].model_copy(update={"by": "person"})
    text = view(report.model_copy(update={"struck": (*report.struck[1:], mine)}))
    checkers, persons = text.index(HEAD), text.index("Struck by a person")
    assert mine.check.text not in text[:persons]
    assert mine.check.text in text[persons:]
    assert all(one.check.text in text[checkers:persons] for one in report.struck[1:])
    alone = view(report.model_copy(update={"struck": (mine,)}))
    assert HEAD not in alone
    assert mine.check.text in alone.partition("Struck by a person")[2]


def test_who_struck_is_written_where_it_was_a_person() -> None:
    """So that reports of the machine alone keep their digests."""
    one = struck().struck[0]
    assert "by" not in one.model_dump()
    mine = one.model_copy(update={"by": "person"})
    assert type(one).model_validate_json(mine.model_dump_json()) == mine


def test_a_file_read_back_does_not_hold_it_again() -> None:
    report = struck()
    told = {each.text for each in read_report(to_markdown(report)) if each.section in ("findings", "impression")}
    assert {one.text for one in (*report.findings, *report.impression)} <= told
    assert not told & {one.check.text for one in report.struck}


def test_it_is_read_with_the_evidence_that_it_cited() -> None:
    shown = {one.id: one for one in read(struck()).struck}
    assert "E5" in shown["F2"].cited
    assert shown["F2"].bad


PLAIN = Page(to_html(poisoned(struck(), " word")))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_in_it_stays_text(payload: str) -> None:
    page = Page(to_html(poisoned(struck(), payload)))
    assert page.structure == PLAIN.structure
    assert page.raw == PLAIN.raw
