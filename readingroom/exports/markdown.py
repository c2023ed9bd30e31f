"""A report as Markdown: one sentence a line with its citations, and a mark on every sentence that does not hold."""

from __future__ import annotations

import re
from collections.abc import Iterable

from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.exports import wording
from readingroom.exports.headings import Headings, headings_of
from readingroom.exports.view import Piece, Sentence, View, read


def to_markdown(report: Report) -> str:
    """CommonMark with GitHub tables. Every text of the report is escaped: it can neither format, link nor embed.

    Findings and impression are bullets `- text [E1, E3]`, followed by ` ⚠ *(contradicted: reason)*` where the
    verifier says so. What is no sentence of the report stands in headings, in tables, in the notice or after the
    limitations, so that an edited file can be read back sentence by sentence.
    """
    view, heads = read(report), headings_of(report)
    blocks = [
        f"# {escape(report.title)}",
        f"### {wording.status(report).upper()} · {heads.subject} {escape(report.subject)}",
        f"> {escape(report.notice)}",
        f"### ⚠ {wording.warning(report)}" if wording.warning(report) else "",
        *_text_section(view, "indication", heads),
        *_text_section(view, "technique", heads),
        *_text_section(view, "comparison", heads),
        f"## {heads.sections['findings']}",
        _bullets(view.findings, wording.nothing("findings", report)),
        f"## {heads.sections['impression']}",
        _bullets(view.impression, wording.nothing("impression", report)),
        f"## {heads.sections['limitations']}",
        "\n".join(f"- {_paragraph(pieces)}" for pieces in view.texts["limitations"]),
        *_verification(report, view, heads),
        *_struck(view.struck, heads.sections["struck"]),
        *_struck(view.struck_by_person, heads.sections["struck_by_person"]),
        *_evidence(report.evidence, heads),
        f"## {heads.sections['provenance']}",
        _provenance(report),
    ]
    return "\n\n".join(filter(None, blocks)) + "\n"


def escape(text: str) -> str:
    """One line of literal text: no markup, no HTML, no link (not even a bare one), no table cell's end."""
    line = " ".join(wording.plain(text).split())
    line = re.sub(r"[\\`*\[\]|~$]|<(?=[a-z/!?])", r"\\\g<0>", line, flags=re.IGNORECASE)
    line = re.sub(r"(?<![^\W_])_+|_+(?![^\W_])", lambda run: r"\_" * len(run[0]), line)
    line = re.sub(r"&(?=#?\w+;)", r"\\&", line)
    line = re.sub(r":(?=//)|(?<=www)\.|@(?=\w)", r"\\\g<0>", line, flags=re.IGNORECASE)
    line = re.sub(r"^([#+=>-])", r"\\\1", line)
    return re.sub(r"^(\d+)([.)])(?= |$)", r"\1\\\2", line)


def _text_section(view: View, section: str, heads: Headings) -> tuple[str, ...]:
    paragraphs = {str(name): pieces for name, pieces in view.texts.items()}[section]
    return (f"## {heads.sections[section]}", *map(_paragraph, paragraphs)) if paragraphs else ()


def _paragraph(pieces: tuple[Piece, ...]) -> str:
    shown = (_line(piece) if isinstance(piece, Sentence) else escape(piece) for piece in pieces)
    return " ".join(filter(None, shown))


def _bullets(sentences: Iterable[Sentence], nothing: str) -> str:
    return "\n".join(f"- {_line(sentence)}" for sentence in sentences) or nothing


def _line(sentence: Sentence) -> str:
    cited = f" [{', '.join(map(escape, sentence.cited))}]" if sentence.cited else ""
    return f"{escape(sentence.text)}{cited}{_mark(sentence)}"


def _mark(sentence: Sentence) -> str:
    if not sentence.bad or sentence.verdict is None:
        return ""
    reasons = "; ".join(_clause(problem.reason) for problem in sentence.problems)
    why = reasons or wording.MEANINGS[sentence.verdict]
    return f" ⚠ *({sentence.verdict}: {why})*"


def _clause(reason: str) -> str:
    """A reason that neither ends a sentence nor closes the bracket it stands in, for whoever reads the mark back."""
    inner = re.sub(r"[.!?]+\s+", "; ", reason.strip().rstrip(".!?"))
    return escape(inner.replace("(", "‹").replace(")", "›"))


def _verification(report: Report, view: View, heads: Headings) -> tuple[str, ...]:
    if report.verification is None:
        return (f"## {heads.sections['verification']}", heads.not_verified)
    rows = [(str(row.number), row.word, row.meaning) for row in wording.tallies(report.verification, report.language)]
    omitted = "\n".join(
        f"- {heads.left_out}: {escape(omission.reason)} [{', '.join(map(escape, omission.evidence))}]"
        for omission in report.verification.omissions
    )
    elsewhere = "\n".join(f"- Checked, but not in this report: {_line(sentence)}" for sentence in view.elsewhere)
    told = view.findings or view.impression
    share = heads.coverage.replace("{share}", f"{report.verification.coverage:.0%}") if told else ""
    return (
        f"## {heads.sections['verification']}",
        _table(("sentences", "verdict", "meaning"), rows),
        share,
        omitted,
        elsewhere,
    )


def _struck(gone: Iterable[Sentence], heading: str) -> tuple[str, ...]:
    """A table, so that a file that is read back does not hold these sentences again."""
    rows = [
        (
            sentence.text,
            wording.VERDICTS[sentence.verdict] if sentence.verdict else "",
            "; ".join(problem.reason for problem in sentence.problems),
            ", ".join(sentence.cited),
        )
        for sentence in gone
    ]
    return (f"### {heading}", _table(("sentence", "verdict", "why", "evidence"), rows)) if rows else ()


def _evidence(evidence: tuple[Evidence, ...], heads: Headings) -> tuple[str, ...]:
    if not evidence:
        return ()
    rows = [
        (
            item.id,
            item.summary,
            "; ".join(map(wording.measured, item.measurements)),
            "" if item.quality is None else f"{item.quality:.2f}",
            f"{item.origin.tool} {item.origin.tool_version}",
            f"{wording.backend_words(item.origin)}; {item.origin.model} {item.origin.model_version}",
            item.image_id,
        )
        for item in evidence
    ]
    return (
        f"## {heads.sections['evidence']}",
        _table(("id", "what", "measured", "quality", "tool", "backend and model", "image"), rows),
    )


def _provenance(report: Report) -> str:
    return _table(("what", "value"), wording.provenance_rows(report))


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *(tuple(map(escape, row)) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
