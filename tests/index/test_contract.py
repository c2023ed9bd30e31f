"""What every index promises, asked of each: a folder, PostgreSQL with pgvector, and Qdrant.

All are real processes and files. Where PostgreSQL with pgvector is not installed its tests skip; where Qdrant is not,
the local engine of Qdrant's own client answers instead, every request is checked by Qdrant's own models, and one test
skips to say so.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from readingroom.errors import BadRequest, NotAuthorised, Unavailable
from readingroom.index.entry import Entry, Filter, Space
from readingroom.index.opening import open_index
from readingroom.index.protocol import VectorIndex, collection
from tests.index.processes import PASSWORD, free_port, postgres, postgres_programs, qdrant, qdrant_program
from tests.index.qdrant_stand_in import KEY, StandIn

SPACE = Space(model="m", version="1", preprocessing_id="p", dimensions=4)
EYE = np.eye(4, dtype=np.float32)
NUMBERS = itertools.count()
ODD = 'a "dotted".field[] \\ %22 é'

Open = Callable[..., VectorIndex]


@pytest.fixture(scope="session")
def postgres_address() -> Iterator[str]:
    programs = postgres_programs()
    if programs is None:
        pytest.skip("no PostgreSQL with pgvector on this machine (pip install pgserver, or Debian's packages)")
    with postgres(programs) as port:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres/"


@pytest.fixture(scope="session")
def qdrant_address() -> Iterator[str]:
    program = qdrant_program()
    assert program is not None
    with qdrant(program, KEY) as port:
        yield f"qdrant+http://127.0.0.1:{port}/"


@pytest.fixture(scope="session")
def stand_in_address() -> Iterator[str]:
    server = StandIn()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"qdrant+http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()
    server.engine.close()


@pytest.fixture(params=["folder", "postgres", "qdrant" if qdrant_program() else "stand_in"])
def base(request: pytest.FixtureRequest, tmp_path: Any) -> tuple[str, SecretStr | None]:
    """Where new indexes can be made, and the key."""
    if request.param == "folder":
        return f"{tmp_path}/", None
    key = SecretStr(PASSWORD if request.param == "postgres" else KEY)
    return request.getfixturevalue(f"{request.param}_address"), key


@pytest.fixture
def opened(base: tuple[str, SecretStr | None]) -> Iterator[Open]:
    """Opens the test's one index, or more by other names; all are closed afterwards."""
    address, key = base
    number, indexes = next(NUMBERS), []

    def go(space: Space | None = SPACE, name: str = "i") -> VectorIndex:
        indexes.append(open_index(f"{address}{name}_{number}", space, key))
        return indexes[-1]

    yield go
    for index in indexes:
        index.close()


def test_qdrant_was_the_real_one():
    if qdrant_program() is None:
        pytest.skip("no Qdrant on this machine: its client's local engine was asked (put `qdrant` on the path, or name "
                    "it in READINGROOM_QDRANT)")  # fmt: skip


def entries(*told: dict[str, Any]) -> list[Entry]:
    return [Entry(id=f"r{n}", metadata=one) for n, one in enumerate(told)]


def test_the_nearest_come_first_and_equal_ones_by_id(opened):
    index = opened()
    index.add([Entry(id=name) for name in "dbca"], np.array([[1, 0, 0, 0], [3, 0, 0, 0], [1, 1, 0, 0], [-2, 0, 0, 0]]))
    hits = index.search(np.array([5, 0, 0, 0], np.float32))
    assert [hit.id for hit in hits] == ["b", "d", "c", "a"]
    assert np.allclose([hit.similarity for hit in hits], [1, 1, 0.5**0.5, -1], atol=1e-6)
    assert [hit.id for hit in index.search(np.array([5, 1, 0, 0], np.float32), 1)] == ["c"] or len(hits) == 4
    assert len(index.search(np.array([5, 0, 0, 0], np.float32), 3)) == 3


