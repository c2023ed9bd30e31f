"""Names that may share an outline, names that may not, and the shares counted by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from readingroom.tools.models import models
from readingroom.tools.presence_agreement import Agreement, agreement_of, relation_of, words_of


@pytest.mark.parametrize(
    ("one", "other", "relation"),
    [
        ("lung", "right lung", "may coincide"),
        ("lung", "left lower lobe lung", "may coincide"),
        ("left lung", "right lung", "opposed"),
        ("left heart ventricle", "right heart ventricle", "opposed"),
        ("left heart ventricle", "left heart atrium", "different"),
        ("heart", "left heart ventricle", "may coincide"),
        ("left kidney", "right adrenal gland", "different"),
        ("kidney", "kidney tumor", "different"),
        ("tumor", "kidney tumor", "may coincide"),
        ("tumour", "lesion", "may coincide"),
        ("tumor core", "whole tumor", "may coincide"),
        ("enhancing tumor", "non-enhancing tumor", "opposed"),
        ("neoplastic polyp", "non neoplastic polyp", "opposed"),
        ("polyp", "neoplastic polyp", "may coincide"),
        ("benign tumor", "malignant tumor", "opposed"),
        ("tumor", "benign tumor", "may coincide"),
        ("tumor", "edema", "different"),
        ("optic cup", "optic disc", "different"),
        ("liver", "spleen", "different"),
        ("anterior hippocampus", "posterior hippocampus", "opposed"),
        ("prostate peripheral zone", "prostate transitional zone", "opposed"),
        ("prostate", "prostate peripheral zone", "may coincide"),
        ("lung", "COVID-19 infection", "different"),
        ("neoplastic cells", "inflammatory cells", "different"),
        ("vessel", "vessels", "may coincide"),
    ],
)
def test_how_two_targets_stand_to_each_other(one, other, relation):
    assert relation_of(one, other) == relation_of(other, one) == relation


def test_every_target_may_coincide_with_itself():
    names = {name for row in models().values() for targets in row.segments.values() for name in targets}
    assert names
    assert {relation_of(name, name.upper()) for name in names} == {"may coincide"}


def test_words_are_lower_case_singular_and_of_one_spelling():
    assert words_of("Tumours of the Nuclei, non-enhancing") == {"tumor", "of", "the", "nucleus", "nonenhancing"}
    assert words_of("optic discs") == words_of("optic disc")
    assert words_of("uterus with a mass") == {"uterus", "with", "a", "mass"}


def square(rows, columns):
    mask = np.zeros((20, 20), np.bool_)
    mask[rows, columns] = True
    return mask


def test_twins_and_overlaps_are_shares_of_pixels():
    left, right, liver = (
        square(slice(0, 10), slice(0, 10)),
        square(slice(5, 15), slice(0, 10)),
        square(slice(0, 10), slice(0, 9)),
    )
    found = agreement_of([left, right, liver], ["left kidney", "right kidney", "liver"])
    assert found[0] == Agreement(0.9, "liver", 0.5, "right kidney")
    assert found[1] == Agreement(pytest.approx(1 / 3), "left kidney", 0.5, "left kidney")
    assert found[2] == Agreement(0.9, "left kidney", 0.0, "")


def test_empty_masks_agree_with_everything():
    nothing = square(slice(0, 0), slice(0, 0))
    assert agreement_of([nothing, nothing], ["liver", "spleen"]) == (Agreement(), Agreement())
    assert agreement_of([], []) == ()


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_names_have_a_relation(one, other):
    assert relation_of(one, other) in ("may coincide", "opposed", "different")
