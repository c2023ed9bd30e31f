"""FHIR: what the bundle says, that it hangs together, and that no text of a report acts in it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import pytest

from readingroom.domain.category import NOT_ASSESSABLE, Category, CategoryInput
from readingroom.domain.check import Check, Struck
from readingroom.domain.report import NOTICE, Report
from readingroom.exports.fhir import Form, to_fhir
from readingroom.exports.fhir_elements import Release
from readingroom.exports.markdown import to_markdown
from readingroom.exports.material import Material
from tests.exports.hostile import PAYLOADS, poisoned
from tests.exports.sample import build, ratio

RELEASES: tuple[Release, ...] = ("R4", "R5")
SAMPLE = build()
MATERIAL = Material(SAMPLE.masks.__getitem__)
URN = re.compile(r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TAGS = {f"{{http://www.w3.org/1999/xhtml}}{name}" for name in ("div", "p", "b")}


class Header:
    """What to_fhir reads of a DICOM header."""

    StudyInstanceUID, SeriesInstanceUID, SOPInstanceUID = "1.2.3", "1.2.3.4", "1.2.3.4.5"
    SOPClassUID = "1.2.840.10008.5.1.4.1.1.1.1"


def bundle_of(report: Report = SAMPLE.report, release: Release = "R4", **more: Any) -> dict[str, Any]:
    given = {"material": MATERIAL, **more}
    loaded: dict[str, Any] = json.loads(to_fhir(report, given.pop("material"), release=release, **given))
    return loaded


def of_kind(bundle: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def resource(bundle: dict[str, Any], reference: dict[str, Any]) -> dict[str, Any]:
    (found,) = (entry["resource"] for entry in bundle["entry"] if entry["fullUrl"] == reference["reference"])
    return dict(found)


def finding(bundle: dict[str, Any], place: int) -> dict[str, Any]:
    return resource(bundle, of_kind(bundle, "DiagnosticReport")[0]["result"][place])


def component(observation: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (each for each in observation["component"] if each["code"]["text"] == name)
    return dict(found)


def codes(concept: dict[str, Any]) -> set[str]:
    return {coding["code"] for coding in concept["coding"]}


def values(value: Any, key: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, item in value.items():
            yield from values(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from values(item, key)
    else:
        yield key, value


@pytest.mark.parametrize("release", RELEASES)
def test_every_reference_is_in_the_bundle_and_every_entry_once(release: Release) -> None:
    bundle = bundle_of(release=release)
    urls = [entry["fullUrl"] for entry in bundle["entry"]]
    assert len(set(urls)) == len(urls)
    assert all(URN.fullmatch(url) for url in urls)
    assert {value for key, value in values(bundle) if key == "reference"} <= set(urls)


@pytest.mark.parametrize("release", RELEASES)
def test_a_server_that_gets_it_twice_makes_nothing_twice(release: Release) -> None:
    bundle = bundle_of(release=release)
    assert bundle["type"] == "transaction"
    assert bundle["entry"][0]["resource"]["resourceType"] == "DiagnosticReport"
    sought = []
    for entry in bundle["entry"]:
        made, request = entry["resource"], entry["request"]
        assert (request["method"], request["url"]) == ("POST", made["resourceType"])
        if made["resourceType"] != "Provenance":
            sought.append(request["ifNoneExist"])
            assert made["identifier"][0]["value"].rsplit(":", 1)[-1] in request["ifNoneExist"]
    assert len(set(sought)) == len(sought)


@pytest.mark.parametrize("release", RELEASES)
def test_the_same_report_gives_the_same_bytes_and_another_other_identifiers(release: Release) -> None:
    again = Report.model_validate_json(SAMPLE.report.model_dump_json())
    assert to_fhir(again, MATERIAL, release=release) == to_fhir(SAMPLE.report, MATERIAL, release=release)
    other = bundle_of(SAMPLE.report.model_copy(update={"title": "Another"}), release)
    urls = {entry["fullUrl"] for entry in bundle_of(release=release)["entry"]}
    assert urls.isdisjoint(entry["fullUrl"] for entry in other["entry"])


@pytest.mark.parametrize("release", RELEASES)
def test_nothing_is_final_and_everything_is_marked_for_research(release: Release) -> None:
    bundle = bundle_of(release=release)
    for each in (bundle, *(entry["resource"] for entry in bundle["entry"])):
        assert [code["code"] for code in each["meta"]["tag"]] == ["research-only"]
        assert each["meta"]["security"][0]["code"] == "HRESCH"
        assert each.get("status", "") in ("", "preliminary", "available", "active")
    report = of_kind(bundle, "DiagnosticReport")[0]
    assert NOTICE in report["text"]["div"]
    assert report["conclusion"].replace("\\", "").startswith(NOTICE)


@pytest.mark.parametrize(
    ("status", "report_status", "observation_status"),
    [("partial", "partial", "preliminary"), ("entered-in-error", "entered-in-error", "entered-in-error")],
)
def test_a_partial_or_withdrawn_report_says_so(status: str, report_status: str, observation_status: str) -> None:
    bundle = bundle_of(SAMPLE.report.model_copy(update={"status": status}))
    assert of_kind(bundle, "DiagnosticReport")[0]["status"] == report_status
    assert {each["status"] for each in of_kind(bundle, "Observation")} == {observation_status}


def test_the_report() -> None:
    bundle = bundle_of()
    report = of_kind(bundle, "DiagnosticReport")[0]
    assert codes(report["category"][0]) == {"RAD"}
    assert codes(report["code"]) == {"43468-8", "18748-4"}
    assert report["issued"] == SAMPLE.report.provenance.finished
    assert "Mild cardiomegaly, increased since the prior radiograph." in report["conclusion"]
    assert "Not clean: 1 sentence is contradicted" in report["conclusion"]
    (form,) = report["presentedForm"]
    assert base64.b64decode(form["data"]).decode() == to_markdown(SAMPLE.report)
    assert len(report["imagingStudy"]) == 2
    assert "study" not in report
    newer = of_kind(bundle_of(release="R5"), "DiagnosticReport")[0]
    assert len(newer["study"]) == 2
    assert "imagingStudy" not in newer


def test_a_rendering_goes_along() -> None:
    bundle = bundle_of(forms=(Form("application/pdf", b"%PDF-1.7", "Report"),))
    forms = of_kind(bundle, "DiagnosticReport")[0]["presentedForm"]
    assert [form["contentType"] for form in forms] == ["text/markdown; charset=utf-8", "application/pdf"]
    assert base64.b64decode(forms[1]["data"]) == b"%PDF-1.7"


def test_the_subject_is_a_pseudonym_and_nothing_else() -> None:
    (patient,) = of_kind(bundle_of(), "Patient")
    assert patient["identifier"] == [{"system": "urn:x-readingroom:subject", "value": "subject-4f2a"}]
    assert "PSEUDED" in {code["code"] for code in patient["meta"]["security"]}
    assert set(patient) == {"resourceType", "meta", "identifier", "text"}


def test_two_unknown_subjects_are_not_one() -> None:
    def identifier(**changes: Any) -> dict[str, str]:
        report = SAMPLE.report.model_copy(update={"subject": "unknown", **changes})
        (patient,) = of_kind(bundle_of(report), "Patient")
        return dict(patient["identifier"][0])

    assert identifier() == identifier()
    assert identifier() != identifier(id="rep-2")


def test_a_device_is_the_same_one_in_every_report() -> None:
    def devices(report: Report) -> list[Any]:
        return [each["identifier"] for each in of_kind(bundle_of(report), "Device")]

    assert devices(SAMPLE.report) == devices(SAMPLE.report.model_copy(update={"id": "rep-2"}))
    newer = SAMPLE.report.provenance.model_copy(update={"code_version": "9.9"})
    assert devices(SAMPLE.report)[0] != devices(SAMPLE.report.model_copy(update={"provenance": newer}))[0]


def test_a_finding_is_coded_sided_and_carries_its_verdict() -> None:
    bundle = bundle_of()
    effusion = finding(bundle, 2)
    assert codes(effusion["code"]) == {"60046008", "RID34539"}
    assert codes(effusion["valueCodeableConcept"]) == {"52101004", "RID28472", "121053"}
    assert codes(effusion["interpretation"][0]) == {"POS"}
    assert component(effusion, "verdict")["valueCodeableConcept"]["text"] == "unsupported"
    assert "R01: no evidence tells of pleural effusion" in effusion["note"][1]["text"]
    opacity = finding(bundle, 1)
    assert codes(component(opacity, "laterality")["valueCodeableConcept"]) == {"7771000", "RID5824"}
    assert "laterality" not in [part["code"]["text"] for part in effusion["component"]]
    enlarged = finding(bundle, 0)
    assert codes(component(enlarged, "severity")["valueCodeableConcept"]) == {"255604002", "RID5671"}
    assert component(enlarged, "certainty")["valueCodeableConcept"]["text"] == "definite"
    grown = finding(bundle, 3)
    assert codes(component(grown, "change")["valueCodeableConcept"]) == {"15454001"}
    absent = finding(bundle, 4)
    assert codes(absent["valueCodeableConcept"]) == {"2667000", "RID28473", "121054"}
    assert codes(absent["interpretation"][0]) == {"NEG"}


def test_a_site_is_coded_and_says_its_side() -> None:
    def site(**changes: Any) -> Any:
        first, *others = SAMPLE.report.findings
        told = first.model_copy(update=changes)
        return finding(bundle_of(SAMPLE.report.model_copy(update={"findings": (told, *others)})), 0).get("bodySite")

    assert site() is None
    lower = site(zone="lower zone", laterality="right")
    assert (codes(lower), lower["text"]) == ({"281394001"}, "right lower zone")
    heart = site(body_site="heart", laterality="unspecified")
    assert (codes(heart), heart["text"]) == ({"80891009", "RID1385"}, "heart")
    assert site(zone="periventricular") == {"text": "periventricular"}


def test_a_finding_is_derived_from_its_evidence_and_that_from_the_images() -> None:
    bundle = bundle_of()
    (measured, _) = (resource(bundle, each) for each in finding(bundle, 3)["derivedFrom"])
    kinds = [resource(bundle, each)["resourceType"] for each in measured["derivedFrom"]]
    assert kinds == ["ImagingStudy", "Observation", "Observation", "Observation"]
    assert resource(bundle, measured["device"])["deviceName"][0]["name"] == "chest-shape"
    assert resource(bundle, finding(bundle, 3)["device"])["deviceName"][0]["name"] == "Reading Room"


def test_a_measured_value_is_in_ucum_with_its_method_and_uncertainty() -> None:
    bundle = bundle_of()
    measured = resource(bundle, finding(bundle, 0)["derivedFrom"][0])
    assert measured["valueQuantity"] == {"value": 0.58, "system": "http://unitsofmeasure.org", "code": "1"}
    assert measured["method"] == {"text": "widest heart over widest inner thorax"}
    assert component(measured, "cardiothoracic ratio: standard deviation")["valueQuantity"]["value"] == 0.03
    assert "interpretation" not in measured
    assert codes(component(measured, "presence")["valueCodeableConcept"]) >= {"52101004"}
    length = ratio(61.2).model_copy(
        update={"name": "diameter", "unit": "mm", "decimals": 0, "spacing_source": "PixelSpacing"}
    )
    first, *others = SAMPLE.report.findings
    told = SAMPLE.report.model_copy(
        update={"findings": (first.model_copy(update={"measurements": (length,)}), *others)}
    )
    quantity = component(finding(bundle_of(told), 0), "diameter")["valueQuantity"]
    assert quantity == {"value": 61, "unit": "millimeter", "system": "http://unitsofmeasure.org", "code": "mm"}


@pytest.mark.parametrize("release", RELEASES)
def test_no_component_repeats_the_code_of_a_value(release: Release) -> None:
    """obs-7, and obs-6: a value or a reason why there is none."""
    first, *others = SAMPLE.report.findings
    twice = first.model_copy(update={"observation": "cardiothoracic_ratio", "measurements": (ratio(0.5), ratio(0.6))})
    told = SAMPLE.report.model_copy(update={"findings": (twice, *others)})
    for each in of_kind(bundle_of(told, release), "Observation"):
        valued = [key for key in each if key.startswith("value")]
        assert len(valued) + ("dataAbsentReason" in each) == 1
        own = {(code["system"], code["code"]) for code in each["code"].get("coding", ())}
        for part in each.get("component", ()) if valued else ():
            assert own.isdisjoint((code["system"], code["code"]) for code in part["code"].get("coding", ()))


def test_what_was_not_assessed_has_a_reason_and_no_value() -> None:
    told = [each for each in of_kind(bundle_of(), "Observation") if "dataAbsentReason" in each]
    assert [each["code"]["text"] for each in told] == ["Bones, soft tissues, lines and tubes were not looked at."]
    assert codes(told[0]["dataAbsentReason"]) == {"not-performed"}
    unlooked = [
        item.model_copy(update={"presence": "not_assessed"}) if item.id == "E7" else item
        for item in SAMPLE.report.evidence
    ]
    bundle = bundle_of(SAMPLE.report.model_copy(update={"evidence": tuple(unlooked)}))
    evidence = resource(bundle, finding(bundle, 4)["derivedFrom"][0])
    assert codes(evidence["dataAbsentReason"]) == {"not-performed"}
    assert "valueCodeableConcept" not in evidence
    assert "interpretation" not in evidence


def test_only_what_is_definite_and_supported_becomes_a_conclusion_code() -> None:
    def concluded(**changes: Any) -> list[set[str]]:
        report = of_kind(bundle_of(SAMPLE.report.model_copy(update=changes)), "DiagnosticReport")[0]
        return [codes(each) for each in report.get("conclusionCode", ())]

    assert concluded() == [{"8186001"}]
    assert concluded(verification=None) == []
    (statement,) = SAMPLE.report.impression
    assert concluded(impression=(statement.model_copy(update={"certainty": "likely"}),)) == []
    assert concluded(impression=(statement.model_copy(update={"derived_from": ("F2", "F3", "F5")}),)) == []
    first, *others = SAMPLE.report.findings
    assert concluded(findings=(first.model_copy(update={"certainty": "may_represent"}), *others)) == []


def test_a_category_has_its_inputs_or_the_reason_why_there_is_none() -> None:
    given = CategoryInput(name="diameter", value="9 mm", evidence=("E5",))
    made = Category(id="C1", system="Lung-RADS", version="2022", value="4A", meaning="suspicious", inputs=(given,),
                    rule_sha256="a" * 64)  # fmt: skip
    missing = Category(id="C2", system="BI-RADS", version="2013", value=NOT_ASSESSABLE, meaning="no margin",
                       missing=("margin",), rule_sha256="a" * 64)  # fmt: skip
    bundle = bundle_of(SAMPLE.report.model_copy(update={"categories": (made, missing)}))
    lung, breast = finding(bundle, 6), finding(bundle, 7)
    assert lung["valueCodeableConcept"]["text"] == "Lung-RADS 4A: suspicious"
    assert component(lung, "diameter")["valueString"] == "9 mm"
    assert len(lung["derivedFrom"]) == 1
    assert codes(breast["dataAbsentReason"]) == {"unknown"}
    assert [note["text"] for note in breast["note"]] == ["no margin", "Missing: margin."]


def test_what_was_struck_is_counted_and_not_repeated() -> None:
    check = Check(target="F9", section="findings", text="There is a mass.", verdict="unsupported")
    text = to_fhir(SAMPLE.report.model_copy(update={"struck": (Struck(check=check),)}), MATERIAL)
    assert "Struck by the verifier, and not part of this report: 1" in text
    assert "There is a mass." not in text


def test_provenance_names_who_made_what_from_which_bytes() -> None:
    bundle = bundle_of()
    whole, *steps = of_kind(bundle, "Provenance")
    assert resource(bundle, whole["target"][0])["resourceType"] == "DiagnosticReport"
    assert [codes(agent["type"]) for agent in whole["agent"]] == [{"author"}, {"performer"}]
    digests = {entity["what"]["identifier"]["value"] for entity in whole["entity"]}
    assert digests >= {"1" * 64, "2" * 64, "3" * 64, "c" * 64}
    assert whole["occurredPeriod"] == {"start": "2025-11-22T01:00:00Z", "end": "2025-11-22T01:00:02Z"}
    told = [target["reference"] for step in steps for target in step["target"]]
    assert len(told) == len(set(told)) == len(SAMPLE.report.evidence)
    assert [entity["role"] for entity in steps[0]["entity"]] == ["source", "quotation"]


def test_dicom_at_hand_names_its_instances_and_r5_selects_their_pixels() -> None:
    material = Material(SAMPLE.masks.__getitem__, instances={"img-1": (Header(),)})
    study = of_kind(bundle_of(material=material), "ImagingStudy")[0]
    assert study["identifier"] == [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3"}]
    (series,) = study["series"]
    assert (series["uid"], series["modality"]["code"], series["bodySite"]["code"]) == ("1.2.3.4", "DX", "816094009")
    assert series["instance"][0]["uid"] == "1.2.3.4.5"
    newer = bundle_of(release="R5", material=material)
    assert of_kind(newer, "ImagingStudy")[0]["series"][0]["modality"]["coding"][0]["code"] == "DX"
    opacity = resource(newer, finding(newer, 1)["derivedFrom"][0])
    selection = resource(newer, opacity["derivedFrom"][1])
    (instance,) = selection["instance"]
    assert (instance["uid"], selection["seriesUid"], selection["studyUid"]) == ("1.2.3.4.5", "1.2.3.4", "1.2.3")
    assert instance["imageRegion2D"][0] == {
        "regionType": "polyline", "coordinate": [90.0, 380.0, 170.0, 380.0, 170.0, 460.0, 90.0, 460.0, 90.0, 380.0],
    }  # fmt: skip
    assert not [part for part in opacity["component"] if part["code"]["text"] == "image region"]


def test_without_dicom_a_region_is_told_in_words() -> None:
    bundle = bundle_of(release="R5")
    assert of_kind(bundle, "ImagingSelection") == []
    told = component(resource(bundle, finding(bundle, 1)["derivedFrom"][0]), "image region")["valueString"]
    assert told == "opacity: box from (90.0, 380.0) to (170.0, 460.0), in pixels of image img-1"


@pytest.mark.parametrize(("number", "payload"), list(enumerate(PAYLOADS)))
def test_hostile_texts_stay_texts(number: int, payload: str) -> None:
    release = RELEASES[number % 2]
    bundle = bundle_of(poisoned(SAMPLE.report, payload), release)
    honest = bundle_of(release=release)
    assert len(bundle["entry"]) == len(honest["entry"])
    for key, value in values(bundle):
        if isinstance(value, str):
            assert all(sign.isprintable() or sign in "\n\t" for sign in value)
            if key in ("system", "code", "url", "reference", "fullUrl", "ifNoneExist"):
                assert not re.search(r"\s", value)
                assert "<" not in value
        if key == "div":
            tree = ElementTree.fromstring(value)
            assert {node.tag for node in tree.iter()} <= TAGS
            assert all(not node.attrib for node in tree.iter())
    urls = {entry["fullUrl"] for entry in bundle["entry"]}
    assert {value for key, value in values(bundle) if key == "reference"} <= urls


def test_a_time_that_is_none_is_marked_as_unknown() -> None:
    told = SAMPLE.report.provenance.model_copy(update={"finished": "yesterday"})
    bundle = bundle_of(SAMPLE.report.model_copy(update={"provenance": told}))
    assert "timestamp" not in bundle
    assert "issued" not in of_kind(bundle, "DiagnosticReport")[0]
    provenance = of_kind(bundle, "Provenance")[0]
    assert "recorded" not in provenance
    assert provenance["_recorded"]["extension"][0]["valueCode"] == "unknown"