def test_metadata_come_back_as_they_went_in(opened):
    index = opened()
    told = {"n": 1, "x": 0.1, "yes": True, "words": ["b", "a"], "none": [], "text": "1", ODD: "é\n'\"", "big": 2**53}
    index.add([Entry(id=ODD, metadata=told)], EYE[:1])
    (hit,) = index.search(EYE[0])
    assert (hit.id, hit.metadata) == (ODD, told)
    assert {field: type(value) for field, value in hit.metadata.items()} == {f: type(v) for f, v in told.items()}
    assert index.entries() == (Entry(id=ODD, metadata=told),)


def test_an_id_added_again_is_replaced_and_what_is_deleted_is_gone_when_opened_again(opened):
    index = opened()
    index.add(entries({"n": 0}, {"n": 1}, {"n": 2}, {"n": 3}), EYE)
    index.add([Entry(id="r0", metadata={"now": True})], np.array([[0, 0, 0, 2]], np.float32))
    assert (len(index), index.delete(["r3", "none", "r3"]), index.delete([]), len(index)) == (4, 1, 0, 3)
    index.close()
    index.close()
    again = opened(None)
    assert again.space == SPACE
    assert [entry.id for entry in again.entries()] == ["r0", "r1", "r2"]
    assert again.search(np.array([0, 0, 0, 1], np.float32), 1)[0].metadata == {"now": True}
    taken = collection(again, Filter(equals={"n": (1, 2)}))
    assert [entry.id for entry in taken.entries] == ["r1", "r2"]
    assert np.array_equal(taken.vectors, EYE[1:3])
    assert np.allclose(again.vectors(["r2", "r0", "r2"]), EYE[[2, 3, 2]])
    assert again.vectors([]).shape == (0, 4)
    with pytest.raises(BadRequest, match="there is no row 'r3'"):
        again.vectors(["r0", "r3"])


@pytest.mark.parametrize(
    ("where", "right"),
    [
        ({}, "012345"),
        ({"equals": {"modality": ("ct",)}}, "02"),
        ({"equals": {"modality": ("ct", "mr")}}, "012"),
        ({"equals": {"modality": ()}}, ""),
        ({"equals": {"tags": ("b", "c")}}, "0"),
        ({"equals": {"tags": ("c", "d")}}, "2"),
        ({"equals": {"age": (40,)}}, "0"),
        ({"equals": {"age": (60.5, 41)}}, "1"),
        ({"equals": {"flag": (1,)}}, "34"),
        ({"equals": {"flag": (True,)}}, "5"),
        ({"equals": {"flag": (True, 1.0, "ct")}}, "345"),
        ({"equals": {"modality": ("ct",), "age": (40,)}}, "0"),
        ({"equals": {ODD: ("x",)}}, "4"),
        ({"equals": {"no'; drop table entries; --": (1,)}}, ""),
        ({"excludes": {"modality": ("mr",)}}, "02345"),
        ({"excludes": {"modality": ("mr", "ct")}}, "345"),
        ({"excludes": {"modality": ()}}, "012345"),
        ({"excludes": {"tags": ("a",)}}, "12345"),
        ({"excludes": {"flag": (1,)}}, "0125"),
        ({"at_least": {"age": 50}}, "1"),
        ({"at_least": {"age": 40}, "at_most": {"age": 40}}, "0"),
        ({"at_most": {"modality": 5}}, ""),
        ({"at_least": {"flag": 0}}, "34"),
    ],
)
def test_filters_mean_the_same_everywhere(filled, where, right):
    asked = Filter(**where)
    assert [hit.id for hit in filled.search(np.ones(4, np.float32), 9, asked)] == [f"r{n}" for n in right]
    assert [entry.id for entry in filled.entries(asked)] == [f"r{n}" for n in right]


