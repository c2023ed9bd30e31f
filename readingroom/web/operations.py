"""Every operation of the API in one table: the routes and the OpenAPI document are both made from it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import Response

from readingroom.domain.check import Verification
from readingroom.domain.evidence import Evidence
from readingroom.domain.report import Report
from readingroom.runs.difference import Difference
from readingroom.runs.run import Run
from readingroom.web import answering_chats as chats
from readingroom.web import answering_folders as folders
from readingroom.web import answering_runs as runs
from readingroom.web import answering_session as sessions
from readingroom.web import answering_studies as studies
from readingroom.web import answers
from readingroom.web.edits import Change
from readingroom.web.overlays import OverlayView
from readingroom.web.versions import Version, VersionLine
from readingroom.web.views import StudyLine, StudyView

Handler = Callable[[Request], Awaitable[Response]]

SAMPLES, PNG, STREAM, FILE, HTML = "application/octet-stream", "image/png", "text/event-stream", "*/*", "text/html"
FORM = "multipart/form-data"


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    method: Literal["GET", "POST", "DELETE"]
    path: str
    handler: Handler
    summary: str
    gives: Any = None
    """The type of a JSON answer, or the media type of another one; None of an empty one."""
    takes: Any = None
    """The type of a JSON body, or FORM."""
    status: int = 200
    query: tuple[str, ...] = ()
    """What may stand in the query; with a star what must."""

    @property
    def name(self) -> str:
        """Unique: "get_studies_study"."""
        parts = [part.strip("{}") for part in self.path.split("/") if part]
        return "_".join([self.method.lower(), *parts])


def _studies() -> tuple[Operation, ...]:
    one, image = "/studies/{study}", "/studies/{study}/images/{image}"
    return (
        Operation("GET", "/studies", studies.listed, "The studies of this session", tuple[StudyLine, ...]),
        Operation("POST", "/studies", studies.given, "A new study from files or a zip", StudyView, FORM, 201),
        Operation("POST", "/studies/demo", studies.demonstrated, "The phantom with its prior", StudyView, None, 201),
        Operation("GET", one, studies.shown, "One study", StudyView),
        Operation("DELETE", one, studies.removed, "Remove a study and its files", None, None, 204),
        Operation("POST", f"{one}/priors", studies.given_priors, "Earlier images of the same patient", StudyView, FORM),
        Operation("GET", f"{image}/pixels", studies.pixels, "One plane as raw little-endian samples, row by row; "
                  "X-Rows, X-Columns and X-Type say how to read it", SAMPLES, query=("axis", "plane")),
        Operation("GET", f"{image}/thumbnail", studies.small, "A small picture", PNG),
        Operation("GET", "/overlays", studies.outlines, "Outlines of a chat's or a run's evidence in one plane",
                  tuple[OverlayView, ...], query=("study*", "image*", "axis", "plane", "chat", "run")),
    )  # fmt: skip


def _chats() -> tuple[Operation, ...]:
    one = "/chats/{chat}"
    return (
        Operation("GET", "/chats", chats.listed, "The chats of this session", tuple[answers.ChatLineView, ...]),
        Operation("POST", "/chats", chats.begun, "Begin a chat", answers.ChatView, chats.AboutStudy, 201),
        Operation("GET", one, chats.shown, "One chat with its turns", answers.ChatView),
        Operation("DELETE", one, chats.removed, "Remove a chat; the records of its runs stay", None, None, 204),
        Operation("POST", f"{one}/turns", chats.asked, "Ask; the answer comes as events", answers.AcceptedView,
                  chats.Question, 202),
        Operation("GET", f"{one}/events", chats.events, "What happens, as numbered server-sent events; goes on after "
                  "the header Last-Event-ID", STREAM, query=("after",)),
        Operation("POST", f"{one}/approval", chats.approved, "The word on a plan that waits", None, chats.Word, 204),
        Operation("POST", f"{one}/stop", chats.stopped, "Stop the turn at work; its record says so", None, None, 204),
        Operation("POST", f"{one}/undo", chats.undone, "Take back the last turn", answers.ChatView),
        Operation("GET", f"{one}/evidence", chats.evidence, "All evidence of a chat", tuple[Evidence, ...]),
        Operation("POST", "/drafts", chats.drafted, "Draft a report, as a turn of a chat", answers.DraftAcceptedView,
                  chats.DraftAsked, 202),
    )  # fmt: skip


def _runs() -> tuple[Operation, ...]:
    one = "/runs/{run}"
    versions = f"{one}/versions"
    return (
        Operation("GET", "/runs", runs.listed, "Runs, newest first", tuple[Run, ...], query=("limit",)),
        Operation("GET", one, runs.shown, "One run with its steps", answers.RunView),
        Operation("GET", f"{one}/report", runs.report, "Its report", Report),
        Operation("GET", "/runs/{first}/diff/{second}", runs.compared, "Where two runs differ first", Difference),
        Operation("POST", f"{one}/replay", runs.replayed, "Tell it again from its record alone", answers.ReplayedView),
        Operation("POST", f"{one}/verify", runs.verified, "Whether its record is as written", answers.IntegrityView),
        Operation("POST", f"{one}/check", runs.checked, "Hold sentences against its evidence", Verification,
                  runs.Sentences),
        Operation("GET", versions, runs.versions, "Versions of its report", tuple[VersionLine, ...]),
        Operation("POST", versions, runs.added, "A new version", Version, runs.NewVersion, 201),
        Operation("GET", f"{versions}/{{version}}", runs.version, "One version; 0 is the draft", Version),
        Operation("GET", f"{versions}/{{first}}/diff/{{second}}", runs.changed, "What two versions differ in",
                  tuple[Change, ...]),
        Operation("GET", f"{one}/export/{{format}}", runs.written, "Its report as a file", FILE,
                  query=("study", "version")),
    )  # fmt: skip


def _others() -> tuple[Operation, ...]:
    return (
        Operation("GET", "/session", sessions.session, "What this session may do", answers.SessionView),
        Operation("POST", "/invitations", sessions.invited, "A one-use link for somebody else", answers.LinkView,
                  None, 201),
        Operation("GET", "/cohorts", folders.cohorts, "Cohorts and how far they are", tuple[answers.CohortView, ...]),
        Operation("GET", "/experiments", folders.experiments, "Experiments", tuple[answers.ExperimentView, ...]),
        Operation("GET", "/experiments/{experiment}/view", folders.viewer, "An experiment's own page", HTML),
    )  # fmt: skip


OPERATIONS: tuple[Operation, ...] = (*_others(), *_studies(), *_chats(), *_runs())
