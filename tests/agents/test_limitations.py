"""Limitations in the language of the report."""

import pytest

from readingroom.agents.idiom import idiom_of, idioms
from readingroom.agents.limitations import CODES, limitation, limits_in
from readingroom.agents.template import templates
from readingroom.domain.report import NOTICE
from readingroom.errors import BadRequest
from readingroom.exports.headings import headings, languages
from readingroom.language.lexicon import lexicon
from readingroom.tools.backends.classical.chest_draft import NOT_ASSESSED


def test_english_is_spoken_where_nothing_else_is_asked_for():
    assert limitation("no_prior").text == "No prior image was supplied, so nothing is compared."


def test_german_is_spoken_within_and_english_after():
    with limits_in("de"):
        told = limitation("low_quality", target="the right lung", image="the prior image", reason="too dark")
        assert told.text == "Rechte Lunge war nicht beurteilbar (Voraufnahme): „too dark“ (Originalwortlaut, englisch)."
        assert told.code == "low_quality"
    assert limitation("no_prior").text.startswith("No prior")


def test_names_of_models_stay_as_they_are():
    with limits_in("de"):
        text = limitation("answered", model="MedImageParse 1", description="x y").text
    assert text.startswith("MedImageParse 1 hat geantwortet („x y“")


def test_an_unknown_language_is_refused():
    with pytest.raises(BadRequest, match="no language 'xx'"), limits_in("xx"):
        pass


@pytest.mark.parametrize("language", sorted(set(idioms()) - {"en"}))
def test_a_language_is_whole(language):
    """Every limitation, every concept a template requires, every heading and every word of the scale."""
    idiom = idiom_of(language)
    assert set(idiom.limitations) == set(CODES)
    wanted = {lexicon().name(name) for template in templates().values() for name in template.requires}
    assert not [name for name in (*wanted, *NOT_ASSESSED) if idiom.word(name) is None]
    assert set(idiom.certainty) == set(idiom_of("en").certainty)
    assert set(idiom.comparison) == set(idiom_of("en").comparison)
    genders = {noun.gender for noun in (*idiom.structures.values(), *idiom.zones.values(), idiom.otherwise)}
    for forms in (idiom.forms.the, idiom.forms.a, idiom.forms.left, idiom.forms.has, idiom.forms.be):
        assert genders <= set(forms)
    assert language in languages()
    assert set(headings(language).sections) == set(headings("en").sections)


def test_the_english_notice_is_the_reports_own():
    assert idiom_of("en").notice == NOTICE


def test_numbers_and_lists_are_written_in_the_language():
    idiom = idiom_of("de")
    assert idiom.number("12.40") == "12,40"
    assert idiom.listed(("Leber", "Milz", "Niere", "Milz")) == "Leber, Milz und Niere"
    assert idiom.phrase("CT series 2, 9 slices") == "CT-Serie 2, 9 Schichten"
