"""Templates and wordings read from YAML: every fault is told with its file, its field and its line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import yaml
from pydantic import ValidationError

from readingroom.agents.sentence_rules import FORBIDS, ReportTemplate, SentenceRule
from readingroom.domain.image import ImageRef
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.prompts.words import check_words, digest_of_words, load_words, read_words

__all__ = ["ReportTemplate", "parse_template", "template_for", "templates"]

DO = "See prompts/reports/ for working ones, and docs/templates.md."

PHRASE = re.compile(r"\{\{\s*phrase\.(\w+)\s*\}\}")
"""How a sentence asks for one of its file's phrases: {{ phrase.size }}."""

Fields = tuple[int | str, ...]
"""The way to a field of a file: ("findings", 2, "text")."""

Read = TypeVar("Read", bound=Value)


def parse_template(text: str, where: str) -> ReportTemplate:
    """Raises BadRequest with the first field that is wrong, and its line."""
    template = read_value(ReportTemplate, text, where, sha256=digest_of_words(text))
    for field, sentence in sentences_of(template):
        check_sentence(sentence, template.phrases, text, (where, field))
        forbidden = ((name, FORBIDS[name].search(expanded(sentence, template.phrases))) for name in template.forbids)
        if found := next(((name, word[0]) for name, word in forbidden if word), None):
            told = f"{placed(text, field)}: the template forbids {found[0]}, and this says {found[1]!r}"
            raise BadRequest(told, where=where, do=DO)
    whole = _with_phrases(template)
    return whole if whole.then is None else _followed(whole, where)


def _with_phrases(template: ReportTemplate) -> ReportTemplate:
    """With a key for every rule, every phrase in its place, and normal statements as rules after the findings."""

    def filled(at: int, rule: SentenceRule) -> SentenceRule:
        return rule.model_copy(update={
            "key": rule.key or f"rule_{at}",
            "text": expanded(rule.text, template.phrases),
            "impression": rule.impression and expanded(rule.impression, template.phrases),
        })  # fmt: skip

    rules = tuple(filled(at, rule) for at, rule in enumerate(template.rules, 1))
    return template.model_copy(update={"findings": rules, "normals": ()})


def expanded(text: str, phrases: Mapping[str, str]) -> str:
    """A sentence with the phrases that it asks for in their places."""
    return PHRASE.sub(lambda found: phrases[found[1]], text)


def _followed(template: ReportTemplate, where: str) -> ReportTemplate:
    """With the rules of the template that it names in `then` after its own; a key of its own goes before theirs."""
    if template.then not in own_files():
        raise BadRequest(f"then: there is no template {template.then!r}", where=where, do=DO)
    other = parse_template(read_words(f"reports/{template.then}.yaml"), f"{template.then}.yaml")
    own = {rule.key for rule in template.rules}
    rest = (rule.model_copy(update={"section": ""}) for rule in other.rules if rule.key not in own)
    rules = (*template.rules, *rest)
    digest = digest_of_words(f"{template.sha256}\n{other.sha256}")
    closing = template.impression or other.impression
    return template.model_copy(update={"findings": rules, "sha256": digest, "impression": closing})


def read_value(kind: type[Read], text: str, where: str, **more: Any) -> Read:
    """YAML as one typed value. Raises BadRequest with file, field and line."""
    data: Any = load_words(text, where)
    try:
        return kind(**data, **more)
    except ValidationError as error:
        first = error.errors()[0]
        loc, message = first["loc"], first["msg"].removeprefix("Value error, ")
        field, told, rest = message.partition(": ")
        if not loc and told and field[:1].islower() and " " not in field:
            loc, message = tuple(int(part) if part.isdigit() else part for part in field.split(".")), rest
        raise BadRequest(f"{placed(text, loc)}: {message}", where=where, do=DO) from error
    except TypeError as error:
        raise BadRequest(f"file: {error}", where=where, do=DO) from error


def placed(text: str, loc: Fields) -> str:
    """A field and where it stands: "findings.2.text (line 14)"."""
    name = ".".join(str(part) for part in loc) or "file"
    line = _line(yaml.compose(text, Loader=yaml.SafeLoader), loc)
    return f"{name} (line {line})" if line else name


def _line(node: Any, loc: Fields) -> int:
    """The line of a field, or of the last thing on the way to it that is there."""
    line = 0
    for part in loc:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == str(part)), None)
            if found is None:
                return line or node.start_mark.line + 1
            line, node = found[0].start_mark.line + 1, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return line
    return line


def sentences_of(template: ReportTemplate) -> Iterator[tuple[Fields, str]]:
    """Every text of a template with its field."""
    yield ("technique",), template.technique
    if template.impression:
        yield ("impression",), template.impression
    for part in ("findings", "normals"):
        for at, rule in enumerate(getattr(template, part)):
            yield (part, at, "text"), rule.text
            if rule.impression:
                yield (part, at, "impression"), rule.impression


def check_sentence(sentence: str, phrases: Mapping[str, str], text: str, place: tuple[str, Fields]) -> None:
    """Raises BadRequest for a phrase that is not there and for a sentence that cannot be compiled.

    `text`: the whole file; `place`: its name and the field.
    """
    where, field = place
    if unknown := [name for name in PHRASE.findall(sentence) if name not in phrases]:
        raise BadRequest(f"{placed(text, field)}: there is no phrase {unknown[0]!r}", where=where, do=DO)
    if fault := check_words(expanded(sentence, phrases)):
        raise BadRequest(f"{placed(text, field)}: {fault}", where=where, do=DO)


@cache
def own_files() -> tuple[str, ...]:
    """The ids of the templates that come with the package."""
    folder = files("readingroom.prompts").joinpath("reports")
    return tuple(sorted(entry.name.removesuffix(".yaml") for entry in folder.iterdir() if entry.name.endswith(".yaml")))


@cache
def templates() -> dict[str, ReportTemplate]:
    """Every template that comes with the package, by id."""
    return {name: parse_template(read_words(f"reports/{name}.yaml"), f"{name}.yaml") for name in own_files()}


def template_for(ref: ImageRef, name: str | None) -> ReportTemplate:
    """The one asked for, else the one made for the image, else plain measurements. Raises BadRequest if unknown."""
    known = templates()
    if name is not None:
        if name not in known:
            raise BadRequest(f"there is no template {name!r}", do=f"Choose one of {', '.join(known)}.")
        return known[name]
    return next((template for template in known.values() if template.fits(ref)), known["measurements"])
