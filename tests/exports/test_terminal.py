"""Reports in a terminal: every sentence with its sign, nothing that could drive the terminal."""

import io

from rich.console import Console

from readingroom.exports.terminal import print_checks, print_report
from tests.exports.sample import build


def printed(show, *values) -> str:
    file = io.StringIO()
    show(Console(file=file, width=2000, highlight=False), *values)
    return file.getvalue()


def test_every_sentence_has_its_verdict_and_evidence():
    report = build().report
    text = printed(print_report, report)
    for finding in report.findings:
        assert finding.text in text
        assert f"[{', '.join(finding.evidence)}]" in text
    assert "✗" in text
    assert "not clean" in text
    assert report.notice in text


def test_what_got_worse_comes_first():
    verification = build().report.verification
    bad = [check for check in verification.checks if check.verdict == "contradicted"]
    text = printed(print_checks, verification, bad)
    assert text.index("Worse than in the recorded report") < text.index("All sentences")
    assert bad[0].problems[0].reason in text


def test_control_characters_do_not_reach_the_terminal():
    report = build().report.model_copy(update={"indication": "\x1b]0;owned\x07\x1b[2J\u202eabc"})
    text = printed(print_report, report)
    assert "\x1b]0" not in text
    assert "\x1b[2J" not in text
    assert "\u202e" not in text
