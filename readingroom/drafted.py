"""Which runs drafted a report, and which of them is meant by "last"."""

from __future__ import annotations

from readingroom.domain.report import Report
from readingroom.errors import BadRequest
from readingroom.runs.run import Run
from readingroom.runs.store import Store
from readingroom.workflows import question
from readingroom.workflows.workflows import WORKFLOWS


def report_in(store: Store, run: Run) -> Report | None:
    """None where a run made none: an answered question, a vector, labels."""
    if not run.report_sha256 or run.workflow not in (*WORKFLOWS, question.WORKFLOW):
        return None
    try:
        return store.report(run.id)
    except BadRequest:
        return None


def drafting(store: Store, name: str) -> Run:
    """The run of that name; "last" is the newest that was to draft a report.

    Questions, labels and vectors stand between no one and their last report; a draft that failed does, or an older
    study's report would be taken for it. Raises BadRequest where there is none.
    """
    if name != "last":
        return store.run(name)
    for run in store.runs(limit=-1):
        if run.workflow in WORKFLOWS or report_in(store, run):
            return run
    raise BadRequest("no run has a report yet", do="Draft one first.")
