"""A FHIR DiagnosticReport (R4 or R5, JSON; alone or in a Bundle) as text under headings."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any

from readingroom.domain.report import NOTICE
from readingroom.errors import BadFile
from readingroom.language.sentences import read_report, split_sentences
from readingroom.readers.fhir_observation import observation_lines
from readingroom.readers.outline import heading, joined, literal
from readingroom.readers.web_page import page_text

Resource = dict[str, Any]
MOST_RESOURCES = 20_000
MOST_FORM = 20_000_000
"""Characters of base64 of one presented form."""
SHORT = 3
"""Words of a sentence that may well stand within another: "Nodule." is not said by "There is a nodule"."""
DEEPEST = 8
"""Members of members of observations, and sections within sections."""


def fhir_text(data: Resource, *, where: str) -> str:
    """The words of one report.

    The presented form (plain text, Markdown, HTML) where there is one; else the sections of its Composition, else its
    observations and its conclusion, else its narrative. A sentence of the conclusion that the presented form does not
    hold is added to it. Nothing is fetched. Raises BadFile: no report in it, several, or none with words.
    """
    resources = _Resources(data, where)
    report = resources.report()
    form = _presented(report, where)
    conclusion = _words(report.get("conclusion")).replace(NOTICE, "")
    if form:
        missing = _missing(conclusion, form)
        blocks = [form, *((heading("Impression"), *map(literal, missing)) if missing else ())]
        return joined(blocks)
    blocks = [*_composed(report, resources), *_observed(report, resources)]
    missing = _missing(conclusion, joined(blocks))
    blocks += [heading("Impression"), *map(literal, missing)] if missing else []
    if not blocks:
        blocks = [page_text(_words(_part(report, "text").get("div")))]
    if not any(any(map(str.isalnum, block)) for block in blocks):
        away = any(isinstance(each, dict) and each.get("url") for each in _list(report, "presentedForm"))
        what = "keeps its text at another address, which is not fetched" if away else "is a FHIR report without words"
        raise BadFile(what, where=where, do="Give the report's text.")
    return joined(blocks)


class _Resources:
    """What a Bundle or a resource holds, found by reference."""

    def __init__(self, data: Resource, where: str) -> None:
        self.where = where
        self._by_name: dict[str, Resource] = {}
        self._all: list[Resource] = []
        entries = _list(data, "entry") if data.get("resourceType") == "Bundle" else [{"resource": data}]
        if len(entries) > MOST_RESOURCES:
            raise BadFile(f"holds more than {MOST_RESOURCES} resources", where=where, do="Give one report at a time.")
        for entry in entries:
            resource = entry.get("resource") if isinstance(entry, dict) else None
            if not isinstance(resource, dict):
                continue
            kind, name = _words(resource.get("resourceType")), _words(resource.get("id"))
            self._all.append(resource)
            self._by_name.setdefault(f"{kind}/{name}", resource)
            if url := _words(entry.get("fullUrl")):
                self._by_name.setdefault(url, resource)

    def report(self) -> Resource:
        """The one DiagnosticReport."""
        found = [each for each in self._all if each.get("resourceType") == "DiagnosticReport"]
        if len(found) != 1:
            what = f"holds {len(found)} reports" if found else "is FHIR, but holds no DiagnosticReport"
            raise BadFile(what, where=self.where, do="Give one DiagnosticReport, alone or in its Bundle.")
        return found[0]

    def each(self, references: list[Any], holder: Resource) -> Iterator[Resource]:
        """The resources that references name: contained ones, or others of the Bundle; what is elsewhere is not."""
        inside = {f"#{each.get('id')}": each for each in _list(holder, "contained") if isinstance(each, dict)}
        for reference in references:
            name = _words(reference.get("reference")) if isinstance(reference, dict) else ""
            ends = "/".join(name.split("/")[-2:])
            found = inside.get(name) or self._by_name.get(name) or self._by_name.get(ends)
            if found:
                yield found


def _presented(report: Resource, where: str) -> str:
    """The first presented form that is text."""
    rank = {"text/markdown": 0, "text/plain": 1, "text/html": 2}
    forms = [each for each in _list(report, "presentedForm") if isinstance(each, dict)]
    kinds = [(_words(each.get("contentType")).split(";")[0].strip().lower(), each) for each in forms]
    for kind, form in sorted((pair for pair in kinds if pair[0] in rank), key=lambda pair: rank[pair[0]]):
        data = _words(form.get("data"))
        if len(data) > MOST_FORM:
            raise BadFile("has a presented form of more than 15 MB", where=where, do="Give the report's text.")
        try:
            text = base64.b64decode(re.sub(r"\s+", "", data), validate=True).decode("utf-8-sig")
        except (binascii.Error, ValueError) as error:
            what = "has a presented form that is not base64 of UTF-8 text"
            raise BadFile(what, where=where, do="Give the report's text.") from error
        text = page_text(text) if kind == "text/html" else text
        if any(map(str.isalnum, text)):
            return text
    return ""


def _composed(report: Resource, resources: _Resources) -> list[str]:
    """The sections of the report's Composition (R5; in R4 an extension names none, so none is taken)."""
    blocks: list[str] = []

    def read(sections: list[Any], depth: int) -> None:
        for section in sections if depth < DEEPEST else []:
            if not isinstance(section, dict):
                continue
            words = page_text(_words(_part(section, "text").get("div"))).strip()
            title = _words(section.get("title"))
            blocks.extend([heading(title)] if title else [])
            blocks.extend([words] if words else [])
            read(_list(section, "section"), depth + 1)

    for composition in resources.each([report.get("composition")], report):
        read(_list(composition, "section"), 0)
    return blocks


def _observed(report: Resource, resources: _Resources) -> list[str]:
    """The lines of the report's results, members of panels included, each once."""
    lines: list[str] = []
    seen: set[int] = set()

    def read(references: list[Any], holder: Resource, depth: int) -> None:
        for found in resources.each(references, holder) if depth < DEEPEST else ():
            if found.get("resourceType") != "Observation" or id(found) in seen:
                continue
            seen.add(id(found))
            lines.extend(observation_lines(found))
            read(_list(found, "hasMember"), holder if found in _list(holder, "contained") else found, depth + 1)

    read(_list(report, "result"), report, 0)
    said = dict.fromkeys(literal(line) for line in lines)
    return [heading("Findings"), *said] if said else []


def _words(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _list(holder: Any, name: str) -> list[Any]:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def _part(holder: Resource, name: str) -> Resource:
    value = holder.get(name)
    return value if isinstance(value, dict) else {}


def _missing(conclusion: str, told: str) -> list[str]:
    """The sentences of a conclusion that a text does not hold; a short one must stand there as a sentence."""
    sentences = {_folded(each.text) for each in read_report(told)}
    whole = _folded(told)
    return [
        each
        for each in split_sentences(conclusion)
        if _folded(each) not in sentences and (len(each.split()) <= SHORT or _folded(each) not in whole)
    ]


def _folded(text: str) -> str:
    return re.sub(r"\W+", " ", text).casefold().strip()
