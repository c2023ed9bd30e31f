"""Real servers on loopback, each in a folder of its own: PostgreSQL with pgvector, and Qdrant where it is installed."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

PASSWORD = "pass:word/of@tests"
PATIENCE = 30.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def postgres_programs() -> Path | None:
    """The folder of a PostgreSQL that has pgvector: Debian's, or the one that the wheel pgserver carries."""
    wheel = find_spec("pgserver")
    places = [Path(place) / "pginstall" / "bin" for place in (wheel.submodule_search_locations or [] if wheel else [])]
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        shared = [place.parent / "share", Path("/usr/share/postgresql") / place.parent.name]
        if (place / "initdb").is_file() and any(list(one.rglob("extension/vector.control")) for one in shared):
            return place
    return None


def qdrant_program() -> str | None:
    return os.environ.get("READINGROOM_QDRANT") or shutil.which("qdrant")


@contextmanager
def postgres(programs: Path) -> Iterator[int]:
    """The port of a running server with the base and user `postgres` and PASSWORD."""
    home = Path(tempfile.mkdtemp(prefix="pg-"))
    secret = home / "password"
    secret.write_text(PASSWORD)
    given = {"user": "nobody"} if os.geteuid() == 0 else {}  # PostgreSQL will not run as root
    if given:
        for one in (home, secret):
            shutil.chown(one, "nobody")
    port = free_port()
    begun = subprocess.run(
        [programs / "initdb", "-D", home / "data", "-U", "postgres", "--auth=scram-sha-256", "--no-sync", "-E", "UTF8",
         "--locale=C", f"--pwfile={secret}"], capture_output=True, text=True, check=False, cwd=home, **given,
    )  # fmt: skip
    assert begun.returncode == 0, begun.stderr
    command = [programs / "postgres", "-D", home / "data", "-p", str(port), "-k", home, "-h", "127.0.0.1", "-F",
               "-c", "shared_buffers=16MB", "-c", "max_connections=20"]  # fmt: skip
    with running(command, port, home, **given):
        yield port


@contextmanager
def qdrant(program: str, key: str) -> Iterator[int]:
    """The port of a running server that wants `key`."""
    home = Path(tempfile.mkdtemp(prefix="qdrant-"))
    port = free_port()
    told = {"SERVICE__HOST": "127.0.0.1", "SERVICE__HTTP_PORT": port, "SERVICE__GRPC_PORT": free_port(),
            "SERVICE__API_KEY": key, "TELEMETRY_DISABLED": "true", "STORAGE__STORAGE_PATH": home / "storage",
            "STORAGE__SNAPSHOTS_PATH": home / "snapshots", "LOG_LEVEL": "WARN"}  # fmt: skip
    environment = {**os.environ, **{f"QDRANT__{name}": str(value) for name, value in told.items()}}
    with running([program, "--disable-telemetry"], port, home, env=environment):
        yield port


@contextmanager
def running(command: Sequence[str | Path], port: int, home: Path, **given: object) -> Iterator[None]:
    """A process from when its port answers; ended, and its folder gone, afterwards."""
    with open(os.open(home, os.O_TMPFILE | os.O_RDWR, 0o600), "w+") as log:
        process = subprocess.Popen(command, cwd=home, stdout=log, stderr=log, **given)
        try:
            until = time.monotonic() + PATIENCE
            while not answers(port):
                log.seek(0)
                assert process.poll() is None, log.read()
                assert time.monotonic() < until, "it does not answer"
                process.poll()
            yield
        finally:
            process.send_signal(2)  # a fast end, for PostgreSQL
            process.wait(PATIENCE)
            shutil.rmtree(home, ignore_errors=True)


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.05)
        return probe.connect_ex(("127.0.0.1", port)) == 0
