"""What the tests of the record stand on: an empty store, and a room over a quick backend."""

import pytest

from readingroom.runs.store import Store
from tests.runs.house import House


@pytest.fixture
def store(tmp_path):
    return Store(tmp_path)


@pytest.fixture
def house(tmp_path):
    return House(tmp_path)
