"""The same request as other documented clients write it must get the same answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial

from readingroom.conformance.bench import Bench, parsed
from readingroom.conformance.envelope import PLAIN, Flavour, Params
from readingroom.conformance.question import Question, Seen, failed, passed, skipped, warned
from readingroom.conformance.sameness import CLOSE, UNSTEADY
from readingroom.conformance.wire import cosine
from readingroom.tools.contracts.ask import Ask, Cell


async def compared(bench: Bench, ask: Ask, flavour: Flavour = PLAIN) -> Seen:
    """A request that means the same as the base request: a refusal is a warning, another answer a failure."""
    base = bench.ask()
    if (ask.key, flavour) == (base.key, PLAIN):
        return skipped("this is how the package itself asks: see the check `form`")
    first = (await bench.prints(base))[0]
    reply = await bench.reply(ask, flavour)
    if reply.status != 200:
        return warned(f"refused with {reply.told}; this package does not ask so, other clients do")
    rows = bench.wire.prints(parsed(reply), ask)
    if not bench.repeatable:
        return skipped(f"200; {UNSTEADY}")
    near = cosine(first, rows[0]) if rows else 0.0
    told = f"cosine to the answer of the plain request {near:.6f}"
    return passed(told) if near >= CLOSE else failed(f"200 with another answer: {told}")


async def _breaks(bench: Bench) -> Seen:
    return await compared(bench, bench.ask(), Flavour(breaks=True))


async def _params(bench: Bench, form: Params) -> Seen:
    return await compared(bench, bench.ask(), Flavour(params=form))


async def _reversed(bench: Bench) -> Seen:
    ask = bench.ask()
    if len(ask.columns) < 2:
        return skipped("this model has one column")
    return await compared(bench, replace(ask, columns=ask.columns[::-1], rows=tuple(row[::-1] for row in ask.rows)))


async def _absent(bench: Bench, cell: Cell) -> Seen:
    """Every column that a row may lack is named, and its cell left empty; "" is no image, and no image column gets it
    (the egress lets no text into one)."""
    ask = bench.ask()
    spare = tuple(
        name for name in bench.wire.may_lack if name not in _filled(ask) and (cell is None or "image" not in name)
    )
    if not spare:
        return skipped("no such column of this model may be left out")
    kept = [number for number, name in enumerate(ask.columns) if name not in spare]
    columns = (*(ask.columns[number] for number in kept), *spare)
    rows = tuple((*(row[number] for number in kept), *(cell for _ in spare)) for row in ask.rows)
    return await compared(bench, replace(ask, columns=columns, rows=rows))


async def _dropped(bench: Bench) -> Seen:
    """Columns without any content are not named at all."""
    ask = bench.ask()
    kept = [number for number, name in enumerate(ask.columns) if name in _filled(ask)]
    if not bench.wire.may_lack:
        return skipped("no column of this model may be left out")
    rows = tuple(tuple(row[number] for number in kept) for row in ask.rows)
    return await compared(bench, replace(ask, columns=tuple(ask.columns[number] for number in kept), rows=rows))


def _filled(ask: Ask) -> set[str]:
    return {name for number, name in enumerate(ask.columns) if any(row[number] for row in ask.rows)}


def _question(name: str, asked: str, put: Callable[[Bench], Awaitable[Seen]]) -> Question:
    return Question(f"request.{name}", asked, "the same answer as to the plain request", put)


QUESTIONS = (
    _question("newline_base64", "base64 with a newline every 76 characters", _breaks),
    _question("columns_reversed", "the columns in reverse order", _reversed),
    _question("absent_null", "absent cells as null", partial(_absent, cell=None)),
    _question("absent_empty", 'absent cells as ""', partial(_absent, cell="")),
    _question("absent_dropped", "columns without content left out", _dropped),
    _question("params_absent", "no params", partial(_params, form="absent")),
    _question("params_null", "params null", partial(_params, form="null")),
    _question("params_empty", "params {}", partial(_params, form="empty")),
    _question("params_text", "params a bare string", partial(_params, form="text")),
)
