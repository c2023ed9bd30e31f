"""The one place where words are loaded and rendered: sandboxed, strict about undefined names, versioned by digest."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import yaml
from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from yaml.constructor import ConstructorError

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

LONGEST_PROMPT = 12_000
"""Characters that what a specialist is told may have."""


class OwnWords(str):
    """The text of a file of this package, which is known to be plain."""

    __slots__ = ()


def read_words(name: str) -> str:
    """The text of one file of this room, by its path within it."""
    return OwnWords(files("readingroom.prompts").joinpath(name).read_text(encoding="utf-8"))


class Plain(yaml.SafeLoader):
    """Refuses a field that stands twice, of which YAML would keep the last without a word."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """As YAML does. Raises ConstructorError."""
        known: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in known:
                raise ConstructorError(None, None, f"{key.value[:60]!r} stands twice", key.start_mark)
            known.add(str(key.value))
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


def load_words(text: str, where: str) -> Any:
    """YAML as data. Raises BadRequest naming the place of a syntax error, and of a field that stands twice."""
    # libyaml is ten times as quick, and its loader crashes on brackets within brackets a hundred thousand deep.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader) if isinstance(text, OwnWords) else Plain
    try:
        return yaml.load(str(text), Loader=loader)  # noqa: S506 - a safe loader, either way
    except yaml.YAMLError as error:
        raise BadRequest(f"is not valid YAML ({error})", where=where) from error
    except RecursionError as error:
        raise BadRequest("is not valid YAML (too many brackets within brackets)", where=where) from error


def digest_of_words(text: str) -> str:
    """SHA-256 by which a report names the template it was written with."""
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def digest_of_all_words() -> str:
    """SHA-256 over every file of words there is: templates, prompts, lexicon. Records name it."""
    found: list[tuple[str, str]] = []

    def look(folder: Traversable, name: str) -> None:
        for entry in folder.iterdir():
            if entry.is_dir():
                look(entry, f"{name}{entry.name}/")
            elif entry.name.endswith((".yaml", ".j2")):
                found.append((f"{name}{entry.name}", digest_of_words(entry.read_text(encoding="utf-8"))))

    look(files("readingroom.prompts"), "")
    return digest_of_words("\n".join(f"{name} {digest}" for name, digest in sorted(found)))


@cache
def _compiled(source: str) -> Template:
    return ENVIRONMENT.from_string(source)


def check_words(source: str) -> str:
    """What is wrong with a sentence's syntax; empty where it can be compiled."""
    try:
        _compiled(source)
    except TemplateError as error:
        return f"the sentence {source[:80]!r} cannot be read ({error})"
    return ""


def render(source: str, where: str, /, **names: Any) -> str:
    """One sentence. Raises BadRequest where the template is broken or names what is not there."""
    return _within(" ".join(_rendered(source, where, names).split()), LONGEST, where)


def render_prompt(source: str, where: str, /, **names: Any) -> str:
    """A prompt of several lines, which are kept. Raises BadRequest as `render` does."""
    return _within(_rendered(source, where, names).strip(), LONGEST_PROMPT, where)


def _rendered(source: str, where: str, names: dict[str, Any]) -> str:
    try:
        return _compiled(source).render(**names)
    except (TemplateError, TypeError, ValueError) as error:
        raise BadRequest(
            f"the sentence {source[:80]!r} cannot be rendered ({error})", where=where, do="Mend the template."
        ) from error


def _within(text: str, longest: int, where: str) -> str:
    if len(text) > longest:
        raise BadRequest(f"a sentence has {len(text)} characters, at most {longest} are allowed", where=where)
    return text
