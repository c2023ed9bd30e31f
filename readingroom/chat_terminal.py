"""A chat as a terminal shows it, and as a pipe does: one line in, its answer out, the end at the end of input."""

from __future__ import annotations

import re
import readline
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from rich.console import Console

from readingroom.agents.events import Event, Said, Tell
from readingroom.chat import Chat
from readingroom.chat_course import Source, Turn
from readingroom.domain.evidence import Evidence
from readingroom.domain.measurement import Measurement
from readingroom.domain.plan import Plan
from readingroom.errors import BadRequest, ReadingRoomError, RecordError
from readingroom.exports.terminal import plain, print_report
from readingroom.room import ReadingRoom
from readingroom.show_answer import console_for, print_answer, print_plan, sends, telling
from readingroom.workflows.approval import Approval

PROMPT = "> "
COMMAND = re.compile(r"/\w*")

HELP = {
    "/evidence [E3]": "one evidence with its measurements and origin, or all of them",
    "/plan": "the last plan",
    "/draft": "draft a report of the study",
    "/report": "the last drafted report again",
    "/prior PATH": "compare with an earlier study of the same patient",
    "/history": "the questions so far",
    "/export DIR": "the last report in every format, and the chat as text",
    "/undo": "take back the last turn",
    "/help": "this list",
    "/quit": "end; `readingroom chat --resume` goes on later",
}


class Terminal:
    """One chat on standard input and output."""

    def __init__(self, room: ReadingRoom, chat: Chat) -> None:
        self._room, self._chat = room, chat
        self._console = console_for(errors=False)
        self._clean = True
        self._commands: dict[str, Callable[[str], None]] = {
            "/evidence": self._evidence,
            "/plan": lambda _: self._plan(),
            "/draft": lambda _: self._ask("Draft a report."),
            "/report": lambda _: print_report(self._console, self._chat.reading().report),
            "/prior": self._prior,
            "/history": lambda _: self._history(),
            "/export": self._export,
            "/undo": lambda _: self._undo(),
            "/help": lambda _: self._help(),
        }

    def run(self) -> bool:
        """Until /quit or the end of input. Whether every turn was answered cleanly. Raises RecordError."""
        self._greet()
        while (line := _line(PROMPT)) is not None:
            words = line.strip()
            if words.split(" ")[0] in ("/quit", "/exit"):
                break
            if words:
                self._safely(words)
        return self._clean

    def _greet(self) -> None:
        """On the other stream in a pipe, so that there each line is answered and nothing else is said."""
        there = self._console if self._console.is_terminal else console_for(errors=True)
        chat = self._chat
        there.print(plain("Research use only. Not a medical device. Answers are machine-written.", "yellow"))
        names = ", ".join(image.ref.name or image.ref.role for image in chat.study.images)
        there.print(plain(f"Chat {chat.id} about: {names}. /help lists the commands.", "dim"))
        for turn in chat.turns:
            _show_turn(there, turn)
            readline.add_history(turn.question)

    def _safely(self, words: str) -> None:
        """An error is one line, and the chat goes on; only where the record fails does it end."""
        try:
            name, _, rest = words.partition(" ")
            if not COMMAND.fullmatch(name):
                self._ask(words)
            elif name in self._commands:
                self._commands[name](rest.strip())
            else:
                raise BadRequest(f"there is no command {name[:40]}", do="/help lists them.")
        except RecordError:
            raise
        except ReadingRoomError as error:
            self._clean = False
            self._console.print(plain(f"readingroom: {error.line()}", "red"))
        except KeyboardInterrupt:
            self._clean = False
            self._console.print(plain("stopped; what was answered is kept", "yellow"))

    def _ask(self, words: str) -> None:
        told = {limit.text for turn in self._chat.turns if turn.answer for limit in turn.answer.limitations}
        with _streaming() as tell:
            turn = self._room.wait_for(self._chat.ask(words, tell))
        if turn.answer:
            self._clean = self._clean and turn.answer.clean
            new = tuple(limit for limit in turn.answer.limitations if limit.text not in told)
            print_answer(self._console, turn.answer.model_copy(update={"limitations": new}))

    def _evidence(self, name: str) -> None:
        if name:
            _print_evidence(self._console, self._chat.evidence(name))
            return
        for item in self._chat.course.ledger.values():
            self._console.print(plain(f"{item.id}  {item.summary}"))
        if not self._chat.course.ledger:
            self._console.print(plain("No evidence yet."))

    def _plan(self) -> None:
        plan = next((turn.plan for turn in reversed(self._chat.turns) if turn.plan), None)
        if plan is None:
            self._console.print(plain("Nothing was planned yet."))
        else:
            print_plan(self._console, plan)

    def _prior(self, path: str) -> None:
        if not path:
            raise BadRequest("no path was given", do="/prior PATH")
        self._chat.compare_with(Path(path.strip("\"'")).expanduser())
        self._console.print(plain("The prior is part of this chat now."))

    def _history(self) -> None:
        for turn in self._chat.turns:
            self._console.print(plain(f"{turn.number}. {turn.question}"))
        if not self._chat.turns:
            self._console.print(plain("Nothing was asked yet."))

    def _export(self, folder: str) -> None:
        if not folder:
            raise BadRequest("no folder was given", do="/export DIR")
        path = Path(folder.strip("\"'")).expanduser()
        written = self._chat.reading().save(path) if self._chat.course.drafted else ()
        for one in (*written, _transcript(self._chat, path)):
            self._console.print(plain(str(one.resolve())), soft_wrap=True)

    def _undo(self) -> None:
        taken = self._chat.undo()
        if taken is None:
            self._console.print(plain("There is nothing to take back."))
        elif isinstance(taken, Source):
            self._console.print(plain("Taken back: the prior."))
        else:
            self._console.print(plain(f"Taken back: {taken.question}"))

    def _help(self) -> None:
        for name, what in HELP.items():
            self._console.print(plain(f"{name:16} {what}"))


