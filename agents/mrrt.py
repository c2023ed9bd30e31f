"""A template of someone else's as one of ours: what it asks for becomes sentences from evidence, or limits."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from readingroom.agents.limitations import limitation
from readingroom.agents.mrrt_reading import MOST_BYTES, Foreign, TemplateSection, read_mrrt
from readingroom.agents.template import templates
from readingroom.domain.coding import Coding
from readingroom.domain.finding import Limitation
from readingroom.errors import BadFile
from readingroom.language.lexicon import Concept, lexicon, tokens_of

TECHNIQUE = '{{ image.name | default("image", true) | sentence }}, {{ image.columns }} by {{ image.rows }} pixels.'

MODALITIES: Mapping[str, str] = {
    "computed tomography": "ct", "ct": "ct", "magnetic resonance imaging": "mr", "mr": "mr", "mri": "mr",
    "projection radiography": "x_ray", "radiography": "x_ray", "xr": "x_ray", "cr": "x_ray", "dx": "x_ray",
    "ultrasound": "ultrasound", "us": "ultrasound", "ultrasonography": "ultrasound", "mammography": "mammography",
    "mg": "mammography",
}  # fmt: skip
ANATOMIES: Mapping[str, str] = {
    "thorax": "chest", "chest": "chest", "lung": "chest", "lungs": "chest", "abdomen": "abdomen", "brain": "brain",
    "head": "brain", "breast": "breast",
}  # fmt: skip
"""RadLex preferred names, and codes of a head, as our templates call them."""

APART = frozenset(("procedure", "procedure information", "technique", "clinical information", "indication", "history",
                   "comparison", "comparisons", "impression", "conclusion", "reference"))  # fmt: skip
"""Sections whose fields are no findings; the room fills them itself."""


TOLD = ("finding", "device")
"""Kinds of concept that get sentences of their own; structures are told by what is measured of them."""


class Placed(NamedTuple):
    """What a field asks, with the concept of the lexicon that it asks for; None where the lexicon has none."""

    section: TemplateSection
    label: str
    concept: Concept | None


def read_file(path: Path) -> Foreign:
    """Raises BadFile for a file that cannot be read or is no MRRT template."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise BadFile(f"is larger than {MOST_BYTES // 1000} kB", where=path.name, do="Give an MRRT template.")
        return read_mrrt(path.read_bytes(), where=path.name)
    except OSError as error:
        raise BadFile(f"cannot be read ({error.strerror})", where=path.name, do="Give an MRRT template.") from error


def placed(foreign: Foreign) -> tuple[Placed, ...]:
    """What every field of the findings asks, by its own name and by those of its options that name a finding."""
    found: list[Placed] = []
    for section in foreign.sections:
        if section.name.lower().strip(" :") in APART:
            continue
        for field in section.fields:
            concept = _concept(field.label, field.codings)
            offered = [_concept(option.text, option.codings) for option in field.options]
            named = [one for one in offered if one is not None and one.kind in TOLD]
            if concept is not None or not named:
                found.append(Placed(section, field.label, concept))
            found += [Placed(section, one.name, one) for one in named]
    return tuple(found)


@cache
def _by_code() -> dict[str, Concept]:
    """The concepts by their RadLex code; the first owns a code that two have."""
    known = list(lexicon().concepts.values())
    return {concept.codes["RADLEX"]: concept for concept in reversed(known) if "RADLEX" in concept.codes}


def _concept(label: str, codings: Iterable[Coding]) -> Concept | None:
    for coding in codings:
        if coding.system == "RADLEX" and coding.code in _by_code():
            return _by_code()[coding.code]
    for text in (label, *(coding.display for coding in codings)):
        found = _phrase(text)
        if found is not None:
            return lexicon().concepts.get(found)
    return None


def _phrase(text: str) -> str | None:
    """The concept that the whole of a text names."""
    words = tokens_of(re.sub(r"[:?*]+\s*$", "", text))
    kinds = ("finding", "device", "measurement", "structure", "quality")
    for phrase in lexicon().phrases.get(words[0], ()) if words else ():
        if phrase.rest == words[1:]:
            tags = dict(phrase.tags)
            return next((tags[kind] for kind in kinds if kind in tags), None)
    return None


def template_data(foreign: Foreign) -> dict[str, Any]:
    """One of our templates as data, for `agents.template.parse_template`.

    Its sentences are ours: words of the file are its title and the names of its sections, which are never rendered.
    A field on a finding or a device is told as the template of measurements tells any finding, in the field's section;
    that template follows for all else. What a field asks for is required, so that what nobody looked at becomes a
    limitation. Defaults, normal ones above all, are not taken over.
    """
    fields = placed(foreign)
    concepts = {one.concept.id: one for one in reversed(fields) if one.concept is not None}
    ordered = [one for one in fields if one.concept is not None and concepts[one.concept.id] is one]
    told = [one for one in ordered if one.concept and one.concept.kind in TOLD]
    sections = tuple(dict.fromkeys(one.section.name for one in told))
    findings = [rule for one in told for rule in _rules(one)]
    findings += [_measured(one) for one in ordered if one.concept and one.concept.kind == "measurement"]
    return {
        "id": _id(foreign), "version": 1, "title": foreign.title[:200], "serves": list(_serves(foreign)),
        "technique": TECHNIQUE, "sections": list(sections),
        "requires": [one.concept.id for one in ordered if one.concept],
        "then": "measurements", "findings": findings,
    }  # fmt: skip


def _id(foreign: Foreign) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", foreign.title.lower()).strip("_")[:40]
    if not plain[:1].isalpha():
        plain = f"template_{hashlib.sha256(foreign.title.encode()).hexdigest()[:8]}"
    return f"mrrt_{plain}"


def _serves(foreign: Foreign) -> Iterator[str]:
    """modality/anatomy that its codes or its head name; none where they name no modality."""
    names = [coding.display.lower() for coding in foreign.codings] + [word.lower() for word in foreign.keywords]
    modalities = dict.fromkeys(MODALITIES[name] for name in names if name in MODALITIES)
    anatomies = dict.fromkeys(ANATOMIES[name] for name in names if name in ANATOMIES) or {"any": None}
    for modality in modalities:
        for anatomy in anatomies:
            yield f"{modality}/{anatomy}"


def _rules(one: Placed) -> Iterator[dict[str, Any]]:
    """The sentences of the template of measurements on any finding, for this one and in its section."""
    for rule in templates()["measurements"].findings:
        if one.concept is not None and rule.subject.kind == "finding":
            data = rule.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude={"key", "section"})
            wanted = {key: value for key, value in data["for"].items() if key != "kind"}
            yield {"section": one.section.name, **data, "for": {"observation": one.concept.id, **wanted}}


