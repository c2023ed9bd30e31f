"""A room over a backend that counts its calls, with a film and a prior one to read."""

from pathlib import Path

from benchmarks.quick_backend import quick_room, write_film

FILM = {"modality": "x_ray", "anatomy": "chest", "view": "PA"}


class House:
    """A room over the quick backend, with a film and a prior one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "calls"
        self.log.touch()
        self.film = write_film(folder / "film.png", 1)
        self.prior = write_film(folder / "prior.png", 2)
        self.room = quick_room(folder, self.log)

    @property
    def calls(self) -> list[str]:
        return self.log.read_text().splitlines()

    def draft(self, **named):
        return self.room.draft_sync(self.film, **{"prior": self.prior, "stated": FILM, **named})

    def resume(self, run: str = "last"):
        return self.room.wait_for(self.room.resume(run))

    def replay(self, run: str = "last"):
        return self.room.wait_for(self.room.replay(run))
