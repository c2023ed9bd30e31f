"""One family of errors, one line each."""

import ast
from pathlib import Path

import pytest

from readingroom import errors


def family(kind):
    """The classes of errors.py itself; what a module refines for its own use is told under their names."""
    children = (child for child in kind.__subclasses__() if child.__module__ == errors.__name__)
    return [kind, *(found for child in children for found in family(child))]


def test_the_tree_in_the_docstring_is_the_tree():
    assert all(kind.__name__ in errors.__doc__ for kind in family(errors.ReadingRoomError))


@pytest.mark.parametrize("kind", family(errors.ReadingRoomError), ids=lambda kind: kind.__name__)
def test_an_error_is_one_line_that_says_what_where_and_what_to_do(kind):
    error = kind("has no\n pixels.", where="a.dcm", do="Give an image.")
    assert str(error) == error.line() == "a.dcm: has no pixels. Give an image."


MENDED = (
    "cli_category.py", "cli_reader_study.py", "cli_survival.py", "reader_study", "readers", "exports/canonical.py",
    "exports/docx.py", "web/house.py", "runs/store.py", "tools/adapters.py", "workflows/adapting.py",
    "workflows/survival.py",
)  # fmt: skip
"""Whose errors a person meets while giving files and options."""


def test_whoever_gives_a_file_or_an_option_is_told_what_to_do():
    """Every error of the user is raised with `do`."""
    package = Path(errors.__file__).parent
    paths = [
        path for name in MENDED for path in ((package / name).rglob("*.py") if "." not in name else [package / name])
    ]
    kinds = {kind.__name__ for kind in family(errors.BadInput)} | {"TooMuch"}
    silent = [
        f"{path.name}:{node.lineno}"
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in kinds
        and not any(word.arg in ("do", None) for word in node.keywords)
    ]  # fmt: skip
    assert len(paths) > len(MENDED)
    assert silent == []
