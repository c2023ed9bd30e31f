"""Report templates as typed data: which evidence becomes which sentence."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

from pydantic import Field, ValidationError

from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.terms import Change, Presence, Significance
from readingroom.domain.value import Value
from readingroom.errors import BadRequest
from readingroom.prompts.words import digest_of_words, load_words, read_words


class Selector(Value):
    """Which evidence a rule speaks of; what is not named may be anything, but change and words must be asked for."""

    observation: str | None = None
    presence: Presence | None = None
    change: Change | None = None
    quoted: bool = False
    """Evidence in a model's own words, whatever its change."""

    def fits(self, item: Evidence) -> bool:
        return (
            self.observation in (None, item.observation)
            and self.presence in (None, item.presence)
            and bool(item.quote) == self.quoted
            and (self.quoted or self.change == item.change)
        )


class SentenceRule(Value):
    """One sentence, for each evidence that it fits."""

    subject: Selector = Field(alias="for")
    beside: dict[str, Selector] = Field(default_factory=dict, alias="with")
    """Other evidence of the same image that the sentence also rests on; the rule waits for all of it."""
    needs: tuple[str, ...] = ()
    """Measurements that the evidence must carry."""
    text: str
    impression: str | None = None
    significance: Significance = "non_actionable"


class ReportTemplate(Value):
    """One YAML file of prompts/reports."""

    id: str
    version: int
    title: str
    serves: tuple[str, ...]
    """modality/anatomy it is made for; "any" for the rest."""
    technique: str
    impression: str | None = None
    """One closing sentence over all structures told, beside the rules' own."""
    findings: tuple[SentenceRule, ...]
    sha256: str

    def fits(self, ref: ImageRef) -> bool:
        """A lateral view has no template of its own: nothing here reads it."""
        if ref.view == "lateral":
            return False
        return f"{ref.modality}/{ref.anatomy}" in self.serves or f"{ref.modality}/any" in self.serves


def parse_template(text: str, where: str) -> ReportTemplate:
    """Raises BadRequest with the first field that is wrong."""
    data: Any = load_words(text, where)
    try:
        return ReportTemplate(**data, sha256=digest_of_words(text))
    except (ValidationError, TypeError) as error:
        detail = error.errors()[0] if isinstance(error, ValidationError) else {"loc": ("file",), "msg": str(error)}
        place = ".".join(str(part) for part in detail["loc"])
        raise BadRequest(
            f"{place}: {detail['msg']}", where=where, do="See prompts/reports/ for working ones."
        ) from error


@cache
def templates() -> dict[str, ReportTemplate]:
    """Every template that comes with the package, by id."""
    folder = files("readingroom.prompts").joinpath("reports")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".yaml"))
    found = (parse_template(read_words(f"reports/{name}"), name) for name in names)
    return {template.id: template for template in found}


def template_for(ref: ImageRef, name: str | None) -> ReportTemplate:
    """The one asked for, else the one made for the image, else plain measurements. Raises BadRequest if unknown."""
    known = templates()
    if name is not None:
        if name not in known:
            raise BadRequest(f"there is no template {name!r}", do=f"Choose one of {', '.join(known)}.")
        return known[name]
    return next((template for template in known.values() if template.fits(ref)), known["measurements"])
