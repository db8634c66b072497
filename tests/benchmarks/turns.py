"""How long the turns of an event loop take: from what woke it to when it waits again."""

from __future__ import annotations

import asyncio
import selectors
import time
from typing import Final

SLOW_S: Final = 0.02
"""No turn may take longer (the issue's number)."""


class TimedSelector(selectors.DefaultSelector):
    """Takes the time between two waits. Processor time of the thread: a busy machine is not the loop's fault."""

    def __init__(self) -> None:
        super().__init__()
        self._woke_s: float | None = None
        self.longest_s = 0.0
        self.slow = 0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self._woke_s is not None:
            took_s = time.thread_time() - self._woke_s
            self.longest_s = max(self.longest_s, took_s)
            self.slow += took_s > SLOW_S
        ready = super().select(timeout)
        self._woke_s = time.thread_time()
        return ready

    def reset(self) -> None:
        self.longest_s, self.slow = 0.0, 0

    def make_loop(self) -> asyncio.AbstractEventLoop:
        return asyncio.SelectorEventLoop(self)
