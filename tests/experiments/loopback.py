"""Endpoints and a language model on this machine that count every call, and the settings of a room that asks them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from readingroom.settings import Settings
from tests.answering import Asked, Told, answering, rows_of
from tests.tools.backends.foundation.blob_server import parse, report

KEY = "counting-key"
LIE = "There is a large left pneumothorax."


@dataclass
class Counting:
    """How often which path was asked."""

    url: str = ""
    calls: Counter[str] = field(default_factory=Counter)
    down: bool = False

    @property
    def tools(self) -> int:
        return sum(count for path, count in self.calls.items() if not path.startswith("/v1"))

    @property
    def models(self) -> int:
        return sum(count for path, count in self.calls.items() if path.startswith("/v1"))

    def settings(self, home: Path, **more: Any) -> Settings:
        def at(path: str) -> dict[str, Any]:
            return {"address": f"{self.url}/{path}/score", "key": KEY, "deadline": 20}

        model = {"provider": "compatible", "model": "m-1", "address": f"{self.url}/v1"}
        return Settings(
            home=home / "home",
            config=home / "config",
            backend="endpoint,classical",
            endpoints={"cxrreportgen": at("report"), "medimageparse": at("parse")},
            language_models={"usual": model},
            prices={"m-1": {"tokens_in": 1.0, "tokens_out": 2.0}},
            **more,
        )


@contextmanager
def counting_server() -> Iterator[Counting]:
    found = Counting()

    def answer(asked: Asked) -> Told:
        found.calls[asked.path] += 1
        return Told({"error": "down"}, 400) if found.down else Told(said(asked.path, asked.body))

    with answering(answer) as found.url:
        yield found


def said(path: str, body: dict[str, Any]) -> Any:
    if path.startswith("/v1"):
        choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": written(body)}}
        return {"model": "m-1", "choices": [choice], "usage": {"prompt_tokens": 50, "completion_tokens": 10}}
    return [(report if path.startswith("/report") else parse)(row, []) for row in rows_of(body)]


def written(body: dict[str, Any]) -> str:
    """A lie that cites the first thing it is told, whatever it is asked to write; of a question the second option."""
    told = json.dumps(body)
    cited = re.findall(r'\\"id\\": ?\\"([EF]\d+)', told.replace("\\\\", "\\"))[:1]
    if "multiple-choice" in told:
        return json.dumps({"letter": "B", "evidence": cited})
    return json.dumps({"sentences": [{"text": LIE, "evidence": cited}]})
