"""The one place where words are loaded and rendered: sandboxed, strict about undefined names, versioned by digest."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from readingroom.errors import BadRequest


class Sandbox(ImmutableSandboxedEnvironment):
    """Jinja2's sandbox without globals, and without the operators by which a short template makes a long text."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Any, operator: str, left: Any, right: Any) -> Any:
        raise SecurityError(f"a template may not use {operator!r}")


ENVIRONMENT = Sandbox(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False)
ENVIRONMENT.globals.clear()
ENVIRONMENT.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
"""For sentences, which are text; each export escapes for its own format."""

LONGEST = 2000
"""Characters that one rendered sentence may have."""


def read_words(name: str) -> str:
    """The text of one file of this room, by its path within it."""
    return files("readingroom.prompts").joinpath(name).read_text(encoding="utf-8")


def load_words(text: str, where: str) -> Any:
    """YAML as data. Raises BadRequest naming the place of a syntax error."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise BadRequest(f"is not valid YAML ({error})", where=where) from error


def digest_of_words(text: str) -> str:
    """SHA-256 by which a report names the template it was written with."""
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _compiled(source: str) -> Template:
    return ENVIRONMENT.from_string(source)


def render(source: str, where: str, /, **names: Any) -> str:
    """One sentence. Raises BadRequest where the template is broken or names what is not there."""
    try:
        text = " ".join(_compiled(source).render(**names).split())
    except (TemplateError, TypeError, ValueError) as error:
        raise BadRequest(
            f"the sentence {source[:80]!r} cannot be rendered ({error})", where=where, do="Mend the template."
        ) from error
    if len(text) > LONGEST:
        raise BadRequest(f"a sentence has {len(text)} characters, at most {LONGEST} are allowed", where=where)
    return text
