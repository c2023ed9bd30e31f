"""The command `chat`: questions about one study, in turn."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from readingroom.errors import BadRequest
from readingroom.later import Later
from readingroom.lazy import room

if TYPE_CHECKING:
    from readingroom import chat as chats
    from readingroom import chat_store, chat_terminal
else:
    chats = Later("readingroom.chat")
    chat_store = Later("readingroom.chat_store")
    chat_terminal = Later("readingroom.chat_terminal")

Images = Annotated[list[Path] | None, typer.Argument(help="The study; with --resume only where its files have moved.")]


def chat(
    images: Images = None,
    prior: Annotated[list[Path] | None, typer.Option(help="A prior image of the same patient.")] = None,
    lateral: Annotated[list[Path] | None, typer.Option(help="The lateral view.")] = None,
    resume: Annotated[str | None, typer.Option(help='Go on with a chat by its id; "last" is the newest.')] = None,
    modality: Annotated[str | None, typer.Option(help="State it: x_ray, ct, mr, ultrasound ...")] = None,
    anatomy: Annotated[str | None, typer.Option(help="State it: chest, brain, skin, retinal ...")] = None,
    approve: Annotated[bool, typer.Option("--approve", help="Show each plan and wait for a yes.")] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the chats, newest first.")] = False,
    forget: Annotated[
        str | None, typer.Option(help="Keep no longer where a chat's files are; it cannot go on after that.")
    ] = None,
) -> None:
    """Ask about one study in turns; in a pipe one line in, its answer out. Exit 1 where a turn was not clean."""
    the_room = room.ReadingRoom()
    if listed:
        _list(chat_store.ChatStore(the_room.settings.home))
        return
    if forget:
        _forget(the_room, forget)
        return
    means = chats.Means(approve=chat_terminal.approval, approve_all=approve, telemetry=the_room.telemetry)
    if resume:
        found = chats.resume_chat(the_room, resume, paths=images, means=means)
    elif images:
        stated = {"modality": modality, "anatomy": anatomy.lower() if anatomy else None}
        given: dict[str, Any] = {name: value for name, value in stated.items() if value is not None}
        found = chats.begin_chat(the_room, images, prior=prior, lateral=lateral, stated=given, means=means)
    else:
        raise BadRequest("no images were given", do="Name the study, or go on with a chat: --resume last.")
    try:
        if resume and prior:
            found.compare_with(prior)
        clean = chat_terminal.Terminal(the_room, found).run()
    finally:
        found.close()
    if not clean:
        raise typer.Exit(1)


def _list(store: chat_store.ChatStore) -> None:
    for line in store.chats():
        sys.stdout.write(f"{line.id}  {line.begun}  {line.turns} turns\n")


def _forget(the_room: room.ReadingRoom, name: str) -> None:
    chats.forget_chat(the_room, name)
    sys.stdout.write("Forgotten; what was asked and answered is kept.\n")
