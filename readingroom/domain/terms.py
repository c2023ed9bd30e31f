"""The closed sets of words that findings, evidence and checks are made of."""

from __future__ import annotations

from typing import Literal

Modality = Literal[
    "x_ray", "ct", "mr", "ultrasound", "mammography", "dermoscopy", "fundus", "pathology", "endoscopy", "oct",
    "octa", "nuclear", "other", "unknown",
]  # fmt: skip
"""How the image was made; "unknown" where neither header nor pixels say."""

Presence = Literal["present", "absent", "indeterminate", "not_assessed"]

Certainty = Literal["definite", "most_likely", "likely", "may_represent", "unlikely", "very_unlikely"]
"""The Brigham and Women's Hospital scale of certainty in reports: >90, 75-90, 25-75, 5-25, <5 percent."""

Laterality = Literal["left", "right", "bilateral", "midline", "unspecified", "not_applicable"]
"""The patient's sides, never the image's."""

Severity = Literal["trace", "mild", "moderate", "severe"]

Change = Literal["new", "resolved", "stable", "larger", "smaller", "worse", "better"]

Significance = Literal["urgent", "actionable", "non_actionable", "expected"]

Verdict = Literal["supported", "contradicted", "unsupported", "not_checkable"]
"""What the verifier says of one sentence."""

View = Literal["PA", "AP", "frontal", "lateral", "oblique", "axial", "coronal", "sagittal", "unknown"]
"""Projection of a radiograph or plane of a slice; "frontal" is PA or AP, not known which."""

Side = Literal["left", "right", "unknown"]
"""One side of the patient, or not known."""

Section = Literal["indication", "technique", "comparison", "findings", "impression", "limitations"]
