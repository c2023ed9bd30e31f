"""An edited report, as JSON, Markdown or plain text, held against the evidence of the run it came from."""

from __future__ import annotations

import re
from dataclasses import dataclass

from readingroom.agents.verifier import Ledger, of_report, verify, worse
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
    if text.lstrip()[:200].lower().startswith(("<!doctype html", "<html")):
        raise BadRequest("is a web page", where=where, do="Give the report's JSON, Markdown or plain text.")
    if len(text) > LONGEST:
        raise BadRequest(f"has more than {LONGEST} characters", where=where, do="Give one report at a time.")
    found = read_report(text)
    if not found:
        raise BadRequest("holds no sentence to check", where=where)
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
    after = verify(sentences, Ledger(evidence=source.evidence, images=source.images))
    before = source.verification if original else None
    return Verified(
        run=source.provenance.run,
        verification=after,
        worse=worse(before, after) if before else (),
        evidence_from=f"the record of run {source.provenance.run}" if original else "the file itself",
    )


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
