"""FHIR Devices for the software and every model it asked, and Provenance for the report and each step's output."""

from __future__ import annotations

from collections.abc import Iterable

from readingroom.domain.evidence import Evidence, Origin
from readingroom.exports.fhir_elements import HL7, Data, Draft, code, digest, instant, lasting, recorded, some, text
from readingroom.exports.fhir_imaging import image_digests
from readingroom.exports.wording import backend_words

SOFTWARE = "Reading Room"
CREATED = {"coding": [code(HL7 + "v3-DataOperation", "CREATE", "create")]}


def model_name(origin: Origin) -> str:
    """The entry of the device that an evidence came from."""
    return f"device {origin.backend} {origin.model} {origin.model_version}"


def add_devices(draft: Draft) -> None:
    """The software, and each model once."""
    told = draft.report.provenance
    notice = draft.report.notice
    body = _device(draft, SOFTWARE, told.code_version, "image reading software", notice)
    draft.add("Device", "software", body, identifier=lasting(f"{SOFTWARE} {told.code_version}"))
    for item in draft.report.evidence:
        name = model_name(item.origin)
        if item.trust == "tool" and name not in draft.entries:
            origin = item.origin
            kind = f"image analysis model, {backend_words(origin)}"
            body = _device(draft, origin.model or origin.backend, origin.model_version, kind, notice)
            draft.add("Device", name, body, identifier=lasting(name))


def add_provenance(draft: Draft, report: Data, results: Iterable[Data]) -> None:
    """Who made the report from what; and for each step which model made which evidence from which bytes."""
    told = draft.report.provenance
    start, end = instant(told.started), instant(told.finished)
    models = [name for name in draft.entries if name.startswith("device ")]
    body = {
        "target": [report, *results],
        "occurredPeriod": some({"start": start, "end": end}) if start and end else None,
        **recorded(told.finished),
        "activity": CREATED,
        "agent": [
            _agent(draft, "software", "author", "Author"),
            *(_agent(draft, name, "performer", "Performer") for name in models),
        ],
        "entity": [
            *({"role": "source", "what": each} for each in image_digests(draft)),
            _entity("source", told.template_sha256, f"report template {told.template}"),
            _entity("source", draft.digest, f"canonical report {draft.report.id} (run {told.run}, workflow"
                    f" {told.workflow}, planned by {told.planner}, written by {told.writer})"),
        ],
    }  # fmt: skip
    draft.add("Provenance", "provenance", some(body))
    steps: dict[tuple[str, ...], list[Evidence]] = {}
    for item in draft.report.evidence:
        origin = item.origin
        key = (origin.step, origin.tool, model_name(origin), origin.input_sha256, origin.output_sha256, item.trust)
        steps.setdefault(key, []).append(item)
    for number, items in enumerate(steps.values()):
        draft.add("Provenance", f"provenance of step {number}", _step(draft, items))


def _step(draft: Draft, items: list[Evidence]) -> Data:
    origin = items[0].origin
    agent = model_name(origin) if items[0].trust == "tool" else "software"
    tool = f"tool {origin.tool} {origin.tool_version}, step {origin.step}, preprocessing {origin.preprocessing_id}"
    pointers = ", ".join(dict.fromkeys(item.origin.pointer for item in items if item.origin.pointer))
    places = f" at {pointers}" if pointers else ""
    return some({
        "target": [draft.ref(f"evidence {item.id}") for item in items],
        **recorded(draft.report.provenance.finished),
        "activity": CREATED,
        "agent": [_agent(draft, agent, "performer", "Performer")],
        "entity": [
            _entity("source", origin.input_sha256, f"input of {tool}"),
            _entity("quotation", origin.output_sha256, f"stored output of {tool}{places}"),
        ],
    })  # fmt: skip


def _device(draft: Draft, name: str, version: str, kind: str, notice: str) -> Data:
    named = text(name) or "unnamed"
    names = (
        {"deviceName": [{"name": named, "type": "user-friendly-name"}]}
        if draft.release == "R4"
        else {"displayName": named, "name": [{"value": named, "type": "user-friendly-name"}]}
    )
    typed = {"text": text(kind)}
    return some({
        "status": "active",
        **names,
        "type": typed if draft.release == "R4" else [typed],
        "version": [{"value": text(version)}] if text(version) else None,
        "note": [{"text": text(notice)}] if text(notice) else None,
    })  # fmt: skip


def _agent(draft: Draft, device: str, role: str, display: str) -> Data:
    return {
        "type": {"coding": [code(HL7 + "provenance-participant-type", role, display)]},
        "who": draft.ref(device),
    }


def _entity(role: str, sha256: str, what: str) -> Data:
    return {"role": role, "what": digest(sha256, what)}
