"""Similar studies as a tool of a plan: planned only with an index, told as likeness and never as a finding."""

import asyncio

import pytest

from readingroom import ReadingRoom
from readingroom.indexing import index_add
from readingroom.phantoms.chest import make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom, Effusion
from readingroom.questions import ask_room, plan_of
from readingroom.tools.similar import OBSERVATION, called

ILL = ChestPhantom(seed=7, spacing_mm=2.0, cardiothoracic_ratio=0.6, effusion=Effusion("right", "moderate"))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    home = tmp_path_factory.mktemp("similar")
    room = ReadingRoom(home=home / "data", config=home / "config")
    for seed in (1, 2, 3):
        write_chest(make_chest(ChestPhantom(seed=seed, spacing_mm=2.0)), home / "films" / str(seed))
    film = write_chest(make_chest(ILL), home / "now")
    room.wait_for(index_add(room, [home / "films", film]))
    return room, film


@pytest.fixture(scope="module")
def answer(world):
    room, film = world
    return room.wait_for(ask_room(room, "find similar studies", film)).answer


def test_without_an_index_it_is_refused_and_nobody_is_offered_it(world, tmp_path):
    _, film = world
    bare = ReadingRoom(home=tmp_path / "data", config=tmp_path / "config")
    plan = plan_of(bare, "find similar studies", film)
    assert (plan.aim, plan.steps) == ("similar", ())
    assert "index of embedded studies" in plan.cannot[0]


def test_with_one_it_is_planned_and_the_neighbours_are_told(world, answer):
    room, film = world
    assert [step.tool for step in plan_of(room, "find similar studies", film).steps] == ["similar"]
    assert (answer.plan.aim, answer.plan.cannot, answer.status) == ("similar", (), "answered")
    assert answer.clean
    assert "Neighbour 1 of 4 in the index is" in answer.sentences[0].text
    assert "uncalibrated" in answer.sentences[0].text
    assert answer.sentences[-1].text.startswith("Likeness of pictures is no finding")


def test_neighbours_are_evidence_that_supports_nothing(answer):
    found = [item for item in answer.evidence if item.origin.tool == "similar"]
    assert len(found) == 3  # the film itself is left out
    assert {item.observation for item in found} == {OBSERVATION}
    assert {item.presence for item in found} == {"indeterminate"}
    assert not any(item.calibrated for item in found)
    assert [item.score for item in found] == sorted((item.score for item in found), reverse=True)
    assert [one.evidence for one in answer.sentences[:3]] == [(item.id,) for item in found]


def test_a_draft_beside_it_stands_on_its_own_evidence(world):
    room, film = world
    reply = room.wait_for(ask_room(room, "draft a report and find similar studies", film))
    assert reply.reading is not None
    report = reply.reading.report
    similar = {item.id for item in report.evidence if item.observation == OBSERVATION}
    assert len(similar) == 3
    assert not any(similar & set(finding.evidence) for finding in report.findings)
    assert report.verification is not None
    assert report.verification.clean


def test_the_answer_is_told_again_from_its_record_alone(world, answer):
    room, _ = world
    assert asyncio.run(room.replay(answer.run)).identical


@pytest.mark.parametrize(
    ("about", "words"),
    [
        ({"name": "frontal chest radiograph", "modality": "x_ray", "anatomy": "chest", "label": ["a", "b"]},
         "frontal chest radiograph, x-ray, a, b"),
        ({"modality": "ct"}, "ct"),
        ({"sha256": "0123456789abcdef"}, "image 0123456789ab"),
    ],
)  # fmt: skip
def test_a_neighbour_is_called_by_what_is_known_of_it(about, words):
    assert called(about) == words
