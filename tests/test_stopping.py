"""How a call ends that a signal may stop; SIGTERM itself is sent in test_kill.py."""

from __future__ import annotations

import asyncio

import pytest

from readingroom.stopping import run_stoppable


def test_a_result_is_never_spelled_out():
    """A study's pixels cost time, and have no place in any text."""

    spelled = []

    class Pixels:
        def __repr__(self):
            spelled.append(self)
            return "pixels"

    async def made():
        return Pixels()

    found = run_stoppable(made())
    assert isinstance(found, Pixels)
    assert spelled == []


def test_what_cancels_itself_is_no_stop_of_ours():
    async def cancelled():
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        run_stoppable(cancelled())