def _measured(one: Placed) -> dict[str, Any]:
    concept = one.concept
    name = concept.name if concept else ""
    return {
        "for": {"observation": concept.id if concept else "", "presence": "present"},
        "text": f"The {name} is {{{{ e.text }}}}.",
    }


def unplaced(foreign: Foreign) -> tuple[str, ...]:
    """Labels of fields that nothing here can fill: the lexicon has no name for what they ask."""
    return tuple(dict.fromkeys(one.label for one in placed(foreign) if one.concept is None))


def limits_of(foreign: Foreign) -> tuple[Limitation, ...]:
    """What the template asks for and nobody can look for, as a limitation of every draft made with it."""
    names = unplaced(foreign)
    return (limitation("not_assessed", concepts=[name[:80] for name in names]),) if names else ()


def as_yaml(foreign: Foreign) -> str:
    """Our template as YAML; where it came from and what it cannot fill stand above it as comments."""
    told = [f"Imported from an IHE MRRT template: {foreign.title}"]
    told += [f"{name}: {value}" for name, value in _origin(foreign) if value]
    told += [f"Left out: {count} {name}" for name, count in foreign.dropped.items()]
    told += [f"Nothing here fills: {name}" for name in unplaced(foreign)]
    head = "".join(f"# {line[:300]}\n" for line in told)
    return head + yaml.safe_dump(template_data(foreign), allow_unicode=True, sort_keys=False, width=10_000)


def _origin(foreign: Foreign) -> Iterable[tuple[str, str]]:
    return (
        ("Identifier", foreign.identifier), ("Publisher", foreign.publisher), ("Creator", foreign.creator),
        ("Rights", foreign.rights), ("Licence", foreign.licence),
    )  # fmt: skip


def as_json(foreign: Foreign) -> str:
    """Everything that was read, and our template of it."""
    data = {"read": foreign.model_dump(mode="json"), "template": template_data(foreign),
            "unplaced": list(unplaced(foreign))}  # fmt: skip
    return json.dumps(data, ensure_ascii=False, sort_keys=True) + "\n"


def summary(foreign: Foreign) -> str:
    """One line on what was read."""
    fields = placed(foreign)
    known = sum(one.concept is not None for one in fields)
    gone = ", ".join(f"{count} {name}" for name, count in foreign.dropped.items())
    return (
        f"{foreign.title}: {len(foreign.sections)} sections, {len(foreign.fields)} fields; of {len(fields)} "
        f"questions on findings {known} can be filled from evidence{f'; left out: {gone}' if gone else ''}."
    )


def codes_of(foreign: Foreign) -> tuple[Coding, ...]:
    """Every code that the template carries, each once."""
    found = [*foreign.codings]
    for section in foreign.sections:
        found += section.codings
        for field in section.fields:
            found += (*field.codings, *(coding for option in field.options for coding in option.codings))
    return tuple(dict.fromkeys(found))
