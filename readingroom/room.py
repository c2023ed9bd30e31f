"""ReadingRoom: settings in, readings out; the only place where the parts are put together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import SecretStr, ValidationError

from readingroom import __version__
from readingroom.domain.image import ImageRef
from readingroom.domain.report import Report
from readingroom.domain.request import Request
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.imaging.image import Image, Study
from readingroom.imaging.reader import read_study
from readingroom.reading import Reading
from readingroom.runs.run import Run, Step
from readingroom.runs.store import Store
from readingroom.runs.trace import Trace, now
from readingroom.serving import Serving
from readingroom.settings import Settings, load_settings, subject_key
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.classify import ClassifyRequest, ClassifyResult, classify
from readingroom.tools.embed import EmbedRequest, EmbedResult, embed
from readingroom.tools.tool import Bench, Masks
from readingroom.workflows.admission import gated, related, restated, routed, without_the_name
from readingroom.workflows.compose import Occasion, compose
from readingroom.workflows.verification import Verified, verify_text
from readingroom.workflows.workflows import WORKFLOWS

Paths = str | Path | Sequence[str | Path]
Answer = TypeVar("Answer")
Listener = Callable[[Step], None]


class Asked(Value):
    """What a run was asked, as the record keeps it: words and references, no pixels and no paths."""

    request: Request
    images: tuple[ImageRef, ...]


def _paths(given: Paths | None) -> tuple[Path, ...]:
    if given is None:
        return ()
    return (Path(given),) if isinstance(given, str | Path) else tuple(Path(item) for item in given)


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
        trace, bench = self._begin(workflow, study, asked, listen)
        with trace.recorded():
            study, bench = await routed(study, bench)
            related(study)
            gates = gated(study)
            gathered = await WORKFLOWS[workflow](bench, study, asked)
            occasion = Occasion(
                run=trace.run.id,
                workflow=workflow,
                planner="fixed workflow",
                answered=bench.lookers(),
                code_version=__version__,
                started=trace.run.started,
                finished=now(),
            )
            report = compose(gathered, study, asked, gates, occasion)
            trace.finish(report)
        return Reading(report, study, bench.masks.get)

    def draft_sync(self, paths: Paths, **named: Any) -> Reading:
        """`draft` for scripts and notebooks without a running loop."""
        return self.wait_for(self.draft(paths, **named))

    def wait_for(self, answer: Coroutine[Any, Any, Answer]) -> Answer:
        """Run one of this room's calls to the end from ordinary code, and close its connections.

        Raises BadRequest inside a running loop, where `await` is the way.
        """

        async def closing() -> Answer:
            try:
                return await answer
            finally:
                await self.aclose()

        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(closing())
        answer.close()
        raise BadRequest("an event loop is already running here", do="Use `await room.draft(...)` instead.")

    def endpoint(self, address: str, key: str | None = None) -> EndpointConfig:
        """How to call an endpoint: one of the settings by its model's id, or any by URL or resource ID."""
        known = next((config for model, config in self.settings.endpoints.items() if model == address), None)
        secret = SecretStr(key) if key else None
        if known is None:
            return EndpointConfig(address=address, key=secret)
        return known.model_copy(update={"key": secret}) if secret else known

    async def aclose(self) -> None:
        """Close the connections to endpoints; the next call opens them again."""
        await self.serving.aclose()

    async def embed(self, paths: Paths, model: str = "", listen: Listener | None = None) -> EmbedResult:
        """The first image as a vector, kept in the store by digest; `model` names one of several that embed."""
        bench, image = await self._one_image("embed", paths, listen)
        with bench.trace.recorded():
            result = await embed(bench, "embed", EmbedRequest(image=image.ref.id, model=model))
            bench.trace.finish(result)
        return result

    async def classify(
        self, paths: Paths, labels: Sequence[str] = (), listen: Listener | None = None
    ) -> ClassifyResult:
        """Labels for the first image, best first. Raises NotServed for labels that the backend cannot judge."""
        bench, image = await self._one_image("classify", paths, listen)
        with bench.trace.recorded():
            result = await classify(bench, "classify", ClassifyRequest(image=image.ref.id, labels=tuple(labels)))
            bench.trace.finish(result)
        return result

    async def _one_image(self, workflow: str, paths: Paths, listen: Listener | None) -> tuple[Bench, Image]:
        study = await asyncio.to_thread(self.read, paths)
        gated(study)
        return self._begin(workflow, study, Request(), listen)[1], study.images[0]

    def _begin(self, workflow: str, study: Study, request: Request, listen: Listener | None) -> tuple[Trace, Bench]:
        backend = self.serving.backend(study.marks)
        trace = Trace.begin(
            self.store,
            workflow=workflow,
            subject=study.subject,
            request=Asked(request=request, images=tuple(image.ref for image in study.images)),
            code_version=__version__,
            listen=listen,
        )
        images = {image.ref.id: image for image in study.images}
        return trace, Bench(images, backend, trace, Masks(self.store.blobs))

    def runs(self, limit: int = 50) -> tuple[Run, ...]:
        """The latest runs, newest first."""
        return self.store.runs(limit)

    def show(self, run: str) -> tuple[Run, tuple[Step, ...], Report | None]:
        """A run, its steps and the report if it made one; "last" is the newest. Raises BadRequest if unknown."""
        found = self.store.run(run)
        report = self.store.report(found.id) if found.report_sha256 and found.workflow in WORKFLOWS else None
        return found, self.store.steps(found.id), report

    def report(self, run: str) -> Report:
        """The report that a run recorded."""
        return self.store.report(run)

    def verify(self, text: str, run: str | None = None, *, where: str = "the text") -> Verified:
        """Hold a report's JSON, Markdown or plain text against the evidence of a run."""
        return verify_text(text, self.store, run, where=where)
