"""The presence test: faint is absent, crisp is present, what contradicts itself is neither, and the bars hold."""

import json
from dataclasses import fields
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from readingroom.errors import BadReply
from readingroom.tools.backends.classical.chest import shipped_network
from readingroom.tools.presence import LIMITATION, constants, decide, judge, score_of
from readingroom.tools.presence_agreement import Agreement
from readingroom.tools.presence_published import Published
from readingroom.tools.presence_statistics import MapStatistics, statistics_of

SIDE = 256
ALL = (slice(0, SIDE), slice(0, SIDE))
CASES = Path(__file__).resolve().parents[2] / "training" / "presence_cases.json"
ORDER = {"absent": 0, "not_assessable": 1, "present": 2}


def blob(level=255, centre=(128, 128), radii=(60, 40), blur=0.0, background=0):
    plane = np.full((SIDE, SIDE), background, np.uint8)
    cv2.ellipse(plane, centre, radii, 20, 0, 360, int(level), -1)
    return cv2.GaussianBlur(plane, (0, 0), blur) if blur else plane


def asked(*planes, targets=None, inside=ALL, **more):
    names = targets or tuple(f"thing {letter}" for letter in "abcdefgh"[: len(planes)])
    return judge(np.stack(planes), names, np.full((SIDE, SIDE), 90, np.uint8), inside, **more)


@pytest.mark.parametrize("level", [0, 10, 45])
def test_a_map_that_is_low_everywhere_says_absent(level):
    (found,) = asked(np.full((SIDE, SIDE), level, np.uint8))
    assert (found.decision, found.score < 0.05) == ("absent", True)
    assert found.reason == f"the probability stays at {level / 255:.2f} or below everywhere"


def test_a_crisp_outline_says_present():
    (found,) = asked(blob(blur=1))
    assert (found.decision, found.score > 0.9) == ("present", True)
    assert "crisp" in found.reason


def test_a_crisp_but_tiny_outline_in_an_empty_map_is_not_absent():
    (found,) = asked(blob(radii=(4, 3)))
    assert found.decision == "present"


def test_a_crisp_outline_in_a_veil_is_never_absent():
    (found,) = asked(blob(radii=(6, 6), background=80))
    assert found.decision == "not_assessable"


@pytest.mark.parametrize("level", [127, 128, 200, 255])
def test_a_map_without_contrast_is_not_assessable(level):
    (found,) = asked(np.full((SIDE, SIDE), level, np.uint8))
    assert found.decision == "not_assessable"
    assert "flat" in found.reason


def test_one_outline_for_two_things_is_not_assessable_for_either():
    found = asked(
        blob(blur=1), blob(blur=1.5), blob(centre=(60, 200), radii=(20, 20)), targets=("liver", "spleen", "aorta")
    )
    assert [one.decision for one in found] == ["not_assessable", "not_assessable", "present"]
    assert "'spleen'" in found[0].reason
    assert "'liver'" in found[1].reason


@pytest.mark.parametrize(
    ("targets", "decision"),
    [
        (("left lung", "right lung"), "not_assessable"),
        (("benign tumor", "malignant tumor"), "not_assessable"),
        (("lung", "right lung"), "present"),
        (("whole tumor", "tumor core"), "present"),
        (("kidney", "kidney tumor"), "not_assessable"),
        (("Liver", "liver "), "present"),
    ],
)
def test_whether_one_outline_may_serve_two_names_depends_on_their_meaning(targets, decision):
    assert {one.decision for one in asked(blob(), blob(), targets=targets)} == {decision}


def test_left_upon_right_is_not_assessable():
    left, right = blob(centre=(110, 128)), blob(centre=(170, 128))
    found = asked(left, right, targets=("left kidney", "right kidney"))
    assert {one.decision for one in found} == {"not_assessable"}
    apart = asked(blob(centre=(65, 128)), blob(centre=(190, 128)), targets=("left kidney", "right kidney"))
    assert {one.decision for one in apart} == {"present"}


