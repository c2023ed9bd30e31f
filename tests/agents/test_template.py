"""Template files: what is wrong with one is told with its file, its field and its line."""

import pytest

from readingroom.agents.template import parse_template, template_for, templates
from readingroom.agents.writer import write_findings
from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.errors import BadRequest
from readingroom.language.lexicon import lexicon
from tests.agents.ledgers import evidence, measured

HEAD = "id: mine\nversion: 1\ntitle: Mine\nserves: [ct/chest]\ntechnique: t\n"
RULE = "findings:\n  - key: lung\n    for: {observation: lung, presence: present}\n    text: "
AREA = measured("area", 12.0, "px2", 0)


def sentences(source: str, *items: Evidence) -> list[str]:
    findings, _ = write_findings(parse_template(source, "mine.yaml"), items, frozenset({"A"}))
    return [finding.text for finding in findings]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (HEAD + "findings:\n  - for: {observation: lung}\n", r"mine.yaml: findings.0.text \(line 7\): Field required"),
        (HEAD + RULE + "a\n    colour: red\n", r"findings.0.colour \(line 10\): Extra inputs"),
        (HEAD + RULE + "'{{ e.text'\n", r"findings.0.text \(line 9\): the sentence .* cannot be read"),
        (HEAD + RULE + "'{{ phrase.size }}'\n", r"findings.0.text \(line 9\): there is no phrase 'size'"),
        (HEAD + RULE + "a\n    section: lungs\n", r"findings.0.section \(line 10\): there is no section 'lungs'"),
        (HEAD + "requires: [lung, unicorn]\n" + RULE + "a\n", r"requires.1 \(line 6\): the lexicon has no 'unicorn'"),
        (HEAD + "then: nothing\n" + RULE + "a\n", "then: there is no template 'nothing'"),
        (HEAD + RULE + "a\n    significance: high\n", r"findings.0.significance \(line 10\): Input should be"),
        (HEAD + "forbids: [recommendations]\n" + RULE + "Follow-up is recommended.\n",
         r"findings.0.text \(line 10\): the template forbids recommendations, and this says 'Follow-up'"),
        (HEAD + "findings: []\nnormals:\n  - {observation: unicorn, text: a}\n",
         r"normals.0.observation \(line 8\): the lexicon has no 'unicorn'"),
        (HEAD + RULE + "a\n  - key: lung\n    for: {}\n    text: b\n", r"findings.1.key \(line 10\): 'lung' is the"),
        (HEAD.replace("mine", "My Template") + RULE + "a\n", r"id \(line 1\): String should match"),
        ("- a\n- b\n", "mine.yaml: file"),
        ("", "mine.yaml: file"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place(source, complaint):
    with pytest.raises(BadRequest, match=complaint):
        parse_template(source, "mine.yaml")


def test_findings_stand_in_the_order_of_the_sections_and_the_first_rule_that_fits_tells():
    source = HEAD + (
        "sections: [first, second]\nfindings:\n"
        "  - {section: second, for: {observation: heart, presence: present}, text: The heart was outlined.}\n"
        "  - {section: first, for: {presence: present}, text: 'The {{ e.structure }} {{ e.was }} outlined.'}\n"
    )
    heart, lung = evidence("E1", "heart"), evidence("E2", "lung")
    assert sentences(source, heart, lung) == ["The lungs were outlined.", "The heart was outlined."]


def test_a_phrase_is_put_where_it_is_named():
    source = HEAD + "phrases: {size: 'an area of {{ m.area.text }}'}\n" + RULE + "'The lung has {{ phrase.size }}.'\n"
    assert sentences(source, evidence("E1", "lung", "present", AREA)) == ["The lung has an area of 12 square pixels."]


def test_a_normal_statement_needs_a_denial_of_the_very_observation():
    source = HEAD + "findings: []\nnormals:\n  - {observation: nodule, text: No nodule is seen.}\n"
    assert sentences(source) == []
    assert sentences(source, evidence("E1", "nodule")) == []
    assert sentences(source, evidence("E1", "nodule", "not_assessed")) == []
    assert sentences(source, evidence("E1", "pneumothorax", "absent")) == []
    assert sentences(source, evidence("E1", "nodule", "absent")) == ["No nodule is seen."]


def test_rules_of_another_template_follow_its_own():
    source = HEAD + "then: measurements\n" + RULE + "The lung was seen.\n"
    heart = evidence("E2", "heart", "present", AREA)
    assert sentences(source, heart, evidence("E1", "lung", "present", AREA)) == [
        "The lung was seen.",
        "The heart has an area of 12 square pixels.",
    ]
    assert parse_template(source, "m").sha256 != parse_template(source.replace("then: measurements\n", ""), "m").sha256


def test_a_sentence_is_no_firmer_than_its_rule():
    source = HEAD + RULE + "An outlined region may represent the lung.\n    certainty: may_represent\n"
    findings, _ = write_findings(parse_template(source, "m"), (evidence("E1", "lung"),), frozenset({"A"}))
    assert findings[0].certainty == "may_represent"


def test_an_outline_that_nobody_measured_is_told_and_one_that_was_measured_is_not_told_twice():
    outline = evidence("E1", "nodule")
    template = templates()["measurements"]
    findings, _ = write_findings(template, (outline,), frozenset({"A"}))
    assert [one.text for one in findings] == ["An outlined region may represent a lung nodule."]
    size = [measured(name, 9.0, "px", 0) for name in ("longest_diameter", "perpendicular_diameter")]
    taken = evidence("E2", "nodule", "present", AREA, *size, derived_from=("E1",))
    findings, _ = write_findings(template, (outline, taken), frozenset({"A"}))
    assert [one.evidence for one in findings] == [("E2",)]


def test_what_is_required_and_nobody_looked_at_is_known():
    template = parse_template(HEAD + "requires: [lung, nodule, pneumothorax]\n" + RULE + "a\n", "m")
    seen = (evidence("E1", "lung", "not_assessed"), evidence("E2", "pneumothorax", "absent", image_id="P"))
    assert template.unlooked(seen, frozenset({"A"})) == ("nodule", "pneumothorax")
    assert template.unlooked((*seen, evidence("E3", "nodule", "absent")), frozenset({"A"})) == ("pneumothorax",)


KINDS = {
    "ct/chest": "ct_chest", "ct/abdomen": "ct_abdomen", "mr/brain": "mr_brain",
    "ultrasound/breast": "breast_ultrasound", "dermoscopy/skin": "dermoscopy", "fundus/retinal": "fundus",
    "pathology/tissue": "histopathology", "x_ray/chest": "chest_xray", "ultrasound/fetal head": "measurements",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "name"), KINDS.items())
def test_each_kind_of_image_has_its_template(kind, name):
    modality, anatomy = kind.split("/")
    ref = ImageRef(id="A", sha256="0", kind="image", rows=9, columns=9, modality=modality, anatomy=anatomy)
    assert template_for(ref, None).id == name


def test_every_template_promises_no_recommendation_and_says_what_it_cannot_see():
    for name, template in templates().items():
        assert template.forbids == ("recommendations",), name
        assert set(template.requires) <= set(lexicon().concepts)
        assert all(rule.key for rule in template.rules)
        if name not in ("measurements", "chest_xray"):
            assert len(template.requires) > 5, name
