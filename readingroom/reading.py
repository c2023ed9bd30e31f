"""A finished reading: the report with its images where they are at hand, so that it can be shown and written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from readingroom.domain.report import Report
from readingroom.errors import ReadingRoomError
from readingroom.exports.canonical import to_json
from readingroom.exports.figure import Figure, build_figures
from readingroom.exports.html import to_html
from readingroom.exports.markdown import to_markdown
from readingroom.exports.material import Mask, Material
from readingroom.exports.sheet import framed
from readingroom.formats import USUAL, formats_of
from readingroom.imaging.image import Study
from readingroom.imaging.instances import instances_of
from readingroom.later import Later
from readingroom.saving import save_files

if TYPE_CHECKING:
    from readingroom.exports import (
        csv,
        dicom_sc,
        dicom_seg,
        dicom_segments,
        dicom_source,
        dicom_sr,
        docx,
        fhir,
        pdf,
        radfact,
    )
else:  # most of them stand on an extra, and all are loaded only where a format asks for them
    csv = Later("readingroom.exports.csv")
    dicom_sc = Later("readingroom.exports.dicom_sc")
    dicom_seg = Later("readingroom.exports.dicom_seg")
    dicom_segments = Later("readingroom.exports.dicom_segments")
    dicom_source = Later("readingroom.exports.dicom_source")
    dicom_sr = Later("readingroom.exports.dicom_sr")
    docx = Later("readingroom.exports.docx")
    fhir = Later("readingroom.exports.fhir")
    pdf = Later("readingroom.exports.pdf")
    radfact = Later("readingroom.exports.radfact")


@dataclass(frozen=True, eq=False)
class Reading:
    """What `draft` returns. `report` is the truth; everything else is a view of it."""

    report: Report
    study: Study | None
    """None where a run is shown without its images, which it does not keep: views then have no pictures."""
    mask: Mask
    """A mask by its digest."""
    paths: tuple[Path, ...] = ()
    """Where the study was read from, for exports that refer to its files."""

    @property
    def run(self) -> str:
        return self.report.provenance.run

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """The images with their overlays, made once; none where the images are not at hand."""
        if self.study is None:
            return ()
        digests = {region.mask_digest for item in self.report.evidence for region in item.regions}
        masks = {digest: self.mask(digest) for digest in digests if digest}
        return build_figures(self.report, self.study, masks)

    @cached_property
    def material(self) -> Material:
        """What exports look at beside the report. Raises BadStudy where a file is not the one that was read."""
        instances = instances_of(self.paths, self.study) if self.study and self.paths else {}
        return Material(self.mask, self.study, instances)

    def to_html(self) -> str:
        """One self-contained page."""
        return to_html(self.report, self.figures)

    def to_markdown(self) -> str:
        return to_markdown(self.report)

    def to_json(self) -> str:
        return to_json(self.report)

    def _repr_html_(self) -> str:
        """In a notebook the page stands in a frame of its own, so that neither styles the other."""
        return framed(self.to_html(), scripts=True)

    def files(self, name: str, word_template: Path | None = None) -> dict[str, bytes]:
        """The files of one format, by name; one a series for dicom-seg and dicom-sc.

        `word_template` is a Word file to take the styles of a docx from. Raises BadRequest for an unknown format or
        for one that this report has nothing for, NotServed where an extra is not installed, BadStudy where a DICOM
        export is asked for and the files are not at hand.
        """
        return {**self._plain(name), **self._printed(name, word_template), **self._dicom(name)}

    def _plain(self, name: str) -> dict[str, bytes]:
        if name == "json":
            return {"report.json": self.to_json().encode()}
        if name == "md":
            return {"report.md": self.to_markdown().encode()}
        if name == "csv":
            return {"report.csv": csv.to_csv(self.report).encode()}
        if name == "radfact":
            return {"report.radfact.json": radfact.to_radfact(self.report).encode()}
        if name in ("fhir", "fhir-r5"):
            release: Literal["R4", "R5"] = "R5" if name == "fhir-r5" else "R4"
            return {f"report.{name}.json": fhir.to_fhir(self.report, self.material, release=release).encode()}
        return {}

    def _printed(self, name: str, word_template: Path | None) -> dict[str, bytes]:
        if name == "html":
            return {"report.html": self.to_html().encode()}
        if name == "pdf":
            return {"report.pdf": pdf.to_pdf(self.report, self.figures)}
        if name == "docx":
            return {"report.docx": docx.to_docx(self.report, self.figures, template=word_template)}
        return {}

    def _dicom(self, name: str) -> dict[str, bytes]:
        if name == "dicom-sr":
            return {"report.sr.dcm": dicom_sr.to_dicom_sr(self.report, self.material)}
        if name == "dicom-seg":
            outlined = dicom_segments.segmented(self.report) or ("",)
            return {f"{one or 'report'}.seg.dcm": dicom_seg.to_dicom_seg(self.report, self.material, one)
                    for one in outlined}  # fmt: skip
        if name == "dicom-sc":
            if self.study is None:
                dicom_source.source_of(
                    self.report, self.material, self.report.images[0].id
                )  # which says what is missing
            return {f"{_shown(figure)}.sc.dcm": dicom_sc.to_dicom_sc(self.report, self.material, figure)
                    for figure in self.figures}  # fmt: skip
        return {}

    def save(self, folder: Path, formats: Sequence[str] = USUAL, word_template: Path | None = None) -> tuple[Path, ...]:
        """Write each format into `folder`, made if need be; the run is not touched, so it can be done again.

        One that cannot be made keeps no other from being written; its error is raised at the end: what `files` raises.
        Raises RecordError where nothing can be written there.
        """
        paths: list[Path] = []
        failed: ReadingRoomError | None = None
        for name in formats_of(",".join(formats)):
            try:
                made = self.files(name, word_template)
            except ReadingRoomError as error:
                failed = failed or error
            else:
                paths += save_files(folder, made)
        if failed:
            raise failed
        return tuple(paths)


def _shown(figure: Figure) -> str:
    """A name of its own for each figure: of a volume every slice that is shown, and the coronal view."""
    return figure.image_id if figure.plane is None else f"{figure.image_id}-{figure.plane + 1}"