def test_an_absent_map_beside_a_present_one_stays_absent():
    found = asked(blob(), np.zeros((SIDE, SIDE), np.uint8), np.zeros((SIDE, SIDE), np.uint8))
    assert [one.decision for one in found] == ["present", "absent", "absent"]


def test_a_mask_over_the_whole_picture_or_in_the_padding_is_not_assessable():
    whole = np.full((SIDE, SIDE), 255, np.uint8)
    whole[:2, :2] = 0
    assert asked(whole)[0].reason.startswith("the mask covers 100 %")
    rows = (slice(0, 110), slice(0, SIDE))
    (found,) = asked(blob(), inside=rows)
    assert found.decision == "not_assessable"
    assert "padding" in found.reason


def test_the_padding_is_not_looked_at_and_may_be_told_by_a_mask():
    plane = blob(centre=(128, 70), radii=(60, 30))
    plane[150:] = 100
    inside = np.zeros((SIDE, SIDE), np.bool_)
    inside[:140] = True
    by_mask, by_slices = asked(plane, inside=inside)[0], asked(plane, inside=(slice(0, 140), slice(None)))[0]
    assert by_mask == by_slices
    assert by_mask.decision == "present"


@settings(max_examples=60, deadline=None)
@given(
    levels=st.tuples(st.integers(0, 255), st.integers(0, 255)).map(sorted),
    radii=st.tuples(st.integers(3, 80), st.integers(3, 80)),
)
def test_a_higher_level_never_speaks_less_for_presence(levels, radii):
    low, high = (asked(blob(level, radii=radii))[0] for level in levels)
    assert low.score <= high.score
    assert ORDER[low.decision] <= ORDER[high.decision]


@settings(max_examples=40, deadline=None)
@given(st.integers(10, 80), st.floats(0.5, 6), st.floats(1.5, 4))
def test_a_blurred_edge_never_speaks_more_for_presence(radius, blur, more):
    sharp, soft = (asked(blob(radii=(radius, radius), blur=b))[0] for b in (blur, blur * more))
    assert soft.score <= sharp.score + 1e-9
    assert ORDER[soft.decision] <= ORDER[sharp.decision]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_any_map_gets_an_answer(seed, count):
    rng = np.random.default_rng(seed)
    planes = rng.integers(0, rng.integers(1, 257), (count, 16, 16)).astype(np.uint8)
    found = judge(planes, tuple(f"thing {i}" for i in range(count)), planes[0], (slice(0, 9), slice(2, 16)))
    for one in found:
        assert one.decision in ORDER
        assert 0 <= one.score <= 1
        assert one.reason
        assert np.isfinite([getattr(one.statistics, field.name) for field in fields(MapStatistics)]).all()


FITTING = Published({"CT-Abdomen": {"liver": ((30, 1), (30, 50), (30, 50), (30, 50))}})
OTHER = Published({"CT-Abdomen": {"liver": ((30, 1), (50, 2), (50, 2), (50, 2))}})


def test_the_published_test_can_only_take_away_from_presence():
    def told(published, plane):
        return asked(plane, targets=("liver",), published=published, image_type="CT-Abdomen")[0]

    assert told(FITTING, blob(blur=1)).decision == "present"
    assert told(FITTING, blob(blur=1)).published_p > constants().rejected_below
    rejected = told(OTHER, blob(blur=1))
    assert (rejected.decision, rejected.published_p) == ("not_assessable", pytest.approx(0, abs=1e-3))
    assert "published mask statistics reject it" in rejected.reason
    assert told(FITTING, blob(level=205)).decision == "not_assessable"
    assert told(OTHER, blob(level=205)).decision == "absent"
    assert told(FITTING, blob(level=60)).decision == "absent"


