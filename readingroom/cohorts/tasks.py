"""What can be carried out on one study of a cohort: each workflow and tool, from a study to rows and files."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from pathlib import Path

from readingroom.agents.answer import Answer
from readingroom.cohorts.item import Cost, Item, Vector
from readingroom.cohorts.options import Options, words_of, workflow_of
from readingroom.cohorts.rows import Row, evidence_rows, finding_rows, report_row, study_row
from readingroom.domain.request import Request
from readingroom.domain.value import digest_of
from readingroom.exports.neighbours import thumbnail
from readingroom.imaging.image import Study
from readingroom.imaging.sources import Source
from readingroom.imaging.subject import UNKNOWN
from readingroom.questions import ask_about
from readingroom.reading import Reading
from readingroom.room import Paths, ReadingRoom, _request
from readingroom.runs.run import Step
from readingroom.runs.store import Store
from readingroom.runs.trace import Trace
from readingroom.runs.unfinished import Way
from readingroom.saving import save_files
from readingroom.settings import subject_key
from readingroom.tools.classify import ClassifyRequest, ClassifyResult, classify
from readingroom.tools.image_vector import image_vector
from readingroom.workflows.admission import gated, restated, without_the_name
from readingroom.workflows.batching import Batcher
from readingroom.workflows.collecting import _about
from readingroom.workflows.question import Ways

ARTIFACTS, RECORD = "artifacts", "record"
THUMBNAIL = "thumbnail.png"

subject_by_table: ContextVar[str] = ContextVar("subject_by_table", default="")
"""The pseudonym that the manifest gives the item at hand, for files that name no patient."""


class CohortRoom(ReadingRoom):
    """A room whose runs are kept in the cohort's own folder, synced for many at once, with the models of another."""

    def __init__(self, room: ReadingRoom, folder: Path) -> None:
        index = room.settings.index or room.settings.home / "index"
        super().__init__(room.settings.model_copy(update={"home": folder / RECORD, "index": index}))
        self.store = Store(folder / RECORD, synced=False)
        self.serving = room.serving
        self.staff = room.staff

    def read(self, paths: Paths, *, prior: Paths | None = None, lateral: Paths | None = None) -> Study:
        """As a room reads, with the manifest's subject where the files name none."""
        study = super().read(paths, prior=prior, lateral=lateral)
        given = subject_by_table.get()
        return replace(study, subject=given) if given and study.subject == UNKNOWN else study


@dataclass
class Meter:
    """Counts the calls of one item."""

    cost: Cost = field(default_factory=Cost)

    def called(self, tool: str, seconds: float) -> None:
        """A call was made."""
        old = self.cost
        took = {**old.call_seconds, tool: old.call_seconds.get(tool, 0.0) + seconds}
        counts = {**old.calls_of, tool: old.calls_of.get(tool, 0) + 1}
        self.cost = old.model_copy(update={"calls": old.calls + 1, "call_seconds": took, "calls_of": counts})

    def listen(self, step: Step) -> None:
        """Told both ends of each step; what came from the record was no call."""
        if step.status == "started" or step.of is not None:
            return
        self.called(step.tool, (step.elapsed_ms or 0.0) / 1000)
        old, spent = self.cost, step.spent
        money = old.cost if spent.cost is None else (old.cost or 0.0) + spent.cost
        tokens = old.tokens + spent.tokens_in + spent.tokens_out
        self.cost = old.model_copy(update={"run": step.run, "tokens": tokens, "cost": money})


@dataclass(frozen=True)
class Errand:
    """One item at hand, with all that a task needs."""

    room: CohortRoom
    options: Options
    folder: Path
    item: Item
    batcher: Batcher
    began: Callable[[str], None]
    """Told the run of this item when it is begun, and before anything is called."""
    meter: Meter

    @property
    def way(self) -> Way:
        return Way(paths=self.item.paths, prior=self.item.prior, lateral=self.item.lateral)


@dataclass(frozen=True)
class Made:
    """What a task gives."""

    row: Row
    findings: tuple[Row, ...] = ()
    vectors: tuple[Vector, ...] = ()
    partial: str = ""
    """Why it is not whole."""
    run: str = ""


Task = Callable[[Errand, Study], Awaitable[Made]]


def asked_of(errand: Errand) -> Request:
    """Raises BadRequest for words that make up no request."""
    return _request(words_of(errand.options, errand.item.words))


async def report(errand: Errand, study: Study) -> Made:
    """A workflow's checked report, with its files by digest."""
    room, asked = errand.room, asked_of(errand)
    study = restated(study, asked.stated)
    asked = without_the_name(study, asked, subject_key(room.settings.config))
    workflow = workflow_of(errand.options)
    with room.traced(f"cohort: {workflow}"):
        bench = room._begin(workflow, study, asked, errand.meter.listen, errand.way)
        errand.began(bench.trace.run.id)
        reading = await room._carried_out(bench, study, asked)
    return await told_reading(errand, replace(reading, paths=tuple(map(Path, errand.item.paths))))


async def told_reading(errand: Errand, reading: Reading) -> Made:
    """The rows of a report, after its files are written. Raises RecordError where they cannot be."""
    row = report_row(reading.report)
    await asyncio.to_thread(_save, errand, reading, str(row["report_sha256"]))
    degraded = [one.text for one in reading.report.limitations if one.code == "tool_failed"]
    partial = " ".join(degraded) if reading.report.status == "partial" else ""
    return Made(row, finding_rows(reading.report), partial=partial, run=reading.run)


