"""A chat: questions about one study, in turn, each durable before it is shown; bound to one subject."""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from readingroom.agents.answer import Answer
from readingroom.agents.events import Ended, Event, Planned, Tell
from readingroom.agents.wish import read_wish
from readingroom.asked import asked_of
from readingroom.chat_course import Course, Source, Turn
from readingroom.chat_ledger import from_the_ledger
from readingroom.chat_sources import Sources
from readingroom.chat_store import ChatStore, Kind
from readingroom.domain.evidence import Evidence
from readingroom.domain.plan import Plan
from readingroom.domain.request import Request
from readingroom.domain.value import canonical_json
from readingroom.errors import BadRequest, BadStudy, ReadingRoomError, RecordError
from readingroom.imaging.image import Study
from readingroom.imaging.subject import UNKNOWN
from readingroom.questions import ask_about
from readingroom.reading import Reading
from readingroom.room import Paths, ReadingRoom, _kept, _request
from readingroom.runs.run import Step
from readingroom.runs.trace import Trace
from readingroom.runs.unfinished import Way
from readingroom.settings import subject_key
from readingroom.telemetry import Telemetry
from readingroom.tools.tool import Masks, Tool
from readingroom.tools.toolbox import TOOLS
from readingroom.workflows.admission import related, restated, without_the_name
from readingroom.workflows.approval import Approval, Approve
from readingroom.workflows.question import Ways, silent

NO_TOOL = frozenset({"model", "approval"})
"""Steps that a later turn does not take from an earlier one: a model may say something else, and so may the user."""

Told = TypeVar("Told")

WORD = re.compile(r"\"[^\"]+\"|'[^']+'|\S+")


@dataclass(frozen=True)
class Means:
    """How a chat answers, beside what the settings say."""

    approve: Approve | None = None
    approve_all: bool = False
    """Every plan waits for a word, or only one that calls a tool which requires it."""
    tools: Sequence[Tool] = TOOLS
    telemetry: Telemetry | None = None
    opens_files: bool = True
    """Whether a comparison may name a file of this machine; a page that others ask through may not."""


