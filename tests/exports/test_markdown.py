"""Markdown: readable as text, regular enough to be read back, and literal whatever the texts hold."""

from __future__ import annotations

import re

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from readingroom.domain.report import Report
from readingroom.exports.markdown import escape, to_markdown
from readingroom.language.sentences import read_report
from tests.exports import sample
from tests.exports.hostile import PAYLOADS, poisoned

ACTIVE = frozenset({"html_block", "html_inline", "link_open", "image", "code_inline", "fence", "code_block"})


def tokens(text: str) -> list[Token]:
    """Parsed as GitHub does: CommonMark, tables, bare links."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    return [part for token in parser.parse(text) for part in (token, *(token.children or ()))]


def section(text: str, name: str) -> list[str]:
    return re.split(r"^## ", text.split(f"## {name}\n\n")[1], maxsplit=1, flags=re.M)[0].strip().split("\n")


def test_each_sentence_is_a_line_with_its_citations_and_its_mark() -> None:
    text = to_markdown(sample.build().report)
    assert section(text, "Findings")[:3] == [
        "- The cardiac silhouette is enlarged, with a cardiothoracic ratio of 0.58. [E4]",
        f"- {sample.OPACITY} [E5] ⚠ *(contradicted: says left; the evidence lies on the right)*",
        "- There is a small pleural effusion. [E2] ⚠ *(unsupported: no evidence tells of pleural effusion)*",
    ]
    assert section(text, "Impression") == ["- Mild cardiomegaly, increased since the prior radiograph. [E4, E6]"]


def test_the_sentences_can_be_read_back() -> None:
    report = sample.build().report
    told = [(each.section, each.text, each.cites) for each in read_report(to_markdown(report))]
    assert told == [
        ("indication", "Cough for two weeks.", ("E8",)),
        ("indication", "Smoker.", ()),
        ("technique", report.technique, ()),
        ("comparison", report.comparison, ()),
        *(("findings", finding.text, finding.evidence) for finding in report.findings),
        ("impression", sample.IMPRESSION, ("E4", "E6")),
    ]


def test_warning_notice_and_status_stand_above_the_findings() -> None:
    head = to_markdown(sample.build().report).split("## Findings")[0]
    for told in ("### PRELIMINARY DRAFT", "Research use only.", "### ⚠ Not clean: 1 sentence is contradicted"):
        assert told in head
    assert "Not verified" in to_markdown(sample.build(verification=None).report)


def test_tables_have_a_row_for_each_evidence() -> None:
    rows = section(to_markdown(sample.build().report), "Evidence")
    assert len(rows) == 2 + 8
    assert {row.count("|") for row in rows} == {8}
    assert "cardiothoracic ratio 0.58 ± 0.03 (1 sd)" in rows[5]


def shape(report: Report) -> list[str]:
    """The kinds of all parts but plain text: what no text may change."""
    kinds = [token.type for token in tokens(to_markdown(report))]
    return [kind for kind in kinds if kind not in ("text", "text_special")]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_text_becomes_markup(payload: str) -> None:
    report = poisoned(sample.build().report, payload)
    assert ACTIVE.isdisjoint(shape(report))
    assert shape(report) == shape(poisoned(sample.build().report, "x"))


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("12.5 mm, 31 % (left-right)", "12.5 mm, 31 % (left-right)"),
        ("# head", r"\# head"),
        ("- item", r"\- item"),
        ("3. third", r"3\. third"),
        ("a_b _c_ __d__.e", r"a_b \_c\_ \_\_d\_\_.e"),
        ("< 5 mm | *x* <5, >3 <b>", r"< 5 mm \| \*x\* <5, >3 \<b>"),
        ("> quote", r"\> quote"),
        ("&amp; R&D", r"\&amp; R&D"),
        ("see www.x.y or http://x", r"see www\.x.y or http\://x"),
        ("two\n\n lines", "two lines"),
    ],
)
def test_only_what_would_act_is_escaped(text: str, escaped: str) -> None:
    assert escape(text) == escaped
