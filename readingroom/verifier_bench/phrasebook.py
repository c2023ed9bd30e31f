"""The benchmark's words: what each concept is called, and the sentences that each writer would tell it in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

from readingroom.prompts.words import load_words, read_words

Writer = Literal["tuned", "held_out", "varied", "fresh", "unseen"]
WRITERS: tuple[Writer, ...] = ("tuned", "held_out", "varied", "fresh", "unseen")

DEVELOPMENT: tuple[Writer, ...] = ("tuned", "held_out")
"""Writers whose sentences may be read by whoever mends the verifier."""

APART: tuple[Writer, ...] = ("varied", "fresh", "unseen")
"""Writers whose words lie in a file of their own; so the test sets are not seen by who reads the others."""

SCALED = ("frames", "severity")
"""Tables that have a writer's part under each of their keys, and not at their top."""

TABLES = ("chest", "abdomen", "brain", "other")


def of_phrasings(name: Literal[Writer, "both", "all"]) -> tuple[Writer, ...]:
    """The writers meant: one, the first two for development, or all."""
    if name == "all":
        return WRITERS
    return DEVELOPMENT if name == "both" else (name,)


class Entry(NamedTuple):
    """One concept as a study's vocabulary has it, in one writer's words."""

    observation: str
    nouns: tuple[str, ...]
    """ "nodule|nodules", "edema" of what is not counted, "|gallstones" of what is always several."""
    sides: str = ""
    """ "any", or "single" of what lies on one side; empty of what has none."""
    zones: tuple[str, ...] = ()
    severity: str = ""
    """Which scale grades it: size, grade; empty of what is not graded."""
    size: tuple[float, float] = ()  # type: ignore[assignment]
    """Least and greatest diameter in millimetres; empty of what is not measured."""
    changes: bool = False
    idioms: tuple[str, ...] = ()
    denials: tuple[str, ...] = ()


class NumberEntry(NamedTuple):
    """A measurement that a sentence tells for itself."""

    observation: str
    nouns: tuple[str, ...]
    measure: str
    unit: str
    least: float
    most: float
    decimals: int


class StudyKind(NamedTuple):
    """One kind of examination with all that may be said of it."""

    name: str
    image: Mapping[str, str]
    entries: tuple[Entry, ...]
    numbers: tuple[NumberEntry, ...]


class Phrasebook(NamedTuple):
    """All words of one writer."""

    writer: Writer
    words: Mapping[str, Any]
    kinds: tuple[StudyKind, ...]
    by_study: Mapping[str, Mapping[str, Any]] = {}
    """Words that the writer keeps for one kind of study."""

    def own(self, name: str) -> Any:
        """The writer's part of a table of words.yaml."""
        return self.words[name][self.writer]

    def frames(self, kind: str) -> tuple[str, ...]:
        """Sentences with slots: present, absent, may_represent, likely, conflict, stable, larger ..."""
        return tuple(self.words["frames"][kind][self.writer])

    def within(self, study: str) -> Phrasebook:
        """The words for one kind of study: its lists after those for all, its mappings over them."""
        own = self.by_study.get(study, {})
        return self._replace(words=_with(self.words, self.writer, own)) if own else self


@cache
def _table(name: str) -> Any:
    return load_words(read_words(f"bench/{name}.yaml"), f"bench/{name}.yaml")


def _with(words: Mapping[str, Any], writer: Writer, own: Mapping[str, Any]) -> dict[str, Any]:
    """The tables with one writer's part laid into them."""
    merged = dict(words)
    for name, part in own.items():
        if name in SCALED:
            of_each = {
                key: {**words[name][key], writer: _over(words[name][key].get(writer), part[key])} for key in part
            }
            merged[name] = {**words[name], **of_each}
        else:
            merged[name] = {**words[name], writer: _over(words[name].get(writer), part)}
    return merged


def _over(first: Any, second: Any) -> Any:
    """One part of a table over another."""
    if first is None:
        return second
    if isinstance(first, list) and isinstance(second, list):
        return [*first, *second]
    return {**first, **{key: {**first.get(key, {}), **part} if isinstance(part, dict) else part
                        for key, part in second.items()}}  # fmt: skip


def _entry(observation: str, fields: Mapping[str, Any], said: Mapping[str, Any]) -> Entry:
    return Entry(
        observation=observation,
        nouns=tuple(said["nouns"]),
        sides={True: "any", "single": "single"}.get(fields.get("sides", False), ""),
        zones=tuple(fields.get("zones", ())),
        severity=fields.get("severity", ""),
        size=tuple(fields.get("size", ())),
        changes=bool(fields.get("changes")),
        idioms=tuple(said.get("idioms", ())),
        denials=tuple(said.get("denials", ())),
    )


def _number(name: str, fields: Mapping[str, Any], nouns: Sequence[str]) -> NumberEntry:
    least, most = fields["range"]
    observation = fields.get("observation", name)
    return NumberEntry(observation, tuple(nouns), fields.get("measure", name), fields["unit"], least, most,
                       fields["decimals"])  # fmt: skip


def _own(fields: Mapping[str, Any], writer: Writer) -> dict[str, Any]:
    """What a writer calls a concept, from the tables that all share."""
    lists = {name: fields.get(name, {}).get(writer, ()) for name in ("idioms", "denials")}
    return {"nouns": fields[writer], **lists}


@cache
def phrasebook(writer: Writer) -> Phrasebook:
    """The words of `prompts/bench`, read at the first call."""
    apart = _table(writer) if writer in APART else {"words": {}, "studies": {}}
    studies = apart["studies"]

    def kind(name: str, fields: Mapping[str, Any]) -> StudyKind:
        said, found = studies.get(name), fields["findings"]
        entries = (_entry(key, one, said["findings"][key] if said else _own(one, writer)) for key, one in found.items())
        numbers = (_number(key, one, said["numbers"][key] if said else one[writer])
                   for key, one in fields["numbers"].items())  # fmt: skip
        return StudyKind(name, fields["image"], tuple(entries), tuple(numbers))

    kinds = tuple(kind(name, fields) for table in TABLES for name, fields in _table(table).items())
    by_study = {name: said["words"] for name, said in studies.items() if "words" in said}
    return Phrasebook(writer, _with(_table("words"), writer, apart["words"]), kinds, by_study)
