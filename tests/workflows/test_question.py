"""Questions from words to an answer: the same evidence as a draft's, verdicts on every sentence, and no way around."""

import asyncio
import json
import subprocess
import sys

import pytest

from readingroom import ReadingRoom
from readingroom.agents.events import Judged, Planned
from readingroom.agents.rule_planner import rules_for
from readingroom.domain.plan import Plan, PlannedStep
from readingroom.domain.request import Request
from readingroom.errors import BadRequest, ModelFailed
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.ct import CtPhantom, make_ct
from readingroom.phantoms.dicom import write_chest, write_ct
from readingroom.phantoms.parameters import ChestPhantom, Effusion
from readingroom.questions import ask_room
from readingroom.workflows.question import MOST_REPAIRS, Ways, ask

PHANTOM = ChestPhantom(seed=7, spacing_mm=1.0, cardiothoracic_ratio=0.60, effusion=Effusion("right", "moderate"))


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    home = tmp_path_factory.mktemp("room")
    return ReadingRoom(home=home / "data", config=home / "config")


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    folder = tmp_path_factory.mktemp("films")
    return write_chest(make_chest(PHANTOM), folder / "now"), write_chest(
        make_chest(PHANTOM.earlier(0.45)), folder / "before"
    )


@pytest.fixture(scope="module")
def scan(tmp_path_factory):
    return write_ct(make_ct(CtPhantom(spacing_mm=(4.0, 4.0, 4.0))), tmp_path_factory.mktemp("scan"))


def asked(room, question, *paths, **named):
    return room.wait_for(ask_room(room, question, list(paths) or None, **named))


def answered(room, question, *paths, **named):
    return asked(room, question, *paths, **named).answer


def content(report):
    """All of a report that its run, its clock and its planner do not decide."""
    held = json.loads(report.model_dump_json())
    del held["id"]
    for name in ("run", "started", "finished", "planner", "workflow"):
        del held["provenance"][name]
    return held


@pytest.mark.parametrize("with_prior", [False, True])
def test_a_draft_by_plan_is_the_draft_of_the_fixed_workflow(room, films, with_prior):
    named = {"prior": films[1], "indication": "Cough."} if with_prior else {}
    fixed = room.draft_sync(films[0], **named).report
    planned = answered(room, "Draft a report", films[0], **named).report
    assert content(planned) == content(fixed)
    assert planned.clean


def test_so_is_the_draft_of_another_image(room, scan):
    assert content(answered(room, "draft a report", scan).report) == content(room.draft_sync(scan).report)


def test_so_is_that_of_an_image_in_which_nothing_is_served(room, data_dir):
    picture = next((data_dir / "dev" / "endoscope_colon").glob("*.jpg"))
    stated = {"stated": {"modality": "endoscopy", "anatomy": "colon"}}
    fixed = room.draft_sync(picture, **stated).report
    assert content(answered(room, "draft a report", picture, **stated).report) == content(fixed)


def test_a_ratio_is_told_with_its_evidence_and_verdict(room, films):
    answer = answered(room, "segment the lungs and tell me the CTR", films[0])
    told = [one for one in answer.sentences if "cardiothoracic ratio" in one.text]
    assert len(told) == 1
    assert answer.checks[told[0].id].verdict == "supported"
    cited = next(item for item in answer.evidence if item.id == told[0].evidence[0])
    assert cited.measurements[0].value == pytest.approx(0.60, abs=0.03)
    assert answer.clean


def test_only_what_was_asked_is_told_and_what_matters_beside_it(room, films):
    answer = answered(room, "Is there a pneumothorax?", films[0])
    assert [one.text for one in answer.sentences if not one.beyond] == []
    assert any("enlarged" in one.text for one in answer.sentences if one.beyond)
    assert len(answer.unanswered) == 1
    assert answer.unanswered[0].startswith("Pneumothorax: not known")
    area = answered(room, "area of the heart", films[0])
    assert [one.text.split(" of ")[0] for one in area.sentences] == ["The heart has an area"]


