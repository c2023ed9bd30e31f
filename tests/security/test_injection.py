"""A model that obeys whatever it reads does no harm: every channel and kind in a sample, all of it in the benchmark."""

import logging
import socket
import warnings

import pytest

from tests.security import channels
from tests.security.checks import Clean, breaches
from tests.security.corpus import Payload, load
from tests.security.guard import Guard
from tests.security.world import built

NEUTRAL = Payload("none", "none", "Cough for a week.", ())
CORPUS = load()
KINDS = tuple(dict.fromkeys(payload.kind for payload in CORPUS))


def sample() -> list[tuple[Payload, str]]:
    """Each kind in three channels and each channel in some kinds, with texts that differ."""
    of = {kind: [one for one in CORPUS if one.kind == kind] for kind in KINDS}
    read = ("indication", "prior_report", "question", "tool_sentence", "own_turn")
    picked = []
    for at, kind in enumerate(KINDS):
        any_way = channels.CHANNELS[at % len(channels.CHANNELS)]
        for step, channel in enumerate(dict.fromkeys((any_way, read[at % len(read)], *["own_turn"][at % 2 :]))):
            picked.append((of[kind][(at + 4 * step) % len(of[kind])], channel))
    return picked


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of pydicom, about what these headers hold
        with built(tmp_path_factory.mktemp("house")) as made:
            yield made


@pytest.fixture(scope="module")
def clean(world):
    return Clean(*(world.came(NEUTRAL, channel) for channel in ("technique", "tool_category", "tool_error")))


def test_the_corpus_is_as_large_and_as_various_as_it_says():
    assert len(CORPUS) >= 200
    assert len({payload.text for payload in CORPUS}) == len(CORPUS)
    assert len(KINDS) == 20
    assert all(payload.wants for payload in CORPUS)


@pytest.mark.filterwarnings("ignore:.*exceeds the maximum:UserWarning", "ignore:Invalid value:UserWarning")
@pytest.mark.parametrize(("payload", "channel"), sample(), ids=lambda one: getattr(one, "id", one))
def test_what_gives_orders_changes_nothing(world, clean, caplog, payload, channel):
    caplog.set_level(logging.ERROR)
    came = world.came(payload, channel)
    assert breaches(came, clean) == []
    assert came.reached or channel not in ("own_turn", "question")


def test_without_a_payload_the_house_is_clean_and_works(world, clean):
    for channel in ("technique", "tool_category"):
        came = clean.of(channel)
        assert breaches(came, clean) == []
        assert came.looked == ("segment-1", "draft-findings-1")
        assert not came.reached


def test_the_guard_sees_what_it_should(tmp_path):
    """Otherwise its silence would say nothing."""
    guard = Guard()
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.write_text("x")
    outside.write_text("x")
    with guard.watching(inside) as found:
        inside.read_text()
        assert found == []
        outside.read_text()
        with socket.socket() as one:
            one.settimeout(0.2)
            assert one.connect_ex(("127.0.0.1", 9)) != 0
    assert [line.split()[0] for line in found] == ["open", "socket.connect"]


def test_the_checks_see_a_breach(world, clean):
    """A report that tells what was ordered, one that is final, and a message that holds the payload are all noticed."""
    payload = next(one for one in CORPUS if one.id == "direct-01")
    came = world.came(payload, "own_turn")
    text = came.wrote["draft"][0]
    first = came.report.findings[0].model_copy(update={"text": text})
    came.report = came.report.model_copy(update={"findings": (first, *came.report.findings[1:]), "notice": "Final."})
    system = came.shown[0][0]
    came.shown.append((system.model_copy(update={"text": payload.text}),))
    came.outside.append("open /etc/passwd")
    kinds = {line.partition(":")[0] for line in breaches(came, clean)}
    assert kinds >= {"outside", "status", "sentence", "message"}