def _save(errand: Errand, reading: Reading, digest: str) -> None:
    folder = place_of(errand.folder, digest)
    if errand.options.formats:
        reading.save(folder, errand.options.formats)
    if reading.study is not None and "html" in errand.options.formats:
        save_files(folder, {THUMBNAIL: thumbnail((reading.study.current or reading.study.images)[0])})


def place_of(folder: Path, digest: str) -> Path:
    """Where the files of a report are."""
    return folder / ARTIFACTS / digest[:2] / digest


async def embed(errand: Errand, study: Study) -> Made:
    """A vector for each current image; several studies' images go to the model in one call."""
    gated(study)
    source = Source(tuple(map(Path, errand.item.paths)), errand.item.id, errand.item.study)
    vectors = []
    for image in study.current or study.images:
        clock = time.perf_counter()
        found = await image_vector(image, errand.batcher.embed, errand.options.pooling)
        errand.meter.called("embed", time.perf_counter() - clock)
        model, numbers = found.model, found.vector.astype("<f4").tobytes()
        metadata = {**_about(image, study, source), **errand.item.about, "backend": model.backend}
        vectors.append(Vector(id=image.ref.sha256, metadata=metadata, numbers=numbers.hex(), model=model.name,
                              version=model.version, preprocessing_id=model.preprocessing_id))  # fmt: skip
    first = vectors[0]
    digest = hashlib.sha256(bytes.fromhex("".join(one.numbers for one in vectors))).hexdigest()
    row = {**study_row(study), "model": f"{first.model} {first.version}".strip(), "vector_sha256": digest}
    return Made(row, vectors=tuple(vectors))


async def labels(errand: Errand, study: Study) -> Made:
    """Labels of the first image, each a row."""
    room, asked = errand.room, asked_of(errand)
    study = restated(study, asked.stated)
    gated(study)
    bench = room._begin("classify", study, Request(), errand.meter.listen)
    image = study.images[0].ref.id
    given = ClassifyRequest(image=image, labels=errand.options.labels, label_set=errand.options.label_set)
    with bench.trace.recorded():
        found = await classify(bench, "classify", given)
        bench.trace.finish(found)
    rows: list[Row] = [
        {"row": "label", "name": str(place), "text": one.label, "score": one.score, "presence": one.says or None,
         "calibrated": found.calibrated, "image": image, "model": found.model, "reasons": one.wording}
        for place, one in enumerate(found.scores, 1)
    ]  # fmt: skip
    rows += [row for item in found.evidence for row in evidence_rows(item)]
    label, score = labelled(found)
    row = {**study_row(study), "label": label, "label_score": score, "model": found.model,
           "evidence": len(found.evidence)}  # fmt: skip
    return Made(row, tuple(rows), run=bench.trace.run.id)


def labelled(found: ClassifyResult) -> tuple[str | None, float | None]:
    """The label of an item and its score: the kind of image, else the findings that a calibrated adapter calls present.

    "unknown" has no score; where only findings were asked for and none is called present there is no label either.
    """
    if found.label != "unknown":
        return found.label, next((one.score for one in found.scores if one.label == found.label), None)
    judged = [one for one in found.scores if one.says]
    present = sorted((one for one in judged if one.says == "present"), key=lambda one: -one.score)
    if present:
        return "; ".join(one.label for one in present), present[0].score
    return (None if judged else found.label), None


async def answer(errand: Errand, study: Study) -> Made:
    """The answer to one question, asked of every study."""
    room, asked = errand.room, asked_of(errand)
    study = restated(study, asked.stated)
    asked = without_the_name(study, asked, subject_key(room.settings.config))

    def ways(trace: Trace) -> Ways:
        errand.began(trace.run.id)
        return Ways()

    reply = await ask_about(room, study, asked, errand.way, ways, listen=errand.meter.listen)
    if reply.reading is not None:
        return await told_reading(errand, reply.reading)
    return told_answer(reply.answer)


def told_answer(found: Answer) -> Made:
    """The rows of an answer."""
    rows: list[Row] = []
    for one in found.sentences:
        check = found.checks.get(one.id)
        rows.append({"row": "answer", "name": one.id, "text": one.text, "cites": " ".join(one.evidence),
                     "verdict": check.verdict if check else None})  # fmt: skip
    rows += [row for item in found.evidence for row in evidence_rows(item)]
    rows += [{"row": "unanswered", "text": text} for text in found.unanswered]
    rows += [{"row": "limitation", "name": one.code, "text": one.text} for one in found.limitations]
    verdicts = [check.verdict for check in found.checks.values()]
    timeless = found.model_copy(update={"run": ""})
    row = {
        "subject": found.subject, "images": len(found.images), "answer": " ".join(one.text for one in found.sentences),
        "report_status": found.status, "clean": found.clean, "sentences": len(found.sentences),
        "evidence": len(found.evidence), "report_sha256": digest_of(timeless),
        **{name: verdicts.count(name) for name in ("supported", "contradicted", "unsupported", "not_checkable")},
    }  # fmt: skip
    partial = " ".join(one.text for one in found.limitations if one.code == "tool_failed")
    return Made(row, tuple(rows), partial=partial, run=found.run)


TASKS: Mapping[str, Task] = {
    "report": report,
    "chest_xray_report": report,
    "segment_and_measure": report,
    "segment": report,
    "measure": report,
    "embed": embed,
    "classify": labels,
    "ask": answer,
}
"""By the name that the command is given."""