def test_every_sentence_about_the_image_is_held_against_the_evidence(room, films, scan):
    for question in ("measure everything", "is the heart enlarged?", "segment all", "describe the pixels", "classify"):
        for path in (films[0], scan):
            answer = answered(room, question, path)
            assert set(answer.checks) == {one.id for one in answer.sentences}
            image = [one for one in answer.sentences if one.kind == "image"]
            assert [answer.checks[one.id].verdict for one in image] == ["supported"] * len(image), answer.sentences


def test_a_change_is_told_of_two_films(room, films):
    answer = answered(room, "has the heart grown?", films[0], prior=films[1])
    assert [one.text[:40] for one in answer.sentences] == ["The cardiothoracic ratio has increased f"]


def test_what_cannot_be_done_is_said_and_nothing_runs(room, films):
    answer = answered(room, "What is the diagnosis, and which drug helps?", films[0])
    assert (answer.status, answer.plan.steps, answer.evidence) == ("nothing", (), ())
    assert len(answer.plan.cannot) == 2


def test_a_finished_report_is_explained_without_its_images(room, films):
    run = asked(room, "Draft a report", films[0], prior=films[1]).answer.run
    report = room.report(run)
    for name in [one.id for one in (*report.findings, *report.impression)]:
        answer = answered(room, f"why {name}?", run=run)
        assert answer.sentences[0].text.startswith(f"{name} says: ")
        assert answer.checks["A1"].verdict == "supported"
        cited = set(answer.sentences[0].evidence)
        assert cited
        assert cited <= {name for one in answer.sentences[1:] for name in one.evidence}
    assert "There is no E999" in answered(room, "explain E999", run=run).unanswered[0]
    assert "pleural effusion" in answered(room, "is there an effusion?", run=run).sentences[0].text
    with pytest.raises(BadRequest, match="only the images"):
        answered(room, "segment the heart", run=run)


SEGMENT = PlannedStep(id="segment-frontal", tool="segment", arguments={"image": "img-1", "targets": ["heart"]})
WRONG = PlannedStep(id="a", tool="segment", arguments={"image": "img-1", "targets": ["spleen"]})


def planner_of(*plans, seen=None):
    """Gives each of the plans in turn, then the last for ever; an error is raised."""
    waiting = list(plans)

    async def planner(question, context):
        if seen is not None:
            seen.append(context)
        made = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        if isinstance(made, Exception):
            raise made
        return made

    return planner


def plan(*steps, aim="segment"):
    return Plan(question="?", aim=aim, steps=steps, planner="some model")


def test_a_refused_plan_may_be_mended_by_its_planner(room, films):
    seen = []
    ways = Ways(planner=planner_of(plan(WRONG), plan(SEGMENT), seen=seen))
    answer = answered(room, "segment the heart", films[0], ways=ways)
    assert answer.plan.planner == "some model"
    assert "right lung, left lung, lung, heart" in seen[1].flaws[0].do
    assert len(answer.evidence) == 1


@pytest.mark.parametrize("bad", [plan(WRONG), ModelFailed("the model is away")])
def test_the_rules_plan_instead_of_a_planner_that_fails_and_it_is_told(room, films, bad):
    seen = []
    answer = answered(room, "segment the heart", films[0], ways=Ways(planner=planner_of(bad, seen=seen)))
    assert answer.plan.planner == "rules 1"
    assert any("the rules planned instead" in limit.text for limit in answer.limitations)
    assert len(seen) <= 1 + MOST_REPAIRS + 1


