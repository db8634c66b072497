"""Datagrams as large as the path takes, over a relay that loses what is larger."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator

import pytest

from tests.integration.transport.test_quic_paths import Relay, front
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic import QuicEndpoint, QuicSettings, listen
from vaultsync.transport.quic.connection import QuicPeerConnection
from vaultsync.transport.quic.pathsize import TRIES

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="fragments are forbidden on Linux only")

BASE = 1_232
SETTINGS = QuicSettings(loopback_datagram_size=BASE)
PATIENCE_S = 20.0


class Narrow(Relay):
    """Takes datagrams of up to `mtu` bytes."""

    mtu = 65_000
    swallowed = 0

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        if self._fits(data):
            super().datagram_received(data, addr)

    def backward(self, data: bytes) -> None:
        if self._fits(data):
            super().backward(data)

    def _fits(self, data: bytes) -> bool:
        self.swallowed += len(data) > self.mtu
        return len(data) <= self.mtu


Ends = tuple[QuicEndpoint, QuicEndpoint]


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    dialer = await listen(Identity.generate(), host="127.0.0.1", settings=SETTINGS)
    acceptor = await listen(Identity.generate(), host="127.0.0.1", settings=SETTINGS)
    yield dialer, acceptor
    await dialer.close()
    await acceptor.close()


@pytest.fixture
async def relay(ends: Ends) -> AsyncIterator[Narrow]:
    relay = Narrow(ends[1].addresses[0])
    await relay.open()
    yield relay
    relay.close()


async def connected(ends: Ends, relay: Narrow) -> tuple[QuicPeerConnection, QuicPeerConnection]:
    near = await ends[0].connect(ends[1].node_id, front(relay))
    return near, await ends[1].accept()


async def reach(connection: QuicPeerConnection, size: int) -> None:
    """Exchange pings until datagrams are of that size."""
    async with asyncio.timeout(PATIENCE_S):
        while connection.quic.datagram_size != size:
            assert await connection.probe(PATIENCE_S)


async def carry(near: QuicPeerConnection, far: QuicPeerConnection, size: int) -> None:
    data = random.Random(size).randbytes(size)
    sending = await near.open_send_stream()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sending.write(data))
        _, receiving = await far.accept_stream()
        assert await receiving.read_exactly(size) == data


@pytest.mark.parametrize("mtu", [1_372, 1_452, 8_952])
async def test_both_sides_find_what_the_path_takes(ends: Ends, relay: Narrow, mtu: int) -> None:
    relay.mtu = mtu
    sides = await connected(ends, relay)
    for side in sides:
        await reach(side, mtu)
    await carry(*sides, 300_000)
    assert [side.quic.datagram_size for side in sides] == [mtu, mtu]


async def test_lost_probes_slow_nothing_down(ends: Ends, relay: Narrow) -> None:
    relay.mtu = 1_452
    near, far = await connected(ends, relay)
    await reach(near, 1_452)
    async with asyncio.timeout(PATIENCE_S):
        while relay.swallowed < 2 * TRIES:  # each side gives the next size up
            assert await near.probe(PATIENCE_S)
    assert near.quic._loss.congestion_window >= 10 * BASE
    await carry(near, far, 300_000)


async def test_a_path_that_becomes_narrower_is_noticed(ends: Ends, relay: Narrow) -> None:
    near, far = await connected(ends, relay)
    await reach(near, 8_952)
    relay.mtu = 1_300
    async with asyncio.timeout(PATIENCE_S):
        await carry(near, far, 300_000)
    assert near.quic.datagram_size == BASE


async def test_a_device_that_moves_begins_small_again(ends: Ends, relay: Narrow) -> None:
    near, _ = await connected(ends, relay)
    await reach(near, 8_952)
    relay.mtu = 1_452
    near.moved()
    assert near.quic.datagram_size == BASE
    await reach(near, 1_452)


async def test_another_path_is_searched_anew(ends: Ends, relay: Narrow) -> None:
    near, far = await connected(ends, relay)
    await reach(far, 8_952)
    relay.mtu = 1_452
    await relay.move()
    await carry(near, far, 50_000)
    await reach(far, 1_452)
