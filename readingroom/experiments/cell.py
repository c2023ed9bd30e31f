"""One cell: a case by an arm with a seed, addressed by the hash of all that determines what is drafted in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from readingroom.domain.value import digest_of
from readingroom.errors import BadFile
from readingroom.experiments.arms import NO_TOOLS, Arm
from readingroom.experiments.case import Case
from readingroom.experiments.crew import Crew
from readingroom.experiments.draft import Drafted
from readingroom.experiments.sources import digest_of_sources
from readingroom.prompts.words import digest_of_all_words

DECISIVE = ("agents", "domain", "language", "workflows")
"""Packages whose code decides how evidence becomes a checked draft."""
OWN = ("choosing", "deciding", "drafting", "retelling", "sloppy", "unchecked")
"""Files of this package that do."""
PASSING = ("run", "started", "finished")
"""Fields of a report's provenance that differ between two drafts which say the same."""


@dataclass(frozen=True)
class Cell:
    """What is to be drafted."""

    case: Case
    arm: Arm
    seed: int
    address: str


def address_of(case: Case, arm: Arm, seed: int, crew: Crew, *, evidence: str) -> str:
    """SHA-256 of all that determines a cell. `evidence`: of what the tools were asked and answered.

    Raises BadFile where a template's file cannot be read.
    """
    sloppy = crew.writer(arm).kind == "sloppy"
    return digest_of({
        "evidence": evidence,
        "words": case.words,
        "choices": case.reference.choices if case.reference else (),
        "dice": case.id if sloppy else "",
        "template": _content(template_words(arm.template)),
        "writer": crew.identity(arm, seed),
        "tools": arm.tools != NO_TOOLS,
        "check": arm.check,
        "code": code_digest(),
    })  # fmt: skip


def template_words(template: str) -> dict[str, str]:
    """Fields of a request that name a template. Raises BadFile where its file cannot be read."""
    if not template.endswith((".yaml", ".yml")):
        return {"template": template} if template else {}
    path = Path(template)
    try:
        return {"template": path.name, "template_text": path.read_text(encoding="utf-8")}
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"cannot be read ({type(error).__name__})", where=template, do="Look at templates.") from error


def _content(words: Mapping[str, str]) -> str:
    """A file counts by its text, not by its name."""
    return words.get("template_text") or words.get("template", "")


def code_digest() -> str:
    """SHA-256 of our own code and words that decide a draft, so that a changed rule is never measured by old cells."""
    own = (f"experiments/{name}.py" for name in OWN)
    return digest_of([digest_of_all_words(), digest_of_sources(*DECISIVE, *own)])


def content_sha256(made: Drafted) -> str:
    """Of what a draft says, whenever and in whatever run that was; empty of a failed one."""
    if made.error:
        return ""
    if made.report is None:
        return digest_of([made.answer])
    data: dict[str, Any] = made.report.model_dump(mode="json", exclude={"id"})
    data["provenance"] = {key: value for key, value in data["provenance"].items() if key not in PASSING}
    return digest_of(data)
