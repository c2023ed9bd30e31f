"""The command in a process of its own: it says where, ends cleanly, and what it was at is recorded, even by a kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from readingroom.chat_course import CUT_OFF
from readingroom.cli import app
from readingroom.errors import BadRequest
from readingroom.settings import load_settings
from readingroom.web.serving import Front
from tests.web.entering import API, Page, client, opened, upload


@contextmanager
def process(folder, *options):
    """`readingroom serve` of a home below `folder`, with its first line."""
    environment = {**os.environ, "READINGROOM_HOME": str(folder / "home"), "READINGROOM_CONFIG": str(folder / "config")}
    command = [sys.executable, "-c", "from readingroom.cli import main; main()", "serve", "--port", "0", *options]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=folder
    ) as running:
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def entered(link, session):
    assert session.get(link).status_code == 303
    return Page(SimpleNamespace(entrance=SimpleNamespace(address=link.partition("/enter")[0])), session)


@pytest.fixture(scope="module")
def ended(tmp_path_factory, films):
    """Two servers with a turn at work, one stopped by Ctrl-C and one killed: their homes, chats and ends."""
    found = {}
    for sign in (signal.SIGINT, signal.SIGKILL):
        folder = tmp_path_factory.mktemp("ended")
        with process(folder) as (running, link), client(link.partition("/enter")[0]) as session:
            page = entered(link, session)
            study = upload(session, current=films[0]).json()["id"]
            chat = page.begin(study)
            number = page.ask(chat, "Is the heart enlarged?", approve=True)
            page.until(chat, "waiting")
            running.send_signal(sign)
            output, errors = running.communicate(timeout=20)
            found[sign] = SimpleNamespace(
                folder=folder, chat=chat, number=number, code=running.returncode, output=output, errors=errors
            )
    return found


def test_ctrl_c_ends_it_cleanly_and_the_record_says_so(ended):
    stopped = ended[signal.SIGINT]
    assert stopped.code == 130
    assert stopped.errors in ("", "readingroom: stopped\n"), "no traceback"
    assert stopped.output == "", "no log of what was asked"
    with opened(stopped.folder) as page:
        events = page.until_ended(stopped.chat, stopped.number)
        assert [one[1] for one in events[-2:]] == ["stopped", "failed"]
        view = page.owner.get(f"{API}/chats/{stopped.chat}").json()
        assert view["turns"][-1]["error"] == "it was stopped"
        run = page.owner.get(f"{API}/runs/{view['turns'][-1]['run']}").json()["run"]
        assert run["status"] == "interrupted"


def test_a_kill_leaves_a_chat_that_says_that_it_was_cut_off_and_goes_on(ended):
    killed = ended[signal.SIGKILL]
    assert killed.code == -signal.SIGKILL
    with opened(killed.folder) as page:
        events = page.until_ended(killed.chat, killed.number)
        assert events[-1][2] == {"number": killed.number, "error": CUT_OFF}
        assert page.until_ended(killed.chat, page.ask(killed.chat, "Is the heart enlarged?"))[-1][1] == "answered"


def test_an_open_address_without_remote_ends_with_2_and_one_line(tmp_path):
    with process(tmp_path, "--host", "0.0.0.0") as (running, _):
        _, errors = running.communicate(timeout=20)
    assert running.returncode == 2
    assert errors == "readingroom: 0.0.0.0 can be reached from other machines. Serve on 127.0.0.1, or say --remote.\n"


def test_help_names_what_it_takes():
    told = CliRunner().invoke(app, ["serve", "--help"]).output
    for option in ("--port", "--host", "--no-browser", "--remote", "--token-file", "--name"):
        assert option in told


def test_a_port_that_is_taken_is_told(page, tmp_path):
    settings = load_settings(home=tmp_path / "home", config=tmp_path / "config")
    port = int(page.base.rpartition(":")[2])
    with pytest.raises(BadRequest, match="cannot be served"):
        Front(settings, port=port)
