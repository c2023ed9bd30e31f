"""The command `ask`: one question about a study, or about a finished report."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from readingroom.later import Later
from readingroom.lazy import room

if TYPE_CHECKING:
    from readingroom import questions, show_answer
    from readingroom.workflows import question
else:
    questions = Later("readingroom.questions")
    show_answer = Later("readingroom.show_answer")
    question = Later("readingroom.workflows.question")

Question = Annotated[str, typer.Argument(help='In your own words: "What is the CTR?", "why F2?"')]
Images = Annotated[
    list[Path] | None, typer.Argument(help="The study; leave it out to ask about a finished report with --run.")
]


def ask(
    asked: Question,
    images: Images = None,
    prior: Annotated[list[Path] | None, typer.Option(help="A prior image of the same patient.")] = None,
    lateral: Annotated[list[Path] | None, typer.Option(help="The lateral view.")] = None,
    run: Annotated[str | None, typer.Option(help='The finished run it is about; "last" is the newest draft.')] = None,
    modality: Annotated[str | None, typer.Option(help="State it: x_ray, ct, mr, ultrasound ...")] = None,
    anatomy: Annotated[str | None, typer.Option(help="State it: chest, brain, skin, retinal ...")] = None,
    plan: Annotated[bool, typer.Option("--plan", help="Only show the plan; nothing is carried out.")] = False,
    approve: Annotated[bool, typer.Option("--approve", help="Show the plan and wait for a yes.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the files of a drafted report.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Answer one question; exit 1 where it was not answered whole, or what is told is not clean."""
    the_room = room.ReadingRoom()
    words: dict[str, Any] = {"stated": _stated(modality, anatomy)}
    if plan:
        show_answer.show_plan(questions.plan_of(the_room, asked, images, prior=prior, run=run, **words), json)
        return
    with show_answer.telling(quiet=json) as tell:
        heard, approval = show_answer.asking(tell)
        ways = question.Ways(approve=approval if approve else None, tell=heard)
        reply = the_room.wait_for(
            questions.ask_room(
                the_room, asked, images, prior=prior, lateral=lateral, run=run, ways=ways, listen=None, **words
            )
        )
    show_answer.show_answer(reply.answer, json)
    paths = reply.save(out or the_room.settings.home / "reports" / reply.answer.run)
    if not json:
        for path in paths:
            sys.stdout.write(f"{path.resolve()}\n")
    if not reply.answer.clean:
        raise typer.Exit(1)


def _stated(modality: str | None, anatomy: str | None) -> dict[str, str]:
    given = {"modality": modality, "anatomy": anatomy.lower() if anatomy else None}
    return {name: value for name, value in given.items() if value is not None}
