"""FHIR reports read in: our own sentence by sentence, others by presented form, observations and conclusion."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.errors import BadFile
from readingroom.exports.fhir import to_fhir
from readingroom.exports.material import Material
from readingroom.language.sentences import read_report
from readingroom.readers.reading_in import read_text
from tests.exports import sample

REPORT: dict[str, Any] = {"resourceType": "DiagnosticReport", "status": "final", "subject": {"display": "Jörg Müller"}}


def told(resource: Any) -> list[tuple[str, str]]:
    return [(each.section, each.text) for each in read_report(read_text(json.dumps(resource).encode()))]


def form(text: str, kind: str = "text/plain", **more: Any) -> dict[str, Any]:
    return {"contentType": kind, "data": base64.b64encode(text.encode()).decode(), **more}


@pytest.mark.parametrize("release", ["R4", "R5"])
def test_our_own_says_the_same_sentences(release: Any) -> None:
    made = sample.build()
    bundle = json.loads(to_fhir(made.report, Material(made.masks.__getitem__), release=release))
    said = [("findings", each.text) for each in made.report.findings] + [("impression", sample.IMPRESSION)]
    assert told(bundle)[-len(said) :] == said
    for entry in bundle["entry"]:
        entry["resource"].pop("presentedForm", None)
    kept = told(bundle)
    assert [pair for pair in kept if pair[0] == "findings"] == said[:-1]
    assert ("impression", sample.IMPRESSION) in kept
    assert not any("Research use only" in text for _, text in kept)


def test_observations_are_a_name_a_value_and_a_unit() -> None:
    contained = [
        {"resourceType": "Observation", "id": "a", "status": "final", "code": {"text": "Diameter"},
         "bodySite": {"coding": [{"display": "left lung"}]}, "valueQuantity": {"value": 8.5, "unit": "mm"}},
        {"resourceType": "Observation", "id": "b", "status": "final", "code": {"text": "Finding"},
         "valueString": "There is a nodule in the left lung."},
        {"resourceType": "Observation", "id": "c", "status": "final", "code": {"text": "Density"},
         "component": [{"code": {"text": "mean"}, "valueQuantity": {"value": -50, "code": "[hnsf'U]"}}]},
        {"resourceType": "Observation", "id": "d", "status": "entered-in-error", "valueInteger": 3},
        {"resourceType": "Observation", "id": "p", "status": "final", "code": {"text": "Panel"},
         "hasMember": [{"reference": "#a"}, {"reference": "#p"}, {"reference": "#c"}]},
    ]  # fmt: skip
    results = [{"reference": "#b"}, {"reference": "#d"}, {"reference": "#p"}, {"reference": "Observation/elsewhere"}]
    report = {**REPORT, "contained": contained, "result": results, "conclusion": "Nodule. Follow-up."}
    assert told(report) == [
        ("findings", "There is a nodule in the left lung."),
        ("findings", "Diameter (left lung): 8.5 mm."),
        ("findings", "Density: mean -50 HU."),
        ("impression", "Nodule."),
        ("impression", "Follow-up."),
    ]


def test_a_presented_form_is_the_report_and_the_conclusion_joins_it() -> None:
    html = "<html><body><h2>Findings</h2><p>Kein Erguß.</p><script>no()</script></body></html>"
    forms = [{"contentType": "application/pdf", "data": "AAAA"}, form(html, "text/html; charset=utf-8")]
    report = {**REPORT, "presentedForm": forms, "conclusion": "Kein Erguß. Normal chest."}
    assert told(report) == [("findings", "Kein Erguß."), ("impression", "Normal chest.")]
    plain = {**REPORT, "presentedForm": [form("FINDINGS: Clear.", "text/plain")]}
    assert told(plain) == [("findings", "Clear.")]


def test_a_composition_and_a_narrative_are_read_where_there_is_nothing_else() -> None:
    section = {"title": "Impression", "text": {"div": "<div xmlns='http://www.w3.org/1999/xhtml'><p>Normal.</p></div>"}}
    composition = {"resourceType": "Composition", "id": "c", "section": [section]}
    bundle = {"resourceType": "Bundle", "entry": [
        {"fullUrl": "urn:uuid:1", "resource": composition},
        {"resource": {**REPORT, "composition": {"reference": "urn:uuid:1"}}}]}  # fmt: skip
    assert told(bundle) == [("impression", "Normal.")]
    assert told({**REPORT, "text": {"div": "<div><p>Clear lungs.</p></div>"}}) == [("findings", "Clear lungs.")]


def test_who_the_patient_is_is_not_read() -> None:
    assert "Müller" not in read_text(json.dumps({**REPORT, "conclusion": "Normal."}).encode())


def nested(depth: int) -> dict[str, Any]:
    section: dict[str, Any] = {"title": "x"}
    for _ in range(depth):
        section = {"section": [section]}
    return {"resourceType": "Composition", "id": "c", **section}


@pytest.mark.parametrize(
    ("resource", "what"),
    [
        (REPORT, "without words"),
        ({"resourceType": "Patient"}, "no DiagnosticReport"),
        ({"resourceType": "Bundle", "entry": [{"resource": REPORT}, {"resource": REPORT}]}, "holds 2 reports"),
        ({"resourceType": "Bundle", "entry": [{}] * 20_001}, "more than 20000"),
        ({**REPORT, "presentedForm": [{"contentType": "text/plain", "data": "!!"}]}, "not base64"),
        ({**REPORT, "presentedForm": [{"contentType": "text/plain", "url": "http://x.invalid/"}]}, "another address"),
        ({"resourceType": "Bundle", "entry": [{"resource": nested(400)},
          {"resource": {**REPORT, "composition": {"reference": "Composition/c"}}}]}, "without words"),
        ({**REPORT, "result": "x", "contained": 3, "presentedForm": {"a": 1}, "conclusion": ["x"]}, "without words"),
    ],
    ids=["empty", "patient", "two", "many", "base64", "url", "deep", "types"],
)  # fmt: skip
def test_what_is_no_report_is_refused_in_one_line(resource: Any, what: str) -> None:
    with pytest.raises(BadFile, match=what):
        read_text(json.dumps(resource).encode())


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = ("conclusion", "contained", "result", "presentedForm", "composition", "text", "code", "valueQuantity",
          "component", "hasMember", "valueCodeableConcept", "note", "bodySite", "status", "id")  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), JSON), st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_wrong_types_anywhere_are_read_or_refused(report: dict[str, Any], observation: dict[str, Any]) -> None:
    held = {**observation, "resourceType": "Observation", "id": "o"}
    resource = {**report, "resourceType": "DiagnosticReport", "contained": [held], "result": [{"reference": "#o"}]}
    with suppress(BadFile):
        assert read_text(json.dumps(resource).encode()).strip()
