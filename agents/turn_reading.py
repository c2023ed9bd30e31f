"""Answers of /chat/completions read into turns: whole ones, and streams put together piece by piece."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from readingroom.agents.chat_model import Finish, ToolCall, Turn, Usage

CUT = Turn(finish="length", notes=("the stream was cut",))
"""Stands for a stream that ended without saying so."""

_FINISH: dict[str, Finish] = {"length": "length", "content_filter": "filter"}


class Pieces:
    """A turn while it comes. Calls are whole only at its end."""

    def __init__(self) -> None:
        self._text: list[str] = []
        self._calls: list[dict[str, Any]] = []
        self._finish: str | None = None
        self._last: dict[str, Any] = {}
        self._refusal = False
        self._unfiltered = False

    def add(self, chunk: Any) -> str:
        """The text that this chunk adds. Raises ValueError for what is no chunk."""
        if not isinstance(chunk, Mapping):
            raise ValueError("a chunk is no object")
        for name in ("usage", "model"):
            if chunk.get(name):
                self._last[name] = chunk[name]
        added = ""
        for choice in _objects(chunk.get("choices"))[:1]:
            delta = choice.get("delta") or {}
            self._finish = choice.get("finish_reason") or self._finish
            self._unfiltered = self._unfiltered or _unfiltered(choice)
            self._refusal = self._refusal or bool(delta.get("refusal"))
            for call in _objects(delta.get("tool_calls")):
                self._add_call(call)
            added += _text(delta.get("content"))
        self._text.append(added)
        return added

    def _add_call(self, delta: Mapping[str, Any]) -> None:
        """By index; servers that give each call index 0 tell them apart by their ids."""
        index, told = delta.get("index"), _text(delta.get("id"))
        function = delta.get("function") or {}
        fits = [call for call in self._calls if call["index"] == index and told in ("", call["id"])]
        if not fits:
            fits = [{"index": index, "id": told, "name": "", "arguments": ""}]
            self._calls += fits
        fits[-1]["name"] = fits[-1]["name"] or _text(function.get("name"))
        fits[-1]["arguments"] += _text(function.get("arguments"))

    def turn(self) -> Turn:
        """The whole of it; CUT where it ended before it was whole."""
        if self._finish is None:
            return CUT
        calls = tuple(ToolCall(id=call["id"], name=call["name"], arguments=call["arguments"]) for call in self._calls)
        return _turn("".join(self._text), calls, self._finish, self._last, _notes(self._refusal, self._unfiltered))


def read_answer(answer: Any) -> Turn:
    """A whole answer. Raises ValueError for what is none."""
    choices = _objects(answer.get("choices")) if isinstance(answer, Mapping) else []
    message = choices[0].get("message") if choices else None
    if not isinstance(message, Mapping):
        raise ValueError("no message in the answer")
    calls = tuple(
        ToolCall(id=_text(call.get("id")), name=_text(function.get("name")), arguments=_text(function.get("arguments")))
        for call in _objects(message.get("tool_calls"))
        if isinstance(function := call.get("function"), Mapping)
    )
    notes = _notes(bool(message.get("refusal")), _unfiltered(choices[0]))
    return _turn(_text(message.get("content")), calls, choices[0].get("finish_reason") or "stop", answer, notes)


def _turn(text: str, calls: tuple[ToolCall, ...], finish: str, told: Mapping[str, Any], notes: tuple[str, ...]) -> Turn:
    """Some servers say "stop" where they ask for calls, so that the calls decide."""
    usage = told.get("usage") or {}
    return Turn(
        text=text,
        calls=calls,
        finish=_FINISH.get(finish, "calls" if calls else "stop"),
        usage=Usage(tokens_in=_count(usage, "prompt_tokens"), tokens_out=_count(usage, "completion_tokens")),
        model=_text(told.get("model")),
        notes=notes,
    )


def _notes(refusal: bool, unfiltered: bool) -> tuple[str, ...]:
    return ("it refused",) * refusal + ("the content filter did not run",) * unfiltered


def _unfiltered(choice: Mapping[str, Any]) -> bool:
    """Azure answers without its filter where that broke, and says so here."""
    found = choice.get("content_filter_results")
    return isinstance(found, Mapping) and bool(found.get("error"))


def _objects(given: Any) -> list[Mapping[str, Any]]:
    return [one for one in given if isinstance(one, Mapping)] if isinstance(given, list) else []


def _text(given: Any) -> str:
    """Half a surrogate pair, which JSON can hold and UTF-8 cannot, becomes a question mark."""
    if not isinstance(given, str):
        return ""
    return given if given.isascii() else given.encode(errors="replace").decode()


def _count(usage: Any, name: str) -> int:
    found = usage.get(name) if isinstance(usage, Mapping) else None
    return found if isinstance(found, int) and found >= 0 else 0
