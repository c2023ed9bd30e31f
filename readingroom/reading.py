"""A finished reading: the report with its study at hand, so that it can show itself and be written in any format."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.report import Report
from readingroom.errors import BadRequest, RecordError
from readingroom.exports.canonical import to_json
from readingroom.exports.figure import Figure, build_figures
from readingroom.exports.html import to_html
from readingroom.exports.markdown import to_markdown
from readingroom.imaging.image import Study

FORMATS: dict[str, str] = {"html": "report.html", "json": "report.json", "md": "report.md"}
"""Formats by the name that --format takes, and the file each is written to."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What `draft` returns. `report` is the truth; everything else is a view of it."""

    report: Report
    study: Study
    mask: Callable[[str], NDArray[np.bool_]]
    """A mask by its digest."""

    @property
    def run(self) -> str:
        return self.report.provenance.run

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """The images with their overlays, made once."""
        digests = {region.mask_digest for item in self.report.evidence for region in item.regions}
        masks = {digest: self.mask(digest) for digest in digests if digest}
        return build_figures(self.report, self.study, masks)

    def to_html(self) -> str:
        """One self-contained page."""
        return to_html(self.report, self.figures)

    def to_markdown(self) -> str:
        return to_markdown(self.report)

    def to_json(self) -> str:
        return to_json(self.report)

    def _repr_html_(self) -> str:
        """In a notebook the page stands in a frame of its own, so that neither styles the other."""
        return (
            f'<iframe sandbox="allow-scripts" style="width:100%;height:720px;border:0" '
            f'srcdoc="{html.escape(self.to_html(), quote=True)}"></iframe>'
        )

    def save(self, folder: Path, formats: Sequence[str] = ("html", "json", "md")) -> tuple[Path, ...]:
        """Write each format into `folder`, made if need be. Raises BadRequest for an unknown format."""
        writers = {"html": self.to_html, "json": self.to_json, "md": self.to_markdown}
        if not formats:
            raise BadRequest("no format was named", do=f"Choose from {', '.join(writers)}.")
        if strange := [name for name in formats if name not in writers]:
            raise BadRequest(f"there is no format {strange[0]!r}", do=f"Choose from {', '.join(writers)}.")
        paths = []
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            for name in formats:
                path = folder / FORMATS[name]
                path.write_text(writers[name](), encoding="utf-8")
                path.chmod(0o600)
                paths.append(path)
        except OSError as error:
            raise RecordError(
                f"the report cannot be written ({error.strerror})", where=str(folder), do="Choose another --out."
            ) from error
        return tuple(paths)
