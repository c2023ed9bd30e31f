"""How an image was acquired: what its pixels suggest beside what its header says, and where the two differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Literal

import numpy as np

from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.imaging.acquisition import FIELDS, NOT_SAID, Field, Said, contrast_named, sequences_named
from readingroom.imaging.anatomy import MODALITIES, parts_named
from readingroom.imaging.image import Image
from readingroom.index.entry import Filter, Metadata, Scalar, Space
from readingroom.index.protocol import MOST_FOUND, VectorIndex, Vectors
from readingroom.index.scalar import texts
from readingroom.learning.adapter import Adapter
from readingroom.learning.rates import Rate, wilson
from readingroom.tools.backends.protocol import Backend
from readingroom.tools.backends.several import embed_each
from readingroom.tools.image_vector import image_vector, space_of
from readingroom.workflows.searching import described, pooling_of

UNDECIDED = "undecided"
MAJORITY = 0.5
"""What the lower end of the share's interval has to lie above: more than half, chance allowed for."""
OWN = ("sha256", "subject", "study")
"""Of what is the query's own no neighbour may be."""
PLANES = ("axial", "coronal", "sagittal", "PA", "AP", "frontal", "lateral", "oblique")
LABELS: dict[Field, tuple[str, ...]] = {
    "modality": ("modality",), "anatomy": ("anatomy",), "plane": ("plane", "view"), "sequence": ("sequence",),
    "contrast": ("contrast",),
}  # fmt: skip
"""Metadata fields of an index that hold each label; the first that a row has counts."""

COMPARED = 100
"""Rows of the index, at equal steps, whose own nearest neighbours say how near is usual."""
STRANGE = 0.05
"""Conformal p-value up to which an image is too unlike the index for its neighbours to tell anything."""

Verdict = Literal["agrees", "mismatch", "undecided", "header silent"]


class Wanted(Value):
    """How neighbours vote."""

    k: int = 15
    """Patients at most that have a vote: each by the nearest of their images."""
    share: float = 0.7
    """Share of the votes below which nothing is decided."""


class Voter(Value):
    """A labelled neighbour, the nearest image of its patient."""

    id: str
    label: str
    similarity: float


class Parameter(Value):
    """One parameter, by header and by pixels."""

    field: Field
    header: str
    """"not said" where it does not say."""
    header_source: str
    """The attribute that it rests on."""
    pixels: str
    """"undecided" where the votes do not suffice."""
    verdict: Verdict
    reason: str
    share: Rate | None = None
    """Votes for the commonest label, with Wilson's interval."""
    voters: tuple[Voter, ...] = ()


class Acquisition(Value):
    """All parameters of one image. Nothing of it is calibrated but what an adapter says to be."""

    image: str
    provenance: str
    parameters: tuple[Parameter, ...]
    notes: tuple[str, ...] = ()

    @property
    def mismatches(self) -> tuple[Parameter, ...]:
        return tuple(one for one in self.parameters if one.verdict == "mismatch")


class _Seen(Value):
    pixels: str = UNDECIDED
    reason: str
    share: Rate | None = None
    voters: tuple[Voter, ...] = ()


