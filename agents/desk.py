"""Where a specialist works: its prompt, a model, what that may cost, and how text from outside is marked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from readingroom.agents.asking import answer_in
from readingroom.agents.budget import Budget
from readingroom.agents.chat_model import ChatModel, Message
from readingroom.agents.forms import Form
from readingroom.agents.quoting import quote, rule
from readingroom.agents.specialist import Specialist

LONGEST_DATA = 40_000
"""Characters of what one specialist is given to read; evidence of 150 lines has about so many."""


@dataclass(frozen=True)
class Desk:
    """One specialist with a model. Without a model there is no desk, and the rules do the work."""

    specialist: Specialist
    model: ChatModel
    budget: Budget
    delimiter: str

    @property
    def signature(self) -> str:
        """Who wrote, for records: the model, and the prompt by its digest."""
        return f"{self.model.name} as {self.specialist.version}"

    def opening(self, task: str, *data: str) -> list[Message]:
        """The first messages: the prompt with the rule on quoted text, and a task with data, each piece quoted."""
        quoted = (quote(piece, self.delimiter, longest=LONGEST_DATA) for piece in data)
        return [
            Message(role="system", text=f"{self.specialist.system}\n\n{rule(self.delimiter)}"),
            Message(role="user", text="\n\n".join((task, *quoted))),
        ]

    async def answer(self, form: type[Form], messages: Sequence[Message]) -> Form:
        """One typed answer. Raises ModelFailed, Exhausted or BadRequest as `answer_in` does."""
        return await answer_in(form, self.model, messages, self.budget, delimiter=self.delimiter)
