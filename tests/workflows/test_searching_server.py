"""The room's index on a server that the settings name: added to, searched and asked by a plan, as a folder is."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from readingroom import ReadingRoom
from readingroom.archive import Archive
from readingroom.errors import BadRequest, NotAuthorised
from readingroom.index.entry import Filter
from readingroom.indexing import Adding, index_add, index_delete, index_show, search, sheet_of
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom
from readingroom.questions import ask_room
from readingroom.settings import load_settings
from tests.index.processes import PASSWORD, free_port, postgres, postgres_programs
from tests.index.qdrant_stand_in import KEY, StandIn


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    home = tmp_path_factory.mktemp("films")
    return [write_chest(make_chest(ChestPhantom(seed=seed, spacing_mm=2.0)), home / str(seed)) for seed in (1, 2, 3)]


@pytest.fixture(scope="module")
def base():
    programs = postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL with pgvector on this machine (pip install pgserver, or Debian's packages)")
    with postgres(programs) as port:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"


def room_of(home, index, key):
    return ReadingRoom(home=home / "data", config=home / "config", index=index, index_key=key)


def test_a_room_adds_searches_and_asks_in_postgresql(base, films, tmp_path, monkeypatch):
    monkeypatch.setenv("READINGROOM_INDEX", f"{base}/films")
    monkeypatch.setenv("READINGROOM_INDEX_KEY", PASSWORD)
    room = ReadingRoom(home=tmp_path / "data", config=tmp_path / "config")
    with pytest.raises(BadRequest, match="there is no index yet"):
        index_show(room)
    told = room.wait_for(index_add(room, films, Adding(thumbnails=True)))
    assert [row.status for row in told.rows] == ["added"] * 3
    assert room.wait_for(index_add(room, films)).count("known") == 3
    held = index_show(room)
    assert (held.rows, held.where) == (3, f"{base}/films")

    found = room.wait_for(search(room, films[0], k=2))
    assert len(found.neighbours) == 2
    assert all(card.png for card in sheet_of(room, found).neighbours)
    answer = room.wait_for(ask_room(room, "find similar studies", films[0])).answer
    similar = [item for item in answer.evidence if item.origin.tool == "similar"]
    assert [item.score for item in similar] == [round(hit.similarity, 4) for hit in found.neighbours]
    assert index_delete(room, Filter(equals={"modality": ("x_ray",)})) == 3
    assert index_show(room).rows == 0
    assert PASSWORD not in repr(room.settings)


def test_a_room_adds_and_searches_in_qdrant(films, tmp_path):
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        room = room_of(tmp_path, f"qdrant+http://127.0.0.1:{server.server_port}/films", KEY)
        assert room.wait_for(index_add(room, films)).held == 3
        assert len(room.wait_for(search(room, films[1], k=5)).neighbours) == 2
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        server.engine.close()


def test_a_server_that_cannot_be_used_is_told_and_a_reading_goes_on(base, films, tmp_path):
    with pytest.raises(NotAuthorised) as told:
        index_show(room_of(tmp_path, f"{base}/films", "another-password"))
    assert "another-password" not in str(told.value)
    dead = room_of(tmp_path, f"qdrant+http://127.0.0.1:{free_port()}/films", KEY)
    answer = dead.wait_for(ask_room(dead, "find similar studies", films[0])).answer
    assert not answer.evidence
    assert any("127.0.0.1" in limit.text for limit in answer.limitations)
    assert dead.draft_sync(films[0]).report.status == "preliminary"


def test_what_an_index_may_be_called(tmp_path):
    assert load_settings(index="~/films").index == Path.home() / "films"
    assert load_settings(index=tmp_path).index == tmp_path
    for address in ("postgresql://me@host/b/t", "qdrant+https://host/t"):
        with pytest.raises(BadRequest, match="READINGROOM_INDEX"):
            Archive(Path(address))