@pytest.fixture
def filled(opened: Open) -> VectorIndex:
    index = opened()
    told = [{"modality": "ct", "age": 40, "tags": ["a", "b"]}, {"modality": "mr", "age": 60.5},
            {"modality": "ct", "tags": ["d"]}, {"flag": 1}, {"flag": 1.0, ODD: "x"}, {"flag": True}]  # fmt: skip
    index.add(entries(*told), np.ones((6, 4), np.float32))
    return index


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), k=st.integers(1, 60))
def test_the_nearest_are_those_of_a_plain_sort(opened, seed, k):
    rng = np.random.default_rng(seed)
    index = opened(name=f"s{next(NUMBERS)}")
    vectors = rng.standard_normal((50, 4)).astype(np.float32)
    index.add([Entry(id=f"r{n}", metadata={"n": n}) for n in range(50)], vectors)
    cosines = vectors @ vectors[0] / np.linalg.norm(vectors, axis=1) / np.linalg.norm(vectors[0])
    for where, left in ((Filter(), cosines), (Filter(at_least={"n": 20}), cosines[20:])):
        found = [hit.similarity for hit in index.search(vectors[0], k, where)]
        assert np.allclose(found, np.sort(left)[::-1][:k], atol=1e-5)


@pytest.mark.parametrize(
    ("added", "vectors", "said"),
    [
        (["a"], np.zeros((1, 4)), "zero"),
        (["a"], np.full((1, 4), np.nan), "not finite"),
        (["a"], np.ones((1, 5)), "5 numbers where 4 are wanted"),
        (["a"], np.ones((2, 4)), "1 entries came with 2 vectors"),
        (["a", "b", "a"], np.ones((3, 4)), "an id stands twice"),
        (["a", "b\0"], np.ones((2, 4)), "NUL"),
    ],
)
def test_what_has_no_place_in_the_space_is_refused_and_nothing_is_added(opened, added, vectors, said):
    index = opened()
    with pytest.raises(BadRequest, match=said):
        index.add([Entry(id=name) for name in added], vectors.astype(np.float32))
    with pytest.raises(BadRequest, match="Leave it out"):
        index.add([Entry(id="a", metadata={"words": ["\0"]})], EYE[:1])
    for k, query in ((0, EYE[0]), (10_001, EYE[0]), (1, np.ones(5, np.float32))):
        with pytest.raises(BadRequest):
            index.search(query, k)
    index.add([], np.zeros((0, 4), np.float32))
    assert (len(index), index.search(EYE[0]), index.entries()) == (0, (), ())


def test_an_index_is_of_one_space(opened):
    opened().close()
    with pytest.raises(BadRequest, match="the index holds m 1, p, 4 numbers, and these are m 2"):
        opened(SPACE.model_copy(update={"version": "2"}))
    with pytest.raises(BadRequest, match="there is no index yet"):
        opened(None, "j")


def test_more_rows_than_one_request_holds(opened):
    index = opened()
    rng = np.random.default_rng(0)
    index.add([Entry(id=f"r{n:04}") for n in range(1200)], rng.standard_normal((1200, 4)).astype(np.float32))
    assert len(index) == len(index.entries()) == 1200
    assert index.vectors([f"r{n:04}" for n in range(1200)]).shape == (1200, 4)
    assert index.delete([f"r{n:04}" for n in range(1100)]) == 1100
    assert len(index) == 100


def test_a_wrong_key_is_refused_without_saying_it(base):
    address, key = base
    if key is None:
        with pytest.raises(BadRequest, match="takes no key"):
            open_index(address, SPACE, SecretStr("k"))
        return
    with pytest.raises(NotAuthorised) as told:
        open_index(f"{address}i", SPACE, SecretStr("wr0ng"))
    assert "wr0ng" not in str(told.value)
    assert PASSWORD not in str(told.value)


def test_two_may_have_a_server_open_and_an_error_leaves_the_index_usable(base, opened):
    if base[1] is None:
        pytest.skip("a folder is open in one process at a time; test_embedded.py holds that")
    one, other = opened(), opened()
    one.add(entries({"n": 0}), EYE[:1])
    assert [entry.id for entry in other.entries()] == ["r0"]
    with pytest.raises(BadRequest):
        other.add([Entry(id="x")], np.zeros((1, 4), np.float32))
    other.add([Entry(id="x")], EYE[1:2])
    assert len(one) == 2


@pytest.mark.parametrize("address", ["qdrant+http://127.0.0.1:{}/i", "postgresql://u@127.0.0.1:{}/base/i"])
def test_a_server_that_is_not_there_is_told(address):
    with pytest.raises(Unavailable, match="cannot be reached"):
        open_index(address.format(free_port()), SPACE, SecretStr("k3y"))
