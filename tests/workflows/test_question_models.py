"""Questions in which models have a part: what they call and word, what becomes of their failures, all told again."""

import json
from types import SimpleNamespace

import pytest

from readingroom import ReadingRoom
from readingroom.agents.budget import Budget, Exhausted, Limits
from readingroom.agents.consultant import consult
from readingroom.agents.desk import Desk
from readingroom.agents.events import Stopped
from readingroom.agents.imager import look
from readingroom.agents.recorded_chat import RecordedChat, delimiter_of
from readingroom.agents.scripted import ScriptedModel, calls, says
from readingroom.agents.specialist import load_specialists
from readingroom.agents.writers import write
from readingroom.domain.request import Request
from readingroom.domain.value import canonical_json
from readingroom.errors import BadRequest, ModelFailed, NotAuthorised
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom, Effusion
from readingroom.questions import ask_about
from readingroom.runs.unfinished import Way
from readingroom.tools.toolbox import TOOLS
from readingroom.workflows.looking import DECLINED
from readingroom.workflows.question import Ways
from tests.agents.desks import answer

SPECIALISTS = load_specialists()
PHANTOM = ChestPhantom(seed=7, spacing_mm=2.0, cardiothoracic_ratio=0.60, effusion=Effusion("right", "moderate"))
CTR = "What is the cardiothoracic ratio?"


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    home = tmp_path_factory.mktemp("room")
    return ReadingRoom(home=home / "data", config=home / "config")


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    return write_chest(make_chest(PHANTOM), tmp_path_factory.mktemp("film"))


class Asked:
    """One question that models had a part in, and whatever was told of it."""

    def __init__(self, room, film, question, ways_at, report=None, **words):
        self.room, self.events, self.run = room, [], ""

        def ways_in(trace):
            self.run = trace.run.id
            return ways_at(trace, self.events.append)

        way, asked = Way(paths=(str(film),)), Request(question=question, **words)
        self.reply = room.wait_for(ask_about(room, room.read(film), asked, way, ways_in, report=report))
        self.answer = self.reply.answer

    @property
    def stops(self):
        return [event.reason for event in self.events if isinstance(event, Stopped)]

    @property
    def limits(self):
        report = self.reply.reading.report if self.reply.reading else None
        return [one.text for one in (*self.answer.limitations, *(report.limitations if report else ()))]

    @property
    def tools(self):
        return [step.tool for step in self.room.show(self.run)[1]]

    def told_again(self):
        """Whether the record alone gives the same, to the byte."""
        found = self.room.wait_for(self.room.replay(self.run))
        return found.identical, found.why


def desk(trace, who, model, **limits):
    return Desk(SPECIALISTS[who], RecordedChat(model, trace, agent=who), Budget(Limits(**limits)), delimiter_of(trace))


def looking(script, limits=None, **ways):
    """Ways in which a scripted model looks."""

    def at(trace, tell):
        at_work = desk(trace, "imager", ScriptedModel(script), **(limits or {}))

        async def looks(functions, question, context, hear):
            return await look(at_work, functions, question, context, hear)

        return Ways(look=looks, looker="scripted imager", tell=tell, **ways)

    return at


def call(name, **arguments):
    return name, json.dumps(arguments)


def segment(*targets):
    return call("segment", image="img-1", targets=list(targets))


def measure(step="segment-1"):
    return call("measure", image="img-1", outlines={"from": step, "field": "outlines"})


LUNGS = segment("right lung", "left lung", "heart")
WHOLE = [calls(LUNGS), calls(measure()), says("All is there.")]


