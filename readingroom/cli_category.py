"""The commands about reporting systems and templates: compute a category, import a template."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from readingroom.errors import BadFile
from readingroom.lazy import categories, mrrt

template = typer.Typer(help="Report templates of others.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def category(
    system: Annotated[str, typer.Argument(help="lung-rads, bi-rads or ti-rads.")],
    inputs: Annotated[
        list[str] | None, typer.Option("--input", "-i", help="name=value; may be repeated. None lists the inputs.")
    ] = None,
    json: Json = False,
) -> None:
    """The category of Lung-RADS 2022, BI-RADS or TI-RADS by its published rules, or which inputs are missing.

    Exit 1 where it is not assessable.
    """
    if not inputs:
        sys.stdout.write(f"{categories.listing(system, as_json=json)}\n")
        return
    found = categories.computed(system, inputs)
    sys.stdout.write(f"{categories.told(found, as_json=json)}\n")
    if not categories.settled(found):
        raise typer.Exit(1)


@template.command("import")
def import_template(
    file: Annotated[Path, typer.Argument(help="An IHE MRRT template (HTML5).")],
    out: Annotated[Path | None, typer.Option(help="Where to write our YAML; default: standard output.")] = None,
    json: Json = False,
) -> None:
    """An MRRT template as data: sections, fields, codes; nothing in it is run, rendered or fetched."""
    found = mrrt.read_file(file)
    text = mrrt.as_json(found) if json else mrrt.as_yaml(found)
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        what = f"cannot be written ({error.strerror})"
        raise BadFile(what, where=str(out), do="Choose another place with --out.") from error
    sys.stderr.write(f"{mrrt.summary(found)}\nWritten to {out}.\n")
