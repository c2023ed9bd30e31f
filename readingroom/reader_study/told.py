"""A reader study's summary as Markdown."""

from __future__ import annotations

from collections.abc import Sequence

from readingroom.exports.markdown import escape
from readingroom.reader_study.answer import ERRORS
from readingroom.reader_study.summary import Summary


def to_markdown(summary: Summary) -> str:
    """Two tables and one paragraph; every share with its 95 % Wilson interval."""
    one, other = summary.systems
    rows = [
        ("readings", one.readings, other.readings),
        ("drafts left as they were", one.untouched.text, other.untouched.text),
        ("sentences changed or struck", one.edited.text, other.edited.text),
        ("sentences struck", one.struck, other.struck),
        ("sentences added", one.added, other.added),
        ("edits a report, mean (median)", f"{one.edits_mean:.2f} ({one.edits_median:g})",
         f"{other.edits_mean:.2f} ({other.edits_median:g})"),
        ("edit distance in sentences, mean", f"{one.sentence_distance_mean:.2f}",
         f"{other.sentence_distance_mean:.2f}"),
        ("words changed a report, mean (share)", f"{one.words_mean:.1f} ({one.words_share:.0%})",
         f"{other.words_mean:.1f} ({other.words_share:.0%})"),
    ]  # fmt: skip
    errors = [
        (word, f"{one.errors[kind]} ({one.significant_errors[kind]})",
         f"{other.errors[kind]} ({other.significant_errors[kind]})")
        for kind, word in ERRORS.items()
    ]  # fmt: skip
    told = summary.preference
    names = escape(one.system), escape(other.system)
    head = ("", *names)
    return (
        "\n\n".join(
            (
                "# Reader study",
                f"{summary.cases_read} of {summary.cases} cases read by {len(summary.readers)} readers "
                f"({', '.join(map(escape, summary.readers)) or 'none'}), {summary.readings} readings. "
                f"Study {summary.study}, seed {summary.seed}.",
                "## Preference",
                f"{names[0]} {told.first}, {names[1]} {told.second}, tie {told.ties}; of the decided readings "
                f"{names[0]} was preferred in {told.first_share.text}. By the majority of each case's readers: "
                f"{names[0]} {told.cases_first}, {names[1]} {told.cases_second}, tie {told.cases_tied}; "
                f"exact sign test over cases, two-sided, p = {told.p:.3g}.",
                "## Edits",
                _table(head, rows),
                "## Errors, in brackets the clinically significant ones",
                _table(head, errors),
                "Intervals are 95 % Wilson intervals. Readings of one case by several readers are not independent: "
                "intervals over readings are too narrow where there are several. For research only.",
            )
        )
        + "\n"
    )


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, object, object]]) -> str:
    lines = [head, tuple("---" for _ in head), *(tuple(map(str, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