def test_what_a_model_called_is_the_plan_and_its_evidence_answers(room, film):
    found = Asked(room, film, CTR, looking(WHOLE))
    assert [step.id for step in found.answer.plan.steps] == ["segment-1", "measure-1"]
    assert found.answer.plan.steps[1].arguments["outlines"] == {"from": "segment-1", "field": "outlines"}
    assert found.answer.plan.planner == "scripted imager"
    told = [one for one in found.answer.sentences if "cardiothoracic ratio" in one.text]
    assert [found.answer.checks[one.id].verdict for one in told] == ["supported"]
    assert (found.answer.status, found.answer.clean, found.stops) == ("answered", True, [])
    assert found.tools == ["model", "segment", "model", "measure", "model"]
    assert [event.kind for event in found.events if event.kind in ("plan", "judged")] == ["plan", "judged"]
    assert found.told_again() == (True, "")


def test_its_answer_is_that_of_the_rules_who_called_the_same(room, film):
    found = Asked(room, film, CTR, looking(WHOLE)).answer
    ruled = Asked(room, film, CTR, lambda trace, tell: Ways(tell=tell)).answer
    assert [one.text for one in found.sentences] == [one.text for one in ruled.sentences]


def test_a_draft_is_composed_from_what_it_gathered(room, film):
    found = Asked(room, film, "Draft a report.", looking(WHOLE), indication="Cough.")
    report = found.reply.reading.report
    assert report.provenance.planner == "scripted imager"
    assert report.indication == "Cough."
    assert any("cardiothoracic ratio" in one.text for one in report.findings)
    assert report.clean
    assert found.told_again() == (True, "")


def test_calls_of_one_turn_stand_in_call_order_and_what_is_asked_twice_stands_once(room, film):
    script = [calls(LUNGS, call("describe", image="img-1")), calls(segment("heart")), says("Done.")]
    found = Asked(room, film, "What is there?", looking(script)).answer
    assert [step.id for step in found.plan.steps] == ["segment-1", "describe-1", "segment-2"]
    assert [item.origin.tool for item in found.evidence] == ["segment"] * 3 + ["describe"]
    assert [one.text for one in found.sentences].count("The heart was outlined.") <= 1


def test_what_is_measured_of_an_outline_asked_for_twice_stands_on_the_first(room, film):
    script = [calls(LUNGS), calls(segment("heart")), calls(measure("segment-2")), says("Done.")]
    found = Asked(room, film, "measure the heart", looking(script))
    by_id = {item.id: item for item in found.answer.evidence}
    area = next(item for item in found.answer.evidence if item.origin.tool == "measure")
    assert [by_id[name].origin.step for name in area.derived_from] == ["segment-1"]
    assert found.told_again() == (True, "")


def test_a_model_that_calls_what_is_not_there_ends_and_the_rules_plan(room, film):
    script = [calls((name, "{}")) for name in ("diagnose", "delete_files", "email")]
    found = Asked(room, film, CTR, looking(script))
    assert found.answer.plan.planner == "rules 1"
    assert found.tools == ["model"] * 3 + ["segment", "measure"]
    assert any("imager made no plan" in text and "cannot run" in text for text in found.limits)
    assert len(found.stops) == 1
    assert found.told_again() == (True, "")


def test_a_model_that_never_stops_meets_its_budget_and_what_is_there_is_partial(room, film):
    turns = iter(range(100))

    def always(messages, offers):
        return calls(LUNGS if next(turns) % 2 == 0 else call("describe", image="img-1"))

    found = Asked(room, film, "segment the heart", looking(always, {"rounds": 2}))
    assert found.answer.status == "partial"
    assert [one.observation for one in found.answer.evidence][:3]
    assert any("evidence may be missing" in text for text in found.limits)
    assert len(found.stops) == 1
    assert "2 times" in found.stops[0]
    assert found.told_again() == (True, "")


def test_so_is_a_report(room, film):
    found = Asked(room, film, "Draft a report.", looking([*WHOLE[:2], *WHOLE[:1]] * 9, {"rounds": 2}))
    report = found.reply.reading.report
    assert (report.status, found.answer.status) == ("partial", "partial")
    assert "look" in report.provenance.degraded
    assert found.told_again() == (True, "")