async def read_acquisition(
    index: VectorIndex, backend: Backend, image: Image, said: Mapping[Field, Said], own: Metadata,
    *, wanted: Wanted | None = None, adapter: Adapter | None = None,
) -> Acquisition:  # fmt: skip
    """Modality, body part, plane, MR sequence and contrast by labelled neighbours, or by an adapter where it knows one.

    `said`: imaging/acquisition.py. `own`: subject and study of the image, where they are known; their other images
    have no vote. Raises BadRequest where index or adapter are of another space.
    """
    how = wanted or Wanted()
    if not (0.5 < how.share <= 1 and 1 <= how.k <= MOST_FOUND):
        raise BadRequest(f"a share of {how.share} of {how.k} votes decides nothing",
                         do="Give a share above 0.5, at most 1, and at least one vote.")  # fmt: skip
    found = await image_vector(image, partial(embed_each, backend), pooling_of(index))
    space = space_of(found.model, found.vector.size)
    if space != index.space:
        raise BadRequest(f"the index holds {index.space.title}, and the image is {space.title}",
                         do="Use the backend that it was made with.")  # fmt: skip
    mine: Metadata = {**described(index, image.ref.sha256), **own, "sha256": image.ref.sha256}
    excludes: dict[str, tuple[Scalar, ...]] = {name: tuple(texts(mine[name])) for name in OWN if name in mine}
    excludes["level"] = ("slice",)
    familiar = familiarity(index, found.vector, excludes)
    parameters = []
    for field in FIELDS:
        seen = _by_adapter(adapter, field, found.vector, space) if adapter else None
        if field == "plane" and image.ref.kind == "volume":
            seen = _Seen(reason="a volume is turned to the patient's axes when it is read; its pixels no longer tell")
        elif field == "sequence" and said[field].value == NOT_SAID and image.ref.modality not in ("mr", "unknown"):
            seen = _Seen(reason=f"no magnetic resonance: {image.ref.modality}")
        if seen is None:
            seen = _by_votes(index, field, found.vector, excludes, how)
            if familiar <= STRANGE:
                told = f"nothing in the index is as near as usual (p {familiar:.2g}); {seen.reason}"
                seen = seen.model_copy(update={"pixels": UNDECIDED, "reason": told})
        parameters.append(_compared(field, said[field], seen))
    notes = [] if "subject" in mine else [
        "The patient is not known, so that other images of the same patient may have a vote."
    ]  # fmt: skip
    told = f"{space.title}; {len(index)} rows, at most {how.k} patients vote, share from {how.share}; uncalibrated"
    return Acquisition(image=image.ref.name, provenance=told, parameters=tuple(parameters), notes=tuple(notes))


def familiarity(index: VectorIndex, vector: Vectors, excludes: Mapping[str, tuple[Scalar, ...]]) -> float:
    """Conformal p-value of the nearest neighbour's similarity among those that rows of the index have, own patient out.

    (1 + rows whose nearest is as far or farther) / (rows + 1).
    """
    nearest = index.search(vector, 1, Filter(excludes=dict(excludes)))
    if not nearest:
        return 1.0
    rows = index.entries(Filter(excludes={"level": ("slice",)}))
    chosen = [rows[at] for at in sorted({round(one) for one in np.linspace(0, len(rows) - 1, COMPARED)})]
    farther = counted = 0
    for entry, other in zip(chosen, index.vectors([entry.id for entry in chosen]), strict=True):
        own = {name: tuple(texts(entry.metadata[name])) for name in OWN if name in entry.metadata}
        found = index.search(other, 2, Filter(excludes={**own, "level": ("slice",)}))
        others = [hit for hit in found if hit.id != entry.id]
        if others:
            counted += 1
            farther += others[0].similarity <= nearest[0].similarity
    return (1 + farther) / (counted + 1)


def value_of(field: Field, text: str) -> str:
    """A label of an index or an adapter in the words that headers are read in; empty where it is none of this field."""
    word = text.strip()
    if field == "modality":
        known = word.lower().replace("-", "_")
        return MODALITIES.get(word.upper(), known if known in MODALITIES.values() else "")
    if field == "anatomy":
        parts = parts_named(word)
        return next(iter(parts)) if len(parts) == 1 else ""
    if field == "plane":
        return next((one for one in PLANES if one.lower() == word.lower()), "")
    if field == "sequence":
        named = sequences_named(word)
        return next(iter(named)) if len(named) == 1 else ""
    return word.lower() if word.lower() in ("with", "without") else contrast_named(word)


def label_of(field: Field, metadata: Metadata) -> str:
    """What a row of an index is labelled with; empty where it is not, or says several things."""
    for name in LABELS[field]:
        if found := {value for text in texts(metadata.get(name)) if (value := value_of(field, text))}:
            return found.pop() if len(found) == 1 else ""
    return ""


