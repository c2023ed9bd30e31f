"""The template writer: sentences come from evidence alone, each told once, in the template's order."""

import pytest

from readingroom.agents.numbering import number
from readingroom.agents.template import parse_template, template_for, templates
from readingroom.agents.writer import write_findings
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.image import ImageRef
from readingroom.domain.measurement import Measurement
from readingroom.errors import BadRequest

ORIGIN = Origin(
    tool="measure", tool_version="1", backend="embedded", model="morphometry", model_version="1",
    preprocessing_id="source-pixels", step="measure-frontal", input_sha256="a" * 64, output_sha256="b" * 64,
)  # fmt: skip


def fact(name: str, observation: str, **named) -> Evidence:
    return Evidence(id=name, observation=observation, image_id="img-1", summary="", origin=ORIGIN,
                    **{"presence": "present", **named})  # fmt: skip


def ratio(value: float, name: str = "cardiothoracic_ratio") -> Measurement:
    return Measurement(name=name, value=value, unit="1", decimals=2, sd=0.031, method="test")


def sentences(*ledger: Evidence, template: str = "chest_xray") -> list[str]:
    findings, _ = write_findings(templates()[template], ledger, frozenset({"img-1"}))
    return [finding.text for finding in findings]


def test_a_number_is_told_once_by_the_first_rule_that_wants_it():
    found = sentences(
        fact("E1", "cardiothoracic_ratio", measurements=(ratio(0.583),)), fact("E2", "cardiac_enlargement")
    )
    assert found == ["The cardiac silhouette is enlarged, with a cardiothoracic ratio of 0.58 (sd 0.03)."]


def test_without_a_verdict_the_ratio_stands_alone():
    found = sentences(fact("E1", "cardiothoracic_ratio", measurements=(ratio(0.52),)))
    assert found == ["The cardiothoracic ratio is 0.52 (sd 0.03)."]


def test_a_change_names_both_numbers():
    change = fact(
        "E1", "cardiothoracic_ratio", change="larger", prior_image_id="img-2",
        measurements=(ratio(0.55), ratio(0.48, "prior_cardiothoracic_ratio")),
    )  # fmt: skip
    assert sentences(change) == ["The cardiothoracic ratio has increased from 0.48 to 0.55 since the prior image."]


def test_sides_come_from_the_evidence():
    more = Measurement(name="density_difference", value=41.2, unit="%", decimals=0, method="t")
    item = fact("E1", "lung_density_asymmetry", laterality="right", zone="lower lung zone", measurements=(more,))
    (text,) = sentences(item)
    assert text == "The right lower lung zone is denser than the left by 41 % of the lungs' range of grey."


def test_prior_images_are_context_not_findings():
    old = fact("E1", "cardiothoracic_ratio", measurements=(ratio(0.5),)).model_copy(update={"image_id": "img-2"})
    assert sentences(old) == []


def test_every_statement_rests_on_a_finding_and_every_finding_on_evidence():
    ledger = (
        fact("E1", "cardiothoracic_ratio", measurements=(ratio(0.41),)),
        fact("E2", "cardiac_enlargement", presence="absent"),
    )
    findings, impression = write_findings(templates()["chest_xray"], ledger, frozenset({"img-1"}))
    assert set(findings[0].evidence) == {"E1", "E2"}
    assert [statement.derived_from for statement in impression] == [("F1",)]


def test_plural_structures_take_plural_verbs():
    area = Measurement(name="area", value=120.0, unit="px2", decimals=0, method="t")
    (text,) = sentences(fact("E1", "lung", measurements=(area,)), template="measurements")
    assert text == "The lungs have an area of 120 square pixels."


def test_ledger_is_numbered_in_plan_order_with_its_references():
    first = fact("segment-frontal.1", "lung")
    second = fact("measure-frontal.1", "lung", derived_from=("segment-frontal.1", "gone.1"))
    assert [(item.id, item.derived_from) for item in number([[first], [second]])] == [("E1", ()), ("E2", ("E1",))]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("id: x", "field required|Field required"),
        ("[1, 2]", "file"),
        ("id: [", "not valid YAML"),
    ],
)
def test_a_broken_template_is_refused_in_words(text, complaint):
    with pytest.raises(BadRequest, match=complaint):
        parse_template(text, "mine.yaml")


@pytest.mark.parametrize(
    "attack",
    [
        "{{ e.__class__.__mro__ }}",
        "{{ ''.__class__ }}",
        "{{ e.text.__init__.__globals__ }}",
        "{% for x in range(10**9) %}{% endfor %}",
        "{{ missing }}",
        "{{ e.text * 1000000000 }}",
        "{{ cycler.__init__ }}",
    ],
)
def test_a_template_cannot_reach_out(attack):
    source = (
        "id: x\nversion: 1\ntitle: t\nserves: [any]\ntechnique: t\n"
        f'findings:\n  - for: {{observation: lung}}\n    text: "{attack}"\n'
    )
    template = parse_template(source, "mine.yaml")
    with pytest.raises(BadRequest, match="cannot be rendered"):
        write_findings(template, (fact("E1", "lung"),), frozenset({"img-1"}))


def test_templates_are_chosen_by_modality():
    ref = ImageRef(id="img-1", sha256="0" * 64, kind="image", rows=9, columns=9, modality="x_ray", anatomy="chest")
    assert template_for(ref, None).id == "chest_xray"
    assert template_for(ref.model_copy(update={"anatomy": "hand"}), None).id == "measurements"
    with pytest.raises(BadRequest, match="no template 'mine'"):
        template_for(ref, "mine")
