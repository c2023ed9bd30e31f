"""The loop in which turns are worked at: beside the one that answers requests, so that neither waits for the other."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Gives = TypeVar("Gives")

MOST_THREADS = 8


class WorkLoop:
    """A thread with an event loop; what a tool computes runs in as many threads as there are processors.

    Plans of many turns come soon, for only what follows them waits for a processor.
    """

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threads = min(MOST_THREADS, max(2, os.cpu_count() or 2))
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix="reading")
        self.loop.set_default_executor(self._executor)
        self._thread = threading.Thread(target=self.loop.run_forever, name="work-loop", daemon=True)
        self._thread.start()

    def submit(self, work: Coroutine[Any, Any, Gives]) -> Future[Gives]:
        """From any thread; cancelling the future cancels the work."""
        return asyncio.run_coroutine_threadsafe(work, self.loop)

    async def wait_for(self, work: Coroutine[Any, Any, Gives]) -> Gives:
        """From another loop."""
        return await asyncio.wrap_future(self.submit(work))

    def close(self) -> None:
        """After the work has ended or was cancelled."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join()
        self._executor.shutdown(wait=True, cancel_futures=True)
        self.loop.close()
