"""A cohort over a simulated endpoint: real HTTP on the loopback, its limit told before, its refusals counted."""

import asyncio

import pyarrow.parquet as pq
import pytest
from pydantic import SecretStr

from readingroom.cohorts import How, Options, run_cohort
from readingroom.cohorts.journal import Journal
from readingroom.errors import NotAuthorised, RecordError
from readingroom.model_server.app import build_app
from readingroom.model_server.limits import Limits
from readingroom.model_server.serve import serving
from readingroom.model_server.server_settings import ServerSettings
from readingroom.room import ReadingRoom
from readingroom.tools.backends.classical.backend import ClassicalBackend
from readingroom.tools.backends.endpoint.config import EndpointConfig
from tests.cohorts.quick import STATED, films

MODELS = ("medimageinsight", "cxrreportgen")
REPORT = Options(workflow="report", words={"stated": STATED}, formats=("html", "json"))


@pytest.fixture(scope="module")
def url():
    limits = dict.fromkeys(MODELS, Limits(1, 2, 0.02))
    settings = ServerSettings(MODELS, limits, "canned", key=SecretStr("right"))
    with serving(build_app(ClassicalBackend, settings), settings) as base:
        yield base


def room_of(folder, url, key="right", models=MODELS, **more):
    endpoints = {model: EndpointConfig(address=f"{url}/{model}/score", key=SecretStr(key), **more) for model in models}
    return ReadingRoom(home=folder / "home", config=folder / "config", backend="endpoint", endpoints=endpoints)


def run(room, folder, given, **how):
    told = []

    async def whole():
        try:
            return await run_cohort(room, folder / "films", given, folder / "out", how=How(**how),
                                    tell=lambda progress: told.append(progress.line()))  # fmt: skip
        finally:
            await room.aclose()

    return asyncio.run(whole()), told


def test_reports_with_their_limit_told_from_the_first_item_and_a_gallery(tmp_path, url):
    films(tmp_path / "films", 6)
    room = room_of(tmp_path, url, models=("cxrreportgen",), instances=1, concurrency=2)
    found, told = run(room, tmp_path, REPORT)
    assert found.counts == {"done": 6}
    bound = found.estimate.bound
    assert bound.what.startswith("cxrreportgen: 2 at once, ")
    assert 0 < bound.rate <= 2 / 0.02  # of the seconds that the first item took here
    assert found.estimate.waiting == 4
    assert "of the limit" in told[-1]
    assert told[-1].startswith("6 of 6 | ")
    assert found.session.calls >= 6
    gallery = (tmp_path / "out" / "gallery" / "index.html").read_text(encoding="utf-8")
    row = pq.read_table(tmp_path / "out" / "items.parquet").to_pylist()[0]
    report = f"../artifacts/{row['report_sha256'][:2]}/{row['report_sha256']}/report.html"
    assert f'href="{report}"' in gallery
    assert (tmp_path / "out" / "gallery" / report).resolve().is_file()


def test_a_wrong_key_stops_at_once_and_the_right_one_goes_on(tmp_path, url):
    films(tmp_path / "films", 3)
    with pytest.raises(NotAuthorised):
        run(room_of(tmp_path, url, "wrong"), tmp_path, REPORT)
    assert run(room_of(tmp_path, url), tmp_path, REPORT)[0].counts == {"done": 3}


def test_vectors_in_batches_and_a_model_that_was_changed_meanwhile_is_noticed(tmp_path, url):
    films(tmp_path / "films", 20)
    room = room_of(tmp_path, url)
    found, _ = run(room, tmp_path, Options(workflow="embed"))
    assert found.counts == {"done": 20}
    assert found.session.calls < 20  # the first alone, the rest some at a time, and the canary
    films(tmp_path / "films", 1, start=50)
    journal = Journal(tmp_path / "out")
    was = journal.about("canary")
    journal.tell("canary", was[len(was) // 2 :] + was[: len(was) // 2])
    journal.close()
    with pytest.raises(RecordError, match="the embedding model has changed since this cohort was begun"):
        run(room_of(tmp_path, url), tmp_path, Options(workflow="embed"))
    again, _ = run(room_of(tmp_path, url, deployment="default"), tmp_path, Options(workflow="embed"),
                   new_generation=True)  # fmt: skip
    assert again.session.items == 21
