"""Ray: shares of an endpoint, parts of the record, and two local nodes of which one is killed in the middle."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner

from readingroom.cli import app
from readingroom.cohorts.ray_shards import DATABASE, adopt, began_in, rows_of, share_files, take, tell_began
from readingroom.cohorts.ray_shares import places
from readingroom.cohorts.ray_worker import Told, stopped
from readingroom.cohorts.tables import COMPARED
from readingroom.cohorts.tasks import RECORD
from readingroom.errors import BadRequest, NotAuthorised
from readingroom.runs.store import Store
from readingroom.serving import Serving
from readingroom.settings import Settings
from readingroom.tools.backends.endpoint.calls import PUBLISHED_SLOTS
from readingroom.tools.backends.endpoint.config import EndpointConfig
from readingroom.tools.backends.endpoint.endpoint import Endpoint
from tests.cohorts.quick import REPORT, Place, films

REPO = Path(__file__).parents[2]


def settings_of(folder: Path, **deployed: int) -> Settings:
    config = EndpointConfig(address="https://a.example/score", key=SecretStr("a-secret-key"), **deployed)
    return Settings(home=folder, config=folder, backend="endpoint", endpoints={"cxrreportgen": config})


@pytest.mark.parametrize(("instances", "concurrency", "workers"), [(2, 4, 3), (1, 8, 8), (3, 1, 2), (1, 1, 1)])
def test_shares_of_an_endpoint_add_up_to_all_of_it(instances: int, concurrency: int, workers: int) -> None:
    config = EndpointConfig(address="https://a.example/score", instances=instances, concurrency=concurrency)
    ends = [Endpoint("cxrreportgen", config) for _ in range(workers)]
    for part, one in enumerate(ends):
        one.share(part, workers)
    caps = [one._calls.limiter.cap or 0 for one in ends]
    assert sum(caps) == 2 * instances * concurrency
    assert max(caps) - min(caps) <= 1
    ends[0].share(0, 1)
    assert ends[0]._calls.limiter.cap == 2 * instances * concurrency


def test_a_share_is_kept_though_it_is_told_before_the_endpoints_are_opened(tmp_path: Path) -> None:
    serving = Serving(settings_of(tmp_path, instances=2, concurrency=4))
    serving.share(1, 3)
    serving.backend()
    assert [one._calls.limiter.cap for one in serving._endpoints.values()] == [5]


def test_there_are_no_more_workers_than_an_endpoint_takes_requests(tmp_path: Path) -> None:
    assert places(settings_of(tmp_path, instances=2, concurrency=2), 16) == 8
    assert places(settings_of(tmp_path), 16) == PUBLISHED_SLOTS["cxrreportgen"]
    assert places(Settings(home=tmp_path, config=tmp_path), 16) == 16


def test_secrets_show_in_nothing_that_is_printed(tmp_path: Path) -> None:
    told = Told(settings_of(tmp_path), b"pseudonym-key", REPORT, tmp_path, tmp_path, "")
    assert "a-secret-key" not in repr(told) + str(told)
    assert "pseudonym" not in repr(told)
    assert stopped(NotAuthorised("no", where="cxrreportgen", do="Mend it."))["stopped"] == "NotAuthorised"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Three films through the embedded engine."""
    found = Place(tmp_path_factory.mktemp("cohort"))
    films(found.films, 3)
    found.run("whole")
    return found


def test_a_dead_workers_runs_are_taken_over_whole(place: Place, tmp_path: Path) -> None:
    source = place.folder / "whole" / RECORD / DATABASE
    names = [run.id for run in Store(source.parent).runs()]
    shard, record = tmp_path / "shards" / "0-a", tmp_path / RECORD
    main = Store(record)
    own = share_files(Store(shard / RECORD), tmp_path)
    assert own.blobs.folder == main.blobs.folder
    for name in names:
        take(own.database, rows_of(source, name))
        tell_began(shard, f"item of {name}", name)
    half = rows_of(source, names[0])
    half["events"], half["runs"][0]["events"], half["runs"][0]["status"] = half["events"][:2], 2, "running"
    take(main.database, half)
    with (shard / "began").open("a") as file:
        file.write("torn\tby a k")
    assert set(began_in(shard)) == {f"item of {name}" for name in names}
    assert set(adopt(shard, record).values()) == set(names)
    assert not shard.exists()
    for name in names:
        assert rows_of(main.database, name) == rows_of(source, name)
    take(main.database, half)  # an older part changes nothing
    assert rows_of(main.database, names[0]) == rows_of(source, names[0])


def test_a_living_worker_is_left_alone(tmp_path: Path) -> None:
    holder = (
        "import fcntl, sys; f = open(sys.argv[1], 'w'); fcntl.flock(f, fcntl.LOCK_EX); print(1, flush=True); input()"
    )
    shard = tmp_path / "0-a"
    shard.mkdir()
    with subprocess.Popen(
        [sys.executable, "-c", holder, str(shard / "cohort.lock")], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as held:
        assert held.stdout is not None
        held.stdout.readline()
        with pytest.raises(BadRequest):
            adopt(shard, tmp_path / RECORD)
        held.communicate(b"\n")
    assert shard.exists()
    assert adopt(shard, tmp_path / RECORD) == {}


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, object]]:
    """In a process of its own: Ray's threads and sockets stay out of this one."""
    pytest.importorskip("ray", reason='Ray is not installed: pip install "readingroom[ray]"')
    folder = tmp_path_factory.mktemp("nodes")
    done = subprocess.run(
        [sys.executable, "-m", "tests.cohorts.ray_nodes", str(folder)], capture_output=True, check=False, cwd=REPO,
        timeout=300, env=os.environ | {"OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    last = [line for line in done.stdout.decode().splitlines() if line.startswith('{"leaked"')]
    assert last, done.stderr.decode()[-2000:]
    return folder, json.loads(last[-1])


def test_one_node_of_two_is_killed_and_every_item_is_done_once(nodes: tuple[Path, dict[str, object]]) -> None:
    _, told = nodes
    assert told["counts"] == {"done": 16}
    assert told["session"] == 16
    assert told["different"] == 32
    # In flight on the killed node: two of the four items, each of which outlines and drafts at the same time.
    assert 32 <= int(str(told["calls"])) <= 32 + 2 * 2
    assert "shards" not in list(told["left"])  # type: ignore[call-overload]


def test_tables_are_those_of_the_embedded_engine_byte_for_byte(nodes: tuple[Path, dict[str, object]]) -> None:
    folder, _ = nodes
    for name in COMPARED[:2]:
        assert (folder / "out" / name).read_bytes() == (folder / "whole" / name).read_bytes()


def test_no_secret_is_in_a_log_of_rays_or_in_what_is_left(nodes: tuple[Path, dict[str, object]]) -> None:
    _, told = nodes
    assert int(str(told["logs"])) > 5
    assert told["leaked"] == []


def test_the_command_refuses_an_address_without_the_engine(tmp_path: Path) -> None:
    words = ["cohort", "run", str(tmp_path), "--workflow", "embed", "--out", str(tmp_path / "out")]
    told = CliRunner().invoke(app, [*words, "--address", "a:1"])
    assert told.exit_code != 0
    assert "--address is that of a Ray cluster" in told.output + str(told.exception)


def test_the_record_holds_every_run_whole(nodes: tuple[Path, dict[str, object]]) -> None:
    folder, _ = nodes
    place = Place(folder / "check")
    place.room.store = Store(folder / "out" / RECORD)
    runs = place.room.store.runs()
    assert [run.status for run in runs] == ["done"] * 16
    assert all(place.room.verify_run(run.id).intact for run in runs)
