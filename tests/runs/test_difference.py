"""Two runs side by side: the first step that differs is named, with the place in it, then the sentences."""

from benchmarks.quick_backend import QUICK, QuickBackend
from readingroom.runs.differing import first_difference
from readingroom.tools.backends.protocol import Draft, Drafted
from tests.runs.house import FILM


def test_the_same_reading_twice(house):
    one, two = house.draft().run, house.draft().run
    found = house.room.diff(one, two)
    assert (found.same, found.place, found.only_first, found.only_second) == (True, "nothing", (), ())


def test_another_question(house):
    one, two = house.draft(indication="Cough.").run, house.draft(indication="Fever.").run
    found = house.room.diff(one, two)
    assert (found.place, found.at.pointer) == ("request", "/request/indication")
    assert '"Cough." first, "Fever." second' in found.line


def test_another_answer(house, monkeypatch):
    one = house.draft().run

    async def draft(self, images, request):
        await self._called("draft", images[0])
        return Draft((Drafted("nodule", "absent", "no nodule", quality=0.9),), ("rib fracture",), QUICK)

    monkeypatch.setattr(QuickBackend, "draft", draft)
    found = house.room.diff(one, house.draft().run)
    assert (found.place, found.step) == ("output", "draft-findings")
    assert found.at.pointer == "/raw/0/laterality"
    assert "'draft-findings' gave something else" in found.line
    assert found.only_first == ("Nobody looked for: pneumothorax.",)
    assert found.only_second == ("Nobody looked for: rib fracture.",)
    assert "\n" not in found.line


def test_another_model(house, monkeypatch):
    one = house.draft().run
    monkeypatch.setattr(QuickBackend, "version", "2")
    found = house.room.diff(one, house.draft().run)
    assert (found.place, found.step) == ("step", "segment-frontal")
    assert '/backend is "quick 1" first, "quick 2" second' in found.line


def test_a_step_more(house, monkeypatch):
    one = house.draft(workflow="report").run
    monkeypatch.setattr("readingroom.workflows.chest_xray_report.TARGETS", ())
    found = house.room.diff(one, house.draft(workflow="report", stated=FILM).run)
    assert (found.place, found.step, found.line) == (
        "step", "segment-frontal", "step 'segment-frontal' is in the first run only",
    )  # fmt: skip


def test_other_settings(house):
    one = house.draft().run
    house.room.settings = house.room.settings.model_copy(update={"burned_in_text": "mask"})
    found = house.room.diff(one, house.draft().run)
    assert found.place == "conditions"
    assert found.line == "the same request and steps; in the second run settings have changed"


def test_the_first_place_that_differs():
    assert first_difference({"a": [1, {"b/c": 2}]}, {"a": [1, {"b/c": 3}]}).pointer == "/a/1/b~1c"
    assert first_difference([1], [1, 2]).second == 2
    assert first_difference({"a": None}, {}).pointer == "/a"
    assert first_difference(1, True).first == 1
    assert first_difference({"a": [1.0]}, {"a": [1.0]}) is None