def _show_turn(console: Console, turn: Turn) -> None:
    console.print(plain(f"\n{PROMPT}{turn.question}", "bold"))
    if turn.answer:
        print_answer(console, turn.answer)
    else:
        console.print(plain(f"not answered: {turn.error}", "yellow"))


def _transcript(chat: Chat, folder: Path) -> Path:
    """The chat as text, for its reader alone."""
    path = folder / "chat.txt"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("w", encoding="utf-8") as file:
            path.chmod(0o600)
            console = Console(file=file, width=120, color_system=None, highlight=False)
            for turn in chat.turns:
                _show_turn(console, turn)
    except OSError as error:
        raise BadRequest(
            f"cannot be written ({error.strerror})", where=str(path), do="Choose another folder."
        ) from error
    return path


def _print_evidence(console: Console, item: Evidence) -> None:
    console.print(plain(f"{item.id}  {item.summary}", "bold"))
    for part in item.measurements:
        console.print(plain(f"  {_measured(part)}"))
    origin = item.origin
    by = f"{origin.model} {origin.model_version} ({origin.backend})"
    console.print(plain(f"  {item.presence} in {item.image_id}, by {origin.tool}: {by}", "dim"))
    if item.quality is not None:
        console.print(plain(f"  quality {item.quality:.2f}: {item.quality_reason}", "dim"))
    if item.derived_from:
        console.print(plain(f"  computed from {', '.join(item.derived_from)}", "dim"))


def _measured(part: Measurement) -> str:
    spread = f" (sd {part.spread})" if part.spread else ""
    return f"{part.title} {part.text}{spread}: {part.method}"


@contextmanager
def _streaming() -> Iterator[Tell]:
    """What `telling` says, and a model's words as they come."""
    console = console_for(errors=True)
    speaking = False
    with telling() as tell:

        def streamed(event: Event) -> None:
            nonlocal speaking
            if isinstance(event, Said):
                console.print(plain(event.text, "dim"), end="")
            elif speaking:
                console.print()
            speaking = isinstance(event, Said)
            tell(event)

        yield streamed
        if speaking:
            console.print()


async def approval(plan: Plan) -> Approval:
    """Yes, no, or yes without the steps named: "drop segment-frontal". The plan was shown already.

    Asked again until the word is understood; where nobody is there to give one, it is a no.
    """
    console = console_for(errors=True)
    ids = [step.id for step in plan.steps]
    console.print(plain(f"Steps: {', '.join(ids)}", "dim"))
    for sent in filter(None, map(sends, plan.steps)):
        console.print(plain(f"It would send: {sent}", "yellow"))
    while True:
        with _interruptible():
            try:
                said = _line("Carry out this plan? [y, n, drop STEP ...] ", errors=True)
            except KeyboardInterrupt:
                said = None
        words = (said or "n").replace(",", " ").split()
        if words[:1] and words[0].lower() in ("y", "yes"):
            return Approval(approved=True)
        if not words or words[0].lower() in ("n", "no"):
            return Approval(approved=False)
        if words[0].lower() == "drop" and words[1:] and set(words[1:]) <= set(ids):
            return Approval(approved=True, dropped=tuple(words[1:]))
        console.print(plain("Answer y, n, or drop with the ids of steps.", "yellow"))


def _line(prompt: str, *, errors: bool = False) -> str | None:
    """The next line of input, None at its end. The prompt is for terminals alone."""
    if not sys.stdin.isatty():
        return sys.stdin.readline() or None
    if errors:  # what is not the answer goes to the other stream
        sys.stderr.write(prompt)
        sys.stderr.flush()
        prompt = ""
    with suppress(EOFError):
        return input(prompt)
    return None


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C reaches a wait for input inside a running event loop, which would only take note of it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before: Callable[[int, FrameType | None], object] | int | None = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
