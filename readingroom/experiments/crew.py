"""Who words a draft in an experiment: the template, the sloppy script, or a language model with its prompts."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from readingroom.agents.budget import price_of
from readingroom.agents.chat_model import Usage
from readingroom.agents.model_config import ModelConfig
from readingroom.agents.specialist import Specialist, load_specialists, parse_specialist
from readingroom.domain.value import digest_of
from readingroom.errors import BadRequest
from readingroom.experiments.arms import Arm
from readingroom.experiments.experiment import Experiment, Writer
from readingroom.later import Later
from readingroom.prompts.words import read_words
from readingroom.settings import Settings

if TYPE_CHECKING:
    from readingroom.agents import kernel
else:  # only where a language model writes
    kernel = Later("readingroom.agents.kernel")

WRITERS = ("findings_writer", "impression_writer")
OWN = ("blind_writer", "chooser")
"""Specialists of experiments alone; a folder of prompts may replace them, too."""


class Crew:
    """Keeps the language models open for as long as an experiment runs."""

    def __init__(self, experiment: Experiment, settings: Settings) -> None:
        """Raises BadRequest for a model that the settings do not name, a wrong folder of prompts, and for a limit of
        money where a model has no price."""
        self.writers, self.settings = experiment.writers, settings
        self._prompts = {name: specialists_of(folder) for name, folder in experiment.prompts.items()}
        self._open: dict[tuple[str, int], Any] = {}
        for name, writer in experiment.writers.items():
            if writer.kind == "model":
                named = self.config(name).name
                if experiment.stop.money is not None and price_of(settings.prices, named, Usage()) is None:
                    do = "Add it to the price table of the settings; 0 is a price."
                    raise BadRequest(f"money is limited, but {named!r} has no price", where="stop.money", do=do)

    def writer(self, arm: Arm) -> Writer:
        return self.writers[arm.writer]

    def config(self, name: str) -> ModelConfig:
        """The model of a writer. Raises BadRequest where the settings do not have it."""
        wanted = self.writers[name].model
        if isinstance(wanted, ModelConfig):
            return wanted
        known = self.settings.language_models
        if wanted not in known:
            told = f"They name {', '.join(known)}." if known else "They name none: see docs/language_models.md."
            raise BadRequest(f"the settings name no model {wanted!r}", where=f"writers.{name}.model", do=told)
        return known[wanted]

    def model(self, name: str, seed: int) -> Any:
        """A writer's model, open; its seed goes with every question."""
        if (name, seed) not in self._open:
            self._open[name, seed] = kernel.open_chat(self.config(name).model_copy(update={"seed": seed}))
        return self._open[name, seed]

    def specialists(self, arm: Arm) -> Mapping[str, Specialist]:
        return self._prompts[arm.prompts] if arm.prompts else self._usual

    @cached_property
    def _usual(self) -> Mapping[str, Specialist]:
        return specialists_of(None)

    def identity(self, arm: Arm, seed: int) -> dict[str, Any]:
        """All of a writer that decides what it writes; of a model never a key."""
        writer = self.writer(arm)
        if writer.kind == "template":
            return {"kind": "template"}
        if writer.kind == "sloppy":
            return {"kind": "sloppy", "rate": writer.rate, "seed": seed}
        told = self.config(arm.writer).model_dump(
            mode="json", include={"provider", "model", "address", "temperature", "longest", "structured", "api_version"}
        )
        prompts = {name: self.specialists(arm)[name].sha256 for name in (*WRITERS, *OWN)}
        return {"kind": "model", "seed": seed, "model": told, "prompts": digest_of(prompts)}

    async def aclose(self) -> None:
        for model in self._open.values():
            await model.aclose()


def specialists_of(folder: Path | None) -> Mapping[str, Specialist]:
    """The built-in ones and those of experiments, with those of `folder` in their place. Raises BadRequest."""
    own = {name: parse_specialist(read_words(f"experiments/{name}.yaml"), f"{name}.yaml") for name in OWN}
    return own | load_specialists(folder)