class Chat:
    """One conversation, held by one process; close it. `begin_chat` and `resume_chat` make them."""

    def __init__(self, room: ReadingRoom, name: str, sources: Sources, means: Means) -> None:
        self.id = name
        self.study: Study = Study(UNKNOWN, ())
        self._room, self._sources, self._means = room, sources, means
        self._store = ChatStore(room.settings.home)
        self._way = Way(paths=())
        self._earlier: dict[str, dict[str, Any]] = {}
        self.course = Course(self._kept_answer)

    def _kept_answer(self, digest: str) -> Answer:
        return Answer.model_validate_json(self._room.store.blobs.get(digest))

    def _add(self, kind: Kind, number: int, **said: Any) -> None:
        self.course.apply(self._store.append(self.id, kind, {"number": number, **said}))

    @property
    def turns(self) -> tuple[Turn, ...]:
        """Those that stand, in order."""
        return self.course.turns

    @property
    def subject(self) -> str:
        return self.course.source.subject

    @property
    def way(self) -> Way:
        """Where its sources are: told to nobody but who opens them."""
        return self._way

    def evidence(self, name: str) -> Evidence:
        """Raises BadRequest for an id that this chat does not have."""
        ledger = self.course.ledger
        if (found := ledger.get(name.upper())) is None:
            raise BadRequest(
                f"there is no evidence {name[:20]!r} here", do=f"There is {', '.join(ledger) or 'none yet'}."
            )
        return found

    def reading(self) -> Reading:
        """The latest drafted report with its study. Raises BadRequest where none was drafted."""
        report = self.course.drafted
        if report is None:
            raise BadRequest("nothing was drafted in this chat yet", do="Ask for a draft: /draft.")
        refs = {ref.id: ref for ref in report.images}
        images = tuple(replace(one, ref=refs[one.ref.id]) for one in self.study.images if one.ref.id in refs)
        return Reading(report, replace(self.study, images=images), Masks(self._room.store.blobs).get)

    def close(self) -> None:
        """Another process may go on; may be called twice."""
        self._sources.close()

    def _begin(self, way: Way, request: Request) -> None:
        self.study = restated(_read(self._room, way), request.stated)
        self._way = way
        self._sources.write(way)
        self._add("begun", 1, **_source(self.study, request, way))

    def _go_on(self, way: Way) -> None:
        """Raises BadStudy where the sources are not what they were."""
        for entry in self._store.entries(self.id):
            self.course.apply(entry)
        source = self.course.source
        self._way = way.model_copy(update={"prior": way.prior[: source.priors]})
        self.study = self._as_it_was(source)
        self._remember(self.turns)

    def _as_it_was(self, source: Source) -> Study:
        study = restated(_read(self._room, self._way), source.asked.request.stated)
        _same_patient(self.id, source.subject, study)
        found = {image.ref.id: image.ref for image in study.images}
        for ref in source.asked.images:
            if ref.id not in found or found[ref.id].sha256 != ref.sha256:
                what = f"the {ref.name or f'{ref.role} image'} is no longer what chat {self.id} is about"
                raise BadStudy(what, do="Put the file back as it was, or begin another chat.")
        if asked_of(study, source.asked.request) != source.asked:
            raise BadStudy("the study is read otherwise than when this chat began", do="Begin another chat.")
        return study

    def _remember(self, turns: Sequence[Turn]) -> None:
        """What the tools answered in them; a damaged answer is asked again."""
        for turn in turns:
            past = self._room.store.history(turn.run) if turn.run else None
            for key, answered in past.answers.items() if past else ():
                if past and answered.step.tool not in NO_TOOL and answered.step.status == "done":
                    with suppress(RecordError):
                        self._earlier[key] = past.output(answered)

    def compare_with(self, paths: Paths) -> None:
        """Take an earlier study of the same patient beside the chat's own.

        Raises BadStudy where it belongs to another patient or is of another kind, BadFile where it cannot be read.
        """
        source = self.course.source
        way = self._way.model_copy(update={"prior": (*self._way.prior, *_kept(paths))})
        study = restated(_read(self._room, way), source.asked.request.stated)
        _same_patient(self.id, source.subject, study)
        related(study)
        self._sources.write(way)
        self._add("sources", self.course.next, **_source(study, source.asked.request, way))
        self._way, self.study = way, study

    def undo(self) -> Turn | Source | None:
        """Take back the last turn, or the last prior: out of the history and its ids, not out of the journal."""
        if (last := self.course.last) is None:
            return None
        self._add("undone", last.number)
        if isinstance(last, Source):
            self._way = self._way.model_copy(update={"prior": self._way.prior[: self.course.source.priors]})
            self.study = self._as_it_was(self.course.source)
            self._sources.write(self._way)
        self._earlier = {}
        self._remember(self.turns)
        return last

    async def ask(
        self, question: str, tell: Tell = silent, *, words: Mapping[str, Any] | None = None, approve: bool | None = None
    ) -> Turn:
        """One turn. Raises what `ask_about` raises; the chat goes on after it, and the record says how it ended.

        `words` are other fields of Request, for a draft; `approve` goes before the means' `approve_all`.
        """
        question = await self._without_paths(question)
        stated = self.course.source.asked.request.stated
        asked = _request({**(words or {}), "question": question, "stated": stated})
        asked = without_the_name(self.study, asked, subject_key(self._room.settings.config))
        number = self.course.next
        self._add("asked", number, question=asked.question)
        try:
            answer = await self._answered(number, asked, tell, self._means.approve_all if approve is None else approve)
            digest = self._room.store.blobs.put(canonical_json(answer).encode())
            self._add("answered", number, answer_sha256=digest)
        except BaseException as error:
            with suppress(RecordError):
                self._add("failed", number, error=_line(error))
            raise
        finally:
            self._remember(self.turns[-1:])
        return self.turns[-1]

    async def _answered(self, number: int, asked: Request, tell: Tell, every: bool) -> Answer:
        tell, known = self._recording(number, tell), set[str]()
        if found := from_the_ledger(asked.question or "", self.course):
            tell(Planned(plan=found.plan))
            return found

        def listen(step: Step) -> None:
            if step.key in self._earlier:
                known.add(step.name)

        def marked(event: Event) -> None:
            repeated = isinstance(event, Ended) and event.step in known
            tell(event.model_copy(update={"from_record": True}) if repeated else event)

        if self._means.telemetry is None:
            return await self._in_a_run(number, asked, marked, listen, every)
        with self._means.telemetry.question(asked.question or "", conversation=self.id) as spans:
            answer = await self._in_a_run(number, asked, _each(spans.tell, marked), _each(spans.listen, listen), every)
            spans.answered([sentence.text for sentence in answer.sentences])
            return answer

    async def _in_a_run(
        self, number: int, asked: Request, tell: Tell, listen: Callable[[Step], None], every: bool
    ) -> Answer:
        def ways_in(trace: Trace) -> Ways:
            self._add("run", number, run=trace.run.id)
            return Ways(
                approve=self._approving(number),
                approve_all=every,
                tell=tell,
                tools=self._means.tools,
                known=self.course.known,
            )

        reply = await ask_about(
            self._room, self.study, asked, self._way, ways_in,
            report=self.course.drafted, listen=listen, earlier=self._earlier,
        )  # fmt: skip
        return reply.answer

    def _recording(self, number: int, tell: Tell) -> Tell:
        """A plan is in the record before it is shown."""

        def recorded(event: Event) -> None:
            if isinstance(event, Planned):
                self._add("planned", number, plan=event.plan.model_dump(mode="json"))
            tell(event)

        return recorded

    def _approving(self, number: int) -> Approve | None:
        if (approve := self._means.approve) is None:
            return None

        async def recorded(plan: Plan) -> Approval:
            said = await approve(plan)
            word = said if isinstance(said, Approval) else Approval(approved=said)
            self._add("approved", number, approved=word.approved, dropped=list(word.dropped))
            return word

        return recorded

    async def _without_paths(self, question: str) -> str:
        """A file that the question names is opened only as a prior, where a comparison is asked for.

        Its path goes no further. Raises BadRequest where none is asked for.
        """
        named = [word for word in WORD.findall(question) if _is_file(word)] if self._means.opens_files else []
        if not named:
            return question
        if "compare" not in read_wish(question).aims:
            what = "this chat is about one study of one patient, and opens no other"
            raise BadRequest(what, do="Compare with an earlier study by /prior PATH, or begin another chat.")
        await asyncio.to_thread(self.compare_with, [_path(word) for word in named])
        for word in named:
            question = question.replace(word, "the prior image")
        return question