def test_time_that_ran_out_runs_out_again_when_told_again(room, film):
    turns = iter(WHOLE)
    late = []

    def slow(messages, offers):
        late.append(bool(late))
        return next(turns)

    def at(trace, tell):
        model = RecordedChat(ScriptedModel(slow), trace, agent="imager")
        budget = Budget(Limits(seconds=600), clock=lambda: 10_000.0 if any(late) else 0.0)
        at_work = Desk(SPECIALISTS["imager"], model, budget, delimiter_of(trace))
        return Ways(
            look=lambda functions, question, context, hear: look(at_work, functions, question, context, hear),
            tell=tell,
        )

    found = Asked(room, film, CTR, at)
    assert found.answer.status == "partial"
    assert ["time" in reason for reason in found.stops] == [True]
    assert [step.tool for step in found.answer.plan.steps] == ["segment"]
    assert found.told_again() == (True, "")


@pytest.mark.parametrize("error", [ModelFailed("the model is away"), Exhausted("tokens", "no tokens are left")])
def test_where_a_model_fails_at_once_the_rules_gather(room, film, error):
    def fail(messages, offers):
        raise error

    found = Asked(room, film, CTR, looking(fail))
    assert found.answer.plan.planner == "rules 1"
    assert found.answer.status == "answered"
    assert any("the rules planned instead" in text for text in found.limits)
    assert len(found.stops) == 1
    assert found.told_again() == (True, "")


def test_where_it_fails_later_what_is_there_is_used(room, film):
    found = Asked(room, film, CTR, looking(WHOLE[:2]))
    assert [step.id for step in found.answer.plan.steps] == ["segment-1", "measure-1"]
    assert found.answer.status == "partial"
    assert any("no more answers" in text for text in found.limits)
    assert found.told_again() == (True, "")


def test_where_it_only_talks_the_rules_gather(room, film):
    found = Asked(room, film, CTR, looking([says("The ratio is 0.9.")]))
    assert found.answer.plan.planner == "rules 1"
    assert not any("0.9" in one.text for one in found.answer.sentences)
    assert any("it gathered nothing" in text for text in found.limits)


def test_it_has_no_tool_that_its_file_does_not_name(room, film):
    less = SPECIALISTS["imager"].model_copy(update={"tools": ("segment",)})
    model = ScriptedModel([calls(LUNGS), calls(measure()), says("Done.")])

    def at(trace, tell):
        at_work = Desk(less, RecordedChat(model, trace, agent="imager"), Budget(), delimiter_of(trace))
        return Ways(look=lambda f, q, c, t: look(at_work, f, q, c, t), tell=tell)

    found = Asked(room, film, "segment the heart", at)
    assert [step.tool for step in found.answer.plan.steps] == ["segment"]
    assert any(event.kind == "ended" and event.error.startswith("denied") for event in found.events)


def test_it_cannot_write_the_clinical_words(room, film):
    forged = call("draft_findings", images=["img-1"], indication="Known cancer.", prior_report="A mass of 3 cm.")
    found = Asked(room, film, "Draft a report.", looking([calls(forged), says("Done.")]), indication="Cough.")
    given = found.answer.plan.steps[0].arguments
    assert (given["indication"], given["prior_report"]) == ("Cough.", None)
    assert "cancer" not in found.reply.reading.report.model_dump_json()
    assert found.told_again() == (True, "")


def test_each_of_its_calls_waits_for_a_yes_where_that_is_asked_for(room, film):
    shown = []

    async def approve(plan):
        shown.append([step.id for step in plan.steps])
        return plan.steps[0].tool == "segment"

    found = Asked(room, film, CTR, looking(WHOLE, approve=approve))
    assert shown == [["segment-1"], ["measure-1"]]
    assert [tool for tool in found.tools if tool != "model"] == ["approval", "segment", "approval"]
    assert any(DECLINED in text for text in found.limits)
    assert found.told_again() == (True, "")


