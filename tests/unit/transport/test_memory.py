"""What the memory transport can do beyond the contract: cut, heal and drop links."""

from __future__ import annotations

import asyncio

import pytest

from vaultsync.errors import CloseCode, ConnectionLostError, UnreachableError
from vaultsync.model.ids import NodeId
from vaultsync.transport.base import Address
from vaultsync.transport.memory import MemoryConnection, MemoryEndpoint, MemoryNetwork

ONE, TWO, THREE = (NodeId(bytes([n]) * 32) for n in (1, 2, 3))


class Setup:
    def __init__(self) -> None:
        self.network = MemoryNetwork()
        self.one, self.two = self.network.endpoint(ONE), self.network.endpoint(TWO)

    async def connect(self) -> tuple[MemoryConnection, MemoryConnection]:
        near = await self.one.connect(TWO, self.two.addresses[0])
        return near, await self.two.accept()


@pytest.fixture
def setup() -> Setup:
    return Setup()


async def turns(count: int = 5) -> None:
    """Let everything that can go on do so; in memory nothing takes longer than a few turns."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_cut_link_holds_everything_and_healing_delivers_it_in_order(setup: Setup) -> None:
    near, far = await setup.connect()
    sending = await near.open_send_stream()
    await sending.write(b"before ")
    _, receiving = await far.accept_stream()
    setup.network.cut(ONE, TWO)
    await sending.write(b"during ")
    await sending.write(b"the cut")
    await sending.finish()
    await near.close(CloseCode.REMOVED, "bye")
    assert await receiving.read(100) == b"before "
    reading = asyncio.create_task(receiving.read(100))
    ending = asyncio.create_task(far.wait_closed())
    await turns()
    assert not reading.done()
    assert not ending.done()
    setup.network.heal(TWO, ONE)
    assert await reading == b"during the cut"
    assert await ending == (CloseCode.REMOVED, "bye", True)


async def test_a_cut_link_fails_dials_at_once(setup: Setup) -> None:
    setup.network.cut(ONE, TWO)
    with pytest.raises(UnreachableError):
        await setup.one.connect(TWO, setup.two.addresses[0])
    three = setup.network.endpoint(THREE)
    assert (await three.connect(TWO, setup.two.addresses[0])).peer == TWO
    setup.network.heal(ONE, TWO)
    await setup.connect()


async def test_a_cut_link_holds_the_writer_back(setup: Setup) -> None:
    near, far = await setup.connect()
    sending = await near.open_send_stream()
    setup.network.cut(ONE, TWO)
    writing = asyncio.create_task(sending.write(bytes(1 << 20)))
    await turns()
    assert not writing.done()
    assert near.bytes_sent == 512 << 10
    setup.network.heal(ONE, TWO)
    _, receiving = await far.accept_stream()
    assert len(await receiving.read_exactly(1 << 20)) == 1 << 20
    await writing


async def test_a_dropped_link_is_a_timeout_on_both_sides(setup: Setup) -> None:
    near, far = await setup.connect()
    other = await setup.network.endpoint(THREE).connect(TWO, setup.two.addresses[0])
    sending = await near.open_send_stream()
    setup.network.cut(ONE, TWO)
    await sending.write(b"never seen")
    setup.network.drop(ONE, TWO)
    for side in (near, far):
        code, _, by_peer = await side.wait_closed()
        assert (code, by_peer) == (CloseCode.TIMEOUT, False)
    with pytest.raises(ConnectionLostError):
        await far.accept_stream()
    setup.network.heal(ONE, TWO)
    await other.open_stream()
    await setup.connect()


async def test_endpoints_have_names_or_get_one(setup: Setup) -> None:
    laptop = setup.network.endpoint(THREE, "laptop")
    assert laptop.addresses == (Address.parse("laptop:1"),)
    with pytest.raises(ValueError, match="laptop"):
        setup.network.endpoint(ONE, "laptop")
    await laptop.close()
    assert isinstance(setup.network.endpoint(THREE, "laptop"), MemoryEndpoint)


async def test_nothing_is_kept_of_streams_and_connections_that_are_over(setup: Setup) -> None:
    near, far = await setup.connect()
    for _ in range(10):
        sending = await near.open_send_stream()
        await sending.write(b"short")
        await sending.finish()
        _, receiving = await far.accept_stream()
        assert await receiving.read_exactly(5) == b"short"
    assert not near._halves
    assert not far._halves
    await near.close()
    assert not setup.network._connections
