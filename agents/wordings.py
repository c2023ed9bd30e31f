"""A template in another language: the same rules, their sentences from a table of wordings."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from pydantic import Field

from readingroom.agents.idiom import ENGLISH, idiom_of
from readingroom.agents.sentence_rules import FORBIDS, ReportTemplate
from readingroom.agents.template import DO, check_sentence, expanded, own_files, read_value
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.prompts.words import digest_of_words, read_words


class Words(Value):
    """One rule's sentences."""

    text: str = Field(min_length=1)
    impression: str | None = None


class Wording(Value):
    """One YAML file of prompts/reports/<language>, or a user's own."""

    of: str
    """The template whose rules it words."""
    title: str
    technique: str
    impression: str | None = None
    phrases: dict[str, str] = Field(default_factory=dict)
    sentences: dict[str, Words]
    """By the keys of the template's rules."""
    sha256: str


def parse_wording(text: str, where: str) -> Wording:
    """Raises BadRequest with the first field that is wrong, and its line."""
    wording = read_value(Wording, text, where, sha256=digest_of_words(text))
    fields: Iterator[tuple[tuple[int | str, ...], str | None]] = (
        (("sentences", key, part), getattr(words, part))
        for key, words in wording.sentences.items()
        for part in ("text", "impression")
    )
    for field, sentence in fields:
        if sentence:
            check_sentence(sentence, wording.phrases, text, (where, field))
    spelled = {
        key: Words(
            text=expanded(words.text, wording.phrases),
            impression=words.impression and expanded(words.impression, wording.phrases),
        )
        for key, words in wording.sentences.items()
    }
    return wording.model_copy(update={"sentences": spelled})


@cache
def _own(language: str, name: str) -> Wording | None:
    path = f"reports/{language}/{name}.yaml"
    if not files("readingroom.prompts").joinpath(path).is_file():
        return None
    return parse_wording(read_words(path), f"{language}/{name}.yaml")


def worded(template: ReportTemplate, language: str, text: str | None = None) -> ReportTemplate:
    """The template in a language. English is the template itself.

    `text`: the wording of a user's own template, as YAML. Raises BadRequest for a language that has no file, and where
    a rule has no words, words have no rule, or an impression is on one side only.
    """
    idiom = idiom_of(language)
    if language == ENGLISH:
        return template
    own = parse_wording(text, f"the {idiom.name} wording") if text else _own(language, template.id)
    if own is None or own.of != template.id:
        what = f"the template {template.id!r} has no wording in {idiom.name}"
        raise BadRequest(what, do="Give one beside it (docs/templates.md), or leave out --language.")
    where = f"{language}/{own.of}.yaml"
    shared = _own(language, template.then) if template.then else None
    table = {**(shared.sentences if shared else {}), **own.sentences}
    _must_fit(template, own, table, where)
    rules = tuple(rule.model_copy(update=table[rule.key].model_dump()) for rule in template.rules)
    for rule in rules:
        for name in template.forbids:
            if found := FORBIDS[name].search(rule.text):
                raise BadRequest(f"sentences.{rule.key}: the template forbids {name}: {found[0]!r}", where=where, do=DO)
    digests = (template.sha256, own.sha256, shared.sha256 if shared else "", idiom.sha256)
    return template.model_copy(
        update={
            "findings": rules,
            "normals": (),
            "language": language,
            "title": own.title,
            "technique": own.technique,
            "impression": own.impression or (shared.impression if shared else None),
            "sha256": digest_of_words("\n".join(digests)),
        }
    )


def _must_fit(template: ReportTemplate, own: Wording, table: dict[str, Words], where: str) -> None:
    rules = {rule.key: rule for rule in template.rules}
    if missing := [key for key in rules if key not in table]:
        raise BadRequest(f"sentences: there are no words for {missing[0]!r}", where=where, do=DO)
    if strange := [key for key in own.sentences if key not in rules]:
        raise BadRequest(f"sentences.{strange[0]}: the template has no such rule", where=where, do=DO)
    uneven = [key for key, rule in rules.items() if bool(rule.impression) != bool(table[key].impression)]
    if uneven:
        raise BadRequest(f"sentences.{uneven[0]}.impression: only one of the two has it", where=where, do=DO)
    if bool(template.impression) != bool(own.impression):
        raise BadRequest("impression: only one of the two has it", where=where, do=DO)


def languages_of(name: str) -> tuple[str, ...]:
    """The languages in which a template that comes with the package can be written, English first."""
    folder = files("readingroom.prompts").joinpath("reports")
    others = sorted(entry.name for entry in folder.iterdir() if entry.is_dir())
    known = name in own_files()
    return (ENGLISH, *(language for language in others if known and _own(language, name))) if known else ()
