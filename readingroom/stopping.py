"""SIGTERM ends a call as Ctrl-C does: what is at work is cancelled, the run's record says so, and it can be resumed."""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

Answer = TypeVar("Answer")

TERMINATED = 128 + signal.SIGTERM
"""Exit status of a process that SIGTERM stopped: 143."""


def run_stoppable(answer: Coroutine[Any, Any, Answer]) -> Answer:
    """asyncio.run. Raises KeyboardInterrupt after SIGINT and SystemExit(143) after SIGTERM, when all is recorded.

    A handler for SIGTERM that is there already is left alone, and threads other than the first have none.
    """
    stopped: list[bool] = []
    ours = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL

    made: list[Answer] = []
    # Not handed to the task: Python 3.11.7 spells a task's result out, pixels and all, when it puts SIGINT back.

    async def watched() -> None:
        task = asyncio.current_task()

        def stop() -> None:
            stopped.append(True)
            if task:
                task.cancel()

        if ours:
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop)
        made.append(await answer)

    try:
        asyncio.run(watched())
    except asyncio.CancelledError:
        if stopped:
            raise SystemExit(TERMINATED) from None
        raise
    return made[0]
