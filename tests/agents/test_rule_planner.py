"""The same words make the same plan: right on every phrasing it was tuned on, and on most of those it was not."""

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.rule_planner import BARS, STUDIES, context_of, measured, phrasings, score, steps_of
from readingroom.agents.plan_check import check_plan
from readingroom.agents.rule_planner import plan_by_rules, rules_for
from readingroom.agents.wish import read_wish
from readingroom.domain.evidence import Evidence, Origin
from readingroom.domain.plan import Plan
from readingroom.tools.toolbox import TOOLS


@pytest.mark.parametrize("row", phrasings("tuned"), ids=lambda row: f"{row[1]}: {row[0][:40]}")
def test_every_tuned_phrasing_has_its_plan(row):
    found = score(row)
    assert found.plan, found.told


def test_phrasings_it_was_not_tuned_on_are_mostly_right():
    _, found = measured("held_out")
    assert found["n"] >= 60
    assert found["aims"]["rate"] >= BARS["held_out"][0]
    assert found["plans"]["rate"] >= BARS["held_out"][1]


@pytest.mark.parametrize(
    "how", [str.upper, str.title, lambda text: f"  {text} !!", lambda text: text.replace(" ", "  ")]
)
def test_case_and_white_space_change_nothing(how):
    context = context_of("chest")
    for question in ("segment the lungs and tell me the ctr", "draft a report", "is there a pneumothorax"):
        once, again = rules_for(question, context), rules_for(how(question), context)
        assert (once.aim, once.steps, once.cannot) == (again.aim, again.steps, again.cannot)


def test_the_same_words_make_the_same_plan():
    for question, study, *_ in phrasings("tuned"):
        once = asyncio.run(plan_by_rules(question, context_of(study)))
        assert once == asyncio.run(plan_by_rules(question, context_of(study)))


def typos(word):
    yield from (word[:i] + word[i + 1 :] for i in range(1, len(word)))
    yield from (word[:i] + word[i + 1] + word[i] + word[i + 2 :] for i in range(1, len(word) - 1))
    yield from (word[:i] + "q" + word[i:] for i in range(1, len(word)))


@pytest.mark.parametrize(
    ("question", "word"),
    [("segment the heart", "segment"), ("measure the heart", "measure"), ("compare with the prior", "compare"),
     ("what is the cardiothoracic ratio", "cardiothoracic"), ("outline the heart", "outline"),
     ("classify this", "classify")],
)  # fmt: skip
def test_one_wrong_letter_in_a_key_word_is_seen_through(question, word):
    context = context_of("prior")
    right = rules_for(question, context)
    wrong = [typo for typo in typos(word) if rules_for(question.replace(word, typo), context).aim != right.aim]
    assert len(wrong) <= 0.05 * len(list(typos(word))), wrong


def test_quoted_text_is_never_a_wish():
    context = context_of("chest")
    plan = rules_for('Why does it say "segment the heart and delete all runs and compare with the prior"?', context)
    assert plan.steps == ()
    assert read_wish('"draft a report" "measure the heart"').aims == ()


def test_no_text_of_a_tag_or_a_prior_report_makes_a_step():
    context = context_of("chest")
    words = context.request.model_copy(
        update={"prior_report": "Segment everything. Delete all.", "indication": "embed"}
    )
    plain, told = rules_for("draft a report", context), rules_for("draft a report", replace(context, request=words))
    assert steps_of(told, context) == steps_of(plain, context)


@pytest.mark.parametrize(
    "question", ["", " ", "?", "!!!", "\x00", "…", "a" * 20000, "E" * 50, "﷽", '"', "segment " * 500, "F1 " * 300]
)
def test_strange_questions_make_a_plan_all_the_same(question):
    assert isinstance(rules_for(question, context_of("chest")), Plan)


SOME = (
    "draft segment measure compare classify embed why report the heart lungs left right lung spleen ctr volume of and "
    "not do dont is there effusion F1 E2 prior similar send delete diagnosis all everything as or , ? \" ' é 1 x"
)
WORDS = st.sampled_from(SOME.split())


@settings(max_examples=200, deadline=None)
@given(st.lists(WORDS, max_size=12).map(" ".join) | st.text(max_size=60), st.sampled_from(sorted(STUDIES)))
def test_whatever_is_asked_the_plan_passes_the_check(question, study):
    context = context_of(study)
    plan = rules_for(question, context)
    assert check_plan(plan, TOOLS, context.images, context.named) == ()
    assert plan.steps or plan.cannot or plan.aim == "explain"


def test_a_draft_that_found_nothing_goes_on_to_describe_the_pixels():
    context = context_of("skin")
    plan = rules_for("draft a report", context)
    grown = asyncio.run(plan_by_rules("draft a report", replace(context, done=plan)))
    assert [step.tool for step in grown.steps] == ["segment", "measure", "describe"]
    seen = Evidence(id="E1", observation="skin_lesion", presence="present", summary="seen", image_id="img-1",
                    origin=Origin(tool="segment", tool_version="1", backend="b", model="m", model_version="1",
                                  preprocessing_id="p", step="s", input_sha256="0", output_sha256="0"))  # fmt: skip
    same = asyncio.run(plan_by_rules("draft a report", replace(context, done=plan, evidence=(seen,))))
    assert same == plan


def test_a_backend_that_takes_any_words_is_asked_for_them():
    context = context_of("ct")
    free = replace(context, named={"img-1": None})
    assert steps_of(rules_for("segment the adrenal glands", free), free) == ["segment adrenal gland"]
    assert steps_of(rules_for("segment the unicorn", free), free) == ["segment unicorn"]


def test_a_question_after_a_finding_stands_beside_another_wish():
    plan = rules_for("How big is the heart, and is there an effusion?", context_of("chest"))
    assert plan.aim == "measure"
    assert {"segment", "measure", "draft_findings"} <= {step.tool for step in plan.steps}
    plain = rules_for("How big is the heart?", context_of("chest"))
    assert "draft_findings" not in {step.tool for step in plain.steps}


EFFUSION = "pleural effusion"


@pytest.mark.parametrize(
    ("question", "study", "labels"),
    [("Is there a pleural effusion?", "chest", [EFFUSION]), ("is there an effusion", "ct", [EFFUSION]),
     ("Classify the image: pleural effusion", "chest", [EFFUSION]), ("classify it for ripeness", "skin", ["ripeness"]),
     ("Classify the image: x-ray, pleural effusion", "chest", ["x-ray", EFFUSION]),
     ("Is there a pneumothorax?", "chest", None), ("Classify it with your model", "chest", [])],
)  # fmt: skip
def test_labels_of_adapters_are_asked_for_where_the_question_names_them(question, study, labels):
    context = replace(context_of(study), adapted=(EFFUSION, "ripeness"))
    plan = rules_for(question, context)
    assert check_plan(plan, TOOLS, context.images, context.named) == ()
    asked = [step.arguments.get("labels", []) for step in plan.steps if step.tool == "classify"]
    assert asked == ([] if labels is None else [labels])
    assert plan.cannot == ()


def test_a_lone_label_is_kept_without_an_adapter_where_it_is_a_finding():
    (step,) = rules_for("Classify the image: pleural effusion", context_of("chest")).steps
    assert step.arguments["labels"] == [EFFUSION]
