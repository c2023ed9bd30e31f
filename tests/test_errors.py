"""One family of errors, one line each."""

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