def test_a_target_without_published_parameters_is_judged_without_them():
    (found,) = asked(blob(), targets=("spleen",), published=OTHER, image_type="CT-Abdomen")
    assert (found.decision, found.published_p) == ("present", None)


@pytest.mark.parametrize(
    ("planes", "targets", "shown", "inside"),
    [
        (np.zeros((2, 8, 8), np.uint8), ("heart",), np.zeros((8, 8), np.uint8), (slice(0, 8), slice(0, 8))),
        (np.zeros((1, 8, 8), np.float32), ("heart",), np.zeros((8, 8), np.uint8), (slice(0, 8), slice(0, 8))),
        (np.zeros((1, 8, 8), np.uint8), ("heart",), np.zeros((8, 9), np.uint8), (slice(0, 8), slice(0, 8))),
        (np.zeros((1, 8, 8), np.uint8), ("heart",), np.zeros((8, 8, 4), np.uint8), (slice(0, 8), slice(0, 8))),
        (np.zeros((1, 8, 8), np.uint8), ("heart",), np.zeros((8, 8), np.uint8), (slice(0, 0), slice(0, 8))),
        (np.zeros((1, 8, 8), np.uint8), ("heart",), np.zeros((8, 8), np.uint8), np.zeros((8, 8), np.bool_)),
    ],
)
def test_what_does_not_fit_together_is_refused(planes, targets, shown, inside):
    with pytest.raises(BadReply, match="presence"):
        judge(planes, targets, shown, inside)


def test_nothing_asked_is_nothing_judged():
    none = judge(np.zeros((0, 8, 8), np.uint8), (), np.zeros((8, 8), np.uint8), (slice(0, 8), slice(0, 8)))
    assert none == ()


def recorded(half):
    held = json.loads(CASES.read_text(encoding="utf-8"))
    names = [field.name for field in fields(MapStatistics)]
    for row in held["rows"]:
        case = dict(zip(held["columns"], row, strict=True))
        if case["half"] == half:
            told = MapStatistics(**{name: case[name] for name in names})
            yield case, told, decide(told, Agreement(case["twin"], "", case["overlap"], "")).decision


def test_the_shipped_constants_keep_to_what_they_were_chosen_for():
    cases = list(recorded("tuning"))
    called = [case["truth"] for case, _, decision in cases if decision == "present"]
    assert len(called) > 100
    assert called.count("absent") <= 0.05 * len(called)
    assert not [case for case, _, decision in cases if decision == "absent" and case["truth"] == "present"]


def test_the_score_tells_present_from_absent_on_pictures_that_set_no_constant():
    scores = {truth: [score_of(told) for case, told, _ in recorded("test") if case["truth"] == truth] for truth in
              ("present", "absent")}  # fmt: skip
    above = np.array(scores["present"])[:, None] > np.array(scores["absent"])[None]
    assert above.mean() > 0.95


def test_the_limitation_names_what_it_was_calibrated_on():
    assert "chest network, not on MedImageParse" in LIMITATION


def chest_maps(path):
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE).astype(np.float32) / 255
    small = cv2.resize(image, (160, 160), interpolation=cv2.INTER_AREA)
    low, high = np.percentile(small, (1, 99))
    found = shipped_network().run(
        None, {"image": np.clip((small - low) / (high - low), 0, 1).astype(np.float32)[None, None]}
    )[0][0]
    return np.round(found * 255).astype(np.uint8), np.round(small * 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("file", "decision"),
    [("x_ray_chest/cxr_2cd63b76.jpg", "present"), ("mri_brain/brisc_10002.png", "absent")],
)
def test_a_real_network_on_real_pictures(data_dir, file, decision):
    planes, shown = chest_maps(data_dir / "dev" / file)
    whole = (slice(0, 160), slice(0, 160))
    found = judge(planes, ("right lung", "left lung", "heart"), shown, whole)
    assert [one.decision for one in found[:2]] == [decision, decision]
    assert statistics_of(planes[0], whole) == found[0].statistics
