"""Streams under a limit: whole, in order, and let go when the limit is."""

from __future__ import annotations

import asyncio

from vaultsync.model.ids import NodeId
from vaultsync.transport.limited import PIECE, LimitedEndpoint, Limits
from vaultsync.transport.memory import MemoryNetwork

ONE, OTHER = NodeId(bytes(32)), NodeId(bytes([1]) * 32)


async def test_data_streams_wait_and_control_streams_do_not() -> None:
    network, limits = MemoryNetwork(), Limits()
    one = LimitedEndpoint(network.endpoint(ONE), limits)
    other = network.endpoint(OTHER)
    near = await one.connect(OTHER, other.addresses[0])
    far = await other.accept()
    limits.sending.limit(1)

    control, _ = await near.open_stream()
    await control.write(b"hello" * 1000)
    _, heard = await far.accept_stream()
    assert await heard.read_exactly(5000) == b"hello" * 1000

    data = bytes(range(256)) * (2 * PIECE // 256)
    stream = await near.open_send_stream()
    writing = asyncio.create_task(stream.write(data))
    _, incoming = await far.accept_stream()
    assert await incoming.read_exactly(PIECE) == data[:PIECE]
    for _ in range(100):
        await asyncio.sleep(0)
    assert not writing.done(), "the second piece would have to wait for hours"
    limits.sending.limit(0)
    assert await incoming.read_exactly(PIECE) == data[PIECE:]
    await writing


async def test_a_reader_under_a_limit_gets_everything_in_order() -> None:
    network, limits = MemoryNetwork(), Limits()
    one = network.endpoint(ONE)
    other = LimitedEndpoint(network.endpoint(OTHER), limits)
    near = await one.connect(OTHER, other.addresses[0])
    far = await other.accept()
    limits.receiving.limit(50_000_000)
    data = bytes(range(256)) * 1000
    stream = await near.open_send_stream()

    async def write() -> None:
        await stream.write(data)
        await stream.finish()

    writing = asyncio.create_task(write())
    sender, incoming = await far.accept_stream()
    assert sender is None
    found = await incoming.read_exactly(100)
    while piece := await incoming.read(1 << 20):
        assert len(piece) <= PIECE
        found += piece
    assert found == data
    await writing
