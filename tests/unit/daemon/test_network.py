"""The network monitor, on a virtual clock and with a network made of a set."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.clock import elapsed_s, on_virtual_clock
from vaultsync.daemon.network import POLL_S, NetworkChange, NetworkMonitor, local_addresses


class Machine:
    def __init__(self) -> None:
        self.addresses = frozenset({"eth0 192.0.2.7"})
        self.asleep_s = 0.0
        self.changes: asyncio.Queue[NetworkChange] = asyncio.Queue()
        self.monitor = NetworkMonitor(
            self.changes.put, addresses=lambda: self.addresses, wall_s=self.wall_s, system_tells=False
        )

    def wall_s(self) -> float:
        return 1.8e9 + elapsed_s() + self.asleep_s


@on_virtual_clock
async def test_another_address_is_noticed_within_two_seconds() -> None:
    machine = Machine()
    running = asyncio.create_task(machine.monitor.run())
    await asyncio.sleep(100)
    assert machine.changes.empty()
    machine.addresses = frozenset({"wlan0 198.51.100.3"})
    changed_s = elapsed_s()
    assert await machine.changes.get() == NetworkChange(addresses=True)
    assert elapsed_s() - changed_s <= POLL_S
    await asyncio.sleep(100)
    assert machine.changes.empty(), "one change is told once"
    running.cancel()


@on_virtual_clock
async def test_sleep_is_noticed_by_the_wall_clock_and_a_corrected_clock_is_not_sleep() -> None:
    machine = Machine()
    running = asyncio.create_task(machine.monitor.run())
    await asyncio.sleep(11)
    machine.asleep_s += 3600
    assert await machine.changes.get() == NetworkChange(slept=True)
    machine.asleep_s += 2
    machine.asleep_s -= 500
    await asyncio.sleep(100)
    assert machine.changes.empty()
    running.cancel()


@on_virtual_clock
async def test_addresses_are_looked_at_once_a_minute_where_the_system_tells_and_at_once_when_it_does() -> None:
    looks: list[float] = []

    def addresses() -> frozenset[str]:
        looks.append(elapsed_s())
        return frozenset({"eth0 192.0.2.7"})

    tells = asyncio.Event()

    class Told(NetworkMonitor):
        @asynccontextmanager
        async def _hints(self) -> AsyncIterator[bool]:
            self._hint = tells
            yield True

    machine = Machine()
    running = asyncio.create_task(Told(machine.changes.put, addresses=addresses, wall_s=machine.wall_s).run())
    await asyncio.sleep(59)
    assert len(looks) == 1, "the one at its start"
    await asyncio.sleep(50)
    assert len(looks) == 2, "a system may promise to tell and never do"
    tells.set()
    assert await machine.changes.get() == NetworkChange(links=True)
    assert len(looks) == 3
    machine.asleep_s += 3600
    assert await machine.changes.get() == NetworkChange(slept=True)
    assert len(looks) == 4
    running.cancel()


async def test_the_real_addresses_have_no_loopback() -> None:
    assert not any("127.0.0.1" in entry or entry.endswith(" ::1") for entry in local_addresses())
    told: asyncio.Queue[NetworkChange] = asyncio.Queue()
    running = asyncio.create_task(NetworkMonitor(told.put).run())
    await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
