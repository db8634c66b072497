"""An event loop on which whole nodes run from one seed: time jumps, and worker threads are steps of the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from random import Random
from typing import Any, Final

from tests.support.clock import VirtualClockLoop

WORK_TAKES_S: Final = (0.0, 0.0, 0.0002, 0.001, 0.004, 0.02)
MOMENT_S: Final = 1e-7


class InlineLoop(VirtualClockLoop):
    """What is given to a worker happens a little later, whole, in its turn: nothing else runs meanwhile."""

    def __init__(self, random: Random) -> None:
        super().__init__()
        self._random = random
        self._free_at_s: dict[Executor, float] = {}

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        future: asyncio.Future[Any] = self.create_future()
        at_s = self.time() + self._random.choice(WORK_TAKES_S)
        if executor is not None:
            # Each of the product's own workers is one thread; timers of one moment would come in any order.
            at_s = self._free_at_s[executor] = max(at_s, self._free_at_s.get(executor, 0.0) + MOMENT_S)

        def work() -> None:
            if future.cancelled():
                return
            try:
                result = func(*args)
            except BaseException as error:  # noqa: BLE001 (whoever waits for it is to have it)
                future.set_exception(error)
            else:
                future.set_result(result)

        self.call_at(at_s, work)
        return future