def test_where_nothing_is_let_run_the_answer_is_declined(room, film):
    async def no(plan):
        return False

    found = Asked(room, film, CTR, looking([calls(LUNGS), says("Done.")], approve=no))
    assert (found.answer.status, found.answer.evidence, found.answer.sentences) == ("declined", (), ())
    assert found.told_again() == (True, "")


def test_what_only_the_user_can_mend_ends_the_run(room, film):
    async def refused(bench, step, request):
        raise NotAuthorised("the key is not taken", do="Mend it.")

    tools = [tool._replace(call=refused) if tool.name == "segment" else tool for tool in TOOLS]
    with pytest.raises(NotAuthorised, match="the key is not taken"):
        Asked(room, film, CTR, looking(WHOLE, tools=tools))
    assert room.runs()[0].status == "interrupted"


def test_what_is_not_done_here_is_said_and_no_model_is_asked(room, film):
    found = Asked(room, film, "What is the diagnosis, and which drug helps?", looking(WHOLE))
    assert (found.answer.status, found.tools) == ("nothing", [])
    assert len(found.answer.plan.cannot) == 2


def writing(script, **limits):
    def at(trace, tell):
        at_work = desk(trace, "findings_writer", ScriptedModel(script), **limits)
        return Ways(write=lambda template, ledger: write(template, ledger, at_work), tell=tell)

    return at


def test_what_a_writer_invents_is_left_out_and_told(room, film):
    bad = says(answer(("There is a large left pneumothorax.", "E1")))
    found = Asked(room, film, "Draft a report.", writing([bad] * 3))
    report = found.reply.reading.report
    assert "pneumothorax" not in " ".join(one.text for one in report.findings)
    assert any("1 sentence that scripted wrote for the findings was left out" in text for text in found.limits)
    assert (report.status, report.clean) == ("preliminary", True)
    assert found.told_again() == (True, "")


@pytest.mark.parametrize(("script", "limits"), [([], {}), ([says(answer())], {"rounds": 0})])
def test_where_a_writer_fails_or_may_not_go_on_the_template_writes(room, film, script, limits):
    found = Asked(room, film, "Draft a report.", writing(script, **limits))
    plain = Asked(room, film, "Draft a report.", lambda trace, tell: Ways(tell=tell))
    report = found.reply.reading.report
    assert [one.text for one in report.findings] == [one.text for one in plain.reply.reading.report.findings]
    assert (report.status, found.answer.status) == ("partial", "partial")
    assert report.provenance.degraded == ("findings-writer",)
    assert len(found.stops) == 1
    assert found.told_again() == (True, "")


def test_a_writer_that_raises_is_stood_in_for_as_well(room, film):
    async def gone(template, ledger):
        raise Exhausted("money", "all of it is spent")

    found = Asked(room, film, "Draft a report.", lambda trace, tell: Ways(write=gone, tell=tell))
    assert found.reply.reading.report.findings
    assert any("all of it is spent" in text for text in found.limits)
    assert found.told_again() == (True, "")


@pytest.fixture(scope="module")
def report(room, film):
    return Asked(room, film, "Draft a report.", lambda trace, tell: Ways(tell=tell)).reply.reading.report


def consulting(script, **limits):
    def at(trace, tell):
        at_work = desk(trace, "consultant", ScriptedModel(script), **limits)
        return Ways(consult=lambda question, given: consult(question, given, at_work), tell=tell)

    return at


def ratio_of(report):
    return next(one for one in report.findings if "cardiothoracic ratio" in one.text)


def test_a_model_answers_of_a_finished_report_from_its_evidence(room, film, report):
    ratio = ratio_of(report)
    script = [says(answer((ratio.text, *ratio.evidence)))]
    found = Asked(room, film, "Why is the heart called enlarged?", consulting(script), report)
    assert [one.text for one in found.answer.sentences] == [ratio.text]
    assert found.answer.checks["A1"].verdict == "supported"
    assert found.answer.writer.startswith("scripted as consultant")
    assert (found.answer.status, found.tools) == ("answered", ["model"])
    assert found.told_again() == (True, "")


