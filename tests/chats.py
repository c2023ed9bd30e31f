"""A room over a backend that counts its calls, with films of two patients whose names must not turn up anywhere."""

from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace

import pydicom

from benchmarks.quick_backend import quick_room
from readingroom.chat import Means, begin_chat, resume_chat
from readingroom.phantoms.chest import ChestImage, make_chest
from readingroom.phantoms.dicom import write_chest
from readingroom.phantoms.parameters import ChestPhantom

NAME, NUMBER, OTHER = "Zzyzxcanary", "QQ987654321", "Otherpatientcanary"


@cache
def drawn(seed: int) -> ChestImage:
    """Drawing takes longer than all else that a test does."""
    return make_chest(ChestPhantom(seed=seed, spacing_mm=2.0))


def film(folder: Path, seed: int, name: str, number: str) -> Path:
    """A phantom's film in the name of a patient, the name in its path, too."""
    path = write_chest(drawn(seed), folder / f"{name}{seed}")
    header = pydicom.dcmread(path)
    header.PatientName, header.PatientID = f"{name}^Jane", number
    header.save_as(path)
    return path


class Planners:
    """Stands where a room's staff stands: every turn is planned as `plan_in` says of its run."""

    def __init__(self, plan_in) -> None:
        self._plan_in = plan_in

    def at(self, trace, *, again=False):
        del again

        async def settled_answer(answer, study, request):
            return answer

        planner = self._plan_in(trace)
        return SimpleNamespace(
            ways=lambda ways: replace(ways, planner=planner),
            lent=lambda ways, study, request: nullcontext(ways),
            settled_answer=settled_answer,
        )

    async def aclose(self) -> None:
        """There is nothing open."""


class Chats:
    """A room, its films, and chats about them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "calls"
        self.log.touch()
        self.film = film(folder, 1, NAME, NUMBER)
        self.earlier = film(folder, 2, NAME, NUMBER)
        self.stranger = film(folder, 3, OTHER, "QQ1")
        self.room = quick_room(folder, self.log)

    @property
    def calls(self) -> list[str]:
        return [line.split()[0] for line in self.log.read_text().splitlines()]

    def begin(self, *paths, **named):
        means = Means(**{key: named.pop(key) for key in Means.__dataclass_fields__ if key in named})
        return begin_chat(self.room, paths or self.film, means=means, **named)

    def resume(self, name="last", **named):
        return resume_chat(self.room, name, **named)

    def ask(self, chat, question, tell=None):
        return self.room.wait_for(chat.ask(question, *([tell] if tell else [])))

    def kept(self) -> bytes:
        """All that stays on disk, but for the private file of where a chat's sources are."""
        data = self.folder / "data"
        return b"".join(path.read_bytes() for path in sorted(data.rglob("*")) if path.is_file()
                        and path.parent.name not in ("chats", "unfinished"))  # fmt: skip
