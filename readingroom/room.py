"""ReadingRoom: settings in, readings out; the only place where the parts are put together."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr, ValidationError

from readingroom import __version__
from readingroom.agents.answer import Answer
from readingroom.archive import Archive, archive_of, rows_of
from readingroom.asked import absolute, asked_of, of_the_report, recorded_study, unchanged
from readingroom.domain.report import Report
from readingroom.domain.request import Request
from readingroom.domain.value import digest_of
from readingroom.drafted import drafting, report_in
from readingroom.errors import BadRequest, ReadingRoomError
from readingroom.imaging.image import Image, Study
from readingroom.imaging.reader import read_study
from readingroom.index.entry import Filter
from readingroom.later import Later
from readingroom.prompts.words import digest_of_all_words
from readingroom.reading import Reading
from readingroom.runs.conditions import Conditions, same_house
from readingroom.runs.difference import Difference, difference
from readingroom.runs.integrity import Integrity, intact, integrity
from readingroom.runs.replay import Replay, Replayed, replayed
from readingroom.runs.run import Run, Step
from readingroom.runs.store import Store
from readingroom.runs.trace import Trace
from readingroom.runs.unfinished import Way
from readingroom.serving import Serving
from readingroom.settings import Settings, load_settings, resource_manager, subject_key
from readingroom.staff import Staff
from readingroom.stopping import run_stoppable
from readingroom.tools.adapters import adapters_of
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.protocol import Backend
from readingroom.tools.backends.recorded import Recorded
from readingroom.tools.classify import ClassifyRequest, ClassifyResult, classify
from readingroom.tools.embed import EmbedRequest, EmbedResult, embed
from readingroom.tools.tool import Bench, Masks
from readingroom.workflows import question
from readingroom.workflows.admission import gated, restated, without_the_name
from readingroom.workflows.compose import template_of
from readingroom.workflows.drafting import drafted
from readingroom.workflows.verification import Verified, verify_text
from readingroom.workflows.workflows import WORKFLOWS

if TYPE_CHECKING:
    from readingroom import telemetry
    from readingroom.tools import familiarity
else:  # an extra, and off by default
    telemetry = Later("readingroom.telemetry")
    familiarity = Later("readingroom.tools.familiarity")

Paths = str | Path | Sequence[str | Path]
Given = TypeVar("Given")
Listener = Callable[[Step], None]


def _paths(given: Paths | None) -> tuple[Path, ...]:
    if given is None:
        return ()
    return (Path(given),) if isinstance(given, str | Path) else tuple(Path(item) for item in given)


def _kept(given: Paths | None) -> tuple[str, ...]:
    return absolute(_paths(given))


def _sources(*given: Paths | None) -> tuple[Path, ...]:
    return tuple(path for one in given for path in _paths(one))


def both(first: Callable[[Any], None] | None, second: Callable[[Any], None] | None) -> Callable[[Any], None] | None:
    """One listener for two, either of which may be missing."""
    if first is None or second is None:
        return first or second

    def told(what: Any) -> None:
        first(what)
        second(what)

    return told


def _identity(backend: Backend) -> str:
    return f"{backend.name} {backend.version}"


def _refuse_ended(run: Run) -> None:
    if run.status in ("done", "failed"):
        raise BadRequest(f"run {run.id} has ended ({run.status})", do="`readingroom show` tells it.")


def _request(words: dict[str, Any]) -> Request:
    try:
        return Request(**words)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        given = str(first["input"])
        raise BadRequest(f"{name} cannot be {given[:60]!r}", do=f"{first['msg']}.") from error


class ReadingRoom:
    """Reads studies with one backend and keeps a record of every run."""

    def __init__(self, settings: Settings | None = None, **given: object) -> None:
        """Settings come from arguments, else READINGROOM_* and readingroom.toml. Raises BadRequest for a wrong one."""
        self.settings = settings or load_settings(**given)
        self.store = Store(self.settings.home)
        self.serving = Serving(self.settings)
        self.staff = Staff(self.settings)
        self.archive = archive_of(self.settings)

    def read(self, paths: Paths, *, prior: Paths | None = None, lateral: Paths | None = None) -> Study:
        """Decode a study. Raises BadFile or BadStudy with what is wrong and what to do."""
        return read_study(
            _paths(paths),
            priors=_paths(prior),
            laterals=_paths(lateral),
            subject_key=subject_key(self.settings.config),
        )

    async def draft(
        self,
        paths: Paths,
        *,
        prior: Paths | None = None,
        lateral: Paths | None = None,
        workflow: str = "report",
        listen: Listener | None = None,
        **words: Any,
    ) -> Reading:
        """A checked draft of one study.

        `words` are the fields of Request: indication, technique, prior_report, targets, template, stated. Raises
        BadInput for what the user must mend, NotServed for a target asked for by name that nothing here serves.
        """
        if workflow not in WORKFLOWS:
            raise BadRequest(f"there is no workflow {workflow!r}", do=f"Choose one of {', '.join(WORKFLOWS)}.")
        asked = _request(words)
        study = await asyncio.to_thread(self.read, paths, prior=prior, lateral=lateral)
        study = restated(study, asked.stated)
        asked = without_the_name(study, asked, subject_key(self.settings.config))
        template_of(study, asked)  # one that is not there is refused before anything is looked for
        way = Way(paths=_kept(paths), prior=_kept(prior), lateral=_kept(lateral))
        with self.traced(f"draft: {workflow}") as spans:
            bench = self._begin(workflow, study, asked, both(listen, spans.listen if spans else None), way)
            reading = await self._carried_out(bench, study, asked)
            return replace(reading, paths=_sources(paths, prior, lateral))

    @contextmanager
    def traced(self, question: str) -> Iterator[telemetry.Spans | None]:
        """The spans of one question or draft, where the settings ask for them."""
        if self.telemetry is None:
            yield None
            return
        with self.telemetry.question(question) as spans:
            yield spans

    @cached_property
    def telemetry(self) -> telemetry.Telemetry | None:
        """What makes spans, where the settings ask for them and they can be made."""
        if self.settings.telemetry == "off":
            return None
        return telemetry.telemetry_or_none(content=self.settings.telemetry == "content")

    async def _carried_out(self, bench: Bench, study: Study, asked: Request) -> Reading:
        """A draft from where its run has begun to its end: a new one, one that goes on, or one told again."""
        with bench.trace.recorded():
            shift = self.staff.at(bench.trace, again=isinstance(bench.trace, Replay))
            report, study = await drafted(bench, study, asked, shift.writing())
            report = await shift.settled(report, study, asked)
            bench.trace.finish(report)
        return Reading(report, study, bench.masks.get)

    async def _went_on(self, bench: Bench, study: Study, asked: Request) -> Reading | Answer:
        """The same of any run that can go on or be told again."""
        if bench.trace.run.workflow != question.WORKFLOW:
            return await self._carried_out(bench, study, asked)
        with bench.trace.recorded():
            about = bench.trace.fact("about", lambda: None)
            shift = self.staff.at(bench.trace, again=isinstance(bench.trace, Replay))
            async with shift.lent(question.Ways(), study, asked) as ways:
                told = self.report(about) if about else None
                answer, study = await question.ask(bench, study, asked, shift.ways(ways), told)
            answer = await shift.settled_answer(answer, study, asked)
            report = answer.report if answer.plan.aim == "draft" else None
            bench.trace.finish(report or answer)
        return Reading(report, study, bench.masks.get) if report else answer

    async def resume(self, run: str, listen: Listener | None = None) -> Reading | Answer:
        """Finish a run that was stopped or killed, under its own id; what was answered is not asked again.

        Raises BadRequest where it has ended, another process is at it, or nothing is kept to go on with; BadFile or
        BadStudy where a source is gone or changed; RecordError where its journal was changed.
        """
        found = self.store.run(run)
        _refuse_ended(found)
        with self.store.unfinished.taken(found.id) as held:
            past = intact(self.store, found.id)
            _refuse_ended(past.run)  # it may have ended while we asked for the lease
            way, (asked, _) = held.read(), recorded_study(past)
            study = await asyncio.to_thread(self.read, way.paths, prior=way.prior, lateral=way.lateral)
            study = restated(study, asked.request.stated)
            unchanged(asked, study)
            backend = self.serving.backend(study.marks)
            conditions = self._conditions(backend)
            same_house(past.conditions, conditions, found.id)
            trace = Trace.resume(self.store, past, held, conditions, listen)
            bench = self._bench(trace, study, past.conditions.backend, backend)
            made = await self._went_on(bench, study, asked.request)
            return (
                replace(made, paths=_sources(way.paths, way.prior, way.lateral)) if isinstance(made, Reading) else made
            )

    async def replay(self, run: str) -> Replayed:
        """Tell a finished run again from its record alone: no network, no files, no pixels; nothing is written.

        Raises BadRequest for a run that recorded no report or answer, RecordError where its journal was changed.
        """
        found = self.store.run(run)
        if found.report_sha256 is None or found.workflow not in (*WORKFLOWS, question.WORKFLOW):
            what = f"run {found.id} ({found.workflow}, {found.status}) has no report to be told again"
            raise BadRequest(what, do="Name a run that drafted or answered.")
        past = intact(self.store, found.id)
        recorded = json.loads(self.store.blobs.get(found.report_sha256))
        asked, study = recorded_study(past)
        bench = self._bench(Replay(self.store, past), study, past.conditions.backend)
        try:
            made = await self._went_on(bench, study, asked.request)
        except ReadingRoomError as error:
            return replayed(past, recorded, None, error.line())
        told = made.report if isinstance(made, Reading) else made
        now = self._conditions(None).model_copy(update={"backend": past.conditions.backend})
        return replayed(past, recorded, told, "; ".join(past.conditions.changed(now)))

    def diff(self, first: str, second: str) -> Difference:
        """The first thing in which two runs differ, and how their reports' sentences do."""
        return difference(self.store, self.store.run(first).id, self.store.run(second).id)

    def verify_run(self, run: str) -> Integrity:
        """Whether a run's journal, what it keeps and its report are as they were written, or where they are not."""
        return integrity(self.store, self.store.run(run).id)

    def draft_sync(self, paths: Paths, **named: Any) -> Reading:
        """`draft` for scripts and notebooks without a running loop."""
        return self.wait_for(self.draft(paths, **named))

    def wait_for(self, answer: Coroutine[Any, Any, Given]) -> Given:
        """Run one of this room's calls to the end from ordinary code, and close its connections.

        Raises BadRequest inside a running loop, where `await` is the way.
        """

        async def closing() -> Given:
            try:
                return await answer
            finally:
                await self.aclose()

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return run_stoppable(closing())
        answer.close()
        raise BadRequest("an event loop is already running here", do="Use `await room.draft(...)` instead.")

    def endpoint(self, address: str, key: str | None = None) -> EndpointConfig:
        """How to call an endpoint: one of the settings by its model's id, or any by URL or resource ID."""
        known = next((config for model, config in self.settings.endpoints.items() if model == address), None)
        secret = SecretStr(key) if key else None
        if known is None:
            return EndpointConfig(address=address, key=secret, arm=resource_manager())
        return known.model_copy(update={"key": secret}) if secret else known

    async def aclose(self) -> None:
        """Close the connections to endpoints and language models; the next call opens them again."""
        await self.serving.aclose()
        await self.staff.aclose()

    async def embed(self, paths: Paths, model: str = "", listen: Listener | None = None) -> EmbedResult:
        """The first image as a vector, kept in the store by digest; `model` names one of several that embed."""
        bench, image = await self._one_image("embed", paths, listen)
        with bench.trace.recorded():
            result = await embed(bench, "embed", EmbedRequest(image=image.ref.id, model=model))
            bench.trace.finish(result)
        return result

    async def classify(
        self, paths: Paths, labels: Sequence[str] = (), listen: Listener | None = None, *, label_set: str = ""
    ) -> ClassifyResult:
        """Labels, or those of a set, for the first image, best first. Raises NotServed for what nothing here judges."""
        bench, image = await self._one_image("classify", paths, listen)
        request = ClassifyRequest(image=image.ref.id, labels=tuple(labels), label_set=label_set)
        with bench.trace.recorded():
            result = await classify(bench, "classify", request)
            bench.trace.finish(result)
        return result

    async def _one_image(self, workflow: str, paths: Paths, listen: Listener | None) -> tuple[Bench, Image]:
        study = await asyncio.to_thread(self.read, paths)
        gated(study)
        return self._begin(workflow, study, Request(), listen), study.images[0]

    def _begin(
        self, workflow: str, study: Study, request: Request, listen: Listener | None, way: Way | None = None
    ) -> Bench:
        backend = self.serving.backend(study.marks)
        trace = Trace.begin(
            self.store,
            workflow=workflow,
            subject=study.subject,
            request=asked_of(study, request),
            code_version=__version__,
            conditions=self._conditions(backend),
            way=way,
            listen=listen,
        )
        return self._bench(trace, study, _identity(backend), backend)

    def _bench(self, trace: Trace, study: Study, identity: str, backend: Backend | None = None) -> Bench:
        """`identity` is the backend's name and version; without a backend only the record answers."""
        name, _, version = identity.partition(" ")
        images = {image.ref.id: image for image in study.images}
        index = self.archive.opened if self.archive.begun else None
        reference = self.reference if backend else None
        recorded, masks = Recorded(trace, (name, version), backend), Masks(self.store.blobs)
        heads = adapters_of(self.settings.adapters)
        return Bench(images, recorded, trace, masks, adapters=heads, index=index, reference=reference)

    @cached_property
    def reference(self) -> familiarity.Reference | None:
        """The images that this room is used to. Raises BadRequest where the settings name no index."""
        if self.settings.reference is None:
            return None
        return familiarity.Reference(rows_of(Archive(self.settings.reference), Filter()))

    def _conditions(self, backend: Backend | None) -> Conditions:
        decisive = self.settings.model_dump(mode="json", exclude={"home", "config", "cache", "index", "index_key"})
        return Conditions(
            code_version=__version__,
            backend=_identity(backend) if backend else "",
            settings_sha256=digest_of(decisive),
            prompts_sha256=digest_of_all_words(),
        )

    def runs(self, limit: int = 50) -> tuple[Run, ...]:
        """The latest runs, newest first."""
        return self.store.runs(limit)

    def show(self, run: str) -> tuple[Run, tuple[Step, ...], Report | None]:
        """A run, its steps and the report if it made one; "last" is the newest. Raises BadRequest if unknown."""
        found = self.store.run(run)
        return found, self.store.steps(found.id), report_in(self.store, found)

    def report(self, run: str) -> Report:
        """The report that a run recorded; "last" is the newest run that was to draft one."""
        return self.store.report(drafting(self.store, run).id)

    def reading(
        self, run: str, source: Paths | None = None, *, prior: Paths | None = None, lateral: Paths | None = None
    ) -> Reading:
        """What a run drafted, to be written in any format; with `source` its images, which a run does not keep.

        "last": as for `report`. Raises BadRequest where it drafted nothing, BadStudy for an image that the report was
        not made from.
        """
        found = drafting(self.store, run)
        report = report_in(self.store, found)
        if report is None:
            raise BadRequest(f"run {found.id} has no report", do="Name a run that drafted one.")
        mask = Masks(self.store.blobs).get
        if source is None:
            return Reading(report, None, mask)
        study = of_the_report(report, self.read(source, prior=prior, lateral=lateral))
        return Reading(report, study, mask, _sources(source, prior, lateral))

    def verify(self, text: str, run: str | None = None, *, where: str = "the text") -> Verified:
        """Hold a report's JSON, Markdown or plain text against the evidence of a run."""
        return verify_text(text, self.store, drafting(self.store, run).id if run else None, where=where)
