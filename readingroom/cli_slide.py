"""The commands about whole slides: tiles on disk, one vector of a slide, and virtual stains."""

from __future__ import annotations

import json as jsons
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from readingroom.later import Later
from readingroom.lazy import room

if TYPE_CHECKING:
    from readingroom import slides
    from readingroom.exports import wording
    from readingroom.imaging import slide_tiles
else:
    slides = Later("readingroom.slides")
    wording = Later("readingroom.exports.wording")
    slide_tiles = Later("readingroom.imaging.slide_tiles")

slide = typer.Typer(help="Whole slides: tiles, a vector, virtual stains.", no_args_is_help=True)

TENTHS = 10

File = Annotated[Path, typer.Argument(help="A pyramidal TIFF or SVS.", show_default=False)]
Mpp = Annotated[float, typer.Option(help="Micrometres a pixel of the tiles; 0.5 is 20x.")]
SlideMpp = Annotated[float | None, typer.Option(help="State the slide's own, where the file does not say.")]
Side = Annotated[int, typer.Option(help="Pixels of a tile's side.")]
Tissue = Annotated[float, typer.Option(help="Share of a tile that has to be tissue, 0 to 1.")]
Most = Annotated[int | None, typer.Option(help="Tiles at most, at equal steps through all.", min=1)]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


@slide.command()
def tiles(
    file: File,
    out: Annotated[Path, typer.Option("--out", help="A folder for the tiles, their manifest and an overview.")],
    mpp: Mpp = 0.5,
    side: Side = 256,
    tissue: Tissue = 0.5,
    most: Most = None,
    slide_mpp: SlideMpp = None,
    json: Json = False,
) -> None:
    """Tiles with tissue as PNG, with a CSV manifest: level, x, y, micrometres a pixel, share of tissue."""
    asked = slides.Asked(slide_tiles.Terms(mpp, side, tissue, most), slide_mpp)
    found = slides.cut(file, out, asked, _told)
    if json:
        told = {name: str(one) if isinstance(one, Path) else one for name, one in found._asdict().items()}
        _dump(told)
        return
    _print(
        f"{found.tiles} tiles of {side} x {side} pixels at {found.mpp:g} micrometres a pixel, from level {found.level}",
        f"the slide has {found.slide_mpp:.4g} micrometres a pixel ({found.mpp_source})",
        str(found.manifest),
        str(found.overview),
    )


@slide.command()
def embed(
    file: File,
    mpp: Mpp = 0.5,
    side: Side = 256,
    tissue: Tissue = 0.5,
    most: Most = None,
    slide_mpp: SlideMpp = None,
    pooling: Annotated[Literal["mean", "median", "max", "std"], typer.Option(help="Tiles to one vector.")] = "mean",
    index: Annotated[Path | None, typer.Option(help="Add the vector to the index in this folder.")] = None,
    subject: Annotated[
        str, typer.Option(help="The patient's identifier; the index keeps its pseudonym, for survival.")
    ] = "",
    json: Json = False,
) -> None:
    """One vector of a slide: its tiles through the Prov-GigaPath of the settings, pooled."""
    asked = slides.Asked(slide_tiles.Terms(mpp, side, tissue, most), slide_mpp)
    the_room = room.ReadingRoom()
    vector, about = the_room.wait_for(
        slides.embed_slide(the_room, file, asked, pooling=pooling, index=index, subject=subject, tell=_told)
    )
    if json:
        _dump({**about.model_dump(mode="json"), "values": [float(one) for one in vector]})
        return
    _print(f"{about.pooling} of {about.tiles} tiles: {about.space.title}", *([f"added to {index}"] if index else []))


@slide.command()
def stain(
    file: File,
    mpp: Mpp = 0.5,
    side: Side = 512,
    tissue: Tissue = 0.5,
    most: Most = None,
    slide_mpp: SlideMpp = None,
    json: Json = False,
) -> None:
    """A table of the markers that GigaTIME predicts from haematoxylin and eosin: no stain is made."""
    asked = slides.Asked(slide_tiles.Terms(mpp, side, tissue, most), slide_mpp)
    the_room = room.ReadingRoom()
    found = the_room.wait_for(slides.stain_slide(the_room, file, asked, tell=_told))
    if json:
        _dump(found.model_dump(mode="json"))
        return
    _print(
        f"{found.tiles} tiles, {found.seen_mm2:.3g} mm2, by {found.model.name} {found.model.version}".rstrip(),
        f"{'marker':<12}{'mean (95 % of tiles)':<24}{'area above the cut':<24}{'mm2':>8}{'cut':>6}",
        *(
            f"{one.name:<12}{f'{one.mean:.3f} ({one.mean_low:.3f}-{one.mean_high:.3f})':<24}"
            f"{f'{one.area:.3f} ({one.area_low:.3f}-{one.area_high:.3f})':<24}{one.area_mm2:>8.3f}{one.cut:>6g}"
            for one in found.markers
        ),
        found.caution,
    )


def _told(done: int, of: int) -> None:
    """Progress beside the result: some ten lines, whatever the number of tiles."""
    if done == of or done % max(1, of // TENTHS) == 0:
        sys.stderr.write(f"{done} of {of} tiles\n")


def _print(*lines: str) -> None:
    sys.stdout.write("".join(wording.plain(line) + "\n" for line in lines))


def _dump(told: dict[str, Any]) -> None:
    sys.stdout.write(jsons.dumps(told, indent=2, ensure_ascii=False) + "\n")
