"""A report with all that a page must show: two bad sentences, an omission, a prior, a lateral, masks, boxes, lines."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from readingroom.domain.check import Check, Omission, Problem, Verification
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.finding import Comparison, Finding, Limitation, Statement
from readingroom.domain.image import ImageRef, Spacing
from readingroom.domain.measurement import Measurement
from readingroom.domain.region import Region
from readingroom.domain.report import Provenance, Report
from readingroom.imaging.image import Image, Study

ROWS, COLUMNS = 600, 500
IMPRESSION = "Mild cardiomegaly, increased since the prior radiograph."
OPACITY = "There is an opacity in the left lower zone."


class Sample(NamedTuple):
    report: Report
    study: Study
    masks: dict[str, NDArray[np.bool_]]


def ellipse(cx: float, cy: float, rx: float, ry: float) -> NDArray[np.bool_]:
    """True inside; x right, y down, pixel centres at whole numbers + 0.5."""
    y, x = np.mgrid[0:ROWS, 0:COLUMNS] + 0.5
    return np.asarray(((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1)


def box_of(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return float(columns[0]), float(rows[0]), float(columns[-1] + 1), float(rows[-1] + 1)


def radiograph(masks: dict[str, NDArray[np.bool_]]) -> NDArray[np.uint16]:
    """A drawn chest: bright body, dark lungs, a bright heart; grain from a fixed seed."""
    grain = np.random.default_rng(7).normal(0, 900, (ROWS, COLUMNS))
    body = ellipse(250, 330, 245, 330)
    picture = np.where(body, 34000.0, 3000.0)
    picture[masks["lung_right"] | masks["lung_left"]] = 14000
    picture[masks["heart"]] = 45000
    return np.clip(picture + grain, 0, 65535).astype(np.uint16)


def masks_of(heart_width: float) -> dict[str, NDArray[np.bool_]]:
    heart = ellipse(275, 410, heart_width, 95)
    return {
        "lung_right": ellipse(140, 300, 82, 190) & ~heart,
        "lung_left": ellipse(360, 300, 82, 190) & ~heart,
        "heart": heart,
    }


@cache
def drawn() -> tuple[dict[str, NDArray[np.bool_]], dict[str, NDArray[np.bool_]], tuple[NDArray[np.uint16], ...]]:
    """Masks of now and before, and the three pictures: drawn once, and nobody may change them for the others."""
    now, before = masks_of(112), masks_of(98)
    film = radiograph(now)
    pictures = (film, radiograph(before), film[:, ::-1].copy())
    for array in (*now.values(), *before.values(), *pictures):
        array.flags.writeable = False
    return now, before, pictures


def origin(tool: str, step: str) -> Origin:
    return Origin(
        tool=tool, tool_version="1", backend="classical", model="chest-shape", model_version="0.1.0",
        preprocessing_id="grey-512-p1-99", step=step, input_sha256="a" * 64, output_sha256="b" * 64, pointer="/0",
    )  # fmt: skip


def image_ref(of: str, role: Any, **more: Any) -> ImageRef:
    return ImageRef(
        id=of, sha256=of[-1] * 64, kind="image", rows=ROWS, columns=COLUMNS, modality="x_ray",
        modality_source="header", anatomy="chest", anatomy_source="header", role=role,
        spacing=Spacing(row=0.7, column=0.7, source="ImagerPixelSpacing", plane="detector"), **more,
    )  # fmt: skip


def ratio(value: float) -> Measurement:
    return Measurement(name="cardiothoracic_ratio", value=value, unit="1", decimals=2, sd=0.03,
                       method="widest heart over widest inner thorax")  # fmt: skip


def region(image: str, kind: Any, box: tuple[float, float, float, float], label: str, **more: Any) -> Region:
    return Region(image_id=image, kind=kind, frame="source_pixels", box=box, label=label, **more)


def evidence(now: dict[str, NDArray[np.bool_]], before: dict[str, NDArray[np.bool_]]) -> tuple[Evidence, ...]:
    def mask(name: str, of: dict[str, NDArray[np.bool_]], image: str, label: str) -> tuple[Region, ...]:
        return (region(image, "mask", box_of(of[name]), label, mask_digest=f"{image}-{name}"),)

    present: Any = {"presence": "present", "quality": 0.91}
    lines = (
        region("img-1", "line", (*box_of(now["heart"])[:1], 410.0, box_of(now["heart"])[2], 410.0), "heart width"),
        region("img-1", "line", (58.0, 330.0, 442.0, 330.0), "thorax width"),
    )
    text = Evidence(
        id="E8", kind="clinical_note", trust="untrusted_text", observation="cough", presence="present",
        summary='note: "cough for two weeks"', image_id="img-1", quote="cough for two weeks",
        origin=origin("note", "s0"),
    )  # fmt: skip
    return (
        Evidence(id="E1", observation="lung", laterality="right", summary="right lung outlined", image_id="img-1",
                 regions=mask("lung_right", now, "img-1", "right lung"), origin=origin("segment", "s1"), **present),
        Evidence(id="E2", observation="lung", laterality="left", summary="left lung outlined", image_id="img-1",
                 regions=mask("lung_left", now, "img-1", "left lung"), origin=origin("segment", "s1"), **present),
        Evidence(id="E3", observation="heart", summary="heart outlined", image_id="img-1",
                 regions=(region("img-1", "box", box_of(now["heart"]), "heart"),),
                 origin=origin("segment", "s1"), presence="present", quality=0.84, quality_reason="apex faint"),
        Evidence(id="E4", observation="cardiothoracic_ratio", summary="cardiothoracic ratio 0.58 (sd 0.03)",
                 measurements=(ratio(0.58),), regions=lines, derived_from=("E1", "E2", "E3"), image_id="img-1",
                 origin=origin("measure", "s2"), **present),
        Evidence(id="E5", observation="opacity", laterality="right", zone="lower zone", image_id="img-1",
                 summary="opacity in the right lower zone", score=0.71, score_kind="probability",
                 regions=(region("img-1", "box", (90.0, 380.0, 170.0, 460.0), "opacity"),),
                 origin=origin("draft_findings", "s3"), **present),
        Evidence(id="E6", observation="cardiothoracic_ratio", summary="prior cardiothoracic ratio 0.52 (sd 0.03)",
                 measurements=(ratio(0.52),), regions=mask("heart", before, "img-2", "heart"), image_id="img-2",
                 origin=origin("measure", "s4"), **present),
        Evidence(id="E7", observation="hyperinflation", presence="absent", image_id="img-3",
                 summary="no flattening of the diaphragm on the lateral view",
                 regions=(region("img-3", "box", (120.0, 420.0, 380.0, 520.0), "diaphragm"),),
                 origin=origin("draft_findings", "s5")),
        text,
    )  # fmt: skip


def findings() -> tuple[Finding, ...]:
    return (
        Finding(id="F1", text="The cardiac silhouette is enlarged, with a cardiothoracic ratio of 0.58.",
                observation="cardiac_enlargement", presence="present", severity="mild", evidence=("E4",)),
        Finding(id="F2", text=OPACITY, observation="opacity", presence="present", laterality="left", evidence=("E5",)),
        Finding(id="F3", text="There is a small pleural effusion.", observation="pleural_effusion", presence="present",
                evidence=("E2",)),
        Finding(id="F4", text="The cardiothoracic ratio has risen from 0.52 to 0.58.", presence="present",
                observation="cardiothoracic_ratio", evidence=("E4", "E6"),
                comparison=Comparison(prior_image_id="img-2", change="larger")),
        Finding(id="F5", text="The diaphragm is not flattened.", observation="hyperinflation", presence="absent",
                evidence=("E7",)),
        Finding(id="F6", text="The image is of good quality.", observation="quality", presence="present",
                evidence=("E1", "E2")),
    )  # fmt: skip


def verification() -> Verification:
    def check(target: str, text: str, verdict: Any, section: Any = "findings", **more: Any) -> Check:
        claims = 0 if verdict == "not_checkable" else 1
        return Check(target=target, section=section, text=text, verdict=verdict, claims=claims, **more)

    texts = {finding.id: finding.text for finding in findings()}
    at = OPACITY.index("left")
    side = Problem(rule="R04", verdict="contradicted", reason="says left; the evidence lies on the right",
                   evidence=("E5",), span=(at, at + len("left")))  # fmt: skip
    nothing = Problem(rule="R01", verdict="unsupported", reason="no evidence tells of pleural effusion", span=(17, 33))
    return Verification(
        checks=(
            check("F1", texts["F1"], "supported", evidence=("E4",)),
            check("F2", texts["F2"], "contradicted", problems=(side,)),
            check("F3", texts["F3"], "unsupported", problems=(nothing,)),
            check("F4", texts["F4"], "supported", evidence=("E4", "E6")),
            check("F5", texts["F5"], "supported", evidence=("E7",)),
            check("F6", texts["F6"], "not_checkable"),
            check("I1", IMPRESSION, "supported", "impression"),
            check("S1", "Cough for two weeks.", "supported", "indication", evidence=("E8",)),
        ),
        omissions=(Omission(evidence=("E5",), reason="an opacity in the right lower zone is not told"),),
        coverage=6 / 7,
    )


def limitations() -> tuple[Limitation, ...]:
    return (
        Limitation(code="research_only", text="For research only; not a diagnosis."),
        Limitation(code="baseline", text="Made by a classical baseline, not by a foundation model."),
        Limitation(code="not_assessed", text="Bones, soft tissues, lines and tubes were not looked at."),
        Limitation(code="not_calibrated", text="Scores are not calibrated."),
    )


def build(**changes: Any) -> Sample:
    """The sample; `changes` replace fields of the report."""
    now, before, pictures = drawn()
    fields: dict[str, Any] = {
        "id": "rep-1",
        "title": "Chest radiograph, two views",
        "subject": "subject-4f2a",
        "images": (
            image_ref("img-1", "current", view="PA", name="Frontal radiograph (PA)", image_left="right"),
            image_ref("img-2", "prior", view="AP", name="Frontal radiograph (AP)", image_left="right"),
            image_ref("img-3", "lateral", view="lateral", name="Lateral radiograph"),
        ),
        "indication": "Cough for two weeks. Smoker.",
        "technique": "PA and lateral radiographs of the chest.",
        "comparison": "One earlier frontal radiograph.",
        "findings": findings(),
        "impression": (
            Statement(id="I1", text=IMPRESSION, derived_from=("F1", "F4")),
        ),
        "limitations": limitations(),
        "evidence": evidence(now, before),
        "verification": verification(),
        "provenance": Provenance(
            run="run-1", workflow="chest_xray_report", template="chest", template_sha256="c" * 64, planner="rules",
            writer="template", backends=("classical baseline 0.1.0",), code_version="0.1.0",
            started="2025-11-22T01:00:00Z", finished="2025-11-22T01:00:02Z",
        ),
    }  # fmt: skip
    report = Report.model_validate({**fields, **changes})
    images = tuple(Image(ref, pixels) for ref, pixels in zip(report.images[: len(pictures)], pictures, strict=False))
    masks = {f"img-{n}-{name}": mask for n, drawn in ((1, now), (2, before)) for name, mask in drawn.items()}
    return Sample(report, Study(report.subject, images), masks)
