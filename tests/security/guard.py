"""Watches what this process opens, connects to and starts, while it is asked to."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import readingroom

REPO = Path(readingroom.__file__).resolve().parent.parent
QUIET = ("/dev/null", "/dev/urandom", "/etc/localtime")
FILES = {"open", "os.listdir", "os.scandir", "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.truncate",
         "os.symlink", "os.link", "os.chmod", "shutil.copyfile", "shutil.rmtree"}  # fmt: skip
NETWORK = {"socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"}
PROCESSES = {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile"}


class Guard:
    """What may be opened, and what was done beyond it. One audit hook a process, which nothing can take away again."""

    def __init__(self) -> None:
        here = [Path(sys.prefix), Path(sys.base_prefix), Path(sysconfig.get_paths()["stdlib"])]
        package = [REPO / name for name in ("readingroom", "agents", "tools", "prompts", "workflows", "tests")]
        self._always = tuple(str(path.resolve()) for path in (*here, *package))
        self._allowed: tuple[str, ...] = ()
        self._ports: frozenset[int] = frozenset()
        self._on = False
        self.opened = 0
        self.outside: list[str] = []
        sys.addaudithook(self._heard)

    @contextmanager
    def watching(self, *folders: Path, ports: frozenset[int] = frozenset()) -> Iterator[list[str]]:
        """What happens inside that should not, one line each; only these folders, the package and ports are open."""
        self._allowed = (*self._always, *(str(path.resolve()) for path in folders))
        find_spec("no_module_of_this_name")  # Python lists its path now, and not when a module is imported late
        self._ports, self.outside, self._on = ports, [], True
        try:
            yield self.outside
        finally:
            self._on = False

    def _heard(self, event: str, given: tuple[Any, ...]) -> None:
        if not self._on:
            return
        if event in FILES:
            for path in given[: 2 if event in ("os.rename", "os.link", "os.symlink") else 1]:
                self._file(event, path)
        elif event in NETWORK:
            address = given[1] if event.startswith(("socket.connect", "socket.send")) else given[:2]
            if not (isinstance(address, tuple) and address[:1] == ("127.0.0.1",) and address[1] in self._ports):
                self.outside.append(f"{event} {address}")
        elif event in PROCESSES:
            self.outside.append(f"{event} {given[0]}")

    def _file(self, event: str, path: object) -> None:
        if not isinstance(path, str | bytes | os.PathLike):
            return  # an open descriptor
        self.opened += 1
        self._on = False  # resolving a name is no reading of ours
        try:
            name = os.path.realpath(os.fsdecode(path))
        finally:
            self._on = True
        fine = any(name == root or name.startswith(f"{root}{os.sep}") for root in self._allowed)
        if not fine and name not in QUIET and not name.startswith("/usr/share/zoneinfo"):
            self.outside.append(f"{event} {name}")
