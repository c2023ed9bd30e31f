"""An experiment as a file: cases x templates x prompts x writers x tool sets x checks x seeds, in one YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator

from readingroom.agents.model_config import ModelConfig
from readingroom.agents.template import placed
from readingroom.domain.value import Value
from readingroom.errors import BadFile, BadRequest
from readingroom.ordinary import ordinary
from readingroom.prompts.words import load_words

SEE = "See docs/experiments.md and examples/sloppy_writer.yaml."
LONGEST_FILE = 256_000
"""Bytes; the longest of our own has a hundredth of it."""

Name = Annotated[str, Field(pattern=r"^[a-zA-Z0-9][\w .+-]{0,60}$")]
"""Of a part of an arm; it stands in tables and must not look like a path."""

Check = Literal["off", "mark", "strike", "review"]
"""What happens to a writer's words. off: they stand as they came, and nobody checked them. mark: every sentence carries
its verdict. strike: contradicted and unsupported sentences leave the draft. review: the second reader sends sentences
back to the writer before they stand, and the template tells what is then missing; after that as strike."""

CHECKS: tuple[Check, ...] = ("off", "mark", "strike", "review")


class Phantoms(Value):
    """A cohort of digital chest phantoms: made here, with the truth they were drawn from."""

    n: int = Field(ge=1, le=100_000)
    seed: int = Field(default=0, ge=0)
    priors: float = Field(default=0.0, ge=0, le=1)
    """Share of patients with an earlier film."""
    spacing_mm: float = Field(default=2.0, ge=0.2, le=4)
    """Of a pixel; finer films take longer to draw and to read."""


class Source(Value):
    """Where cases come from: drawn phantoms, or an adapter by its name with a path."""

    phantoms: Phantoms | None = None
    adapter: str = Field(default="", validation_alias=AliasChoices("adapter", "dataset"))
    """folder, csv, json, or the name of a dataset's layout."""
    path: Path | None = Field(default=None, validation_alias=AliasChoices("path", "folder"))
    """A relative one counts from the experiment's file."""
    split: str = ""
    """Only cases of that split."""
    limit: int | None = Field(default=None, ge=1)
    """At most so many, the first in the adapter's order."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.phantoms is None) == (not self.adapter):
            raise ValueError("give either phantoms or an adapter")
        if self.adapter and self.path is None:
            raise ValueError(f"path: the adapter {self.adapter!r} needs a path")
        return self


class Writer(Value):
    """Who words the report."""

    kind: Literal["template", "sloppy", "model"] = "template"
    """sloppy: the template's draft with errors made on purpose, for measuring what catches them."""
    model: str | ModelConfig | None = None
    """A language model by its name in the settings, or with provider, model and address; never with a key."""
    rate: float = Field(default=0.3, ge=0, le=1)
    """Of the sloppy writer: the share of sentences that it gets wrong."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.kind == "model") != (self.model is not None):
            raise ValueError("model: a writer of kind model names one, and no other does")
        if isinstance(self.model, ModelConfig) and (self.model.key or self.model.token):
            raise ValueError("model.key: keys belong in the environment or in readingroom.toml")
        return self


class Tools(Value):
    """What gathers the evidence. It is recorded once for each case, and every arm writes from that record."""

    planner: Literal["rules", "model", "agent", "fixed"] = "rules"
    """Who plans which tools are called; fixed: the workflow, as `readingroom draft` has it."""
    workflow: str = "report"
    """Of the fixed planner."""
    question: str = Field(default="Draft a report.", min_length=1, max_length=2000)
    """What the others are asked."""
    backend: str | None = None
    """classical, endpoint, local, several by commas; none: what the settings say."""
    only: tuple[str, ...] = ()
    """Names of the only tools that a planner may use; none: all of them."""
    targets: tuple[str, ...] = ()
    """What to outline, where not what is served unasked."""


class Stop(Value):
    """When to stop early, looked at before each draft; run the same line again to go on."""

    money: float | None = Field(default=None, gt=0)
    """In the currency of the price table."""
    tokens: int | None = Field(default=None, gt=0)
    hours: float | None = Field(default=None, gt=0)


def _either(given: Any) -> Any:
    return given if isinstance(given, list | tuple) else (given,)


def _built_in() -> dict[str, Path | None]:
    return {"usual": None}


class Experiment(Value):
    """The whole matrix. Two baselines are always in it: "no tools", and "tools, no check"."""

    name: Name
    cases: tuple[Source, ...] = Field(min_length=1)
    templates: tuple[str, ...] = Field(default=("",), min_length=1)
    """By id, or as files; "" is the one made for the image."""
    prompts: dict[Name, Path | None] = Field(default_factory=_built_in, min_length=1)
    """Folders of specialists (YAML) that take the place of the built-in ones; null: the built-in ones."""
    writers: dict[Name, Writer] = Field(min_length=1)
    tools: dict[Name, Tools] = Field(default_factory=lambda: {"usual": Tools()}, min_length=1)
    checks: tuple[Check, ...] = ("strike",)
    seeds: tuple[int, ...] = Field(default=(1,), min_length=1)
    at_once: int = Field(default=4, ge=1, le=64)
    """Studies or drafts at the same time."""
    stop: Stop = Stop()

    @field_validator("cases", "templates", "checks", "seeds", mode="before")
    @classmethod
    def _one_or_many(cls, given: Any) -> Any:
        return _either(given)

    @field_validator("checks", mode="before")
    @classmethod
    def _off_is_a_word(cls, given: Any) -> Any:
        """YAML reads a bare `off` as false."""
        return tuple("off" if one is False else one for one in _either(given))

    @field_validator("templates", "checks", "seeds")
    @classmethod
    def _each_once(cls, given: tuple[Any, ...]) -> tuple[Any, ...]:
        if len(set(given)) < len(given):
            raise ValueError("something is named twice")
        return given


def read_experiment(path: Path) -> Experiment:
    """The experiment of a file, with paths counted from there. Raises BadFile, BadRequest with field and line."""
    try:
        raw = ordinary(path).read_bytes()
        if len(raw) > LONGEST_FILE:
            raise BadFile(f"has {len(raw)} bytes; an experiment has at most {LONGEST_FILE}", where=path.name, do=SEE)
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadFile(f"cannot be read ({type(error).__name__})", where=str(path), do=SEE) from error
    return parse_experiment(text, path.name, path.resolve().parent)


def parse_experiment(text: str, where: str, folder: Path) -> Experiment:
    """Raises BadRequest with the first field that is wrong, and its line."""
    data: Any = load_words(text, where)
    if not isinstance(data, dict):
        raise BadRequest("is not a list of fields with their values", where=where, do=SEE)
    try:
        found = Experiment(**data)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        at = tuple(
            part for part in first["loc"] if isinstance(part, int) or part not in ("str", "ModelConfig", "[key]")
        )
        message = first["msg"].removeprefix("Value error, ")
        raise BadRequest(f"{placed(text, at)}: {message}", where=where, do=SEE) from error
    except TypeError as error:
        raise BadRequest(f"has a field that is no word ({error})", where=where, do=SEE) from error
    return _with_places(found, folder)


def _with_places(found: Experiment, folder: Path) -> Experiment:
    """With absolute paths, so that it can be run from anywhere."""
    sources = tuple(one.model_copy(update={"path": _at(folder, one.path)}) if one.path else one for one in found.cases)
    templates = tuple(
        str(_at(folder, Path(one))) if one.endswith((".yaml", ".yml")) else one for one in found.templates
    )
    prompts = {name: _at(folder, one) if one else None for name, one in found.prompts.items()}
    return found.model_copy(update={"cases": sources, "templates": templates, "prompts": prompts})


def _at(folder: Path, path: Path) -> Path:
    return path if path.is_absolute() else folder / path
