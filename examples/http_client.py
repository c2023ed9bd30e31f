"""A client of the reading room's HTTP API: a study in, a draft out, every event as it happens.

Start the server with a file for its link, and give both to this script:

    readingroom serve --token-file link.txt --no-browser
    python examples/http_client.py link.txt chest.dcm --prior earlier.dcm --export report.md

It stands on httpx alone and imports nothing of readingroom.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

API = "/api/v1"


class ReadingRoomClient:
    """One session with a server."""

    def __init__(self, link: str) -> None:
        """`link` is what the server printed; it opens once, and the cookie that it gives stays in this client."""
        base = link.partition("/enter")[0]
        # The header tells the server that no page of somebody else sends this; Origin is sent by browsers alone.
        self._http = httpx.Client(base_url=base, headers={"X-Readingroom": "1"}, timeout=120)
        self._checked(self._http.get(link))

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        """Errors are one line in JSON."""
        if answer.status_code >= 400:
            raise SystemExit(f"{answer.status_code}: {answer.json()['error']}")
        return answer

    def upload(self, current: list[Path], prior: list[Path], *, deidentify: bool) -> dict[str, Any]:
        """A study from files; a zip of a folder is one file."""
        roles = [("current", path) for path in current] + [("prior", path) for path in prior]
        files = [(role, (path.name, path.read_bytes())) for role, path in roles]
        told = {"deidentify": "1" if deidentify else "0"}
        study: dict[str, Any] = self._checked(self._http.post(f"{API}/studies", files=files, data=told)).json()
        return study

    def draft(self, study: str, indication: str) -> tuple[str, int]:
        """Ask for a draft: the chat that it happens in, and the number of its turn."""
        words = {"indication": indication} if indication else {}
        begun = self._checked(self._http.post(f"{API}/drafts", json={"study": study, "words": words})).json()
        return begun["chat"], begun["number"]

    def events(self, chat: str, after: int = 0) -> Iterator[tuple[int, str, dict[str, Any]]]:
        """Number, name and data of each event; after a broken connection go on with the last number heard."""
        headers = {"Last-Event-ID": str(after)} if after else {}
        with self._http.stream("GET", f"{API}/chats/{chat}/events", headers=headers) as stream:
            fields: dict[str, str] = {}
            for line in stream.iter_lines():
                if line and not line.startswith(":"):
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields:
                    yield int(fields["id"]), fields["event"], json.loads(fields["data"])
                    fields = {}

    def export(self, run: str, form: str, study: str) -> bytes:
        """The report of a run as a file."""
        return self._checked(self._http.get(f"{API}/runs/{run}/export/{form}", params={"study": study})).content


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("link", type=Path, help="file that `readingroom serve --token-file` writes")
    parser.add_argument("current", type=Path, nargs="+")
    parser.add_argument("--prior", type=Path, nargs="*", default=[])
    parser.add_argument("--indication", default="")
    parser.add_argument("--deidentify", action="store_true")
    parser.add_argument("--export", type=Path, default=Path("report.md"))
    given = parser.parse_args()
    client = ReadingRoomClient(given.link.read_text().strip())
    study = client.upload(given.current, given.prior, deidentify=given.deidentify)
    chat, number = client.draft(study["id"], given.indication)
    for _, name, data in client.events(chat):
        if name in ("started", "ended"):
            print(f"{name} {data['step']}", file=sys.stderr)
        elif name == "failed" and data["number"] == number:
            raise SystemExit(data["error"])
        elif name == "answered" and data["number"] == number:
            break
    report = data["turn"]["answer"]["report"]
    for check in report["verification"]["checks"]:
        if check["section"] in ("findings", "impression"):
            print(f"{check['verdict']}: {check['text']}")
    given.export.write_bytes(client.export(data["turn"]["report_run"], given.export.suffix[1:], study["id"]))
    print(given.export)


if __name__ == "__main__":
    main()
