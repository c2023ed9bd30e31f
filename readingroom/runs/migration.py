"""A store of schema 1 (runs and steps) told as a journal: its runs stay readable, shown and compared."""

from __future__ import annotations

import sqlite3
from typing import Any

from readingroom.domain.value import canonical_json
from readingroom.runs.event import FIRST, Kind, chained


def steps_to_events(connection: sqlite3.Connection) -> None:
    """Inside the caller's transaction; what version 1 kept as blobs stays there, named by its digest."""
    for run in connection.execute("SELECT * FROM runs").fetchall():
        entries = _entries(connection, run)
        previous = FIRST
        for number, (kind, at, said, content) in enumerate(entries, 1):
            payload = canonical_json(said)
            digest = chained(run["id"], number, kind, at, payload, content, previous)
            connection.execute(
                "INSERT INTO events VALUES (?, ?, ?, ?, ?, NULL, ?, ?, ?)",
                (run["id"], number, kind, at, payload, content, previous, digest),
            )
            previous = digest
        connection.execute("UPDATE runs SET events = ?, head = ? WHERE id = ?", (len(entries), previous, run["id"]))
    connection.execute("DROP TABLE steps")


def _entries(connection: sqlite3.Connection, run: sqlite3.Row) -> list[tuple[Kind, str, dict[str, Any], str | None]]:
    named = {name: run[name] for name in ("workflow", "subject", "code_version")}
    found: list[tuple[Kind, str, dict[str, Any], str | None]] = [
        ("begun", run["started"], {**named, "schema": 1}, run["request_sha256"])
    ]
    for step in connection.execute("SELECT * FROM steps WHERE run = ? ORDER BY number", (run["id"],)):
        asked = {"step": step["number"], "name": step["name"], "tool": step["tool"], "key": step["key"]}
        found.append(("intent", step["started"], asked, step["request_sha256"]))
        if step["status"] != "started":
            told = {name: step[name] for name in ("status", "error", "elapsed_ms")}
            found.append(("result", step["started"], {"step": step["number"], **told}, step["output_sha256"]))
    if run["status"] != "running":
        ended = {name: run[name] for name in ("status", "error", "report_sha256")}
        found.append(("ended", run["finished"] or run["started"], ended, None))
    return found
