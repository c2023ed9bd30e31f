"""A usable answer of a model: an empty, refused, cut or malformed one is mended once, a content filter is met once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from readingroom.agents.budget import Budget
from readingroom.agents.chat_model import ChatModel, Message, Offer, ToolCall, Turn
from readingroom.agents.forms import Form, read_form, schema_of
from readingroom.agents.quoting import quote, without_quotes
from readingroom.domain.value import Value
from readingroom.errors import BadReply, ModelFailed

INSTEAD = "The rules go on without it."


class Usable(NamedTuple):
    """A turn that asks for calls, or words that can be used."""

    turn: Turn
    value: Value | None


@dataclass
class Asking:
    """One conversation's questions to its model, paid from its budget."""

    model: ChatModel
    budget: Budget
    delimiter: str
    offers: tuple[Offer, ...] = ()
    form: type[Value] | None = None
    tell: Callable[[str], None] | None = None
    """Each piece of text as it comes; not of forms, which nobody reads before they are whole."""
    notes: list[str] = field(default_factory=list)
    """What was not as it should be."""
    _minimal: bool = False

    def __post_init__(self) -> None:
        self._schema = schema_of(self.form) if self.form else None

    async def usable(self, messages: Sequence[Message]) -> Usable:
        """Raises ModelFailed where the second answer is no better, Exhausted and BadRequest as the budget does."""
        aside: list[Message] = []
        while True:
            turn = await self._turn([*messages, *aside])
            if turn.finish == "filter":
                self._minimise(messages)
                continue
            value, flaw = self._read(turn)
            if not flaw:
                return Usable(turn, value)
            if aside:
                raise ModelFailed(f"its answer {flaw}, twice", where=self.model.name, do=INSTEAD)
            aside = self._mended(turn, flaw)

    async def _turn(self, messages: Sequence[Message]) -> Turn:
        if self._minimal:
            messages = _without_texts(messages, self.delimiter)
        sent = sum([len(message.text) for message in messages]) + _length(
            call for message in messages for call in message.calls
        )
        self.budget.before_turn(self.model.name, sent)
        tell = None if self.form else self.tell
        turn = await self.model.turn(messages, self.offers, form=self._schema, tell=tell)
        named = turn.model if self.budget.price(turn.model, turn.usage) is not None else self.model.name
        self.budget.after_turn(named, turn.usage, sent, len(turn.text) + _length(turn.calls))
        self.notes += turn.notes
        return turn

    def _read(self, turn: Turn) -> tuple[Value | None, str]:
        """The form's value, where there is one, and what is wrong with the answer."""
        if turn.finish == "length":
            return None, "was cut off at its longest: answer in fewer words"
        if turn.calls:
            return None, ""
        if not turn.text.strip():
            return None, "was empty"
        if self.form is None:
            return None, ""
        try:
            return read_form(self.form, turn.text), ""
        except BadReply as error:
            return None, f"does not fit the schema: {error.line()}"

    def _mended(self, turn: Turn, flaw: str) -> list[Message]:
        """What is said to have it mended; it does not stay in the history."""
        self.notes.append(f"an answer {flaw.split(':', maxsplit=1)[0]} and was asked for again")
        bad = [Message(role="assistant", text=turn.text)] if turn.text.strip() else []
        head, _, fields = flaw.partition(": ")  # the fields' names are the model's own words
        where = f":\n{quote(fields, self.delimiter)}\n" if fields else ". "
        return [*bad, Message(role="user", text=f"Your answer {head}{where}Answer again.")]

    def _minimise(self, messages: Sequence[Message]) -> None:
        """Once more without the texts that came from outside; the same request would meet the same filter."""
        if self._minimal or _without_texts(messages, self.delimiter) == list(messages):
            raise ModelFailed("a content filter stepped in", where=self.model.name, do=INSTEAD)
        self._minimal = True
        self.notes.append("a content filter stepped in: asked again without the texts from outside")


async def answer_in(
    form: type[Form], model: ChatModel, messages: Sequence[Message], budget: Budget, *, delimiter: str
) -> Form:
    """One typed answer, no tools. Raises what `Asking.usable` raises."""
    value = (await Asking(model, budget, delimiter, form=form).usable(messages)).value
    if not isinstance(value, form):
        raise ModelFailed("it asked for tools where none were offered", where=model.name, do=INSTEAD)
    return value


def _length(calls: Iterable[ToolCall]) -> int:
    return sum(len(call.arguments) for call in calls)


def _without_texts(messages: Sequence[Message], delimiter: str) -> list[Message]:
    """Without quoted texts, but for what tools answered."""
    return [
        message.model_copy(update={"text": without_quotes(message.text, delimiter)})
        if message.role == "user" and f"<{delimiter}>" in message.text
        else message
        for message in messages
    ]
