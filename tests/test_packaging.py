"""The links, the package list and the folders say the same; what the package promises by name is there."""

import tomllib
from pathlib import Path

import readingroom

REPO = Path(__file__).resolve().parent.parent
ROOMS = ("agents", "tools", "prompts", "workflows")


def test_every_link_points_at_its_room():
    for room in ROOMS:
        link = REPO / "readingroom" / room
        assert link.is_symlink(), room
        assert link.resolve() == REPO / room


def test_packages_are_the_folders_that_hold_an_init():
    held = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["setuptools"]
    inside = {"readingroom": REPO / "readingroom"} | {f"readingroom.{room}": REPO / room for room in ROOMS}
    found = set()
    for name, folder in inside.items():
        for init in folder.rglob("__init__.py"):
            parts = init.parent.relative_to(folder).parts
            if not any((folder.joinpath(*parts[: i + 1])).is_symlink() for i in range(len(parts))):
                found.add(".".join((name, *parts)))
    assert set(held["packages"]) == found


def test_every_data_file_of_the_rooms_is_packed():
    held = tomllib.loads((REPO / "pyproject.toml").read_text())["tool"]["setuptools"]
    for package, patterns in held["package-data"].items():
        parts = package.split(".")[1:]
        folder = REPO.joinpath(*parts) if parts and parts[0] in ROOMS else REPO.joinpath("readingroom", *parts)
        for pattern in patterns:
            assert any(folder.glob(pattern)), f"{package}: nothing matches {pattern}"


def test_public_names_exist():
    assert [name for name in readingroom.__all__ if not hasattr(readingroom, name)] == []