def test_a_plan_may_grow_after_its_results_were_seen_and_what_was_done_is_kept(room, films):
    describe = PlannedStep(id="describe", tool="describe", arguments={"image": "img-1"})
    seen = []
    ways = Ways(planner=planner_of(plan(SEGMENT), plan(SEGMENT, describe), seen=seen))
    answer = answered(room, "?", films[0], ways=ways)
    assert [step.id for step in answer.plan.steps] == ["segment-frontal", "describe"]
    assert [item.id for item in seen[1].evidence] == ["E1"]
    assert [step.name for step in room.show(answer.run)[1]] == ["segment-frontal", "describe"]


def test_a_grown_plan_with_a_flaw_or_another_beginning_is_not_carried_out(room, films):
    for more in (plan(SEGMENT, WRONG), plan(PlannedStep(id="d", tool="describe", arguments={"image": "img-1"}))):
        answer = answered(room, "?", films[0], ways=Ways(planner=planner_of(plan(SEGMENT), more)))
        assert [step.id for step in answer.plan.steps] == ["segment-frontal"]


def test_a_planner_cannot_write_the_clinical_words(room, films):
    arguments = {"images": ["img-1"], "indication": "Known cancer, report a mass.", "prior_report": "A mass."}
    forged = PlannedStep(id="draft-findings", tool="draft_findings", arguments=arguments)
    answer = answered(room, "?", films[0], indication="Cough.", ways=Ways(planner=planner_of(plan(forged))))
    given = answer.plan.steps[0].arguments
    assert (given["indication"], given["prior_report"]) == ("Cough.", None)


def test_nothing_runs_before_it_is_approved_and_the_word_is_on_record(room, films):
    for word in (False, True):

        async def approve(shown, word=word):
            assert shown.steps
            return word

        answer = answered(room, "segment the heart", films[0], ways=Ways(approve=approve))
        steps = room.show(answer.run)[1]
        assert steps[0].tool == "approval"
        assert [step.tool for step in steps[1:]] == (["segment"] if word else [])
        assert answer.status == ("answered" if word else "declined")


def test_what_happens_is_told_in_order(room, films):
    events = []
    answered(room, "segment the heart", films[0], ways=Ways(tell=events.append))
    assert isinstance(events[0], Planned)
    assert [event.kind for event in events[1:-1]] == ["started", "ended"]
    assert isinstance(events[-1], Judged)


def test_the_patients_name_in_a_question_is_kept_nowhere(room, films):
    answer = answered(room, "What is the CTR of Phantom^Chest?", films[0])
    kept = [path.read_bytes().decode("latin-1") for path in room.settings.home.rglob("*") if path.is_file()]
    assert not any("Phantom^Chest" in text for text in [answer.model_dump_json(), *kept])


def test_planning_and_answering_load_no_language_model():
    never = (
        "semantic_kernel",
        "openai",
        "httpx",
        "torch",
        "readingroom.workflows.looking",
        "readingroom.agents.consultant",
    )
    code = f"import sys, readingroom.questions; print([m for m in {never} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_rules_are_a_planner_like_any_other(room, films):
    async def shouting(question, context):
        return context.done or rules_for(question.lower(), context)

    answer = answered(room, "SEGMENT THE HEART", films[0], ways=Ways(planner=shouting))
    assert [step.id for step in answer.plan.steps] == ["segment-frontal"]
    assert asyncio.iscoroutinefunction(shouting)


def test_what_the_record_holds_is_neither_called_nor_approved_again(room, films):
    words = []

    async def approve(shown):
        words.append(shown)
        return True

    async def twice():
        study = room.read(films[0])
        request = Request(question="what is the ctr")
        bench = room._begin("ask", study, request, None)
        with bench.trace.recorded():
            once, _ = await ask(bench, study, request, Ways(approve=approve))
            again, _ = await ask(bench, study, request, Ways(approve=approve))
            bench.trace.finish(again)
        return once, again, room.show(bench.trace.run.id)[1]

    once, again, steps = room.wait_for(twice())
    assert once == again
    assert len(words) == 1
    assert [step.of is None for step in steps] == [True] * 3 + [False] * 3
