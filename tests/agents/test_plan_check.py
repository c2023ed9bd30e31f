"""A plan is refused before it runs, for each way in which it can be wrong; and any JSON is judged, never raised at."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from readingroom.agents.plan_check import MOST_STEPS, check_plan
from readingroom.domain.image import ImageRef
from readingroom.domain.plan import Plan, PlannedStep
from readingroom.tools.toolbox import TOOLS

FILM = ImageRef(id="img-1", sha256="0" * 64, kind="image", rows=9, columns=9, modality="x_ray", anatomy="chest")
PRIOR = FILM.model_copy(update={"id": "img-2", "role": "prior"})
NAMED = {"img-1": ("right lung", "heart"), "img-2": None}


def step(name, tool, **arguments):
    return PlannedStep(id=name, tool=tool, arguments=arguments)


def ref(name, field):
    return {"from": name, "field": field}


SEGMENT = step("segment-now", "segment", image="img-1", targets=["heart"])
MEASURE = step("measure-now", "measure", image="img-1", outlines=ref("segment-now", "outlines"))
BEFORE = (
    step("segment-prior", "segment", image="img-2", targets=["anything"]),
    step("measure-prior", "measure", image="img-2", outlines=ref("segment-prior", "outlines")),
)
COMPARE = step(
    "compare", "compare", image="img-1", prior="img-2",
    current_evidence=ref("measure-now", "evidence"), prior_evidence=ref("measure-prior", "evidence"),
)  # fmt: skip


def flaws(*steps, images=(FILM, PRIOR)):
    return check_plan(Plan(question="?", aim="answer", steps=steps, planner="t"), TOOLS, images, NAMED)


def changed(one, **arguments):
    return one.model_copy(update={"arguments": {**one.arguments, **arguments}})


def test_a_plan_that_fits_has_no_flaw():
    assert flaws(SEGMENT, MEASURE, *BEFORE, COMPARE) == ()
    assert flaws() == ()


WRONG = {
    "unknown tool": ((step("a", "sgment", image="img-1"),), "unknown_tool", "tool", "segment"),
    "extra argument": ((changed(SEGMENT, patient="9"),), "bad_arguments", "patient", "image, targets"),
    "missing argument": ((step("a", "measure", image="img-1"),), "bad_arguments", "outlines", "segment"),
    "wrong type": ((changed(SEGMENT, targets=["heart", 3]),), "bad_arguments", "targets.1", "Names"),
    "text for a list": ((changed(SEGMENT, targets="heart"),), "bad_arguments", "targets", "Names"),
    "invented outlines": ((step("a", "measure", image="img-1", outlines=[]),), "bad_arguments", "outlines", "from"),
    "unknown step": ((MEASURE,), "bad_reference", "", "earlier step"),
    "later step": ((MEASURE, SEGMENT), "bad_reference", "", "earlier step"),
    "cycle of one": ((step("a", "embed", image="img-1", model=ref("a", "model")),), "bad_reference", "", "earlier"),
    "no such field": ((SEGMENT, changed(MEASURE, outlines=ref("segment-now", "masks"))), "bad_reference", "", "gives"),
    "another kind of field": (
        (SEGMENT, changed(MEASURE, outlines=ref("segment-now", "evidence"))), "bad_reference", "outlines", "outlines",
    ),
    "malformed reference": ((changed(SEGMENT, targets={"from": ["x"]}),), "bad_reference", "", "field"),
    "reference in a list": ((SEGMENT, changed(SEGMENT, targets=[ref("segment-now", "image")])), "bad_reference",
                            "targets", "whole"),
    "unknown image": ((changed(SEGMENT, image="/etc/passwd"),), "unknown_image", "image", "img-1 (current)"),
    "image by reference": ((SEGMENT, step("b", "embed", image=ref("segment-now", "image"))), "bad_arguments",
                           "image", "img-1"),
    "no image to draft": ((step("a", "draft_findings", images=[]),), "bad_arguments", "images", "img-1"),
    "prior drafted as current": ((step("a", "draft_findings", images=["img-2"]),), "wrong_image", "images.0", "img-1"),
    "not served": ((changed(SEGMENT, targets=["heart", "spleen"]),), "not_served", "targets.1", "right lung, heart"),
    "outlines of another image": ((SEGMENT, changed(MEASURE, image="img-2")), "wrong_image", "outlines", "'image'"),
    "prior as current": ((SEGMENT, MEASURE, *BEFORE, changed(COMPARE, image="img-2")), "wrong_image", "image", "img-1"),
    "current as prior": ((SEGMENT, MEASURE, *BEFORE, changed(COMPARE, prior="img-1")), "wrong_image", "prior", "img-2"),
    "evidence swapped": (
        (SEGMENT, MEASURE, *BEFORE, changed(COMPARE, current_evidence=ref("measure-prior", "evidence"))),
        "wrong_image", "current_evidence", "'image'",
    ),
    "duplicate step": ((SEGMENT, SEGMENT), "duplicate_step", "", "its own"),
    "too many steps": (
        tuple(step(f"e-{n}", "embed", image="img-1") for n in range(MOST_STEPS + 1)), "too_many_steps", "", "32",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_each_flaw_is_named_with_its_place_and_what_would_do(name):
    steps, kind, field, do = WRONG[name]
    found = [flaw for flaw in flaws(*steps) if (flaw.kind, flaw.field) == (kind, field)]
    assert found, flaws(*steps)
    assert do in found[0].do
    assert "\n" not in found[0].line


def test_a_comparison_without_a_prior_is_refused():
    found = flaws(SEGMENT, MEASURE, changed(COMPARE, prior="img-1"), images=(FILM,))
    assert [flaw for flaw in found if flaw.kind == "no_prior"]


LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8) | st.sampled_from(
    ["img-1", "img-2", "heart", "a", "b", "outlines", "evidence", "from", "field"]
)  # fmt: skip
KEYS = st.sampled_from(["image", "images", "targets", "outlines", "prior", "from", "field", "labels", "x"])
ANYTHING = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
STEPS = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.sampled_from(["a", "b", "c"]) | st.text(max_size=3),
            "tool": st.sampled_from([tool.name for tool in TOOLS]) | st.text(max_size=5),
            "arguments": st.dictionaries(KEYS, ANYTHING, max_size=4),
        }
    ),
    max_size=4,
)


@settings(max_examples=300, deadline=None)
@given(STEPS)
def test_any_json_is_a_plan_with_its_flaws_or_no_plan(steps):
    try:
        plan = Plan.model_validate_json(
            json.dumps({"question": "?", "aim": "answer", "steps": steps, "planner": "t"}), strict=True
        )
    except ValidationError:
        return
    found = check_plan(plan, TOOLS, (FILM, PRIOR), NAMED)
    if not found:
        known = {tool.name: tool for tool in TOOLS}
        assert all(set(one.arguments) <= set(known[one.tool].request.model_fields) for one in plan.steps)
        assert all(one.arguments.get("image", "img-1") in ("img-1", "img-2") for one in plan.steps)
