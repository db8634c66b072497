"""A peer that stops reading: what either side holds stays small, whatever is offered."""

from __future__ import annotations

import asyncio
import tracemalloc
from collections.abc import AsyncIterator

import pytest

from vaultsync.errors import CloseCode, ConnectionLostError
from vaultsync.transport.base import ReceiveStream, SendStream
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic import QuicSettings, listen
from vaultsync.transport.quic.connection import QuicPeerConnection

MIB = 1 << 20
OFFERED = 1024 * MIB
BOUND = 32 * MIB
"""Issue 2: memory stays under 32 MiB on both sides while 1 GiB is offered."""

Pair = tuple[QuicPeerConnection, QuicPeerConnection]


@pytest.fixture
async def pair() -> AsyncIterator[Pair]:
    one = await listen(Identity.generate(), host="127.0.0.1")
    two = await listen(Identity.generate(), host="127.0.0.1")
    near = await one.connect(two.node_id, two.addresses[0])
    yield near, await two.accept()
    await one.close()
    await two.close()


class Offer:
    """Writes `size` bytes and keeps count of what was taken."""

    def __init__(self, stream: SendStream, size: int) -> None:
        self.taken = 0
        self._stream = stream
        self._size = size

    async def run(self) -> None:
        block = bytes(256 << 10)
        while self.taken < self._size:
            await self._stream.write(block)
            self.taken += len(block)
        await self._stream.finish()


async def stands_still_at(far: QuicPeerConnection, unread: int) -> None:
    """Wait until the receiver holds exactly its window: more it may not, and a writer offers it."""
    while far.unread < unread:
        await asyncio.sleep(0.001)


async def test_one_gigabyte_offered_to_one_stream(pair: Pair) -> None:
    near, far = pair
    settings = QuicSettings()
    tracemalloc.start()
    try:
        offer = Offer(await near.open_send_stream(), OFFERED)
        writing = asyncio.create_task(offer.run())
        await stands_still_at(far, settings.stream_window)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    # Both sides live in this process: the sum is under the bound of one.
    assert peak < BOUND
    assert far.unread == settings.stream_window
    assert offer.taken <= settings.stream_window + settings.send_buffer
    assert not writing.done()
    await far.close(CloseCode.INTERNAL)
    with pytest.raises(ConnectionLostError):
        await writing


async def test_one_gigabyte_offered_to_many_streams(pair: Pair) -> None:
    near, far = pair
    settings = QuicSettings()
    tracemalloc.start()
    try:
        offers = [Offer(await near.open_send_stream(), OFFERED // 16) for _ in range(16)]
        writing = [asyncio.create_task(offer.run()) for offer in offers]
        await stands_still_at(far, settings.connection_window)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < BOUND
    assert far.unread == settings.connection_window
    assert sum(offer.taken for offer in offers) <= settings.connection_window + 16 * settings.send_buffer
    # The standstill is no deadlock: once there are readers, all of it arrives.
    for offer in offers:
        offer._size = offer.taken + MIB
    readers = [(await far.accept_stream())[1] for _ in offers]
    await asyncio.gather(*writing, *(read_to_end(reader) for reader in readers))


async def read_to_end(stream: ReceiveStream) -> int:
    size = 0
    while piece := await stream.read(MIB):
        size += len(piece)
    return size


async def test_streams_that_nobody_reads_do_not_stall_another(pair: Pair) -> None:
    near, far = pair
    settings = QuicSettings()
    stalled = settings.connection_window // settings.stream_window - 1
    writing = [asyncio.create_task(Offer(await near.open_send_stream(), OFFERED).run()) for _ in range(stalled)]
    for _ in range(stalled):
        await far.accept_stream()
    await stands_still_at(far, stalled * settings.stream_window)
    live = Offer(await near.open_send_stream(), 16 * MIB)
    writing.append(asyncio.create_task(live.run()))
    _, receiving = await far.accept_stream()
    assert await read_to_end(receiving) == 16 * MIB
    await far.close()
    await asyncio.gather(*writing, return_exceptions=True)


async def test_what_is_received_in_single_bytes_is_held_in_one_piece(pair: Pair) -> None:
    near, far = pair
    sending = await near.open_send_stream()
    tracemalloc.start()
    try:
        for _ in range(500):
            await sending.write(b"x")
            near.pump()
        _, receiving = await far.accept_stream()
        while far.unread < 500:
            await asyncio.sleep(0.001)
        held = tracemalloc.take_snapshot().filter_traces(
            [tracemalloc.Filter(True, "*/quic/streams.py"), tracemalloc.Filter(True, "*/quic/table.py")]
        )
    finally:
        tracemalloc.stop()
    assert sum(statistic.size for statistic in held.statistics("filename")) < 16_384
    assert await receiving.read_exactly(500) == b"x" * 500


async def test_a_live_edit_overtakes_bulk(pair: Pair) -> None:
    near, far = pair
    bulk = Offer(await near.open_send_stream(), 64 * MIB)
    writing = asyncio.create_task(bulk.run())
    _, receiving = await far.accept_stream()
    await receiving.read_exactly(MIB)
    live = await near.open_send_stream()
    await live.write(b"one line")
    await live.finish()
    accepting = asyncio.create_task(far.accept_stream())
    read = MIB
    while not accepting.done():
        read += len(await receiving.read(64 << 10))
    _, lively = await accepting
    assert await lively.read_exactly(8) == b"one line"
    # It waited for what was under way, not for the rest of the bulk.
    assert read < 8 * MIB
    receiving.stop(CloseCode.NORMAL)
    with pytest.raises(ConnectionLostError):
        await writing
