"""The commands that measure: how well the verifier finds errors, and how seldom it cries wolf."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from readingroom.errors import BadRequest
from readingroom.later import Later

if TYPE_CHECKING:
    from readingroom.agents import verifier
    from readingroom.verifier_bench import measure, phrasebook, table
else:
    verifier = Later("readingroom.agents.verifier")
    measure = Later("readingroom.verifier_bench.measure")
    phrasebook = Later("readingroom.verifier_bench.phrasebook")
    table = Later("readingroom.verifier_bench.table")

bench = typer.Typer(help="Measure the verifier against errors made on purpose.", no_args_is_help=True)

Phrasings = Literal["tuned", "held_out", "varied", "fresh", "unseen", "both", "all"]


@bench.callback()
def measures() -> None:
    """Measure the verifier against errors made on purpose."""


@bench.command("verifier")
def measure_verifier(
    n: Annotated[
        int, typer.Option("-n", min=1, help="Errors of each class and level, and reports of each control.")
    ] = 300,
    seed: Annotated[int, typer.Option(help="Another seed makes other reports.")] = 1,
    phrasings: Annotated[
        Phrasings,
        typer.Option(help="tuned, held_out, both of these, varied, fresh and unseen (the test sets) or all."),
    ] = "both",
    without: Annotated[list[str] | None, typer.Option(help="A rule to leave out, R04; may be repeated.")] = None,
    check: Annotated[bool, typer.Option("--check", help="Exit 1 if a figure is below its bar.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Errors found and false alarms, by class and level, with their intervals."""
    left_out = frozenset(rule for rule in verifier.ALL if rule in (without or ()))
    if unknown := sorted(set(without or ()) - left_out):
        raise BadRequest(f"there is no rule {unknown[0]!r}", do=f"Rules are {', '.join(sorted(verifier.ALL))}.")
    writers = phrasebook.of_phrasings(phrasings)
    found = table.Figures(
        results=tuple(measure.measure(one, seed=seed, n=n, without=left_out).result for one in writers),
        without=tuple(sorted(left_out)),
    )
    if json:
        sys.stdout.write(f"{found.model_dump_json(indent=2)}\n")
    else:
        sys.stdout.write("\n\n".join("\n".join(table.lines_of(one)) for one in found.results) + "\n")
    if check and found.failures:
        sys.stderr.write("".join(f"below its bar: {line}\n" for line in found.failures))
        raise typer.Exit(1)
