"""Addresses of indexes: what each names, and what is refused before anything is sent."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from readingroom.errors import BadRequest
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Space
from readingroom.index.opening import open_index, place_of

SPACE = Space(model="m", version="1", preprocessing_id="p", dimensions=4)


def test_a_folder_is_an_embedded_index(tmp_path):
    for address in (tmp_path / "i", str(tmp_path / "j")):
        index = open_index(address, SPACE)
        assert isinstance(index, EmbeddedIndex)
        index.close()


def test_what_an_address_of_postgresql_names():
    place = place_of(urlsplit("postgresql://me%40home@db.example.org/images/films"))
    assert place == ("db.example.org", 5432, "images", "films", "me@home", "verify-full")
    assert place_of(urlsplit("postgresql://[::1]:99/b/t")).encryption == "prefer"
    socket = place_of(urlsplit("postgresql://me@/b/t?host=/run/postgresql"))
    assert (socket.host, socket.encryption) == ("/run/postgresql", "prefer")


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("redis://h/i", "no index of the kind 'redis'"),
        ("qdrant+http://example.org:6333/i", "without encryption"),
        ("qdrant+https://example.org/", "no address of a Qdrant collection"),
        ("qdrant+https://example.org/a/b", "no address of a Qdrant collection"),
        ("qdrant+https://example.org/i?x=1", "no address of a Qdrant collection"),
        ("qdrant+https://u@example.org/i", "no address of a Qdrant collection"),
        ("qdrant+https://u:s3cret@example.org/i", "carries a password"),
        ("postgresql://u:s3cret@example.org/b/t", "carries a password"),
        ("postgresql://u@example.org/b", "no address of a PostgreSQL table"),
        ("postgresql://u@example.org/b/drop table", "no address of a PostgreSQL table"),
        ("postgresql://u@example.org/b/t?sslmode=disable", "no address of a PostgreSQL table"),
        ("postgresql://u@/b/t?host=relative", "no address of a PostgreSQL table"),
        ("postgresql://u@example.org:port/b/t", "this is no address"),
    ],
)
def test_what_is_no_address_is_refused_without_saying_what_it_carries(address, said):
    with pytest.raises(BadRequest, match=said) as told:
        open_index(address, SPACE, SecretStr("k3y"))
    assert "s3cret" not in str(told.value)
    assert "k3y" not in str(told.value)