def voted(voters: Sequence[Voter], share: float) -> tuple[str, Rate | None, str]:
    """The label, its share of the votes, and why.

    Decided where the share reaches `share` and the lower end of its Wilson interval lies above a half, for which
    unanimous votes have to be four or more.
    """
    if not voters:
        return UNDECIDED, None, "no neighbour carries this label"
    (label, hits), *others = Counter(one.label for one in voters).most_common()
    rate = wilson(hits, len(voters))
    told = f"{hits} of {len(voters)} neighbouring patients say {label} ({rate.low:.2f}-{rate.high:.2f})"
    if others:
        told += ", " + ", ".join(f"{count} {name}" for name, count in others)
    if rate.value < share or rate.low <= MAJORITY:
        return UNDECIDED, rate, f"{told}: too few to decide"
    return label, rate, told


def _by_votes(
    index: VectorIndex, field: Field, vector: Vectors, excludes: Mapping[str, tuple[Scalar, ...]], how: Wanted
) -> _Seen:
    asked = how.k * 4
    while True:
        voters = _voters(index, field, vector, Filter(excludes=dict(excludes)), (asked, how.k))
        if len(voters) == how.k or asked >= min(len(index), MOST_FOUND):
            break
        asked = min(asked * 4, MOST_FOUND)
    pixels, rate, reason = voted(voters, how.share)
    return _Seen(pixels=pixels, reason=reason, share=rate, voters=voters)


def _voters(
    index: VectorIndex, field: Field, vector: Vectors, where: Filter, asked: tuple[int, int]
) -> tuple[Voter, ...]:
    """The nearest labelled row of each patient, of the first `asked[0]` rows, at most `asked[1]` patients."""
    found: dict[str, Voter] = {}
    for hit in index.search(vector, min(asked[0], MOST_FOUND), where):
        label = label_of(field, hit.metadata)
        whose = str(hit.metadata.get("subject") or hit.metadata.get("study") or hit.id)
        if label and whose not in found:
            found[whose] = Voter(id=hit.id, label=label, similarity=hit.similarity)
        if len(found) == asked[1]:
            break
    return tuple(found.values())


def _by_adapter(adapter: Adapter, field: Field, vector: Vectors, space: Space) -> _Seen | None:
    """None where the adapter has no two labels of this field."""
    names = {name: value for name in adapter.names if (value := value_of(field, name))}
    if len(set(names.values())) < 2:
        return None
    (told,) = adapter.apply(vector[None], space, tuple(names))
    present = [one for one in told if one.called == "present"]
    others = [one for one in told if one.called != "absent" and one not in present]
    shown = ", ".join(
        f"{one.label} {one.probability:.2f}" for one in sorted(told, key=lambda one: -one.probability)[:3]
    )
    reason = (
        f"adapter {adapter.training.name} ({adapter.digest[:12]}): {shown}; {adapter.served(told[0].label).wording}"
    )
    decided = len({names[one.label] for one in present}) == 1 and not others
    return _Seen(pixels=names[present[0].label] if decided else UNDECIDED, reason=reason)


def _compared(field: Field, said: Said, seen: _Seen) -> Parameter:
    verdict: Verdict = "undecided"
    if seen.pixels != UNDECIDED:
        same = _alike(said.value, seen.pixels)
        verdict = "header silent" if said.value == NOT_SAID else "agrees" if same else "mismatch"
    return Parameter(field=field, header=said.value, header_source=said.source, pixels=seen.pixels, verdict=verdict,
                     reason=seen.reason, share=seen.share, voters=seen.voters)  # fmt: skip


def _alike(header: str, pixels: str) -> bool:
    """PA and AP are frontal; a head is what a brain is in."""
    general = {"PA": "frontal", "AP": "frontal", "brain": "head"}
    either = {header, pixels}
    return header == pixels or (
        general.get(header, header) == general.get(pixels, pixels) and bool(either & {"frontal", "head"})
    )
