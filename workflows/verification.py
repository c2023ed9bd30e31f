"""An edited report, as JSON, Markdown or plain text, held against the evidence of the run it came from."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from readingroom.agents.idiom import ENGLISH
from readingroom.agents.sentence_rules import Forbidden
from readingroom.agents.translation import Tables, tables_of, verify_worded, verify_worded_report
from readingroom.agents.verifier import Ledger, of_report, verify, verify_report, worse
from readingroom.domain.check import Check, Verification
from readingroom.domain.report import Report
from readingroom.domain.request import LONGEST
from readingroom.errors import BadRequest
from readingroom.exports.canonical import from_json
from readingroom.language.sentences import Sentence, read_report
from readingroom.runs.store import Store

RUN_NAME = re.compile(r"\br-\d{8}-\d{6}-[0-9a-f]{4,8}\b")


@dataclass(frozen=True)
class Verified:
    """The verdicts on a text, and which sentences are worse than in the recorded report."""

    run: str
    verification: Verification
    worse: tuple[Check, ...]
    evidence_from: str
    """"the record of run r-..." or "the file itself"."""


def _sentences(text: str, where: str) -> tuple[tuple[Sentence, ...], Report | None]:
    if text.lstrip().startswith("{"):
        report = from_json(text, where=where)
        return of_report(report), report
    if len(text) > LONGEST:
        raise BadRequest(f"has more than {LONGEST} characters", where=where, do="Give one report at a time.")
    found = read_report(text)
    if not found:
        raise BadRequest("holds no sentence to check", where=where, do="Give a report with text.")
    return found, None


def verify_text(text: str, store: Store, run: str | None, *, where: str = "the text") -> Verified:
    """Raises BadRequest where the text names no run and none is given, BadFile for a broken report.

    Evidence comes from the record, never from an edited file, unless the record is elsewhere: then it is said so.
    """
    sentences, report = _sentences(text, where)
    named = run or (report.provenance.run if report else None) or _named_in(text)
    if named is None:
        raise BadRequest("names no run", where=where, do="Say against which with --run; `readingroom runs` lists them.")
    original = _recorded(store, named, needed=run is not None or report is None)
    source = original or report
    if source is None:
        raise BadRequest(f"there is no run {named!r} here", where=where, do="`readingroom runs` lists them.")
    ledger = Ledger(
        evidence=source.evidence,
        images=source.images,
        categories=source.categories,
        forbids=_forbidden(source, store if original else None),
    )
    if source.language == ENGLISH:
        after = verify_report(report, ledger) if report else verify(sentences, ledger)
    else:
        after = _in_its_language(sentences, report, _tables(source, store if original else None), ledger)
    before = source.verification if original else None
    return Verified(
        run=source.provenance.run,
        verification=after,
        worse=worse(before, after) if before else (),
        evidence_from=f"the record of run {source.provenance.run}" if original else "the file itself",
    )


def _in_its_language(
    sentences: Sequence[Sentence], report: Report | None, tables: Tables, ledger: Ledger
) -> Verification:
    """The language is the recorded report's, whatever an edited one calls itself."""
    if report is None:
        return verify_worded(sentences, ledger, tables)
    told = report.model_copy(update={"language": tables.worded.language})
    return verify_worded_report(told, ledger, tables)


def _forbidden(source: Report, store: Store | None) -> tuple[Forbidden, ...]:
    """What the report's template forbids; nothing where a file from elsewhere was written with one that is not here."""
    try:
        return _tables(source, store).english.forbids
    except BadRequest:
        return ()


def _tables(source: Report, store: Store | None) -> Tables:
    """What the report was written with; a user's own template is in the record of its run."""
    if store is None:
        return tables_of(source)
    past = store.history(source.provenance.run)
    asked: dict[str, Any] = json.loads(past.content(past.begun)).get("request", {})
    return tables_of(source, asked.get("template_text"), asked.get("wording_text"))


def _named_in(text: str) -> str | None:
    match = RUN_NAME.search(text)
    return match[0] if match else None


def _recorded(store: Store, run: str, *, needed: bool) -> Report | None:
    try:
        return store.report(run)
    except BadRequest:
        if needed:
            raise
        return None
