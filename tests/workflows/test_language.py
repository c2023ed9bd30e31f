"""A whole reading in German, and by the user's own template: written, checked, exported and read back."""

import re

import pytest

from readingroom import ReadingRoom
from readingroom.errors import BadRequest
from readingroom.exports.canonical import to_json
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.dicom import write_chest, write_ct
from readingroom.phantoms.parameters import ChestPhantom, Effusion
from readingroom.workflows.verification import verify_text

MINE = """
id: mine
version: 3
title: My chest film
serves: []
technique: A film of {{ image.columns }} columns.
requires: [pneumothorax]
findings:
  - key: area
    for: {observation: lung, presence: present}
    needs: [area]
    text: The {{ e.laterality }} lung field has an area of {{ m.area.text }}.
"""

WORDS = """
of: mine
title: Mein Thoraxbild
technique: Ein Bild mit {{ image.columns }} Spalten.
sentences:
  area: {text: "Die Fläche der Lunge ({{ e.laterality }} Seite) beträgt {{ m.area.text }}."}
"""


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    home = tmp_path_factory.mktemp("room")
    return ReadingRoom(home=home / "data", config=home / "config")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    phantom = make_chest(ChestPhantom(seed=3, spacing_mm=1.0, effusion=Effusion("right", "moderate")))
    return write_chest(phantom, tmp_path_factory.mktemp("film"))


@pytest.fixture(scope="module")
def german(room, film):
    return room.draft_sync(film, language="de")


def test_a_german_draft_is_german_throughout_and_clean(german):
    report = german.report
    assert report.language == "de"
    assert report.title == "Röntgen-Thorax, frontal"
    assert report.notice.startswith("Nur für die Forschung.")
    assert report.comparison == "Keine Voraufnahme vorhanden."
    assert report.clean
    assert report.verification.coverage == 1
    text = " ".join(one.text for one in (*report.findings, *report.impression))
    assert "rechte" in text
    assert not re.search(r"\b(?:the|is|with|lung|of)\b|\d\.\d", text)


def test_what_stays_english_among_the_limitations_is_marked(german):
    own = re.sub(r"„[^“]*“ \(Originalwortlaut, englisch\)", "", " ".join(one.text for one in german.report.limitations))
    assert not re.search(r"\b(?:the|was|were|not|looked|image)\b", own), own


def test_it_says_the_same_as_the_english_draft(room, film, german):
    english = room.draft_sync(film).report
    assert [one.evidence for one in german.report.findings] == [one.evidence for one in english.findings]
    assert [one.laterality for one in german.report.findings] == [one.laterality for one in english.findings]
    assert len(german.report.limitations) == len(english.limitations)


@pytest.mark.parametrize("form", ["to_markdown", "to_json"])
def test_an_edited_german_report_is_caught(room, german, form):
    text = getattr(german, form)()
    untouched = verify_text(text, room.store, german.run)
    assert untouched.verification.clean
    assert not untouched.worse
    edited = verify_text(text.replace("rechten Lunge", "linken Lunge"), room.store, german.run)
    assert edited.worse
    assert any("'linken'" in problem.reason for check in edited.worse for problem in check.problems)


def test_calling_an_edited_german_report_english_does_not_help(room, german):
    text = german.to_json().replace("rechten Lunge", "linken Lunge").replace('"language": "de"', '"language": "en"')
    assert verify_text(text, room.store, german.run).worse


def test_a_ct_in_german(room, tmp_path):
    write_ct(make_ct(CtPhantom(seed=2)), tmp_path)
    report = room.draft_sync([tmp_path], language="de").report
    assert report.clean
    assert any(one.text.startswith("Im erfassten Bereich hat die umrissene rechte Lunge") for one in report.findings)


def test_the_users_own_template_writes_and_is_checked(room, film):
    report = room.draft_sync(film, template_text=MINE).report
    assert report.title == "My chest film"
    assert report.provenance.template == "mine 3"
    assert len(report.findings) == 2
    assert any(one.text == "Nobody looked for: pneumothorax." for one in report.limitations)
    german = room.draft_sync(film, template_text=MINE, language="de", wording_text=WORDS).report
    assert german.title == "Mein Thoraxbild"
    assert german.findings[0].text.startswith("Die Fläche der Lunge (rechte Seite) beträgt ")
    assert german.verification.coverage == 1
    again = verify_text(to_json(german), room.store, None)
    assert not again.worse, "what the template leaves untold was told as an omission before"
    assert verify_text(to_json(german).replace("rechte Seite", "linke Seite"), room.store, None).worse


def test_a_language_without_words_is_refused_before_anything_is_read(room, film):
    with pytest.raises(BadRequest, match="no wording in Deutsch"):
        room.draft_sync(film, template_text=MINE, language="de")
    with pytest.raises(BadRequest, match="no language 'xx'"):
        room.draft_sync(film, language="xx")
