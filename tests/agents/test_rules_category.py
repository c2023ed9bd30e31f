"""A category in a text is held against the categories that the report computed."""

from __future__ import annotations

import pytest

from readingroom.agents.case import Case, Told, kinship_of
from readingroom.agents.ledger import Ledger, index_of
from readingroom.agents.rules_category import CATEGORY_RULES, categories_in, holds_category
from readingroom.domain.category import Category, CategoryInput
from readingroom.domain.check import Problem
from readingroom.domain.evidence import Evidence
from readingroom.domain.image import ImageRef
from readingroom.domain.terms import Section
from readingroom.language.sentences import Sentence
from readingroom.rads.bi_rads import BiRads
from readingroom.rads.bi_rads import assess as bi
from readingroom.rads.lung_rads import LungRads
from readingroom.rads.lung_rads import assess as lung
from readingroom.rads.ti_rads import TiRads
from readingroom.rads.ti_rads import assess as ti
from tests.agents.ledgers import evidence

IMAGE = ImageRef(id="A", sha256="0", kind="volume", rows=9, columns=9, modality="ct")
SOLID = {"lungs": "evaluable", "prior": "none", "infection": "none", "benign_feature": "none", "type": "solid",
         "juxtapleural": "no", "change": "baseline", "suspicious_features": "no"}  # fmt: skip


def lung_rads(size: float, name: str = "C1", **more: str) -> Category:
    return lung(LungRads(**{**SOLID, "diameter": size, **more}), name=name, evidence={"diameter": ("E1",)})


THYROID = ti(TiRads(composition="solid", echogenicity="hypoechoic", shape="wider_than_tall", margin="smooth",
                    foci={"macrocalcification"}), name="C5")  # fmt: skip
BREAST = bi(BiRads(known_malignancy="no", complete="yes", finding="other", likelihood=5), name="C6")


def problems(
    text: str, *categories: Category, section: Section = "findings", others: tuple[str, ...] = (),
    known: tuple[Evidence, ...] = (),
) -> list[Problem]:  # fmt: skip
    told = [Told(Sentence(id=f"S{at}", section=section, text=one), ()) for at, one in enumerate((text, *others))]
    index = index_of(Ledger(evidence=known, images=(IMAGE,), categories=categories))
    case = Case(told[0], tuple(told), {one.sentence.id: one for one in told}, index, kinship_of(told))
    return [problem for judge in CATEGORY_RULES for problem in judge.find(case)]


@pytest.mark.parametrize("text", [
    "Lung-RADS 4A.", "Solid nodule, Lung-RADS category 4A.", "LungRADS v2022: 4A", "Category 4A (Lung-RADS 2022).",
    "The study is assessed as Lung-RADS category 4a.", "Lung RADS assessment category: 4 A", "ACR Lung-RADS® 4A",
    "A Lung-RADS 4A nodule lies in the right upper lobe.", "Lung-RADS score of 4A",
])  # fmt: skip
def test_the_computed_category_holds_however_it_is_written(text: str) -> None:
    assert categories_in(text)[0].value == "4A"
    assert problems(text, lung_rads(9)) == []
    (wrong,) = problems(text, lung_rads(7))
    assert (wrong.rule, wrong.verdict, wrong.evidence) == ("R02", "contradicted", ("E1",))
    assert wrong.span is not None
    assert "4" in text[slice(*wrong.span)]
    (without,) = problems(text)
    assert (without.rule, without.verdict) == ("R01", "unsupported")


@pytest.mark.parametrize(("text", "rule"), [
    ("ACR TI-RADS 5 points.", None), ("TI-RADS TR4.", None), ("TI-RADS 4", None), ("TR4 nodule of the thyroid.", None),
    ("5 points by TI-RADS.", None), ("ACR TI-RADS 6 points.", "R02"), ("TI-RADS TR5", "R02"),
    ("A TR3 thyroid nodule.", "R02"),
    ("BI-RADS category 4A.", None), ("BI-RADS 4", None), ("BI-RADS: 3", "R02"), ("BIRADS category 4B lesion.", "R02"),
    ("BI-RADS density c.", None), ("T1 with TR 500 ms and TR5.", None), ("The nodule has 5 points.", None),
])  # fmt: skip
def test_levels_points_and_parents(text: str, rule: str | None) -> None:
    found = problems(text, THYROID, BREAST)
    assert [one.rule for one in found] == ([rule] if rule else [])


def test_another_systems_category_supports_nothing() -> None:
    (found,) = problems("BI-RADS 2.", lung_rads(5))
    assert found.rule == "R01"
    assert "no BI-RADS category" in found.reason


def test_not_assessable_is_told_as_it_is() -> None:
    open_one = lung(LungRads(type="solid"))
    assert problems("Lung-RADS is not assessable.", open_one) == []
    assert [one.rule for one in problems("Lung-RADS 2.", open_one)] == ["R02"]
    assert [one.rule for one in problems("Lung-RADS is not assessable.", lung_rads(5))] == ["R02"]


def test_the_modifier_may_be_left_out_and_never_added() -> None:
    assert problems("Lung-RADS 2.", lung_rads(5, other_finding="yes")) == []
    assert problems("Lung-RADS 2S.", lung_rads(5, other_finding="yes")) == []
    assert [one.rule for one in problems("Lung-RADS 2S.", lung_rads(5))] == ["R02"]


def test_an_earlier_category_needs_a_prior_report_that_says_so() -> None:
    now = lung_rads(9)
    text = "Previously Lung-RADS 3, now Lung-RADS 4A."
    (found,) = problems(text, now)
    assert (found.rule, found.verdict) == ("R01", "unsupported")
    prior = evidence("E9", "nodule", kind="prior_report", trust="untrusted_text", quote="Lung-RADS category 3.")
    assert problems(text, now, known=(prior,)) == []


def test_the_impression_names_the_highest_somewhere() -> None:
    both = (lung_rads(5), lung_rads(9, "C2"))
    assert problems("Lung-RADS 2 nodule on the left.", *both) == []
    (found,) = problems("Lung-RADS 2.", *both, section="impression")
    assert (found.rule, found.verdict) == ("R14", "contradicted")
    assert "4A (C2)" in found.reason
    assert problems("Lung-RADS 2 on the left.", *both, section="impression", others=("Lung-RADS 4A right.",)) == []


def test_the_indication_is_not_judged() -> None:
    assert problems("Follow-up of a Lung-RADS 3 nodule.", section="indication") == []


def test_a_sentence_that_names_the_computed_category_is_checked_by_it() -> None:
    index = index_of(Ledger(images=(IMAGE,), categories=(lung_rads(9),)))
    told = Told(Sentence(id="S1", section="findings", text="Lung-RADS 4A."), ())
    assert holds_category(Case(told, (told,), {}, index, kinship_of((told,))))
    other = Told(Sentence(id="S1", section="findings", text="Lung-RADS 2."), ())
    assert not holds_category(Case(other, (other,), {}, index, kinship_of((other,))))


def test_inputs_are_not_categories() -> None:
    loose = Category(id="C1", system="TI-RADS", version="2017", value="TR4", meaning="m", rule_sha256="a" * 64,
                     inputs=(CategoryInput(name="points", value="4"),))  # fmt: skip
    assert [one.rule for one in problems("ACR TI-RADS 5 points.", loose)] == ["R02"]
