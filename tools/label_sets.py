"""Label sets: prompts as data, and whether their labels exclude each other."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationError, model_validator

from readingroom.domain.image import ImageRef
from readingroom.domain.terms import Modality
from readingroom.domain.value import Value
from readingroom.errors import BadRequest, NotServed
from readingroom.language.claims import claims_of
from readingroom.language.lexicon import lexicon
from readingroom.prompts.words import load_words
from readingroom.tools.target import target_of

Words = Annotated[str, Field(min_length=1, max_length=200)]

PLACE = "{words}"

MODALITY_WORDS: dict[Modality, str] = {
    "x_ray": "x-ray", "ct": "computed tomography", "mr": "magnetic resonance imaging", "ultrasound": "ultrasound",
    "mammography": "mammography", "dermoscopy": "dermoscopy", "fundus": "fundus photography",
    "pathology": "histopathology", "endoscopy": "endoscopy", "oct": "optical coherence tomography",
    "octa": "optical coherence tomography angiography", "nuclear": "nuclear medicine",
}  # fmt: skip
"""How a prompt says a modality."""


class Prompted(Value):
    """One label: words for it and, where it stands on its own, for its absence."""

    observation: str = ""
    """A concept of the lexicon, where the label's own name is none."""
    present: tuple[Words, ...] = Field(min_length=1, max_length=20)
    absent: tuple[Words, ...] = Field(default=(), max_length=20)


class LabelSet(Value):
    """each: any number of labels can be true, and each is held against its absence. one: exactly one is, or none."""

    title: str
    modality: Modality
    anatomy: str
    choice: Literal["each", "one"]
    patterns: tuple[Words, ...] = Field(min_length=1, max_length=20)
    """Each prompt is made in every pattern, and they are averaged."""
    none: Words = "No Finding"
    """What an image with nothing to tell is called: it always stands among several labels, whether they exclude each
    other or not."""
    temperature: float = Field(default=1.0, gt=0, le=1000)
    """Divides the model's own sharpness; 1 leaves it."""
    band: tuple[float, float] = (0.3, 0.7)
    """Scores between which a label leans neither way."""
    labels: dict[Words, Prompted] = Field(min_length=1, max_length=500)

    @model_validator(mode="after")
    def _can_be_scored(self) -> Self:
        if any(pattern.count(PLACE) != 1 for pattern in self.patterns):
            raise ValueError(f"each pattern holds {PLACE} once")
        if self.choice == "each" and not all(one.absent for one in self.labels.values()):
            raise ValueError("labels that can stand together each need words for their absence")
        if self.choice == "one" and any(one.absent for one in self.labels.values()):
            raise ValueError("labels that exclude each other have no absence of their own")
        if self.none.casefold() in (name.casefold() for name in self.labels):
            raise ValueError(f"{self.none!r} always stands among the labels; leave it out")
        if not 0 <= self.band[0] < self.band[1] <= 1:
            raise ValueError("a band ascends from 0 to 1")
        return self

    def prompts(self, words: tuple[str, ...]) -> tuple[str, ...]:
        """In every pattern."""
        return tuple(pattern.replace(PLACE, one) for one in words for pattern in self.patterns)

    def observation(self, label: str) -> str:
        """The concept that a label stands for."""
        return self.labels[label].observation or finding_of(label) or target_of(label).observation

    def only(self, labels: tuple[str, ...]) -> LabelSet:
        """With some of its labels. Raises BadRequest for one it has not."""
        known = {name.casefold(): name for name in self.labels}
        if strange := [name for name in labels if name.casefold() not in known]:
            raise BadRequest(f"{self.title}: there is no label {strange[0]!r}", do=f"It has {', '.join(self.labels)}.")
        return self.model_copy(update={"labels": {known[name.casefold()]: self.labels[known[name.casefold()]]
                                                  for name in labels}})  # fmt: skip

    def fits(self, ref: ImageRef) -> bool:
        """Whether it is meant for such an image; what is unknown of an image does not speak against it."""
        kinds = (("unknown", self.modality), ("unknown", "", self.anatomy))
        return all(told in kind for told, kind in zip((ref.modality, ref.anatomy), kinds, strict=True))

    def refuse_other(self, ref: ImageRef) -> None:
        """Raises NotServed for an image of another kind."""
        if not self.fits(ref):
            raise NotServed(f"{self.title} are not told of {ref.modality.replace('_', '-')} {ref.anatomy}",
                            do="Choose a label set for such an image.")  # fmt: skip


def read_label_set(text: str, where: str) -> LabelSet:
    """Raises BadRequest naming what is wrong with a set."""
    try:
        return LabelSet.model_validate(load_words(text, where))
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise BadRequest(f"{field or 'the set'}: {first['msg']}", where=where, do="Mend the label set.") from error


@cache
def label_sets() -> dict[str, LabelSet]:
    """Those we ship, by name."""
    folder = files("readingroom.prompts").joinpath("labels/sets")
    found = [entry for entry in folder.iterdir() if entry.name.endswith(".yaml")]
    return {entry.name.removesuffix(".yaml"): read_label_set(entry.read_text(encoding="utf-8"), entry.name)
            for entry in sorted(found, key=lambda one: one.name)}  # fmt: skip


def label_set(name: str) -> LabelSet:
    """Raises BadRequest for a name that there is not."""
    if name not in label_sets():
        raise BadRequest(f"there is no label set {name!r}", do=f"Choose of {', '.join(label_sets())}.")
    return label_sets()[name]


def finding_of(label: str) -> str:
    """The finding or device of the lexicon that a label names; empty where it names none."""
    concepts = lexicon().concepts
    told = {claim.observation for claim in claims_of(label) if claim.presence == "present"}
    named = [target_of(label).observation, *(told if len(told) == 1 else ())]
    return next((one for one in named if one in concepts and concepts[one].kind in ("finding", "device")), "")


def set_of(labels: tuple[str, ...], ref: ImageRef) -> LabelSet | None:
    """Those of the labels that are findings, each against its absence: by the shipped set for such an image, else in
    the published pattern. None where none is."""
    shipped = next((one for one in label_sets().values() if one.choice == "each"
                    and (one.modality, one.anatomy) == (ref.modality, ref.anatomy)), None)  # fmt: skip
    prompted = {name.casefold(): shipped.labels[name] for name in shipped.labels} if shipped else {}
    found: dict[str, Prompted] = {}
    for label in labels:
        if label.casefold() in prompted:
            found[label] = prompted[label.casefold()]
        elif concept := finding_of(label):
            found[label] = Prompted(observation=concept, present=(label,), absent=(f"No {label}",))
    if not found:
        return None
    if shipped:
        return shipped.model_copy(update={"labels": found})
    anatomy = "" if ref.anatomy == "unknown" else ref.anatomy
    told = " ".join(filter(None, (MODALITY_WORDS.get(ref.modality, ""), anatomy, f"{PLACE}.")))
    return LabelSet(title="findings", modality=ref.modality, anatomy=ref.anatomy, choice="each", patterns=(told,),
                    labels=found)  # fmt: skip
