"""What every tool is: a name, a typed request, a typed result, and a function that stands at a bench."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.value import Value, digest_of
from readingroom.errors import BadRequest
from readingroom.imaging.image import Image
from readingroom.imaging.mask_file import decode_mask, encode_mask
from readingroom.index.protocol import VectorIndex
from readingroom.runs.blobs import Blobs
from readingroom.runs.trace import Outcome, StepIntent, Trace
from readingroom.tools.adapters import NO_ADAPTERS, Adapters
from readingroom.tools.backends.protocol import Backend, Model

if TYPE_CHECKING:
    from readingroom.tools.familiarity import Reference

EMBEDDED = "embedded"
"""The backend of models that are arithmetic on what other models answered."""

TOOL_VERSION = "1"
"""Raised when a tool's result for the same request changes."""


IndexDoor = Callable[[], AbstractContextManager[VectorIndex]]
"""Opens the index for one call, or shares it with another that has it open."""

Gives = TypeVar("Gives", bound="Result")


class Result(Value):
    """What every tool returns: evidence, beside what is its own."""

    evidence: tuple[Evidence, ...] = ()


@dataclass
class Masks:
    """Masks of this run by digest: kept as files, and at hand while the run lasts."""

    blobs: Blobs
    _held: dict[str, NDArray[np.bool_]] = field(default_factory=dict)

    def put(self, mask: NDArray[np.bool_]) -> str:
        digest = self.blobs.put(encode_mask(mask))
        self._held[digest] = mask
        return digest

    def get(self, digest: str) -> NDArray[np.bool_]:
        if digest not in self._held:
            self._held[digest] = decode_mask(self.blobs.get(digest))
        return self._held[digest]


@dataclass(frozen=True)
class Bench:
    """What a tool works with. Images go by the ids that we issued; no tool takes a path."""

    images: dict[str, Image]
    backend: Backend
    trace: Trace
    masks: Masks
    answered: dict[str, Model] = field(default_factory=dict)
    """Who gave the evidence of this run, by name and version."""
    earlier: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """What earlier runs of the same conversation were told, by the step's key: kept again, not asked again."""
    adapters: Adapters = NO_ADAPTERS
    """Heads that were trained here: the labels that `classify` tells with a calibrated probability."""
    index: IndexDoor | None = None
    """The index of embedded studies, where the room has one."""
    reference: Reference | None = None
    """The images that the room is used to, where it has been told of any."""

    def lookers(self) -> tuple[Model, ...]:
        """Those of them that looked at pixels, by name; arithmetic on their answers is not one."""
        return tuple(self.answered[name] for name in sorted(self.answered) if self.answered[name].backend != EMBEDDED)

    def image(self, name: str) -> Image:
        if name not in self.images:
            raise BadRequest(f"there is no image {name!r} in this study", do=f"It has {', '.join(self.images)}.")
        return self.images[name]

    async def run(
        self,
        tool: str,
        step: str,
        request: Value,
        work: Callable[[Answer], Awaitable[Gives]],
        gives: type[Gives],
    ) -> Gives:
        """Record one call of `tool`: `work` fills an Answer and returns the tool's result, which is of type `gives`.

        What this run was told already is not asked again: the result, and who gave it, come from the record.
        """
        inputs = {name: image.ref.sha256 for name, image in self.images.items() if name in _image_ids(request)}
        intent = StepIntent(
            name=step,
            tool=tool,
            version=TOOL_VERSION,
            backend=f"{self.backend.name} {self.backend.version}",
            request=_Addressed(request=request.model_dump(mode="json"), inputs=inputs),
        )

        async def call(name: str) -> Outcome[Gives]:
            if (told := self.earlier.get(intent.key)) is not None:
                return Outcome(restore(told), told)
            answer = Answer(tool, name, self.backend, digest_of(intent.request))
            result = await work(answer)
            self._met(answer.models.values())
            models = [model.model_dump(mode="json") for model in answer.models.values()]
            return Outcome(result, {"raw": answer.raw, "result": result.model_dump(mode="json"), "models": models})

        def restore(output: dict[str, Any]) -> Gives:
            self._met(Model(**model) for model in output["models"])
            return gives.model_validate(output["result"])

        return await self.trace.step(intent, call, restore)

    def _met(self, models: Iterable[Model]) -> None:
        self.answered.update((f"{model.name} {model.version}", model) for model in models)


class _Addressed(Value):
    """A request with the digests of the images it names."""

    request: dict[str, Any]
    inputs: dict[str, str]


def _image_ids(request: Value) -> set[str]:
    named = request.model_dump()
    single = {named["image"]} if "image" in named else set()
    return single | set(named.get("images", ()))


@dataclass
class Answer:
    """The raw answers of one call, kept as they came; evidence points into them."""

    tool: str
    step: str
    backend: Backend
    input_sha256: str
    models: dict[str, Model] = field(default_factory=dict)
    """Who gave it, by name and version."""
    raw: list[dict[str, Any]] = field(default_factory=list)

    def origin(self, model: Model, raw: dict[str, Any]) -> Origin:
        """Keep one raw answer and name it as the origin of evidence."""
        self.raw.append(raw)
        self.models[f"{model.name} {model.version}"] = model
        return Origin(
            tool=self.tool,
            tool_version=TOOL_VERSION,
            backend=model.backend,
            model=model.name,
            model_version=model.version,
            preprocessing_id=model.preprocessing_id,
            step=self.step,
            input_sha256=self.input_sha256,
            output_sha256=digest_of(raw),
            pointer=f"/raw/{len(self.raw) - 1}",
        )

    def next_id(self, offset: int) -> str:
        """Unique within the run; the ledger renumbers to E1, E2 ... in the order of the plan."""
        return f"{self.step}.{offset + 1}"


class Tool(NamedTuple):
    """A tool as a planner sees it; the docstrings of request and result are its manual."""

    name: str
    request: type[Value]
    result: type[Result]
    call: Callable[[Bench, str, Any], Awaitable[Any]]
    approval: bool = False
    """A plan that calls it waits for the user's yes."""
    outside: bool = False
    """It is another server's: nothing that our tools gave goes to it by reference."""