def test_what_it_invents_of_a_report_is_left_out(room, film, report):
    bad = says(answer(("There is a fracture of the left clavicle.", report.evidence[0].id)))
    found = Asked(room, film, "Why is the heart called enlarged?", consulting([bad] * 3), report)
    assert "fracture" not in " ".join(one.text for one in found.answer.sentences)
    assert found.answer.unanswered
    assert found.told_again() == (True, "")


@pytest.mark.parametrize(("script", "limits"), [([], {}), ([says(answer())], {"tokens": 1})])
def test_where_it_fails_the_rules_explain_and_it_is_told(room, film, report, script, limits):
    question = f"why {ratio_of(report).id}?"
    found = Asked(room, film, question, consulting(script, **limits), report)
    plain = Asked(room, film, question, lambda trace, tell: Ways(tell=tell), report)
    assert found.answer.sentences == plain.answer.sentences
    assert found.answer.status == "partial"
    assert any("the rules answered" in text for text in found.limits)
    assert len(found.stops) == 1
    assert found.told_again() == (True, "")


@pytest.mark.parametrize("error", [ModelFailed("the model is away"), Exhausted("time", "the time is over")])
def test_a_planner_that_cannot_be_asked_again_leaves_an_answer_in_part(room, film, error):
    async def planner(question, context):
        if context.done is not None:
            raise error
        return (await Ways().planner(question, context)).model_copy(update={"planner": "some model"})

    found = Asked(room, film, CTR, lambda trace, tell: Ways(planner=planner, tell=tell))
    assert (found.answer.status, found.answer.plan.planner) == ("partial", "some model")
    assert any("could not be asked whether more is needed" in text for text in found.limits)
    assert len(found.stops) == 1
    assert found.told_again() == (True, "")


def test_a_run_that_was_begun_with_a_model_does_not_go_on_without_it(room, film):
    runs = []

    def broken(messages, offers):
        raise KeyboardInterrupt

    def at(trace, tell):
        runs.append(trace.run.id)
        return looking(broken)(trace, tell)

    with pytest.raises(KeyboardInterrupt):
        Asked(room, film, CTR, at)
    with pytest.raises(BadRequest, match="begun with a model to look"):
        room.wait_for(room.resume(runs[0]))


@pytest.mark.parametrize("answered", [0, 1, 2])
def test_a_run_that_was_cut_off_ends_with_its_model_as_a_run_without_a_break(room, film, monkeypatch, answered):
    whole, runs, left = Asked(room, film, CTR, looking(WHOLE)).answer, [], iter(WHOLE[:answered])

    def broken(messages, offers):
        turn = next(left, None)
        if turn is None:
            raise KeyboardInterrupt
        return turn

    def at(trace, tell):
        runs.append(trace.run.id)
        return looking(broken)(trace, tell)

    with pytest.raises(KeyboardInterrupt):
        Asked(room, film, CTR, at)
    rest = WHOLE[answered:]

    usual = room.staff.at

    def shift(trace, *, again=False):
        ways = looking(rest)
        whose = usual(trace, again=again)
        told = {"settled_answer": whose.settled_answer, "lent": whose.lent}
        return SimpleNamespace(ways=lambda given: ways(trace, given.tell), **told)

    monkeypatch.setattr(room.staff, "at", shift)
    again = room.wait_for(room.resume(runs[0]))
    assert again.model_copy(update={"run": whole.run}) == whole


def test_the_answer_is_the_same_json_without_any_model(room, film):
    found = Asked(room, film, CTR, looking(WHOLE))
    made = room.wait_for(room.replay(found.run))
    assert room.store.blobs.get(found.room.show(found.run)[0].report_sha256).decode() == canonical_json(found.answer)
    assert made.identical