def begin_chat(
    room: ReadingRoom,
    paths: Paths,
    *,
    prior: Paths | None = None,
    lateral: Paths | None = None,
    stated: dict[str, Any] | None = None,
    means: Means | None = None,
) -> Chat:
    """A new chat about a study. Raises BadInput for what the user must mend, RecordError."""
    request = _request({"stated": stated or {}})
    way = Way(paths=_kept(paths), prior=_kept(prior), lateral=_kept(lateral))
    name = f"c-{datetime.now(UTC).strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(2)}"
    chat = Chat(room, name, Sources(room.settings.home, name), means or Means())
    try:
        chat._begin(way, request)
    except BaseException:
        chat._sources.forget()
        chat.close()
        raise
    return chat


def resume_chat(room: ReadingRoom, name: str, *, paths: Paths | None = None, means: Means | None = None) -> Chat:
    """The same chat, with the same history; "last" is the newest. `paths`: where its images are now.

    Raises BadRequest where it is not there or another process is at it, BadStudy where its images are of another
    patient or no longer what they were, RecordError where its record was changed.
    """
    name = ChatStore(room.settings.home).find(name)
    sources = Sources(room.settings.home, name)
    chat = Chat(room, name, sources, means or Means())
    try:
        way = sources.read()
        moved = way if paths is None else way.model_copy(update={"paths": _kept(paths)})
        chat._go_on(moved)
        if moved != way:
            sources.write(moved)
    except BaseException:
        chat.close()
        raise
    return chat


def forget_chat(room: ReadingRoom, name: str) -> None:
    """Keep no longer where its files are: it cannot go on, and its record stays. Raises BadRequest, RecordError."""
    store = ChatStore(room.settings.home)
    name = store.find(name)
    sources = Sources(room.settings.home, name)
    try:
        store.append(name, "forgotten", {})
        sources.forget()
    finally:
        sources.close()


def _each(*calls: Callable[[Told], None]) -> Callable[[Told], None]:
    def told(what: Told) -> None:
        for call in calls:
            call(what)

    return told


def _read(room: ReadingRoom, way: Way) -> Study:
    return room.read(way.paths, prior=way.prior or None, lateral=way.lateral or None)


def _source(study: Study, request: Request, way: Way) -> dict[str, Any]:
    asked = asked_of(study, request).model_dump(mode="json")
    return {"subject": study.subject, "asked": asked, "priors": len(way.prior)}


def _same_patient(chat: str, subject: str, study: Study) -> None:
    if subject not in (UNKNOWN, study.subject):
        raise BadStudy(f"the images belong to another patient than chat {chat}", do="Begin another chat with them.")


def _line(error: BaseException) -> str:
    if isinstance(error, ReadingRoomError):
        return error.line()
    stopped = isinstance(error, KeyboardInterrupt | SystemExit | asyncio.CancelledError)
    return "it was stopped" if stopped else f"{type(error).__name__}: a fault of this program"


def _path(word: str) -> Path:
    return Path(word.strip("\"',;?!")).expanduser()


def _is_file(word: str) -> bool:
    """Whether a word of a question names something on this machine; plain words do not."""
    if not ("/" in word or "\\" in word or "." in word[1:-1]):
        return False
    try:
        return _path(word).exists()
    except (OSError, ValueError, RuntimeError):
        return False
