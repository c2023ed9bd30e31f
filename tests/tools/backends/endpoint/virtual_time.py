"""An event loop whose clock stands still while anything happens and jumps to the next timer when nothing does.

Client and server run in the same loop over real sockets of the loopback, so waits of minutes pass in milliseconds and
what happened when is exact.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any


class _Selector(selectors.DefaultSelector):
    """Looks for what is ready; where nothing is, the loop's clock moves instead of the wall's."""

    def __init__(self, settle: float) -> None:
        super().__init__()
        self.now = 0.0
        self.settle = settle

    def select(self, timeout=None):
        ready = super().select(0)
        if not ready and timeout != 0:
            ready = super().select(self.settle if timeout is not None else 30)
            assert ready or timeout is not None, "everything waits for something that never comes"
        if not ready and timeout:
            self.now += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """`settle`: real seconds that bytes on the loopback may take; 0 where no socket is used."""

    def __init__(self, settle: float = 0.002) -> None:
        self._virtual = _Selector(settle)
        super().__init__(self._virtual)

    def time(self):
        return self._virtual.now

    def run_in_executor(self, executor, func, *args):
        """At once, in this thread: the clock would jump over a thread."""
        future = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001  # whatever it is, the one who waits gets it
            future.set_exception(error)
        return future


def run(main: Coroutine[Any, Any, Any], settle: float = 0.002) -> Any:
    """Like asyncio.run, in virtual time."""
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(settle)) as runner:
        return runner.run(main)
