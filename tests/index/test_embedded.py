"""The index of a folder: what was acknowledged is found, what is nearest is found first, and a kill loses nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from readingroom.errors import BadRequest, RecordError
from readingroom.index import scan
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Entry, Filter, Space
from readingroom.index.protocol import collection

SPACE = Space(model="m", version="1", preprocessing_id="p", dimensions=4)
WIDE = SPACE.model_copy(update={"dimensions": 128})


def filled(folder: Path, vectors: np.ndarray, space: Space = SPACE) -> EmbeddedIndex:
    index = EmbeddedIndex(folder, space)
    index.add([Entry(id=f"r{n}", metadata={"n": n}) for n in range(len(vectors))], vectors)
    return index


@settings(max_examples=15, deadline=None)
@given(vectors=arrays(np.float32, (12, 4), elements=st.floats(0.125, 8, width=32)), k=st.integers(1, 14))
def test_the_nearest_are_those_of_a_plain_sort(tmp_path_factory, vectors, k):
    index = filled(tmp_path_factory.mktemp("index") / "i", vectors)
    query = vectors[3]
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    cosines = directions @ (query / np.linalg.norm(query))
    found = index.search(query, k)
    index.close()
    assert len(found) == min(k, 12)
    assert np.allclose([hit.similarity for hit in found], np.sort(cosines)[::-1][:k], atol=1e-6)


def test_an_id_added_again_is_replaced_and_what_is_deleted_is_gone(tmp_path):
    index = filled(tmp_path / "i", np.eye(4, dtype=np.float32))
    index.add([Entry(id="r0", metadata={"now": True})], np.array([[0, 0, 0, 1]], np.float32))
    assert (len(index), index.delete(["r3", "none"]), len(index)) == (4, 1, 3)
    assert index.search(np.array([0, 0, 0, 1], np.float32), 2)[0].id == "r0"
    index.close()
    again = EmbeddedIndex(tmp_path / "i")
    assert [entry.id for entry in again.entries()] == ["r0", "r1", "r2"]
    again.compact()
    assert [hit.id for hit in again.search(np.array([0, 1, 0, 0], np.float32), 1)] == ["r1"]
    taken = collection(again, Filter(equals={"n": (1, 2)}))
    assert [entry.id for entry in taken.entries] == ["r1", "r2"]
    assert np.array_equal(taken.vectors, np.eye(4)[1:3])
    assert np.allclose(again.vectors(["r0", "r2"]), [[0, 0, 0, 1], [0, 0, 1, 0]])
    again.close()


def test_filters_hold_on_values_lists_and_ranges(tmp_path):
    index = EmbeddedIndex(tmp_path / "i", SPACE)
    told = [{"modality": "ct", "age": 40, "tags": ["a", "b"]}, {"modality": "mr", "age": 60.5}, {"modality": "ct"}]
    index.add([Entry(id=f"r{n}", metadata=one) for n, one in enumerate(told)], np.ones((3, 4), np.float32))

    def found(**where):
        return [hit.id for hit in index.search(np.ones(4, np.float32), 5, Filter(**where))]

    assert found(equals={"modality": ("ct",)}) == ["r0", "r2"]
    assert found(equals={"tags": ("b", "c")}) == ["r0"]
    assert found(excludes={"modality": ("mr",)}) == ["r0", "r2"]
    assert found(at_least={"age": 50}) == ["r1"]
    assert found(at_least={"age": 30}, at_most={"age": 50}) == ["r0"]
    assert found(equals={"no'; drop table entries; --": (1,)}) == []
    assert len(index) == 3
    index.close()


def test_large_indexes_are_searched_by_codes_and_answer_the_same(tmp_path, monkeypatch):
    """With deleted rows, rows behind the codes, and filters; the bar of exactness is that of the exact scan."""
    monkeypatch.setattr("readingroom.index.embedded.EXACT_UP_TO", 500)
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((30, 128))
    vectors = (centres[np.arange(3000) % 30] + 0.2 * rng.standard_normal((3000, 128))).astype(np.float32)
    index = filled(tmp_path / "i", vectors, WIDE)
    query = vectors[7] + 0.1 * rng.standard_normal(128).astype(np.float32)
    query /= np.linalg.norm(query)
    rows = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)

    def right(allowed):
        order = np.argsort(-(rows[allowed] @ query), kind="stable")[:10]
        return [f"r{allowed[place]}" for place in order]

    everything = np.arange(3000)
    assert [hit.id for hit in index.search(query)] == right(everything)
    index.delete([f"r{n}" for n in range(0, 3000, 3)])
    alive = everything[everything % 3 != 0]
    assert [hit.id for hit in index.search(query)] == right(alive)
    half = alive[alive >= 1500]
    assert [hit.id for hit in index.search(query, where=Filter(at_least={"n": 1500}))] == right(half)
    assert index.recall >= 0.995
    index.add([Entry(id="late")], query[None])
    assert index.search(query)[0].id == "late"
    index.close()


@pytest.mark.parametrize(
    ("vectors", "said"),
    [
        (np.zeros((1, 4)), "zero"),
        (np.full((1, 4), np.nan), "not finite"),
        (np.ones((1, 5)), "5 numbers where 4 are wanted"),
        (np.ones((2, 4)), "1 entries came with 2 vectors"),
    ],
)
def test_what_has_no_place_in_the_space_is_refused_and_nothing_is_added(tmp_path, vectors, said):
    index = EmbeddedIndex(tmp_path / "i", SPACE)
    with pytest.raises(BadRequest, match=said):
        index.add([Entry(id="a")], vectors.astype(np.float32))
    assert len(index) == 0
    index.close()


def test_an_index_is_of_one_space_and_of_one_process(tmp_path):
    index = EmbeddedIndex(tmp_path / "i", SPACE)
    with pytest.raises(BadRequest, match="another process"):
        EmbeddedIndex(tmp_path / "i")
    index.close()
    with pytest.raises(BadRequest, match="the index holds m 1, p, 4 numbers, and these are m 2"):
        EmbeddedIndex(tmp_path / "i", SPACE.model_copy(update={"version": "2"}))
    with pytest.raises(BadRequest, match="there is no index yet"):
        EmbeddedIndex(tmp_path / "j")


def test_a_file_that_lost_rows_is_told(tmp_path):
    filled(tmp_path / "i", np.eye(4, dtype=np.float32)).close()
    os.truncate(tmp_path / "i" / "vectors-0.f32", 40)
    with pytest.raises(RecordError, match="fewer than its 4 rows"):
        EmbeddedIndex(tmp_path / "i")


ADDING = """
import sys
from pathlib import Path
import numpy as np
from readingroom.index.embedded import EmbeddedIndex
from readingroom.index.entry import Entry, Space
index = EmbeddedIndex(Path(sys.argv[1]), Space(model="m", version="1", preprocessing_id="p", dimensions=8))
for n in range(len(index), 100000):
    index.add([Entry(id=f"r{n}")], np.full((1, 8), n + 1.0, np.float32))
    print(n, flush=True)
