"""The commands about an index: add studies, search, show, delete, find duplicates, judge it by labels."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from readingroom.errors import BadRequest
from readingroom.later import Later
from readingroom.lazy import room

if TYPE_CHECKING:
    from readingroom import index_map, indexing, show_index
    from readingroom.index import conditions
else:
    index_map = Later("readingroom.index_map")
    indexing = Later("readingroom.indexing")
    show_index = Later("readingroom.show_index")
    conditions = Later("readingroom.index.conditions")

index = typer.Typer(help="Embedded studies: add, search, judge.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
Folder = Annotated[Path | None, typer.Option("--index", help="The index's folder; default: that of the settings.")]
Where = Annotated[
    list[str] | None,
    typer.Option(help="field=value, field!=value, field>=number or field<=number; may be repeated."),
]


@index.command()
def add(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files and folders; DICOM goes by series.")] = None,
    manifest: Annotated[Path | None, typer.Option(help="A CSV table with a column of files and metadata.")] = None,
    column: Annotated[list[str] | None, typer.Option(help="A column of the table to keep; may be repeated.")] = None,
    folder: Folder = None,
    pooling: Annotated[
        str, typer.Option(help="Slices of a volume to one vector: median, mean, max or std.")
    ] = "median",
    slices: Annotated[bool, typer.Option(help="Also a row for each slice of a volume.")] = False,
    most_slices: Annotated[int, typer.Option(help="Slices that stand for a volume, at equal steps.", min=1)] = 64,
    thumbnails: Annotated[
        bool, typer.Option(help="Keep a small picture of each image in the index, faces and burned-in words with it.")
    ] = False,
    json: Json = False,
) -> None:
    """Embed studies and add them; what is there already is not embedded again. Exit 1 where a file failed."""
    adding = indexing.Adding(manifest, tuple(column or ()), _pooling(pooling), slices, most_slices, thumbnails)
    the_room = room.ReadingRoom()
    with show_index.counting() as tell:
        found = the_room.wait_for(indexing.index_add(the_room, paths, adding, index=folder, tell=tell))
    show_index.collected(found, json)
    if found.count("failed"):
        raise typer.Exit(1)


@index.command()
def search(
    image: Annotated[list[Path] | None, typer.Argument(help="An image, a volume or a DICOM folder.")] = None,
    text: Annotated[str | None, typer.Option(help='Words to look for instead, such as "x-ray chest".')] = None,
    k: Annotated[int, typer.Option("-k", help="How many.", min=1)] = 5,
    where: Where = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(help="field=value to leave out, or a field of which the query's own is: subject, study, dataset."),
    ] = None,
    plane: Annotated[
        int | None, typer.Option(help="Search with this slice of the volume alone; the first is 1.")
    ] = None,
    within: Annotated[str | None, typer.Option(help="Search the slices of one volume, by its sha256.")] = None,
    slices: Annotated[bool, typer.Option(help="Find single slices, not pictures and volumes.")] = False,
    folder: Folder = None,
    out: Annotated[Path | None, typer.Option(help="Write the sheet of pictures: .html or .png.")] = None,
    pictures: Annotated[
        list[Path] | None, typer.Option(help="Files or folders to take the neighbours' pictures from.")
    ] = None,
    json: Json = False,
) -> None:
    """What the index holds that is like an image or a text. Similarities are cosines, uncalibrated.

    The index keeps no pictures unless they were added with --thumbnails; others come from --pictures.
    """
    told, own = _excluded(exclude or ())
    the_room = room.ReadingRoom()
    found = the_room.wait_for(
        indexing.search(
            the_room, image, text=text, k=k, where=conditions.filter_of([*(where or ()), *told]),
            exclude_own=("sha256", *own), plane=None if plane is None else plane - 1, within=within, slices=slices,
            index=folder,
        )
    )  # fmt: skip
    show_index.neighbours(found, json)
    if out is not None:
        show_index.written(indexing.sheet_of(the_room, found, image, pictures=pictures, index=folder), out)


@index.command()
def show(folder: Folder = None, json: Json = False) -> None:
    """What the index holds: its space of vectors, its rows, and their most usual metadata."""
    show_index.held(indexing.index_show(room.ReadingRoom(), folder), json)


@index.command()
def delete(
    ids: Annotated[list[str] | None, typer.Argument(help="Rows by id, as search prints them with --json.")] = None,
    where: Where = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Take rows out, with the slices and the thumbnails of the images among them."""
    gone = indexing.index_delete(room.ReadingRoom(), conditions.filter_of(where or ()), ids or (), index=folder)
    show_index.dump({"deleted": gone}) if json else typer.echo(f"{gone} rows deleted")


@index.command()
def duplicates(
    threshold: Annotated[
        float | None, typer.Option(help="Cosine from which two count as the same picture; default: as measured.")
    ] = None,
    across: Annotated[str, typer.Option(help="Only pairs that differ in this field: subject, split ...")] = "",
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Pictures that are there twice, exactly or nearly."""
    found = indexing.index_duplicates(room.ReadingRoom(), threshold, across, index=folder, tell=_told)
    show_index.duplicates(found, json)


@index.command("map")
def map_(
    out: Annotated[Path, typer.Option("--out", help="Write the map: .html to look around in, or .png.")],
    by: Annotated[str, typer.Option(help="The field that colours it.")] = "modality",
    where: Where = None,
    folder: Folder = None,
) -> None:
    """The index on two dimensions, by principal components: what lies together, and what lies apart."""
    page = index_map.index_map(room.ReadingRoom(), by, conditions.filter_of(where or ()), index=folder)
    typer.echo(page.answer)
    typer.echo(index_map.write(page, out))


@index.command()
def evaluate(
    by: Annotated[str, typer.Option(help="Fields that make the label, separated by commas.")] = "modality,anatomy",
    exclude: Annotated[
        str, typer.Option(help="No neighbour of the query's own: dataset, subject or study.")
    ] = "subject",
    k: Annotated[list[int] | None, typer.Option("-k", help="May be repeated; default 1, 5 and 10.")] = None,
    folder: Folder = None,
    json: Json = False,
) -> None:
    """Precision at k by labels, the query's own group left out, with n and intervals."""
    names = [name.strip() for name in by.split(",") if name.strip()]
    found = indexing.index_evaluate(
        room.ReadingRoom(), names, exclude, tuple(k or (1, 5, 10)), index=folder, tell=_told
    )
    show_index.precision(found, json)


def _told(done: int, of: int) -> None:
    """Progress beside the result."""
    typer.echo(f"{done} of {of} rows compared", err=True)


def _excluded(told: Any) -> tuple[list[str], tuple[str, ...]]:
    """Conditions with a value, and fields of the query's own."""
    conditions = [f"{name}!={value}" for name, sign, value in (one.partition("=") for one in told) if sign]
    return conditions, tuple(one for one in told if "=" not in one)


def _pooling(given: str) -> Any:
    if given not in ("median", "mean", "max", "std"):
        raise BadRequest(f"there is no pooling {given!r}", do="Choose median, mean, max or std.")
    return given
