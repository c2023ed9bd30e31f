"""What `readingroom doctor` tells: what is configured, reachable and missing, and no secret."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import tomllib
from contextlib import contextmanager
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from pydantic import SecretStr
from typer.testing import CliRunner

from readingroom import ReadingRoom, doctor
from readingroom.agents.model_config import ModelConfig
from readingroom.cli import app
from readingroom.tools.backends.endpoint.config import EndpointConfig

CANARY = "canary-7c1f"


def told(tmp_path, **settings):
    room = ReadingRoom(home=tmp_path / "home", config=tmp_path / "config", **settings)
    return {one.about: one for one in asyncio.run(doctor.examined(room))}


@contextmanager
def listening():
    """A port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        heard: list[bytes] = []

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.settimeout(10)
                try:
                    heard.append(connection.recv(4096))
                except ConnectionResetError:
                    heard.append(b"")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], heard
        thread.join(10)


def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def test_with_nothing_configured_nothing_is_wrong(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("READINGROOM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("READINGROOM_CONFIG", str(tmp_path / "config"))
    done = CliRunner().invoke(app, ["doctor", "--json"])
    found = {one["about"]: one for one in json.loads(done.output)}
    assert done.exit_code == 0
    assert found["backend"]["told"].startswith("classical: ")
    assert found["language models"]["state"] == found["index"]["state"] == "off"
    assert "READINGROOM_CONFIG, READINGROOM_HOME set" in found["settings"]["told"]
    assert not (tmp_path / "home" / "index").exists()


def test_a_server_that_answers_is_told_apart_from_one_that_does_not_and_hears_nothing(tmp_path):
    with listening() as (port, heard):
        here = EndpointConfig(address=f"http://127.0.0.1:{port}/score", key=SecretStr(CANARY))
        gone = EndpointConfig(address=f"http://127.0.0.1:{closed_port()}/score?code={CANARY}", key=SecretStr(CANARY))
        found = told(tmp_path, backend="endpoint",
                     endpoints={"medimageinsight": here, "medimageparse": gone})  # fmt: skip
    assert found["endpoint medimageinsight (key)"].state == "ok"
    assert found["endpoint medimageparse (key)"].state == "fault"
    assert heard == [b""], "a request was sent"
    assert CANARY not in "".join(one.model_dump_json() for one in found.values())


def test_a_certificate_that_nobody_vouches_for_is_a_fault(tmp_path):
    """A server that speaks no TLS at all stands for every handshake that fails."""
    with listening() as (port, _):
        found = told(tmp_path, language_models={"usual": ModelConfig(model="m", address=f"https://127.0.0.1:{port}/v1")},
                     planner="model")  # fmt: skip
    assert found["language model usual (no key)"].state == "fault"


@pytest.mark.parametrize(("name", "do"), [("READINGROOM_PLANER", "Did you mean READINGROOM_PLANNER?"),
                                          ("READINGROOM_XYZZY_Q", "Leave it out.")])  # fmt: skip
def test_a_variable_whose_name_is_no_setting_is_told(tmp_path, monkeypatch, name, do):
    monkeypatch.setenv(name, CANARY)
    found = told(tmp_path)["environment"]
    assert (found.state, found.told, found.do) == ("fault", f"{name} is no setting", do)


def test_what_is_asked_for_and_not_configured_is_a_fault(tmp_path):
    found = told(tmp_path, backend="endpoint,local", planner="model", index="qdrant+http://127.0.0.1:1/none")
    for about in ("backend", "language models", "index"):
        assert found[about].state == "fault", about
        assert found[about].do


def test_a_home_that_cannot_be_is_a_fault(tmp_path):
    (tmp_path / "file").write_text("")
    found = {one.about: one for one in doctor._folders(ReadingRoom(home=tmp_path / "h", config=tmp_path).settings
             .model_copy(update={"home": tmp_path / "file" / "home"}))}  # fmt: skip
    assert (found["home"].state, found["config"].state) == ("fault", "ok")


def test_every_extra_is_told_and_one_in_another_version_is_lacking():
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    assert set(doctor.FOR) == set(project["optional-dependencies"]) - {"test"}
    assert doctor._lacking(Requirement("numpy>=1")) == ""
    assert doctor._lacking(Requirement("no-such-library")) == "no no-such-library"
    assert doctor._lacking(Requirement("numpy>=999")).endswith("is installed, >=999 is needed")