"""


def test_a_kill_during_adds_loses_no_acknowledged_row(tmp_path):
    """Three kills, each after a few more rows; benchmarks/index.py kills two hundred times."""
    acknowledged = -1
    for more in (3, 7, 5):
        child = subprocess.Popen([sys.executable, "-c", ADDING, str(tmp_path / "i")], stdout=subprocess.PIPE, text=True)
        with child:
            assert child.stdout is not None
            for _, line in zip(range(more), child.stdout, strict=False):
                acknowledged = int(line)
            child.send_signal(signal.SIGKILL)
            acknowledged = max([acknowledged, *map(int, filter(str.strip, child.stdout))])
        index = EmbeddedIndex(tmp_path / "i")
        assert len(index) >= acknowledged + 1
        assert np.allclose(index.vectors([f"r{acknowledged}"]), 8**-0.5)
        index.close()


def test_equal_rows_come_in_the_order_of_their_places():
    rows = np.ones((10, 4), np.float32)
    assert scan.exact(rows, np.ones(4, np.float32), 3)[0].tolist() == [0, 1, 2]


def coded(folder: Path) -> Path:
    (found,) = folder.glob("codes-*")
    return found


def test_codes_are_kept_on_disk_and_made_again_where_they_are_damaged(tmp_path, monkeypatch):
    monkeypatch.setattr("readingroom.index.embedded.EXACT_UP_TO", 500)
    monkeypatch.setattr("readingroom.index.codes.TAIL", 100)
    vectors = np.random.default_rng(0).standard_normal((2000, 128)).astype(np.float32)
    index = filled(tmp_path / "i", vectors, WIDE)
    query = vectors[1900] + 0.1 * vectors[7]
    assert index.search(query)[0].id == "r1900"
    first = coded(tmp_path / "i").read_bytes()
    index.add([Entry(id=f"late{n}") for n in range(150)], vectors[:150] * -1)
    assert index.search(-vectors[3], 1)[0].id == "late3"
    right = index.search(query)
    index.close()
    assert coded(tmp_path / "i").read_bytes() == first
    monkeypatch.setattr(scan, "compressed", lambda rows: pytest.fail("the codes on disk were not used"))
    again = EmbeddedIndex(tmp_path / "i")
    assert again.search(query) == right
    again.close()
    monkeypatch.undo()
    monkeypatch.setattr("readingroom.index.embedded.EXACT_UP_TO", 500)
    path = coded(tmp_path / "i")
    path.write_bytes(first[:-9] + b"truncated")
    again = EmbeddedIndex(tmp_path / "i")
    assert again.search(query)[0] == right[0]  # codes fitted to other rows may choose other last ones
    assert path.read_bytes() != first[:-9] + b"truncated"
    again.delete([f"r{n}" for n in range(0, 2000, 2)])
    again.compact()
    assert not list((tmp_path / "i").glob("codes-*"))
    assert again.search(vectors[7])[0].id == "r7"
    again.close()


def test_a_filter_far_from_the_query_is_still_answered_exactly(tmp_path, monkeypatch):
    """The rows that the filter lets through are the farthest of all: no candidate of the codes is among them."""
    monkeypatch.setattr("readingroom.index.embedded.EXACT_UP_TO", 500)
    monkeypatch.setattr("readingroom.index.embedded.FEW", 5)
    vectors = np.random.default_rng(0).standard_normal((6000, 128)).astype(np.float32) * 0.1
    vectors[:5400, 0] += 1
    vectors[5400:, 0] -= 1
    index = filled(tmp_path / "i", vectors, WIDE)
    found = index.search(np.eye(128, dtype=np.float32)[0], 5, Filter(at_least={"n": 5400}))
    cosines = vectors[5400:, 0] / np.linalg.norm(vectors[5400:], axis=1)
    assert [hit.id for hit in found] == [f"r{5400 + n}" for n in np.argsort(-cosines)[:5]]
    index.close()


def test_threads_may_share_an_index(tmp_path):
    index = EmbeddedIndex(tmp_path / "i", SPACE)
    with ThreadPoolExecutor(4) as pool:
        adds = [pool.submit(index.add, [Entry(id=f"r{n}")], np.full((1, 4), n + 1.0, np.float32)) for n in range(40)]
        finds = [pool.submit(index.search, np.ones(4, np.float32), 3) for _ in range(40)]
        assert all(one.result() is None for one in adds)
        assert all(len(one.result()) <= 3 for one in finds)
    assert len(index) == 40
    index.close()


def test_nobody_else_may_read_the_files(tmp_path):
    filled(tmp_path / "i", np.eye(4, dtype=np.float32)).close()
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "i").iterdir()} == {0}


@pytest.mark.parametrize(
    ("dimensions", "width"), [(1024, 16), (1280, 16), (768, 8), (512, 8), (275, 0), (128, 2), (64, 0)]
)
def test_how_vectors_are_cut_into_codes(dimensions, width):
    assert scan.width_of(dimensions) == width


def test_an_index_ranks_as_many_again_as_its_rows_need_and_tells_its_recall(tmp_path, monkeypatch):
    """Rows without any order need more candidates than clustered ones; what is told is what a plain count finds."""
    index = filled(tmp_path / "i", np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32))
    assert index.recall == 1
    index.close()
    monkeypatch.setattr(scan, "RANKED_AGAIN", (10, 20, 40, 80, 160, 320))
    rng = np.random.default_rng(0)
    loose = rng.standard_normal((5000, 128)).astype(np.float32)
    tight = (rng.standard_normal((100, 128))[np.arange(5000) % 100] + 0.05 * loose).astype(np.float32)
    made = {}
    for name, rows in (("loose", loose), ("tight", tight)):
        unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        codes = scan.compressed(unit)
        made[name] = codes.made
        again = codes.made.again
        found = [scan.exact(unit, one, 11)[0][1:] for one in unit[:100]]
        among = codes.index.search(unit[:100], again)[1]
        counted = np.mean([np.isin(right, some).mean() for right, some in zip(found, among, strict=True)])
        assert counted == pytest.approx(codes.made.recall, abs=0.02)
    assert 10 < made["tight"].again < 320
    assert min(one.recall for one in made.values()) >= scan.WANTED or made["loose"].again == 320


def test_a_query_may_be_a_row_of_one_and_no_more(tmp_path):
    index = filled(tmp_path / "i", np.eye(4, dtype=np.float32))
    assert index.search(np.eye(4, dtype=np.float32)[:1], 1)[0].id == "r0"
    with pytest.raises(BadRequest, match="2 queries were given at once"):
        index.search(np.eye(4, dtype=np.float32)[:2])
    with pytest.raises(BadRequest, match="not finite"):
        index.search(np.full(4, np.inf, np.float32))
    index.close()


def test_similarities_of_a_compressed_scan_are_exact_cosines(tmp_path, monkeypatch):
    """Of queries of length 1, which are taken as they are, and of others."""
    monkeypatch.setattr("readingroom.index.embedded.EXACT_UP_TO", 500)
    vectors = np.random.default_rng(3).standard_normal((3000, 128)).astype(np.float32)
    index = filled(tmp_path / "i", vectors, WIDE)
    wide = vectors.astype(np.float64)
    cosines = wide @ wide[5] / np.linalg.norm(wide, axis=1) / np.linalg.norm(wide[5])
    for query in (vectors[5], vectors[5] / np.linalg.norm(vectors[5]), vectors[5].tolist(), vectors[::-1][-6] * 40):
        found = index.search(query, 8)
        assert [hit.similarity for hit in found] == pytest.approx([cosines[int(hit.id[1:])] for hit in found], abs=1e-6)
        assert [hit.id for hit in found] == [f"r{n}" for n in np.argsort(-cosines)[:8]]
    index.close()
