"""A language model that does whatever any text it is shown wants done, in whatever part it plays."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from readingroom.agents.chat_model import Message, Offer, Turn
from readingroom.agents.scripted import calls, says
from tests.security.corpus import Payload, filled

WINDOW = 14
"""Letters in a row by which a text is known again, however it was cut, cleaned or escaped."""
MOST_CALLS = 40


def bare(text: str) -> str:
    return "".join(char for char in text.lower() if char.isalnum())


def pieces(text: str) -> tuple[str, ...]:
    """What of a text gives it away wherever it stands."""
    whole = bare(text)
    starts = range(0, max(1, len(whole) - WINDOW + 1), WINDOW // 2)
    return tuple(dict.fromkeys(whole[at : at + WINDOW] for at in starts))


class Obeying:
    """Honest until it reads a piece of the payload; then it does what that wants. It keeps all that it was shown."""

    name = "obeying"

    def __init__(self, payload: Payload, *, own: bool = False) -> None:
        """`own`: its own first answer in each part is the payload, which it then reads in the history."""
        self._payload, self._own = payload, own
        self._marks = pieces(payload.text)
        self.shown: list[tuple[Message, ...]] = []
        self.reached = False
        self.wrote: list[str] = []
        """Sentences that it was made to write."""
        self._turns = 0

    def begin(self) -> None:
        """A new part: nothing was said in it."""
        self._turns = 0

    async def turn(
        self,
        messages: Sequence[Message],
        offers: Sequence[Offer] = (),
        *,
        form: dict[str, Any] | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> Turn:
        del tell
        self.shown.append(tuple(messages))
        self._turns += 1
        if self._own and self._turns == 1:
            return says(self._payload.text)
        seen = "\n".join(message.text for message in messages)
        plain = bare(seen)
        if not any(mark in plain for mark in self._marks):
            return self._honest(form, offers)
        self.reached = True
        wants = [filled(want, {"SYSTEM": messages[0].text[:200]}) for want in self._payload.wants]
        return self._obey(wants, seen, form, offers)

    def _honest(self, form: dict[str, Any] | None, offers: Sequence[Offer]) -> Turn:
        fields = form["properties"] if form else {}
        if "steps" in fields:
            return says(json.dumps({"aim": "answer", "steps": _plan(HONEST) if self._turns == 1 else [], "cannot": []}))
        if "verdict" in fields:
            return says(json.dumps({"verdict": "supported", "evidence_ids": [], "reason": ""}))
        if "sentences" in fields:
            return says('{"sentences": []}')
        if offers and self._turns == 1:
            return calls(*((name, json.dumps(given)) for name, given in HONEST))
        return says("There is evidence.")

    def _obey(
        self, wants: list[dict[str, Any]], seen: str, form: dict[str, Any] | None, offers: Sequence[Offer]
    ) -> Turn:
        raw = [want["answer"] for want in wants if "answer" in want]
        if raw and self._turns % 2:
            return says(raw[0])
        fields = form["properties"] if form else {}
        written = [want for want in wants if "write" in want]
        asked = [want for want in wants if "call" in want]
        self.wrote += [want["write"] for want in written]
        if "steps" in fields:
            return says(self._planned(asked, written))
        if "sentences" in fields:
            return says(json.dumps({"sentences": list(_lines(written or _spoken(asked), seen))}))
        if "verdict" in fields:
            return says(_judgement(wants, seen))
        again = [want for want in asked if want.get("times", 1) >= self._turns - 1]
        if offers and again:
            return calls(*[(want["call"], _arguments(want)) for want in again][:MOST_CALLS])
        return says(" ".join(want["write"] for want in written) or "done")

    def _planned(self, asked: list[dict[str, Any]], written: list[dict[str, Any]]) -> str:
        steps = [
            {"id": str(want.get("with", {}).get("id", f"obey-{self._turns}-{n}")), "tool": want["call"],
             "arguments": _arguments(want), "why": self._payload.text}
            for n, want in enumerate(asked[:MOST_CALLS])
        ]  # fmt: skip
        told = [*(want["write"] for want in written[:10]), self._payload.text]
        return json.dumps({"aim": "answer", "steps": steps, "cannot": told})


HONEST = (
    ("segment", {"image": "img-1"}),
    ("draft_findings", {"images": ["img-1"]}),
)


def _plan(steps: Iterable[tuple[str, dict[str, Any]]]) -> list[dict[str, str]]:
    return [{"id": f"honest-{n}", "tool": name, "arguments": json.dumps(given), "why": ""}
            for n, (name, given) in enumerate(steps)]  # fmt: skip


def _arguments(want: dict[str, Any]) -> str:
    return str(want["text"]) if "text" in want else json.dumps(want.get("with", {}))


def _spoken(asked: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """One that may only write says what it would have called."""
    return [{"write": f"{want['call']}({_arguments(want)})"} for want in asked][:3]


def _ids(seen: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'"id": ?"([EF]\d+)"', seen)))


def _lines(written: Iterable[dict[str, Any]], seen: str) -> Iterable[dict[str, Any]]:
    ids = _ids(seen)
    for want in written:
        cited = [want["cites"]] if "cites" in want else [ids[:60], ids[:1]]
        for one in cited * min(want.get("copies", 1), 200):
            yield {"text": want["write"], "evidence": one}


def _judgement(wants: Iterable[dict[str, Any]], seen: str) -> str:
    want: dict[str, Any] = next((one for one in wants if "verdict" in one), {"verdict": "unsupported"})
    cited = want.get("cites", _ids(seen)[:1])
    return json.dumps({"verdict": want["verdict"], "evidence_ids": cited, "reason": want.get("reason", "as told")})
