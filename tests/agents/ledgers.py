"""Small ledgers that the verifier's tests share: evidence as the tools write it."""

from __future__ import annotations

from typing import Any

from readingroom.agents.verifier import ALL, Ledger, verify
from readingroom.domain.check import Rule, Verification
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.image import ImageRef, Spacing
from readingroom.domain.measurement import PHYSICAL, Measurement
from readingroom.language.sentences import Sentence, read_report

CURRENT = ImageRef(
    id="A",
    sha256="0",
    kind="image",
    rows=1000,
    columns=1000,
    modality="x_ray",
    anatomy="chest",
    view="frontal",
    image_left="right",
    spacing=Spacing(row=0.2, column=0.2, source="ImagerPixelSpacing", plane="detector"),
)
PRIOR = ImageRef(id="P", sha256="0", kind="image", rows=1000, columns=1000, role="prior")


def origin(tool: str = "measure") -> Origin:
    return Origin(
        tool=tool,
        tool_version="1",
        backend="embedded",
        model=tool,
        model_version="1",
        preprocessing_id="none",
        step="s1",
        input_sha256="0",
        output_sha256="0",
    )


def measured(name: str, value: float, unit: Any = "1", decimals: int = 2, sd: float | None = None) -> Measurement:
    spacing = "ImagerPixelSpacing" if unit in PHYSICAL else "none"
    return Measurement(
        name=name, value=value, unit=unit, decimals=decimals, sd=sd, method="test", spacing_source=spacing
    )


def evidence(name: str, observation: str, presence: Any = "present", *parts: Measurement, **fields: Any) -> Evidence:
    tool = fields.pop("tool", "measure")
    return Evidence(
        **{
            "id": name,
            "observation": observation,
            "presence": presence,
            "measurements": parts,
            "summary": observation,
            "image_id": "A",
            "origin": origin(tool),
            **fields,
        }
    )


def checked(
    text: str | tuple[Sentence, ...],
    *items: Evidence,
    images: tuple[ImageRef, ...] = (CURRENT,),
    without: Rule | None = None,
) -> Verification:
    """The text held against the evidence, one rule left out where it is named."""
    sentences = read_report(text) if isinstance(text, str) else text
    ledger = Ledger(evidence=items, images=images)
    return verify(sentences, ledger, rules=frozenset(rule for rule in ALL if rule != without))


def spoken(verification: Verification) -> set[str]:
    """Every rule that found something, R11 included."""
    found = {problem.rule for check in verification.checks for problem in check.problems}
    return {*found, *(omission.rule for omission in verification.omissions)}


def verdicts(verification: Verification) -> list[str]:
    return [check.verdict for check in verification.checks]


LUNG = (
    evidence("E1", "lung", "present", measured("area", 213.4, "cm2", 1), laterality="right"),
    evidence("E2", "lung", "present", measured("area", 180.2, "cm2", 1), laterality="left"),
    evidence("E3", "cardiothoracic_ratio", "present", measured("cardiothoracic_ratio", 0.45, sd=0.02)),
    evidence("E4", "cardiac_enlargement", "absent", derived_from=("E3",)),
    evidence(
        "E5",
        "lung_density_asymmetry",
        "present",
        measured("density_difference", 14, "%", 0),
        laterality="right",
        zone="lower zone",
    ),
)

DRAFT = """## Findings
The cardiac silhouette is not enlarged (cardiothoracic ratio 0.45).
The right lung field has an area of 213.4 cm² at the detector.
The right lower lung zone is denser than the left by 14 %.
"""
