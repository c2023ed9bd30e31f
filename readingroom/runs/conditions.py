"""Under which conditions a run was made, and what of them has changed since."""

from __future__ import annotations

from readingroom.domain.value import Value
from readingroom.errors import BadRequest


class Conditions(Value):
    """Beside what a run was asked: each by name and version, or by digest."""

    code_version: str
    backend: str = ""
    settings_sha256: str = ""
    """Of the settings that can change a report; no key is among them."""
    prompts_sha256: str = ""
    """Of every template, prompt and word list."""

    def changed(self, now: Conditions) -> tuple[str, ...]:
        """What is not the same any more, in words."""
        names = {"code_version": "version", "backend": "backend"}
        said = [
            f"the {word} is {getattr(now, name)}, and was {getattr(self, name)}"
            for name, word in names.items()
            if getattr(self, name) != getattr(now, name)
        ]
        if self.settings_sha256 != now.settings_sha256:
            said.append("settings have changed")
        if self.prompts_sha256 != now.prompts_sha256:
            said.append("templates, prompts or word lists have changed")
        return tuple(said)


def same_house(then: Conditions, now: Conditions, run: str) -> None:
    """Raises BadRequest where a run would be finished by other models, words or code than it was begun with."""
    changed = then.changed(now.model_copy(update={"settings_sha256": then.settings_sha256}))
    if changed:
        raise BadRequest(f"run {run} cannot go on: {'; '.join(changed)}", do="Set it back, or draft anew.")
