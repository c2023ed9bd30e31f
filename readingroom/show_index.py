"""What the commands about an index print: for people by default, JSON with --json; progress on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from readingroom.exports.neighbours import Sheet, to_html, to_png
from readingroom.exports.terminal import plain
from readingroom.exports.wording import plain as clean
from readingroom.index.near_duplicates import NearDuplicates
from readingroom.index.precision import Precision, Share
from readingroom.indexing import Held
from readingroom.tools.similar import called
from readingroom.workflows.collecting import Collected, Row
from readingroom.workflows.searching import Found

MOST_PRINTED = 20
"""Failed sources and pairs that are printed one by one."""


def _console() -> Console:
    return Console(width=None if sys.stdout.isatty() else 2000, highlight=False)


def dump(data: object) -> None:
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def counting() -> Iterator[Callable[[Row], None]]:
    """How many sources are done, and the last of them."""
    console, done = Console(stderr=True, highlight=False), {"added": 0, "known": 0, "failed": 0}
    with console.status("looking for images") as status:

        def tell(row: Row) -> None:
            done[row.status] += 1
            told = ", ".join(f"{count} {name}" for name, count in done.items() if count)
            status.update(plain(f"{told}; {row.source}"))

        yield tell


def collected(found: Collected, as_json: bool) -> None:
    if as_json:
        dump(found.model_dump(mode="json"))
        return
    console = _console()
    for row in [row for row in found.rows if row.status == "failed"][:MOST_PRINTED]:
        console.print(plain(f"not added: {row.reason or row.source}"))
    images, slices = sum(row.images for row in found.rows), sum(row.slices for row in found.rows)
    beside = f" and {slices} slices" if slices else ""
    console.print(
        f"{images} images{beside} added, {found.count('known')} files known already, {found.count('failed')} failed; "
        f"the index holds {found.held} rows{f' of {found.space.title}' if found.space else ''}"
    )


def neighbours(found: Found, as_json: bool) -> None:
    if as_json:
        dump({**found.model_dump(mode="json"), "provenance": found.provenance, "calibrated": False})
        return
    console = _console()
    console.print(plain(f"Nearest to {found.query} ({found.provenance}):"))
    for place, hit in enumerate(found.neighbours, 1):
        at = hit.metadata.get("slice")
        where = f", slice {at + 1}" if isinstance(at, int) else ""
        console.print(plain(f"{place:3d}  {hit.similarity:6.3f}  {called(hit.metadata)}{where}  {hit.id[:16]}"))
    if not found.neighbours:
        console.print("no row fits")


def written(sheet: Sheet, out: Path) -> None:
    """As its name ends: .png a contact sheet, all else a page."""
    out.parent.mkdir(parents=True, exist_ok=True)
    if out.suffix.lower() == ".png":
        out.write_bytes(to_png(sheet))
    else:
        out.write_text(to_html(sheet), encoding="utf-8")
    sys.stdout.write(f"{out.resolve()}\n")


def held(found: Held, as_json: bool) -> None:
    if as_json:
        dump({"index": found.where, "space": found.space.model_dump(), "rows": found.rows, **found.values})
        return
    console = _console()
    console.print(plain(f"{found.rows} rows of {found.space.title}, in {found.where}"))
    for name, values in found.values.items():
        ranked = sorted(values.items(), key=lambda pair: (-pair[1], pair[0]))[:MOST_PRINTED]
        console.print(plain(f"{name}: " + ", ".join(f"{value} {count}" for value, count in ranked)))


def duplicates(found: NearDuplicates, as_json: bool) -> None:
    if as_json:
        dump(found.model_dump(mode="json"))
        return
    console = _console()
    across = f" that differ in {found.across}" if found.across else ""
    console.print(plain(f"{len(found.pairs)} pairs of {found.rows} rows{across} reach {found.threshold}, in "
                        f"{len(found.groups)} groups"))  # fmt: skip
    for pair in found.pairs[:MOST_PRINTED]:
        console.print(plain(f"  {pair.similarity:.4f}  {pair.one[:16]}  {pair.other[:16]}"))


def _interval(share: Share) -> str:
    return f"{share.share:.3f} ({share.low:.3f}-{share.high:.3f}), n {share.n}"


def precision(found: Precision, as_json: bool) -> None:
    if as_json:
        dump(found.model_dump(mode="json"))
        return
    console = _console()
    console.print(plain(f"{found.rows} labelled rows in {found.groups} groups; {found.unanswerable} have a label that "
                        f"stands in no other group, {found.unlabelled} lack a field; {found.space.title}"))  # fmt: skip
    table = Table(box=None, pad_edge=False)
    for name in ("k", "precision (95 % interval), n", "any of k right", "mean over labels"):
        table.add_column(name)
    for row in found.at:
        table.add_row(str(row.k), _interval(row.precision), _interval(row.hit), _interval(row.precision_macro))
    console.print(table)
    for label, share in found.at[0].by_label.items():
        console.print(plain(f"  {clean(label)}: {_interval(share)}"))
