"""The commands about adapters: train one from labels, apply it, tell its card."""

from __future__ import annotations

import csv
import json as jsons
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from readingroom import __version__
from readingroom.later import Later
from readingroom.lazy import room, show

if TYPE_CHECKING:
    import numpy as np

    from readingroom import watching
    from readingroom.learning import adapter as kept
    from readingroom.learning import card as cards
    from readingroom.learning import fitting, validation
    from readingroom.tools import adapters
    from readingroom.workflows import adapting, adapting_page
else:  # nothing of it is loaded for --help
    np = Later("numpy")
    kept = Later("readingroom.learning.adapter")
    cards = Later("readingroom.learning.card")
    fitting = Later("readingroom.learning.fitting")
    validation = Later("readingroom.learning.validation")
    adapters = Later("readingroom.tools.adapters")
    adapting = Later("readingroom.workflows.adapting")
    adapting_page = Later("readingroom.workflows.adapting_page")
    watching = Later("readingroom.watching")

adapt = typer.Typer(help="Train small heads on vectors of an index; apply them; tell their card.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
File = Annotated[Path, typer.Argument(help="An adapter's file.")]


@adapt.command()
def train(
    index: Annotated[Path, typer.Argument(help="An index of this machine.")],
    labels: Annotated[Path, typer.Option(help="A CSV table: a column of ids, and columns of labels.")],
    label_column: Annotated[list[str], typer.Option("--label-column", help="Yes and no, or names; may be repeated.")],
    out: Annotated[Path, typer.Option(help="Where to write the adapter.")],
    id_column: Annotated[str, typer.Option(help="The column of ids.")] = "id",
    label: Annotated[list[str] | None, typer.Option("--label", "-l", help="Only this label; may be repeated.")] = None,
    head: Annotated[str, typer.Option(help="logistic, svm, mlp, best (of all three), or text.")] = "logistic",
    label_set: Annotated[str, typer.Option(help="Of a text head: the set whose words it is made of.")] = "chest_xray",
    calibration: Annotated[
        Literal["platt", "isotonic", "none"], typer.Option(help="How scores are calibrated.")
    ] = "platt",
    sensitivity: Annotated[float, typer.Option(min=0.5, max=1, help="Aimed at by the cut for absent.")] = 0.9,
    specificity: Annotated[float, typer.Option(min=0.5, max=1, help="Aimed at by the cut for present.")] = 0.9,
    name: Annotated[str, typer.Option(help="What to call it.")] = "",
    data: Annotated[str, typer.Option(help="Where images and labels come from; for the card.")] = "",
    seed: Annotated[int, typer.Option(help="Of folds, heads and intervals.")] = 0,
    curves: Annotated[
        Path | None, typer.Option(help="A folder for ROC and calibration curves: a page and PNG files.")
    ] = None,
    json: Json = False,
) -> None:
    """Validate by patient, train on everything, write the adapter and print its card."""
    plan = validation.Plan(adapting.recipes_of(head), calibration, sensitivity, specificity, seed)
    table = adapting.Table(labels, tuple(label_column), id_column, tuple(label or ()))
    naming = fitting.Naming(name or out.stem, data, f"readingroom {__version__}")
    words: Mapping[str, Any] | None = None
    if head == "text":
        the_room = room.ReadingRoom()
        words = the_room.wait_for(adapting.worded(the_room.serving.backend(), label_set, index))
    seen: dict[str, validation.Measured] = {}
    made = adapting.train_adapter(index, table, plan, naming, directions=words, progress=_told, seen=seen.__setitem__)
    adapting.write_adapter(made, out)
    _card(made, json)
    if curves is not None:
        watching.write_page(adapting_page.curves_page(made, seen), curves, "curves")
    sys.stderr.write(f"Written to {out}, {made.digest[:12]}.\n")


@adapt.command()
def apply(
    adapter: File,
    target: Annotated[Path, typer.Argument(help="An image or a study, of which the first image counts; or an index.")],
    label: Annotated[list[str] | None, typer.Option("--label", "-l", help="Only this label; may be repeated.")] = None,
    json: Json = False,
) -> None:
    """What an adapter says of an image, or of every row of an index, as CSV."""
    made = adapters.read_adapter(adapter)
    if adapting.is_index(target):
        found = adapting.apply_to_index(made, target, label or ())
    else:
        found = {target.name: _of_image(made, target, label or ())}
    rows = [_row(made, one, told) for one, row in found.items() for told in row]
    if json:
        sys.stdout.write(jsons.dumps({"adapter": made.digest, "rows": rows}, indent=2, ensure_ascii=False) + "\n")
        return
    _table(rows)


@adapt.command()
def card(adapter: File, json: Json = False) -> None:
    """The model card: data, figures with intervals, and what it is not for."""
    _card(adapters.read_adapter(adapter), json)


def _row(made: kept.Adapter, name: str, told: kept.Told) -> dict[str, Any]:
    """An uncalibrated label is told by its number alone."""
    known = made.served(told.label)
    return {"id": name, "label": told.label, "probability": round(told.probability, 4),
            "says": told.called if known.calibrated else "indeterminate", "wording": known.wording}  # fmt: skip


def _of_image(made: kept.Adapter, path: Path, labels: Sequence[str]) -> tuple[kept.Told, ...]:
    the_room = room.ReadingRoom()
    with show.progress() as listen:
        seen = the_room.wait_for(the_room.embed([path], adapters.embedder(made), listen))
    space = made.space.model_copy(
        update={"model": seen.model, "version": seen.version, "preprocessing_id": seen.preprocessing_id,
                "dimensions": seen.dimensions}
    )  # fmt: skip
    vector = np.frombuffer(the_room.store.blobs.get(seen.vector), "<f4")
    (row,) = made.apply(vector[None], space, tuple(labels))
    return row


def _card(made: kept.Adapter, as_json: bool) -> None:
    text = jsons.dumps(cards.to_json(made), indent=2, ensure_ascii=False) if as_json else cards.to_markdown(made)
    sys.stdout.write(text.rstrip() + "\n")


def _table(rows: Iterable[Mapping[str, Any]]) -> None:
    out = csv.DictWriter(sys.stdout, ("id", "label", "probability", "says", "wording"), lineterminator="\n")
    out.writeheader()
    out.writerows(rows)


def _told(line: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{line}")
