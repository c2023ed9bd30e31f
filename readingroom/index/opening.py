"""An index by its address: a folder of this machine, a collection of Qdrant, or a table of PostgreSQL."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from pydantic import SecretStr

from readingroom.domain.loopback import is_loopback
from readingroom.errors import BadRequest
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Space
from readingroom.index.pgvector import PgvectorIndex, Place
from readingroom.index.protocol import VectorIndex, is_server
from readingroom.index.qdrant import QdrantIndex

SETTING = "the index's address"
FORMS = "Give a folder, qdrant+https://host:6333/name or postgresql://user@host/base/table."
COLLECTION = re.compile(r"[A-Za-z0-9_-]{1,200}")
TABLE = re.compile(r"[a-z_][a-z0-9_]{0,62}")
"""PostgreSQL cuts longer names."""


def open_index(address: str | Path, space: Space | None = None, key: SecretStr | None = None) -> VectorIndex:
    """Opens the index at an address, or begins one of `space` there.

    A folder; `qdrant+https://host:6333/collection`; `postgresql://user@host:5432/base/table`, where `?host=/folder`
    names a socket's folder. `qdrant+http` and PostgreSQL without a checked certificate are for this machine only.
    `key` is Qdrant's API key or PostgreSQL's password; neither is taken from the address. Raises BadRequest for an
    address that is none, and what the index raises when it is opened.
    """
    if not is_server(address):
        if key is not None:
            raise BadRequest("a folder takes no key", where=SETTING, do="Leave READINGROOM_INDEX_KEY out.")
        return EmbeddedIndex(Path(address).expanduser(), space)
    parts = _split(str(address))
    if parts.scheme in ("qdrant+http", "qdrant+https"):
        return _qdrant(parts, space, key)
    if parts.scheme in ("postgresql", "postgres"):
        return PgvectorIndex(place_of(parts), space, key)
    raise BadRequest(f"there is no index of the kind {parts.scheme[:30]!r}", where=SETTING, do=FORMS)


def _split(text: str) -> SplitResult:
    try:
        parts = urlsplit(text)
        _ = parts.port
    except ValueError:
        raise BadRequest("this is no address", where=SETTING, do=FORMS) from None
    if parts.password is not None or parts.fragment:
        raise BadRequest("the address carries a password or a fragment", where=SETTING, do="Give it as the key.")
    return parts


def _qdrant(parts: SplitResult, space: Space | None, key: SecretStr | None) -> QdrantIndex:
    name = parts.path.strip("/")
    if not parts.hostname or not COLLECTION.fullmatch(name) or parts.query or parts.username is not None:
        raise BadRequest("this is no address of a Qdrant collection", where=SETTING, do=FORMS)
    scheme = parts.scheme.removeprefix("qdrant+")
    if scheme == "http" and not is_loopback(parts.hostname):
        raise BadRequest(f"{parts.hostname} would be asked without encryption", where=SETTING,
                         do="Use qdrant+https; http is for this machine only.")  # fmt: skip
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return QdrantIndex(f"{scheme}://{host}:{parts.port or 6333}", name, space, key)


def place_of(parts: SplitResult) -> Place:
    """Raises BadRequest for what is no table's address."""
    asked = parse_qs(parts.query)
    base, _, table = parts.path.strip("/").partition("/")
    socket = asked.pop("host", [""])[0]
    host = socket or parts.hostname or ""
    if asked or not host or not base or not TABLE.fullmatch(table) or (socket and not socket.startswith("/")):
        raise BadRequest("this is no address of a PostgreSQL table", where=SETTING, do=FORMS)
    return Place(
        host=host,
        port=parts.port or 5432,
        base=unquote(base),
        table=table,
        user=unquote(parts.username or ""),
        encryption="prefer" if socket or is_loopback(host) else "verify-full",
    )
