"""The instrument that counts long turns of an event loop."""

from __future__ import annotations

import asyncio
import time

from tests.benchmarks.turns import SLOW_S, TimedSelector


def burn(seconds: float) -> None:
    end_s = time.thread_time() + seconds
    while time.thread_time() < end_s:
        pass


async def three_turns(worst_s: float) -> None:
    for busy_s in (0.0, worst_s, 0.0):
        burn(busy_s)
        await asyncio.sleep(0)


def run(worst_s: float) -> TimedSelector:
    selector = TimedSelector()
    with asyncio.Runner(loop_factory=selector.make_loop) as runner:
        runner.run(asyncio.sleep(0))
        selector.reset()
        runner.run(three_turns(worst_s))
    return selector


def test_a_long_turn_is_counted_and_measured() -> None:
    selector = run(2 * SLOW_S)
    assert selector.slow == 1
    assert selector.longest_s >= 2 * SLOW_S


def test_reset_begins_anew() -> None:
    selector = run(2 * SLOW_S)
    selector.reset()
    assert (selector.slow, selector.longest_s) == (0, 0.0)
