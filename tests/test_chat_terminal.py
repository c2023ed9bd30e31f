"""`readingroom chat` as a user meets it: in a real terminal (a pty), in a pipe, stopped, and gone on with."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.quick_backend import QuickServing
from readingroom import room
from readingroom.agents.events import Said, Started
from readingroom.chat_terminal import _streaming
from tests.chats import NAME, OTHER, Chats
from tests.commands import ran

REPO = Path(__file__).resolve().parent.parent

CHILD = """
import fcntl
import sys
import termios
from pathlib import Path
from benchmarks.quick_backend import QuickServing
from readingroom import cli, room
from readingroom.cli_chat import chat
if sys.stdin.isatty():
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches it
seconds = float(sys.argv.pop(1))
room.Serving = lambda settings: QuickServing(Path("calls"), seconds)
if "chat" not in {one.name or one.callback.__name__ for one in cli.app.registered_commands}:
    cli.app.command()(chat)
sys.argv[0] = "readingroom"
cli.main()
"""


@pytest.fixture
def chats(tmp_path):
    return Chats(tmp_path)


def command(*words, seconds=0.0):
    return [sys.executable, "-c", CHILD, str(seconds), "chat", *map(str, words)]


def places(chats):
    return {"READINGROOM_HOME": str(chats.folder / "data"), "READINGROOM_CONFIG": str(chats.folder / "config")}


def environment(chats):
    return {**os.environ, **places(chats), "PYTHONPATH": str(REPO), "TERM": "xterm"}


def process(chats, lines, *words):
    """A pipe as a shell lays it."""
    return subprocess.run(
        command(*words), input=lines, cwd=chats.folder, env=environment(chats),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def piped(chats, lines, *words):
    """The same in this process: nothing of one call is left for the next but what is on disk."""
    with pytest.MonkeyPatch.context() as here:
        here.setattr(room, "Serving", lambda settings: QuickServing(Path("calls"), 0.0))
        words = ("chat", *map(str, words))
        return ran(*words, places=places(chats), stdin=lines, folder=chats.folder)


class Typist:
    """A person at a terminal: types a line when what it waits for has been shown."""

    def __init__(self, chats, *words, seconds=0.0):
        self.shown = ""
        self.at = 0
        """Up to here it was waited for; what came with it in one piece is still to be found."""
        self.end, other = pty.openpty()
        self.child = subprocess.Popen(
            command(*words, seconds=seconds), stdin=other, stdout=other, stderr=other, cwd=chats.folder,
            env=environment(chats), start_new_session=True,
        )  # fmt: skip
        os.close(other)

    def interrupts(self, text):
        """Ctrl-C, and again where it was not taken: readline can miss one that comes before it waits."""
        for _ in range(12):
            self.types("\x03")
            if self.sees(text, 4):
                return
        raise AssertionError(f"{text!r} was not shown: {self.shown!r}")

    def wait_for(self, text, seconds=45):
        assert self.sees(text, seconds), f"{text!r} was not shown: {self.shown!r}"

    def sees(self, text, seconds):
        until = time.monotonic() + seconds
        while (found := self.shown.find(text, self.at)) < 0:
            left = until - time.monotonic()
            if left <= 0 or self.child.poll() is not None:
                return False
            if select.select([self.end], [], [], left)[0]:
                self.shown += self._read()
        self.at = found + len(text)
        return True

    def _read(self):
        try:
            return os.read(self.end, 65536).decode(errors="replace")
        except OSError:  # the other end is closed
            return ""

    def types(self, text):
        os.write(self.end, text.encode())

    def ends(self):
        """Its exit status; all that it shows is read, or it could not end."""
        until = time.monotonic() + 30
        while self.child.poll() is None and time.monotonic() < until:
            if select.select([self.end], [], [], 0.05)[0]:
                self.shown += self._read()
        return self.child.wait(timeout=1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()
        os.close(self.end)


def test_in_a_pipe_each_line_is_answered_and_its_end_is_the_end(chats):
    done = process(chats, "Measure the heart\n\nwhy E2?\n/evidence e2\n", chats.film)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("✓ The heart has an area of ")
    assert "[E2]" in done.stdout
    assert "· E2 was computed from E1" in done.stdout
    assert "\n  computed from E1\n" in done.stdout
    assert "Plan" not in done.stdout
    assert "Chat c-" in done.stderr
    assert "✓ segment-frontal: 1 evidence" in done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    for word in (NAME, str(chats.folder)):
        assert word not in done.stdout + done.stderr


def test_the_same_history_after_an_end_and_an_export_of_it(chats):
    piped(chats, "Measure the heart\n", chats.film)
    done = piped(chats, "/history\n/plan\n/draft\n/undo\n/undo\n/history\n/export out\n", "--resume", "last")
    assert done.returncode == 1  # the quick backend's nodule is one nobody could confirm
    assert done.stdout.startswith("2. Measure the heart\nPlan (rules 1): measure\n")
    assert done.stdout.count("Taken back: ") == 2
    assert "Nothing was asked yet." in done.stdout
    assert "> Measure the heart\n✓ The heart has an area" in done.stderr
    assert [path.name for path in (chats.folder / "out").iterdir()] == ["chat.txt"]
    again = piped(chats, "Draft a report\n/report\n/export out\n", "--resume", "last")
    assert again.stdout.count("Chest radiograph, frontal") == 2
    names = sorted(path.name for path in (chats.folder / "out").iterdir())
    assert names == ["chat.txt", "report.html", "report.json", "report.md"]
    assert {path.stat().st_mode & 0o777 for path in (chats.folder / "out").iterdir()} == {0o600}
    assert "> Draft a report" in (chats.folder / "out" / "chat.txt").read_text()
    listed = piped(chats, "", "--list").stdout
    assert listed.startswith("c-")
    assert listed.endswith("3 turns\n")


def test_what_cannot_be_done_is_one_line_and_the_chat_goes_on(chats):
    lines = ["/bogus", "/evidence E9", "/export", f"/prior {chats.stranger}", f"compare with {chats.stranger}"]
    done = piped(chats, "\n".join([*lines, "/undo", "Measure the heart"]), chats.film)
    assert done.returncode == 1
    told = done.stdout.splitlines()
    assert told[0] == "readingroom: there is no command /bogus. /help lists them."
    assert told[1].startswith("readingroom: there is no evidence 'E9' here")
    assert told[2] == "readingroom: no folder was given. /export DIR"
    assert told[3] == told[4] == "readingroom: the prior image belongs to another patient. Give images of one patient."
    assert told[5] == "There is nothing to take back."
    assert told[6].startswith("✓ The heart has an area")
    assert OTHER not in done.stdout + done.stderr


def test_wrong_beginnings_are_one_line(chats):
    for words in ((), ("nothing.dcm",), ("--resume", "last"), (chats.film, "--prior", chats.stranger)):
        done = piped(chats, "", *words)
        assert done.returncode == 2
        assert done.stderr.startswith("readingroom: ")
        assert done.stderr.count("\n") == 1
    data = chats.folder / "data" / "chats"
    assert not data.exists() or list(data.iterdir()) == []


@pytest.mark.parametrize(("word", "calls"), [("y", ["segment"]), ("n", []), ("drop segment-frontal", []), ("", [])])
def test_approval_in_a_pipe(chats, word, calls):
    done = piped(chats, f"segment the heart\n{word}\n", chats.film, "--approve")
    assert chats.calls == calls
    assert ("was not approved" in done.stdout) == (not calls)
    assert ("The heart was outlined" in done.stdout) == bool(calls)


def test_a_models_words_are_shown_as_they_come(capsys):
    with _streaming() as tell:
        for event in (Said(agent="planner", text="The [bold]heart"), Said(agent="planner", text=" is \x1b[31mlarge")):
            tell(event)
        assert capsys.readouterr().err == "The [bold]heart is \N{REPLACEMENT CHARACTER}[31mlarge"
        tell(Started(step="segment-frontal", tool="segment"))
    assert capsys.readouterr().err == "\n… segment-frontal\n"


def test_a_session_in_a_terminal(chats):
    with Typist(chats, chats.film, "--approve") as typist:
        typist.wait_for("> ")
        typist.types("segment the heart and draft a report\n")
        typist.wait_for("drop STEP ...]")
        assert "1. segment right lung, left lung, heart" in typist.shown
        assert chats.calls == []
        typist.types("drop nothing-like-it\n")
        typist.wait_for("Answer y, n, or drop")
        typist.types("drop draft-findings\n")
        typist.wait_for("Checked:")
        assert chats.calls == ["segment"]
        typist.types("/history\n")
        typist.wait_for("2. segment the heart and draft a report")
        typist.types("/quit\n")
        assert typist.ends() in (0, 1)
    assert "Traceback" not in typist.shown
    assert NAME not in typist.shown


def test_ctrl_c_stops_a_turn_and_not_the_chat(chats):
    with Typist(chats, chats.film, seconds=60) as typist:
        typist.wait_for("> ")
        typist.types("segment the heart\n")
        typist.wait_for("… segment-frontal")
        while not chats.calls:
            time.sleep(0.02)
        typist.interrupts("stopped; what was answered is kept")
        typist.types("/plan\n")
        typist.wait_for("1. segment heart in img-1")
        typist.wait_for("> ")
        typist.types("\x04")
        assert typist.ends() == 1
    assert "Traceback" not in typist.shown
    again = chats.resume()
    assert [turn.error for turn in again.turns] == ["it was stopped"]
    assert chats.room.runs()[0].status == "interrupted"
    again.close()


def test_ctrl_c_at_the_approval_declines_it(chats):
    with Typist(chats, chats.film, "--approve") as typist:
        typist.wait_for("> ")
        typist.types("segment the heart\n")
        typist.wait_for("drop STEP ...]")
        typist.interrupts("was not approved")
        typist.types("/quit\n")
        assert typist.ends() == 1
    assert chats.calls == []


def test_a_killed_terminal_leaves_a_chat_that_goes_on(chats):
    with Typist(chats, chats.film, seconds=60) as typist:
        typist.wait_for("> ")
        typist.types("segment the heart\n")
        while not chats.calls:
            time.sleep(0.02)
        typist.child.send_signal(signal.SIGKILL)
        assert typist.ends() == -signal.SIGKILL
    done = piped(chats, "segment the heart\n", "--resume", "last")
    assert done.returncode == 0
    assert "not answered: it was cut off" in done.stderr
    assert "The heart was outlined" in done.stdout
