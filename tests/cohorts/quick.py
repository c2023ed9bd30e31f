"""A cohort of small films over a backend that counts its calls, for the tests of this folder."""

import asyncio
from pathlib import Path

from benchmarks.quick_backend import QuickServing, quick_room, write_film
from readingroom.cohorts import How, Options, run_cohort

STATED = {"modality": "x_ray", "anatomy": "chest", "view": "PA"}
REPORT = Options(workflow="report", words={"stated": STATED}, formats=("json",))


def films(folder: Path, count: int, start: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for seed in range(start, start + count):
        write_film(folder / f"f{seed:02d}.png", seed)
    return folder


class Place:
    """One folder with films, a room, and what the backend was asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.films = folder / "films"
        self.calls_file = folder / "calls"
        self.room = quick_room(folder, self.calls_file)

    def run(self, out="out", given=None, manifest=None, serving=None, **how):
        if serving is not None:
            self.room.serving = serving
        return asyncio.run(
            run_cohort(self.room, manifest or self.films, given or REPORT, self.folder / out, how=How(**how))
        )

    def calls(self) -> list[str]:
        """Since the last look."""
        lines = self.calls_file.read_text().splitlines() if self.calls_file.exists() else []
        self.calls_file.write_text("")
        return lines


__all__ = ["REPORT", "STATED", "Place", "QuickServing", "films"]
