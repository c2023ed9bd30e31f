"""A report template of someone else's is read as data and drafts only what evidence carries."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.agents import mrrt
from readingroom.agents.mrrt_reading import MOST_BYTES, MOST_DEPTH, Foreign, read_mrrt
from readingroom.agents.template import parse_template
from readingroom.agents.verifier import Ledger, verify
from readingroom.agents.writer import write_findings
from readingroom.errors import BadFile
from readingroom.language.sentences import Sentence
from tests.agents.ledgers import CURRENT, evidence
from tests.exports.hostile import PAYLOADS

SMALL = """<!DOCTYPE html>
<html><head><title>Chest, one view</title><meta charset="UTF-8"/>
<meta name="dcterms.title" content="Chest radiograph, short"/>
<meta name="dcterms.identifier" content="1.2.3.4"/><meta name="dcterms.language" content="en-GB"/>
<meta name="dcterms.publisher" content="A hospital"/>
<link rel="stylesheet" href="http://example.invalid/style.css"/>
<script src="http://example.invalid/run.js"></script><style>p {color: red}</style>
<script type="text/xml"><!--
<template_attributes><coding_schemes>
<coding_scheme name="RADLEX" designator="2.16.840.1.113883.6.256"/></coding_schemes>
<term><code meaning="projection radiography" value="RID10345" scheme="RADLEX"></term>
<term><code meaning="thorax" value="RID1243" scheme="RADLEX"/></term>
<coded_content>
 <entry ORIGTXT="f_ptx"><term>
  <code meaning="pneumothorax" value="http://radlex.org/RID/RID5352" scheme="RadLex"></term></entry>
 <entry ORIGTXT="findings"><term><code meaning="findings" value="59776-5" scheme="LOINC"/></term></entry>
 <entry ORIGTXT="f_eff_1"><term><code meaning="small" value="RID5774" scheme="2.16.840.1.113883.6.256"/></term></entry>
</coded_content></template_attributes> --></script></head>
<body onload="alert(1)">
<section data-section-name="Clinical information"><header>Clinical information</header>
 <textarea id="history" name="History">Cough.</textarea></section>
<section id="findings" data-section-name="Findings"><header>Findings</header>
 <p><label for="f_ptx">Air leak:</label><input type="text" id="f_ptx" data-field-type="TEXT" value="None."/></p>
 <p><label for="f_eff">Pleural effusion</label><select id="f_eff" data-field-type="SELECTION_LIST" onchange="go()">
   <option id="f_eff_0" selected>No pleural effusion.</option>
   <option id="f_eff_1" value="small">Small</option></select></p>
 <section data-section-name="Heart"><header>Heart</header>
  <label for="f_ctr">Cardiothoracic ratio:</label><input type="number" id="f_ctr" data-field-units="1"/>
  <label for="f_heart">Heart</label><textarea id="f_heart" style="x:y">Normal size.</textarea></section>
 <p><label><span>Mood of the room</span><input type="text" id="f_mood" value="calm"/></label></p>
 <p><label for="grp">Devices</label><span id="grp" data-field-type="CHECKBOX">
   <input type="checkbox" id="grp_0" name="grp" value="Pacemaker" checked/>
   <input type="checkbox" id="grp_1" name="grp" value="Something else"/></span></p>
 <input type="hidden" id="secret" value="x"/><input type="submit" value="send"/>
