"""The events that a chat's journal has and the page's log lacks: turns cut off by a kill, or taken in a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from readingroom.chat import Chat
from readingroom.chat_course import Turn
from readingroom.web.page_store import PageStore
from readingroom.web.turns import turn_view

NUMBERS = "SELECT DISTINCT json_extract(data, '$.number') AS turn FROM events WHERE chat = ? AND name IN "
ASKED = NUMBERS + "('asked')"
ENDED = NUMBERS + "('answered', 'failed')"


def missed(store: PageStore, chat: Chat) -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and data of each, in order; of a chat that no turn is at work in."""
    asked, ended = ({row["turn"] for row in store.rows(query, (chat.id,))} for query in (ASKED, ENDED))
    for turn in chat.turns:
        if turn.number not in asked:
            yield "asked", {"number": turn.number, "question": turn.question}
            if turn.plan:
                yield "plan", {"plan": turn.plan.model_dump(mode="json")}
        if turn.number not in ended:
            yield _end(turn)


def _end(turn: Turn) -> tuple[str, dict[str, Any]]:
    if turn.answer:
        return "answered", {"number": turn.number, "turn": turn_view(turn)}
    return "failed", {"number": turn.number, "error": turn.error}
