"""An event loop on a virtual clock: when nothing is left to do, time jumps to the next timer.

A test of hours runs in milliseconds, and always the same way. While a worker thread is busy time stands still, so
that databases behave as if they took none.
"""

from __future__ import annotations

import asyncio
import functools
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, ParamSpec

P = ParamSpec("P")


class _JumpingSelector(selectors.DefaultSelector):
    """Asks the real selector without waiting, and moves the clock instead."""

    loop: VirtualClockLoop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is not None and timeout <= 0:
            return super().select(0)
        if self.loop.busy_threads:
            return super().select(None)
        events = super().select(0)
        if events:
            return events
        if timeout is None:
            raise RuntimeError("nothing will ever happen: no timer, no thread, no ready task")
        self.loop.now_s += timeout
        return []


class VirtualClockLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        selector = _JumpingSelector()
        selector.loop = self
        self.now_s = 0.0
        self.busy_threads = 0
        super().__init__(selector)

    def time(self) -> float:
        return self.now_s

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        self.busy_threads += 1
        future = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._thread_done)
        return future

    def _thread_done(self, _: asyncio.Future[Any]) -> None:
        self.busy_threads -= 1


def on_virtual_clock(test: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """Run an async test on a `VirtualClockLoop`."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=VirtualClockLoop) as runner:
            runner.run(test(*args, **kwargs))

    return run


def elapsed_s() -> float:
    """Virtual seconds since the test began."""
    return asyncio.get_running_loop().time()
