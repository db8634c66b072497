"""Nodes that find each other by multicast on the loopback interface."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from vaultsync.errors import TransportError
from vaultsync.model.ids import NodeId
from vaultsync.transport.base import Address
from vaultsync.transport.discovery import Discovery

A, B = NodeId(b"\x01" * 32), NodeId(b"\x02" * 32)


class Sightings:
    def __init__(self) -> None:
        self.queue: asyncio.Queue[tuple[NodeId, tuple[str, ...]]] = asyncio.Queue()

    def __call__(self, node: NodeId, addresses: Sequence[str]) -> None:
        self.queue.put_nowait((node, tuple(addresses)))

    async def next(self) -> tuple[NodeId, tuple[str, ...]]:
        async with asyncio.timeout(20):
            return await self.queue.get()


@asynccontextmanager
async def announced(node: NodeId, port: int, found: Sightings) -> AsyncIterator[Discovery]:
    discovery = Discovery(node, found, interfaces=["127.0.0.1"])
    try:
        await discovery.start([Address("127.0.0.1", port)])
    except TransportError as error:
        pytest.skip(f"no multicast on the loopback interface: {error.message}")
    try:
        yield discovery
    finally:
        await discovery.stop()
        await discovery.stop()


async def test_two_nodes_find_each_other_and_notice_that_one_has_gone() -> None:
    seen_by_a, seen_by_b = Sightings(), Sightings()
    async with announced(A, 4001, seen_by_a):
        async with announced(B, 4002, seen_by_b):
            assert await seen_by_a.next() == (B, ("127.0.0.1:4002",))
            assert await seen_by_b.next() == (A, ("127.0.0.1:4001",))
        assert await seen_by_a.next() == (B, ())
    assert seen_by_a.queue.empty()
    assert seen_by_b.queue.empty()


async def test_nothing_but_id_and_port_is_announced() -> None:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

    async with announced(A, 4003, Sightings()):
        zeroconf = AsyncZeroconf(interfaces=["127.0.0.1"])
        try:
            info = AsyncServiceInfo("_vaultsync._udp.local.", f"{A}._vaultsync._udp.local.")
            assert await info.async_request(zeroconf.zeroconf, 5_000)
            assert (info.port, info.server, info.decoded_properties) == (4003, f"{A}.local.", {})
        finally:
            await zeroconf.async_close()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # zeroconf forgets its socket then
async def test_an_interface_that_is_not_there_is_an_error_in_words() -> None:
    discovery = Discovery(A, Sightings(), interfaces=["192.0.2.99"])
    with pytest.raises(TransportError, match="cannot be looked for"):
        await discovery.start([Address("127.0.0.1", 4001)])
    with pytest.raises(TransportError, match="no address"):
        await discovery.start([])
    gc.collect()
