"""Finding the largest cosines: exactly over all rows, or over 4-bit codes with the best ranked again exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.errors import NotServed

if TYPE_CHECKING:
    from readingroom.index.rows import Vectors

Places = NDArray[np.int64]
Marks = NDArray[np.bool_]
Found = tuple[Places, NDArray[np.float32]]

BLOCK = 16_384
"""Rows that an exact scan multiplies at once: 64 MB of 1024 numbers."""
CODED_AT_ONCE = 512
"""Rows that FAISS makes codes of at once, a third of the time: its distances, 4 kB a row, stay in the cache."""
DENSE = 0.25
"""Share of a block from which all its rows are multiplied, and not only those wanted: reading in order is cheaper."""
WIDTHS = (16, 8, 4, 2)
"""Numbers of a vector that may share one 4-bit code, the most first."""
LEAST_CODES = 64
"""Codes of a vector: 1024 numbers become 64 codes, 32 bytes. Vectors that cannot be cut so are looked at exactly."""
TRAINED_ON = 20_000
"""Rows that the codes are fitted to; k-means of 16 centres needs no more (FAISS asks for at least 39 a centre)."""
RANKED_AGAIN = (400, 600, 1000, 1600, 2500, 4000)
"""Candidates of a scan whose cosine is computed exactly: the fewest that find `WANTED` of the ten nearest."""
WANTED = 0.995
"""Share of the ten nearest of `SAMPLE` rows that must be among the candidates."""
SAMPLE = 32
"""Rows as queries, each without itself; 320 neighbours, so that a share of 0.995 is known to about 0.004."""
MOST_CANDIDATES = 0.1
"""Share of the rows above which candidates are no saving: then the scan is exact."""


def exact(rows: Vectors, query: Vectors, k: int, marks: Marks | None = None, first: int = 0) -> Found:
    """The `k` best of `rows` from `first` on, or of the marked ones: their numbers and cosines, best first."""
    kept, cosines = np.zeros(0, np.int64), np.zeros(0, np.float32)
    for start in range(first, len(rows), BLOCK):
        block = rows[start : start + BLOCK]
        if marks is None:
            part, found = np.arange(len(block)), block @ query
        else:
            part = np.flatnonzero(marks[start : start + BLOCK])
            dense = len(part) > DENSE * len(block)
            found = (block @ query)[part] if dense else block[part] @ query
        kept, cosines = best(np.concatenate([kept, part + start]), np.concatenate([cosines, found]), k)
    return kept, cosines


def best(places: Places, cosines: Vectors, k: int) -> Found:
    """The `k` largest, best first, equal ones by place."""
    if len(places) > k:
        edge = np.partition(cosines, len(cosines) - k)[len(cosines) - k]
        chosen = np.flatnonzero(cosines >= edge)
        places, cosines = places[chosen], cosines[chosen]
    order = np.lexsort((places, -cosines))[:k]
    return places[order], cosines[order]


def largest(places: Places, cosines: Vectors, k: int) -> Found:
    """The `k` largest in no order: half of the time of `best`."""
    if len(places) > k:
        chosen = np.argpartition(cosines, len(cosines) - k)[len(cosines) - k :]
        places, cosines = places[chosen], cosines[chosen]
    return places, cosines


class Made(NamedTuple):
    """How codes were made, and what a scan of them finds."""

    fitted_to: int
    """Rows there were."""
    again: int
    """Candidates that are ranked again; raised to 4 k where more are asked for."""
    recall: float
    """Share of the ten nearest of `SAMPLE` rows among so many candidates."""


class Compressed:
    """4-bit product codes of the first `count` rows (FAISS IndexPQFastScan, inner product), searched in memory."""

    def __init__(self, index: Any, made: Made) -> None:
        self.index = index
        self.made = made
        self.count = int(index.ntotal)

    def extend(self, rows: Vectors) -> None:
        """Codes of the rows that have none yet, with the centres that are there."""
        for start in range(self.count, len(rows), CODED_AT_ONCE):
            self.index.add(np.ascontiguousarray(rows[start : start + CODED_AT_ONCE]))
        self.count = int(self.index.ntotal)

    def search(self, rows: Vectors, query: Vectors, k: int, marks: Marks | None = None) -> Found:
        """As `exact`, of the rows that have codes, but in no order.

        The codes of all rows are compared, and what may not be found is left out of the candidates; where too few stay,
        twice as many are asked for, and where that saves nothing the scan is exact.
        """
        wanted = max(self.made.again, 4 * k)
        allowed = self.count if marks is None else int(np.count_nonzero(marks[: self.count]))
        among = wanted if allowed == self.count else int(wanted * self.count / max(allowed, 1))
        while among <= max(wanted, MOST_CANDIDATES * self.count):
            candidates = self.index.search(query[None], among)[1][0]
            candidates.sort()  # in the order of the file
            if candidates[0] < 0:  # FAISS fills up with -1
                candidates = candidates[candidates >= 0]
            if marks is not None:
                candidates = candidates[marks[candidates]]
            if len(candidates) >= wanted // 2:
                return largest(candidates, _cosines(rows, query, candidates), k)
            among *= 2
        return exact(rows[: self.count], query, k, marks)


def _cosines(rows: Vectors, query: Vectors, places: Places) -> Vectors:
    """Of some rows where they lie: copying them out of the file first takes half as long again."""
    faiss = _faiss()
    found = np.empty(len(places), np.float32)
    pointers = (faiss.swig_ptr(one) for one in (found, query, rows, places))
    faiss.fvec_inner_products_by_idx(*pointers, rows.shape[1], 1, len(places))
    return found


def compressed(rows: Vectors) -> Compressed:
    """Fit the codes and make them. Raises NotServed without faiss."""
    faiss = _faiss()
    count, dimensions = rows.shape
    index = faiss.IndexPQFastScan(dimensions, dimensions // width_of(dimensions), 4, faiss.METRIC_INNER_PRODUCT)
    chosen = np.random.default_rng(0).choice(count, min(TRAINED_ON, count), replace=False)
    index.train(np.ascontiguousarray(rows[np.sort(chosen)]))
    codes = Compressed(index, Made(count, 0, 0.0))
    codes.extend(rows)
    codes.made = _measured(codes, rows)
    return codes


def _measured(codes: Compressed, rows: Vectors) -> Made:
    """The candidates that these rows need: by an exact scan for some of them, and one of their codes."""
    sample = np.sort(np.random.default_rng(1).choice(len(rows), min(SAMPLE, len(rows)), replace=False))
    queries = np.array(rows[sample])
    nearest = [(np.zeros(0, np.int64), np.zeros(0, np.float32))] * len(sample)
    edges = np.full(len(sample), -np.inf, np.float32)
    for start in range(0, len(rows), BLOCK):
        found = queries @ rows[start : start + BLOCK].T
        own = sample - start
        here = (own >= 0) & (own < found.shape[1])
        found[here, own[here]] = -np.inf
        for query in np.flatnonzero(found.max(axis=1) > edges).tolist():
            better = np.flatnonzero(found[query] > edges[query])
            places, cosines = nearest[query]
            together = np.concatenate([places, better + start]), np.concatenate([cosines, found[query, better]])
            nearest[query] = best(*together, 10)
            if len(nearest[query][1]) == 10:
                edges[query] = nearest[query][1][-1]
    candidates = codes.index.search(queries, min(RANKED_AGAIN[-1], len(rows)))[1]
    for again in RANKED_AGAIN:
        among = [np.isin(right, some[:again]).mean() for (right, _), some in zip(nearest, candidates, strict=True)]
        if (recall := float(np.mean(among))) >= WANTED:
            break
    return Made(len(rows), again, recall)


def written(codes: Compressed) -> bytes:
    """The codes as FAISS writes them."""
    data: bytes = _faiss().serialize_index(codes.index).tobytes()
    return data


def read(data: bytes, made: Made) -> Compressed:
    """Codes of `written`; only for bytes that are known to be such, for FAISS trusts them."""
    return Compressed(_faiss().deserialize_index(np.frombuffer(data, np.uint8)), made)


def width_of(dimensions: int) -> int:
    """Numbers that share a code; 0 where the vectors cannot be cut into equal parts."""
    return next((one for one in WIDTHS if dimensions % one == 0 and dimensions // one >= LEAST_CODES), 0)


def can_compress(dimensions: int) -> bool:
    """Whether faiss is installed and the vectors can be cut."""
    try:
        _faiss()
    except NotServed:
        return False
    return width_of(dimensions) > 0


def _faiss() -> Any:
    try:
        import faiss  # noqa: PLC0415  # extra `index`
    except ImportError as error:
        raise NotServed("a compressed scan needs faiss", do="pip install 'readingroom[index]'") from error
    return faiss
