"""How studies, evidence, answers and reports show themselves in a notebook; nothing is loaded before one is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from readingroom.errors import BadRequest
from readingroom.later import Later
from readingroom.notebook_steps import Steps

if TYPE_CHECKING:
    from readingroom.agents.answer import Answer
    from readingroom.domain.check import Check
    from readingroom.domain.evidence import Evidence
    from readingroom.domain.finding import Finding
    from readingroom.domain.report import Report
    from readingroom.exports import caption as captions
    from readingroom.exports import drawn as drawing
    from readingroom.exports import planes as planing
    from readingroom.exports import sheet as sheets
    from readingroom.exports import wording
    from readingroom.exports.figure import Figure
    from readingroom.imaging.image import Image, Study
    from readingroom.questions import Reply
    from readingroom.reading import Reading
else:  # `import readingroom` in a notebook must stay quick
    captions = Later("readingroom.exports.caption")
    drawing = Later("readingroom.exports.drawn")
    planing = Later("readingroom.exports.planes")
    sheets = Later("readingroom.exports.sheet")
    wording = Later("readingroom.exports.wording")

__all__ = ["Planes", "Steps", "load_ipython_extension", "planes"]

MOST_IMAGES = 4
"""Of a study, each shown in up to three planes."""
LARGE = 640
"""Pixels on the long side of one image alone."""


@dataclass(frozen=True)
class Planes:
    """Planes of an image with outlines; in a notebook they show themselves."""

    title: str
    figures: tuple[Figure, ...] = field(repr=False)

    def _repr_html_(self) -> str:
        return sheets.to_frame(sheets.Sheet(self.title, pictures=_pictures(self.figures)))


def planes(reading: Reading, *evidence: str) -> Planes:
    """The axial, coronal and sagittal planes (of a single image the image) in which most of these evidences lies.

    Without names every outline of the first image that has one. Raises BadRequest for a name the report does not have,
    for evidence without an outline, and where the images are not at hand.
    """
    if reading.study is None:
        raise BadRequest("the images are not at hand", do="Name them: room.reading(run, source).")
    known = {item.id: item for item in reading.report.evidence}
    if missing := [name for name in evidence if name not in known]:
        raise BadRequest(f"there is no evidence {missing[0][:40]!r}", do=f"It has {', '.join(known)}.")
    chosen = [known[name] for name in evidence] or list(known.values())
    drawn = [(item, region) for item in chosen for region in item.regions if region.mask_digest]
    if not drawn:
        raise BadRequest("none of this evidence has an outline", do="Name one that segment gave.")
    image = next(one for one in reading.study.images if one.ref.id == drawn[0][1].image_id)
    outlines: dict[str, planing.Outlined] = {}
    for item, region in drawn:
        if region.image_id == image.ref.id and region.mask_digest:
            mask = reading.mask(region.mask_digest)
            outlines.setdefault(region.mask_digest, planing.Outlined(item.id, region.label, mask))
    told = ", ".join(dict.fromkeys(f"{one.evidence} {one.label}".strip() for one in outlines.values()))
    return Planes(told, planing.planes_of(image, tuple(outlines.values())))


def load_ipython_extension(shell: Any) -> None:
    """`%load_ext readingroom.notebook`; done unasked where the package is first used in a notebook."""
    show = shell.display_formatter.formatters["text/html"]
    for module, name, told in FORMATTERS:
        show.for_type_by_name(module, name, told)


def _study(study: Study) -> str:
    images = study.images[:MOST_IMAGES]
    figures = [figure for image in images for figure in planing.planes_of(image)]
    rows = tuple((f"{image.ref.id} ({image.ref.role})", _size(image)) for image in study.images)
    title = f"Study of {len(study.images)} image{'s' if len(study.images) != 1 else ''}"
    soft = f"subject {study.subject}"
    return sheets.to_frame(sheets.Sheet(title, soft, (), _pictures(figures), rows, study.notes))


def _image(image: Image) -> str:
    figures = planing.planes_of(image, longest=planing.LONGEST if image.ref.kind == "volume" else LARGE)
    rows = ((image.ref.id, _size(image)),)
    title = wording.image_words(image.ref)
    return sheets.to_frame(sheets.Sheet(title, "", (), _pictures(figures), rows, image.ref.notes))


def _size(image: Image) -> str:
    ref = image.ref
    deep = f" × {ref.depth}" if ref.depth > 1 else ""
    steps = [ref.spacing.column, ref.spacing.row, ref.spacing.slice] if ref.spacing else []
    mm = f", {' × '.join(f'{step:g}' for step in steps if step)} mm" if steps else ""
    kind = " ".join(part for part in (ref.modality.replace("_", "-"), ref.anatomy) if part != "unknown")
    return f"{wording.image_words(ref)}: {kind or 'kind unknown'}, {ref.columns} × {ref.rows}{deep}{mm}"


def _pictures(figures: Sequence[Figure]) -> tuple[sheets.Picture, ...]:
    colours = captions.colours_of(figures)
    return tuple(sheets.Picture(drawing.drawn(one, colours), one.caption) for one in figures[: sheets.MOST_PICTURES])


def _evidence(item: Evidence) -> str:
    side = "" if item.laterality in ("unspecified", "not_applicable") else item.laterality
    rows = [("observation", " ".join(part for part in (side, wording.words(item.observation)) if part))]
    rows += [(one.title, f"{one.text} {wording.spread(one)}".strip()) for one in item.measurements]
    rows += [("how", wording.how_measured(one)) for one in item.measurements[:1]]
    rows += [("score", wording.scored(item))] if item.score is not None else []
    quality = f"{item.quality:.2f} {item.quality_reason}".strip() if item.quality is not None else ""
    rows += [("quality", quality)] if quality else []
    rows += [("outlines", str(len(item.regions)))] if item.regions else []
    rows += [("from", ", ".join(item.derived_from))] if item.derived_from else []
    rows.append(("by", f"{item.origin.model} {item.origin.model_version}, step {item.origin.step}"))
    told = sheets.Line(item.summary, item.presence, item.quote)
    return sheets.to_frame(sheets.Sheet(f"Evidence {item.id}", f"image {item.image_id}", (told,), (), tuple(rows)))


def _finding(finding: Finding) -> str:
    cites = f"stands on {', '.join(finding.evidence)}; written by {finding.author}"
    rows = tuple((one.title, f"{one.text} {wording.spread(one)}".strip()) for one in finding.measurements)
    line = sheets.Line(finding.text, finding.presence, cites)
    return sheets.to_frame(sheets.Sheet(f"Finding {finding.id}", "", (line,), (), rows))


def _report(report: Report) -> str:
    """Its sentences with their verdicts; a reading shows the same beside its pictures."""
    checks = {one.target: one for one in report.verification.checks} if report.verification else {}
    told = [(one.id, one.text, one.evidence) for one in report.findings]
    told += [(one.id, one.text, one.derived_from) for one in report.impression]
    lines = tuple(sheets.Line(text, *_held(checks.get(name), cites)) for name, text, cites in told)
    notes = tuple(limit.text for limit in report.limitations)
    soft = f"{wording.status(report)}. {report.notice}"
    return sheets.to_frame(sheets.Sheet(report.title, soft, lines, (), _ledger(report.evidence), notes))


def _ledger(evidence: Sequence[Evidence]) -> tuple[tuple[str, str], ...]:
    return tuple((item.id, f"{item.summary} ({wording.words(item.presence)})") for item in evidence)


def _held(check: Check | None, cites: Sequence[str]) -> tuple[str, str]:
    """The verdict on a sentence; what it stands on, and what is wrong with it."""
    wrong = [f"{one.rule}: {one.reason}" for one in check.problems] if check else []
    under = [f"stands on {', '.join(cites)}"] if cites else []
    return check.verdict if check else "not_checkable", "; ".join((*under, *wrong))


def _answer(answer: Answer) -> str:
    checks = answer.checks
    told = [(one.beyond, sheets.Line(one.text, *_held(checks.get(one.id), one.evidence))) for one in answer.sentences]
    lines = [line for beyond, line in told if not beyond]
    lines += [sheets.Line(text, "") for text in (*answer.unanswered, *answer.plan.cannot)]
    lines += [line for beyond, line in told if beyond]
    notes = tuple(limit.text for limit in answer.limitations)
    sheet = sheets.Sheet(answer.question, answer.notice, tuple(lines), (), _ledger(answer.evidence), notes)
    return sheets.to_frame(sheet)


def _reply(reply: Reply) -> str:
    """A drafted report with its pictures; else the answer."""
    return reply.reading._repr_html_() if reply.reading else _answer(reply.answer)


FORMATTERS: tuple[tuple[str, str, Callable[[Any], str]], ...] = (
    ("readingroom.imaging.image", "Study", _study),
    ("readingroom.imaging.image", "Image", _image),
    ("readingroom.domain.evidence", "Evidence", _evidence),
    ("readingroom.domain.finding", "Finding", _finding),
    ("readingroom.domain.report", "Report", _report),
    ("readingroom.agents.answer", "Answer", _answer),
    ("readingroom.questions", "Reply", _reply),
)
"""By module and name of the type."""
