"""Pass A: every field of a finding is held against its evidence and against its own sentence."""

from __future__ import annotations

from typing import Any

import pytest

from readingroom.agents.ledger import Ledger
from readingroom.agents.verifier import of_report, verify, verify_report
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.finding import Comparison, Finding, Limitation, Statement
from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Measurement
from readingroom.domain.report import Provenance, Report

ORIGIN = Origin(tool="detector", tool_version="1", backend="b", model="m", model_version="1", preprocessing_id="p",
                step="s1", input_sha256="a" * 64, output_sha256="b" * 64)  # fmt: skip
PROVENANCE = Provenance(run="r-1", workflow="w", template="t", template_sha256="0" * 64, planner="rules", writer="w",
                        backends=(), code_version="0", started="", finished="")  # fmt: skip
SIZE = Measurement(name="longest_diameter", value=12, unit="mm", decimals=0, method="caliper", spacing_source="header")


def image(name: str, **more: Any) -> ImageRef:
    return ImageRef(id=name, sha256="0" * 64, kind="image", rows=512, columns=512, **more)


def evidence(name: str, observation: str, **more: Any) -> Evidence:
    return Evidence.model_validate({"id": name, "observation": observation, "presence": "present", "summary": "seen",
                                    "image_id": "img-1", "origin": ORIGIN, **more})  # fmt: skip


LEDGER = (
    evidence("E1", "nodule", laterality="right", zone="upper lobe", measurements=(SIZE,), certainty="likely",
             change="larger", prior_image_id="img-2"),
    evidence("E2", "pneumothorax", presence="absent"),
    evidence("E3", "pleural_effusion", laterality="left", severity="mild"),
    evidence("E4", "consolidation"),
    evidence("E5", "consolidation", presence="absent", origin=ORIGIN.model_copy(update={"tool": "classifier"})),
)  # fmt: skip
NODULE: dict[str, Any] = {
    "id": "F1", "text": "Probable nodule in the right upper lobe, larger than on the prior study.",
    "observation": "nodule", "presence": "present", "certainty": "likely", "laterality": "right", "zone": "upper lobe",
    "measurements": (SIZE,), "comparison": Comparison(prior_image_id="img-2", change="larger"), "evidence": ("E1",),
}  # fmt: skip
OTHERS = (
    Finding(id="F2", text="No pneumothorax.", observation="pneumothorax", presence="absent", evidence=("E2",)),
    Finding(id="F3", text="Small left pleural effusion.", observation="pleural_effusion", presence="present",
            laterality="left", severity="mild", evidence=("E3",)),
    Finding(id="F4", text="The tools disagree on consolidation.", observation="consolidation",
            presence="indeterminate", certainty="may_represent", evidence=("E4", "E5")),
)  # fmt: skip


def report(*findings: Finding, **more: Any) -> Report:
    return Report(
        id="r", title="CT", subject="s", images=(image("img-1"), image("img-2", role="prior")), findings=findings,
        limitations=(Limitation(code="research_only", text="For research."),), evidence=LEDGER, provenance=PROVENANCE,
        comparison="One earlier examination.", **more,
    )  # fmt: skip


def problems(given: Report, target: str) -> dict[str, str]:
    check = next(one for one in verify_report(given).checks if one.target == target)
    return {problem.rule: problem.reason for problem in check.problems}


def test_fields_that_agree_are_silent() -> None:
    assert [
        check.problems for check in verify_report(report(Finding(**NODULE), *OTHERS)).checks if check.problems
    ] == []


def test_a_place_is_the_same_by_any_of_its_names() -> None:
    lower = evidence("E1", "nodule", laterality="left", zone="lower lung zone")
    finding = Finding(id="F1", text="A nodule in the left lower lung zone.", observation="nodule", presence="present",
                      laterality="left", zone="lower lung zone", evidence=("E1",))  # fmt: skip
    given = report(finding).model_copy(update={"evidence": (lower,)})
    assert [problem.reason for check in verify_report(given).checks for problem in check.problems] == []


@pytest.mark.parametrize(
    ("rule", "fields"),
    [
        ("R01", {"observation": "mass", "measurements": ()}),
        ("R02", {"observation": "pneumothorax", "measurements": ()}),
        ("R03", {"presence": "absent"}),
        ("R04", {"laterality": "left"}),
        ("R04", {"laterality": "bilateral"}),
        ("R05", {"zone": "lower lobe"}),
        ("R06", {"measurements": (SIZE.model_copy(update={"value": 21}),)}),
        ("R06", {"measurements": (SIZE.model_copy(update={"name": "volume", "unit": "mL"}),)}),
        ("R07", {"measurements": (SIZE.model_copy(update={"unit": "cm"}),)}),
        ("R07", {"measurements": (SIZE.model_copy(update={"unit": "px"}),)}),
        ("R08", {"comparison": Comparison(prior_image_id="img-2", change="smaller")}),
        ("R08", {"comparison": Comparison(prior_image_id="img-1", change="larger")}),
        ("R09", {"severity": "severe"}),
        ("R10", {"certainty": "definite"}),
        ("R15", {"evidence": ("E3",), "measurements": ()}),
    ],
)
def test_one_field_against_its_evidence(rule: str, fields: dict[str, Any]) -> None:
    given = report(Finding(**{**NODULE, **fields}), *OTHERS)
    assert rule in problems(given, "F1")
    if rule != "R15":
        told = verify(of_report(given), Ledger(evidence=given.evidence, images=given.images))
        assert rule not in {problem.rule for problem in told.checks[0].problems}, "the sentence alone shows it"


def test_a_conflict_in_the_evidence_is_not_decided_by_a_field() -> None:
    taken = OTHERS[2].model_copy(update={"presence": "present", "certainty": "definite"})
    assert "R16" in problems(report(Finding(**NODULE), *OTHERS[:2], taken), "F4")


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("R12", "No pleural effusion."),
        ("R04", "Small right pleural effusion."),
        ("R09", "Large left pleural effusion."),
    ],
)
def test_a_sentence_that_says_otherwise_than_its_fields(rule: str, text: str) -> None:
    given = report(*OTHERS[:1], OTHERS[1].model_copy(update={"text": text}))
    assert rule in problems(given, "F3")


def test_a_statement_is_no_firmer_than_its_findings() -> None:
    said = Statement(id="I1", text="Probable nodule in the right upper lobe.", derived_from=("F1",), certainty="likely")
    assert problems(report(Finding(**NODULE), *OTHERS, impression=(said,)), "I1") == {}
    firm = said.model_copy(update={"certainty": "definite"})
    assert "R14" in problems(report(Finding(**NODULE), *OTHERS, impression=(firm,)), "I1")