</section>
<section data-section-name="Impression"><textarea id="imp">No acute disease.</textarea></section>
</body></html>"""


def small() -> Foreign:
    return read_mrrt(SMALL.encode())


def test_sections_fields_options_codes_and_defaults_are_read() -> None:
    found = small()
    assert (found.title, found.identifier, found.language) == ("Chest radiograph, short", "1.2.3.4", "en")
    assert [(one.name, one.level, len(one.fields)) for one in found.sections] == [
        ("Clinical information", 1, 1), ("Findings", 1, 4), ("Heart", 2, 2), ("Impression", 1, 1),
    ]  # fmt: skip
    fields = {field.id: field for field in found.fields}
    assert set(fields) == {"history", "f_ptx", "f_eff", "f_ctr", "f_heart", "f_mood", "grp", "imp"}
    assert (fields["f_ptx"].label, fields["f_ptx"].default, fields["f_ptx"].kind) == ("Air leak", "None.", "text")
    assert [(one.system, one.code) for one in fields["f_ptx"].codings] == [("RADLEX", "RID5352")]
    assert [one.text for one in fields["f_eff"].options] == ["No pleural effusion.", "Small"]
    assert [one.code for one in fields["f_eff"].options[1].codings] == ["RID5774"]
    assert (fields["f_ctr"].kind, fields["f_ctr"].unit) == ("number", "1")
    assert (fields["f_heart"].kind, fields["f_heart"].default) == ("long_text", "Normal size.")
    assert fields["f_mood"].label == "Mood of the room"
    assert (fields["grp"].kind, fields["grp"].default) == ("choices", "Pacemaker")
    assert [one.text for one in fields["grp"].options] == ["Pacemaker", "Something else"]
    assert found.sections[1].codings[0].code == "59776-5"
    assert {one.code for one in mrrt.codes_of(found)} == {"RID10345", "RID1243", "RID5352", "59776-5", "RID5774"}


def test_scripts_styles_handlers_and_addresses_are_left_out_and_counted() -> None:
    found = small()
    assert found.dropped == {
        "event handler": 2,
        "link": 1,
        "reference": 2,
        "script": 1,
        "style": 1,
        "style attribute": 1,
    }
    text = mrrt.as_json(found) + mrrt.as_yaml(found)
    for gone in ("example.invalid", "alert", "go()", "color: red"):
        assert gone not in text


def test_it_becomes_a_template_of_ours() -> None:
    template = parse_template(mrrt.as_yaml(small()), "imported.yaml")
    assert (template.id, template.title) == ("mrrt_chest_radiograph_short", "Chest radiograph, short")
    assert template.serves == ("x_ray/chest",)
    assert {"pneumothorax", "pleural_effusion", "cardiothoracic_ratio", "heart", "pacemaker"} <= set(template.requires)
    assert mrrt.unplaced(small()) == ("Mood of the room",)
    (limit,) = mrrt.limits_of(small())
    assert (limit.code, limit.text) == ("not_assessed", "Nobody looked for: Mood of the room.")
    assert "of 7 questions on findings 6 can be filled" in mrrt.summary(small())


def test_a_draft_says_only_what_evidence_carries_and_never_a_default() -> None:
    template = parse_template(mrrt.as_yaml(small()), "imported.yaml")
    ledger = (
        evidence("E1", "pneumothorax", "present", laterality="left"),
        evidence("E2", "pleural_effusion", "absent"),
    )
    findings, impression = write_findings(template, ledger, frozenset({"A"}))[:2]
    assert [one.text for one in findings] == [
        "An outlined region may represent a left pneumothorax.",
        "A pleural effusion is unlikely: it was looked for and not found.",
    ]
    assert [one.text for one in impression] == ["A left pneumothorax is possible."]
    told = [Sentence(id=one.id, section="findings", text=one.text, cites=one.evidence) for one in findings]
    checked = verify(told, Ledger(evidence=ledger, images=(CURRENT,)))
    assert [check.verdict for check in checked.checks] == ["supported", "supported"]
    assert write_findings(template, (), frozenset({"A"}))[0] == ()
    assert set(template.unlooked(ledger, frozenset({"A"}))) == {"cardiothoracic_ratio", "heart", "device", "pacemaker"}


def test_no_word_of_the_file_is_ever_rendered() -> None:
    hostile = SMALL.replace("Chest radiograph, short", "{{ 7*7 }}{% raw %}").replace('"Findings"', '"{{ 6*6 }}"')
    hostile = hostile.replace("Air leak:", "{{ 5*5 }}")
    data = mrrt.template_data(read_mrrt(hostile.encode()))
    rendered = [
        data["technique"],
        *(rule.get(part, "") for rule in data["findings"] for part in ("text", "impression")),
    ]
    assert len(rendered) > 10
    assert not any(mark in text for text in rendered for mark in ("7*7", "6*6", "5*5", "raw"))
    assert data["title"] == "{{ 7*7 }}{% raw %}"
    assert data["id"].startswith("mrrt_")


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_labels_and_options_stay_data(payload: str) -> None:
    for place in ("Air leak:", "Chest radiograph, short"):
        text = SMALL.replace(place, payload)
        if "\x00" in payload:
            with pytest.raises(BadFile, match="no text"):
                read_mrrt(text.encode())
            continue
        found = read_mrrt(text.encode())
        written = mrrt.as_yaml(found)
        assert parse_template(written, "x.yaml").then == "measurements"
        assert all(line.startswith("#") for line in written.split("id: mrrt_")[0].splitlines())


@pytest.mark.parametrize(("data", "part"), [
    (b"", "is"), (b"\xff\xfe<html>", "not UTF-8"), (b"<p>a\x00b</p>", "no text"), (b"just words", "no MRRT template"),
    (b"<html><body><p>hello</p></body></html>", "no MRRT template"), (b"<!-- only -->", "is"),
    (b"<section data-section-name='a'>" + b"<div>" * (MOST_DEPTH + 2), "deep"), (b"<div>" * 100_000, "deep"),
    (b"x" * (MOST_BYTES + 1), "larger than"),
    (b"<section data-section-name='a'>" + b"<textarea></textarea>" * 2001 + b"</section>", "2001 fields"),
    (b"<section data-section-name='a'><select>" + b"<option>x</option>" * 10_001 + b"</select></section>", "options"),
])  # fmt: skip
def test_what_is_no_template_or_too_much_of_one_is_one_clear_error(data: bytes, part: str) -> None:
    with pytest.raises(BadFile, match=part) as caught:
        read_mrrt(data, where="t.html")
    assert caught.value.line().startswith("t.html: ")


@pytest.mark.parametrize("unit", ["<", "<!--", "</", "<a ", "<a b='", "<script>", "<![CDATA[", "<section>", "&", "<?"])
def test_broken_markup_of_any_length_is_answered_at_once(unit: str) -> None:
    data = (unit * (MOST_BYTES // 2 // len(unit))).encode()
    start = time.process_time()
    with pytest.raises(BadFile):
        read_mrrt(data)
    assert time.process_time() - start < 3


def test_entities_of_its_own_are_not_expanded(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("the secret")
    head = f'<!DOCTYPE html [<!ENTITY a SYSTEM "{secret.as_uri()}"><!ENTITY b "bbbbbbbb">]>'
    found = read_mrrt(SMALL.replace("<!DOCTYPE html>", head).replace("calm", "&a;&b;").encode())
    assert "the secret" not in found.model_dump_json()
    assert "bbbbbbbb" not in found.model_dump_json()


PARTS = ("<section data-section-name='s'>", "</section>", "<input id='i'>", "<select>", "<option>x", "</select>",
         "<textarea>", "</textarea>", "<label for='i'>L", "</label>", "<script>", "</script>", "text",
         "<span data-field-type='CHECKBOX'>", "<datalist id='d'>")  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(PARTS), max_size=25))
def test_any_arrangement_is_a_template_of_ours_or_refused(parts: list[str]) -> None:
    try:
        found = read_mrrt("".join(parts).encode())
    except BadFile:
        return
    parse_template(mrrt.as_yaml(found), "x.yaml")


def test_files_are_read_by_path(tmp_path: Path) -> None:
    path = tmp_path / "t.html"
    path.write_text(SMALL, encoding="utf-8")
    assert mrrt.read_file(path) == small()
    with pytest.raises(BadFile, match="cannot be read"):
        mrrt.read_file(tmp_path / "none.html")
