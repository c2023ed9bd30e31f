"""A model held in memory: loaded once, at its first question, and asked one thing at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, TypeVar

Held = TypeVar("Held")
Answer = TypeVar("Answer")


class Loaded(Generic[Held]):
    """One thread that owns a model. A question waits its turn outside the thread; a cancelled one is never begun."""

    def __init__(self, load: Callable[[], Held]) -> None:
        self._load = load
        self._held: Held | None = None
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="local-model")

    async def run(self, work: Callable[[Held], Answer]) -> Answer:
        """`work` on the model. Raises what loading raises; a load that failed is tried again at the next question."""
        return await asyncio.get_running_loop().run_in_executor(self._worker, self._on_thread, work)

    def _on_thread(self, work: Callable[[Held], Answer]) -> Answer:
        if self._held is None:
            self._held = self._load()
        return work(self._held)
