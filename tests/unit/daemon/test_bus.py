"""Events reach everybody who listens, in order; who is slow or late misses only what is no longer kept."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from vaultsync.daemon.bus import KEPT, EventBus
from vaultsync.daemon.events import ProvenInSync


def event(number: int) -> ProvenInSync:
    return ProvenInSync("vault", "peer", str(number))


async def take(listening: AsyncIterator[tuple[int, object]], count: int) -> list[int]:
    return [(await anext(listening))[0] for _ in range(count)]


async def test_every_listener_hears_every_event_once_and_in_order() -> None:
    bus = EventBus()
    heard = [asyncio.create_task(take(bus.listen(0), 6)) for _ in range(3)]
    for number in range(6):
        bus.emit(event(number))
        if number % 2:
            await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await asyncio.gather(*heard) == [[1, 2, 3, 4, 5, 6]] * 3


async def test_what_is_emitted_while_a_listener_is_busy_is_not_missed() -> None:
    bus = EventBus()
    listening = bus.listen(0)
    bus.emit(event(0))
    assert await take(listening, 1) == [1]
    bus.emit(event(1))
    other = asyncio.create_task(take(bus.listen(None), 1))
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        assert await take(listening, 1) == [2]
        bus.emit(event(2))
        assert await take(listening, 1) == [3]
        assert await other == [3]


async def test_who_comes_late_gets_what_is_kept() -> None:
    bus = EventBus()
    for number in range(KEPT + 10):
        bus.emit(event(number))
    assert await take(bus.listen(0), 2) == [11, 12]
    assert await take(bus.listen(KEPT + 8), 2) == [KEPT + 9, KEPT + 10]


async def test_a_listener_from_the_beginning_waits_where_nothing_has_happened_yet() -> None:
    bus = EventBus(first=1_000)
    heard = asyncio.create_task(take(bus.listen(0), 1))
    await asyncio.sleep(0)
    assert not heard.done()
    bus.emit(event(0))
    assert await heard == [1_000]
