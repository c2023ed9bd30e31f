"""Adapters on this machine: read from files, kept by label, and what each says of an image as evidence."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.terms import Certainty, Presence
from readingroom.errors import BadFile, BadRequest
from readingroom.imaging.image import Image
from readingroom.index.entry import Space
from readingroom.learning.adapter import Adapter, Told, from_text
from readingroom.tools.backends.protocol import Backend, Embedded, Model
from readingroom.tools.label_sets import finding_of
from readingroom.tools.models import models
from readingroom.tools.target import target_of

RULED_OUT, HARDLY = 0.01, 0.1
"""Largest calibrated probability of what a report may deny flatly, and of what it may call very unlikely."""
BEARS = ((0.99, "is present"), (0.9, "is most likely present"), (0.75, "is likely present"))
"""Least calibrated probability of each word of presence, as the verifier holds it against the evidence."""
MOST_FILE = 600_000_000
"""Bytes of one adapter: fifty million numbers in base64, and a little."""
TRAINED = "Give the file of `adapt train`."


def read_adapter(path: Path) -> Adapter:
    """Raises BadFile where it is none, or was changed."""
    try:
        if path.stat().st_size > MOST_FILE:
            raise BadFile(f"is larger than {MOST_FILE // 1_000_000} MB", where=str(path), do=TRAINED)
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise BadFile("is not UTF-8 text", where=str(path), do=TRAINED) from error
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})", where=str(path), do=TRAINED) from error
    return from_text(text, str(path))


@dataclass(frozen=True)
class Adapters:
    """Those of a folder: each label is served by one of them."""

    by_digest: dict[str, Adapter]

    @property
    def labels(self) -> tuple[str, ...]:
        """All that they tell, as they were named when they were trained."""
        return tuple(name for adapter in self.by_digest.values() for name in adapter.names)

    def serving(self, labels: tuple[str, ...]) -> dict[str, str]:
        """Of labels that an adapter serves: the digest of that one."""
        known = {name.casefold(): digest for digest, adapter in self.by_digest.items() for name in adapter.names}
        return {label: known[label.casefold()] for label in labels if label.casefold() in known}

    def named(self, digest: str) -> Adapter:
        """Raises BadRequest where it is not here."""
        if digest not in self.by_digest:
            raise BadRequest(f"adapter {digest[:12]} is not in the folder of adapters", do="Put its file back.")
        return self.by_digest[digest]


NO_ADAPTERS = Adapters({})


def adapters_of(folder: Path | None) -> Adapters:
    """Every *.json of a folder. Raises BadRequest where there is no folder or two serve one label, BadFile as
    `read_adapter`."""
    if folder is None:
        return NO_ADAPTERS
    if not folder.is_dir():
        raise BadRequest("the folder of adapters is not there", where=str(folder), do="Make it, or mend the setting.")
    found: dict[str, Adapter] = {}
    owners: dict[str, Path] = {}
    for path in sorted(folder.glob("*.json")):
        adapter = read_adapter(path)
        for name in adapter.names:
            other = owners.setdefault(name.casefold(), path)
            if other != path:
                raise BadRequest(f"{other.name} and {path.name} both serve {name!r}", where=str(folder),
                                 do="Take one away.")  # fmt: skip
        found[adapter.digest] = adapter
    return Adapters(found)


def space_of(found: Embedded) -> Space:
    """Where a vector can be compared."""
    model = found.model
    return Space(model=model.name, version=model.version, preprocessing_id=model.preprocessing_id,
                 dimensions=int(found.vector.size))  # fmt: skip


def embedder(adapter: Adapter) -> str:
    """The model to embed with, by id; empty where it is the backend's own choice."""
    return next((name for name, row in models().items() if row.name == adapter.space.model), "")


async def embedded_for(adapter: Adapter, backend: Backend, image: Image) -> Embedded:
    """The image by the model that the adapter was trained on. Raises BadRequest where the backend's is another."""
    found = await backend.embed(image, embedder(adapter))
    adapter.accept(space_of(found))
    return found


def model_of(adapter: Adapter, digest: str, seen: Model) -> Model:
    """Who answers: the model that embedded, with the adapter on it."""
    return seen.model_copy(update={"name": f"{seen.name} with adapter {adapter.training.name}",
                                   "version": f"{seen.version}+{digest[:12]}",
                                   "description": f"{seen.description}, adapter {digest}"})  # fmt: skip


def told(adapter: Adapter, label: str, found: Embedded) -> Told:
    """What an adapter says of one label of one image."""
    ((one,),) = adapter.apply(np.atleast_2d(found.vector), space_of(found), (label,))
    return one


def evidence_of(adapter: Adapter, one: Told, place: tuple[str, str, Origin]) -> Evidence:
    """Present or absent only where it is calibrated and the probability lies outside the band.

    `place`: the evidence's id, the image's and the origin.
    """
    known = adapter.served(one.label)
    name, image_id, origin = place
    presence: Presence = one.called if known.calibrated else "indeterminate"
    finding = finding_of(known.label)
    return Evidence(
        id=name,
        observation=finding or target_of(known.label).observation,
        presence=presence,
        certainty=_denial(one.probability) if presence == "absent" else None,
        score=round(one.probability, 4),
        score_kind="probability",
        calibrated=known.calibrated,
        summary=f"{known.label}: probability {one.probability:.2f} ({known.wording}), {one.called} by cuts "
        f"{known.cuts.low:.2f} and {known.cuts.high:.2f}; adapter {adapter.digest[:12]}",
        image_id=image_id,
        quote=_sentence(known.label, presence, one.probability) if finding else "",
        origin=origin,
    )


def _sentence(label: str, presence: Presence, probability: float) -> str:
    """What a report may say of it; nothing where it is left open."""
    name = label[:1].upper() + label[1:]
    if presence == "present":
        word = next((word for least, word in BEARS if probability >= least), "may be present")
        return f"{name} {word}."
    if presence != "absent":
        return ""
    return (
        f"No {label.lower()}." if probability <= RULED_OUT else f"{name} is {_denial(probability).replace('_', ' ')}."
    )


def _denial(probability: float) -> Certainty:
    """The firmest word of absence: the mirror image of what the verifier asks of a calibrated presence."""
    return "definite" if probability <= RULED_OUT else "very_unlikely" if probability <= HARDLY else "unlikely"
