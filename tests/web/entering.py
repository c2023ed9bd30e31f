"""A server of the page on loopback, clients that have entered it, and a stream of events read whole."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from readingroom.settings import load_settings
from readingroom.web.serving import Front, serving

API = "/api/v1"
OWN = {"X-Readingroom": "1"}


@dataclass
class Page:
    """A server with a client that has entered."""

    front: Front
    owner: httpx.Client

    @property
    def base(self) -> str:
        return self.front.entrance.address

    @contextmanager
    def another(self, url: str) -> Iterator[Page]:
        with client(self.base) as found:
            assert found.get(url).status_code == 303
            yield Page(self.front, found)

    def begin(self, study: str) -> str:
        return self.owner.post(f"{API}/chats", json={"study": study}).json()["id"]

    def ask(self, chat: str, question: str, **more: Any) -> int:
        answer = self.owner.post(f"{API}/chats/{chat}/turns", json={"question": question, **more})
        assert answer.status_code == 202, answer.text
        return answer.json()["number"]

    def events(self, chat: str, after: int = 0) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Number, name and data of each as it comes; without end."""
        yield from heard(self.owner, chat, after)

    def until(self, chat: str, name: str, after: int = 0) -> list[tuple[int, str, dict[str, Any]]]:
        """All events up to the first of that name."""
        found = []
        for event in self.events(chat, after):
            found.append(event)
            if event[1] == name:
                return found
        raise AssertionError(f"the stream ended before {name}")

    def until_ended(self, chat: str, number: int) -> list[tuple[int, str, dict[str, Any]]]:
        """All events up to the end of a turn."""
        found = []
        for event in self.events(chat):
            found.append(event)
            if event[1] in ("answered", "failed") and event[2]["number"] == number:
                return found
        raise AssertionError("the stream ended before the turn")


def heard(session: httpx.Client, chat: str, after: int = 0) -> Iterator[tuple[int, str, dict[str, Any]]]:
    headers = {"Last-Event-ID": str(after)} if after else {}
    with session.stream("GET", f"{API}/chats/{chat}/events", headers=headers) as answer:
        assert answer.status_code == 200
        fields: dict[str, str] = {}
        for line in answer.iter_lines():
            if line and not line.startswith(":"):
                name, _, value = line.partition(": ")
                fields[name] = value
            elif fields:
                yield int(fields["id"]), fields["event"], json.loads(fields["data"])
                fields = {}


def client(base: str) -> httpx.Client:
    return httpx.Client(base_url=base, headers=OWN, timeout=30, trust_env=False, verify=False)


@contextmanager
def opened(folder: Path, words: dict[str, Any] | None = None, **given: Any) -> Iterator[Page]:
    """A server of a home below `folder`, entered by its owner; `words` are settings of its room."""
    settings = load_settings(home=folder / "home", config=folder / "config", **(words or {}))
    with serving(settings, **given) as front, client(front.entrance.address) as owner:
        assert owner.get(front.link()).status_code == 303
        yield Page(front, owner)


def upload(session: httpx.Client, *, deidentify: bool = False, url: str = f"{API}/studies", **paths: Path) -> Any:
    """Files by role."""
    files = [(role, (path.name, path.read_bytes())) for role, path in paths.items()]
    return session.post(url, files=files, data={"deidentify": "1" if deidentify else "0"})
