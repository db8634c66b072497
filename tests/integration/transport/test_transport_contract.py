"""What every transport promises, tried on each."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable

import pytest

from vaultsync.errors import CloseCode, ConnectionLostError, UnreachableError, WrongPeerError
from vaultsync.model.ids import NodeId
from vaultsync.transport.base import Address, Connection, Endpoint, ReceiveStream, SendStream

MakeEndpoint = Callable[[], Awaitable[Endpoint]]
Pair = tuple[Connection, Connection]


async def read_all(stream: ReceiveStream) -> bytes:
    data = bytearray()
    while piece := await stream.read(1 << 16):
        data += piece
    return bytes(data)


async def write_all(stream: SendStream, data: bytes) -> None:
    await stream.write(data)
    await stream.finish()


async def test_both_sides_know_who_the_other_is(make_endpoint: MakeEndpoint) -> None:
    one, two = await make_endpoint(), await make_endpoint()
    near = await one.connect(two.node_id, two.addresses[0])
    far = await two.accept()
    assert (near.peer, near.dialed) == (two.node_id, True)
    assert (far.peer, far.dialed) == (one.node_id, False)
    assert near.address == two.addresses[0]
    assert far.address == one.addresses[0]


async def test_an_endpoint_dials_and_accepts_at_once(make_endpoint: MakeEndpoint) -> None:
    one, two = await make_endpoint(), await make_endpoint()
    there, back, at_two, at_one = await asyncio.gather(
        one.connect(two.node_id, two.addresses[0]),
        two.connect(one.node_id, one.addresses[0]),
        two.accept(),
        one.accept(),
    )
    assert (there.peer, at_two.peer) == (two.node_id, one.node_id)
    assert (back.peer, at_one.peer) == (one.node_id, two.node_id)


async def test_another_node_than_the_dialed_one_is_told_apart(make_endpoint: MakeEndpoint) -> None:
    one, two, meant = await make_endpoint(), await make_endpoint(), await make_endpoint()
    with pytest.raises(WrongPeerError, match=two.node_id.short):
        await one.connect(meant.node_id, two.addresses[0])
    # The acceptor never shows that attempt; the next real one comes first.
    await one.connect(two.node_id, two.addresses[0])
    accepted = await two.accept()
    stream, _ = await accepted.open_stream()
    await stream.write(b"still there")


async def test_nobody_at_the_address(make_endpoint: MakeEndpoint) -> None:
    one, gone = await make_endpoint(), await make_endpoint()
    address = gone.addresses[0]
    await gone.close()
    with pytest.raises(UnreachableError):
        await one.connect(gone.node_id, address)


async def test_bytes_both_ways_on_one_stream(pair: Pair) -> None:
    near, far = pair
    sending, receiving = await near.open_stream()
    await write_all(sending, b"question")
    answer, asked = await far.accept_stream()
    assert answer is not None
    assert await read_all(asked) == b"question"
    await write_all(answer, b"answer")
    assert await read_all(receiving) == b"answer"
    assert await receiving.read(10) == b""


async def test_the_acceptor_opens_streams_too(pair: Pair) -> None:
    near, far = pair
    await write_all(await far.open_send_stream(), b"news")
    back, receiving = await near.accept_stream()
    assert back is None
    assert await read_all(receiving) == b"news"


async def test_an_empty_stream_is_seen(pair: Pair) -> None:
    near, far = pair
    await (await near.open_send_stream()).finish()
    _, receiving = await far.accept_stream()
    assert await receiving.read(1) == b""


async def test_a_large_transfer_arrives_intact(pair: Pair) -> None:
    near, far = pair
    data = random.Random(7).randbytes(8 << 20)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write_all(await near.open_send_stream(), data))
        _, receiving = await far.accept_stream()
        received = tasks.create_task(read_all(receiving))
    assert received.result() == data
    assert near.bytes_sent >= len(data)
    assert far.bytes_received >= len(data)


async def test_read_exactly_spans_more_than_any_window(pair: Pair) -> None:
    near, far = pair
    data = random.Random(8).randbytes(3 << 20)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write_all(await near.open_send_stream(), data))
        _, receiving = await far.accept_stream()
        assert await receiving.read_exactly(4) == data[:4]
        assert await receiving.read_exactly(len(data) - 4) == data[4:]
        assert await receiving.read_exactly(0) == b""
        with pytest.raises(ConnectionLostError, match="2 bytes early"):
            await receiving.read_exactly(2)


async def test_many_streams_at_once_do_not_mix(pair: Pair) -> None:
    near, far = pair
    contents = {bytes([n]): random.Random(n).randbytes(50_000 + n) for n in range(40)}

    async def take() -> tuple[bytes, bytes]:
        _, receiving = await far.accept_stream()
        data = await read_all(receiving)
        return data[:1], data[1:]

    async with asyncio.TaskGroup() as tasks:
        for mark, content in contents.items():
            tasks.create_task(write_all(await near.open_send_stream(), mark + content))
        takers = [tasks.create_task(take()) for _ in contents]
    assert dict(taker.result() for taker in takers) == contents


async def test_short_streams_without_end(pair: Pair) -> None:
    near, far = pair

    async def send() -> None:
        for n in range(400):
            await write_all(await near.open_send_stream(), n.to_bytes(2, "big"))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(send())
        seen = []
        for _ in range(400):
            _, receiving = await far.accept_stream()
            seen.append(int.from_bytes(await read_all(receiving), "big"))
    assert sorted(seen) == list(range(400))


async def test_streams_that_nobody_accepts_hold_the_writer_back(pair: Pair) -> None:
    near, far = pair
    streams = [await near.open_send_stream() for _ in range(129)]
    for stream in streams[:128]:
        await write_all(stream, b"early")
    last = asyncio.create_task(write_all(streams[128], b"late"))
    for _ in range(128):
        _, receiving = await far.accept_stream()
        assert await read_all(receiving) == b"early"
    _, receiving = await far.accept_stream()
    assert await read_all(receiving) == b"late"
    await last


async def test_a_reader_that_stops_holds_the_writer_back(pair: Pair) -> None:
    near, far = pair
    stream = await near.open_send_stream()
    written = 0

    async def offer() -> None:
        nonlocal written
        for _ in range(64):
            await stream.write(bytes(1 << 20))
            written += 1
        await stream.finish()

    async with asyncio.TaskGroup() as tasks:
        offering = tasks.create_task(offer())
        _, receiving = await far.accept_stream()
        await receiving.read_exactly(1)
        # A second stream gets through, so the first one's standstill is its own.
        await write_all(await near.open_send_stream(), b"live")
        _, live = await far.accept_stream()
        assert await read_all(live) == b"live"
        assert not offering.done()
        assert written <= 4
        size = 1
        while piece := await receiving.read(1 << 20):
            size += len(piece)
    assert (written, size) == (64, 64 << 20)


async def test_a_reset_cuts_the_reader_off(pair: Pair) -> None:
    near, far = pair
    sending = await near.open_send_stream()
    await sending.write(b"half a ")
    _, receiving = await far.accept_stream()
    assert await receiving.read(100) == b"half a "
    reading = asyncio.create_task(receiving.read(100))
    sending.reset(CloseCode.BAD_FIELD)
    with pytest.raises(ConnectionLostError) as caught:
        await reading
    assert (caught.value.code, caught.value.by_peer) == (CloseCode.BAD_FIELD, True)
    with pytest.raises(ConnectionLostError):
        await sending.write(b"more")


async def test_a_stopped_stream_tells_the_writer(pair: Pair) -> None:
    near, far = pair
    sending = await near.open_send_stream()
    await sending.write(b"unwanted")
    _, receiving = await far.accept_stream()

    async def write_on() -> None:
        while True:
            await sending.write(bytes(1 << 18))

    writing = asyncio.create_task(write_on())
    receiving.stop(CloseCode.NOT_SHARED)
    with pytest.raises(ConnectionLostError) as caught:
        await writing
    assert (caught.value.code, caught.value.by_peer) == (CloseCode.NOT_SHARED, True)
    with pytest.raises(ConnectionLostError):
        await receiving.read(1)


async def test_abandoned_streams_do_not_eat_the_connection_window(pair: Pair) -> None:
    near, far = pair
    for n in range(40):
        sending = await near.open_send_stream()
        await sending.write(bytes(500_000))
        _, receiving = await far.accept_stream()
        await receiving.read_exactly(1)
        if n % 2:
            receiving.stop(CloseCode.NORMAL)
        sending.reset(CloseCode.NORMAL)
    data = random.Random(9).randbytes(1 << 20)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(write_all(await near.open_send_stream(), data))
        _, receiving = await far.accept_stream()
        assert await read_all(receiving) == data


@pytest.mark.parametrize("code", list(CloseCode))
async def test_close_codes_arrive_by_name(pair: Pair, code: CloseCode) -> None:
    near, far = pair
    await near.close(code, "because")
    assert await near.wait_closed() == (code, "because", False)
    assert await far.wait_closed() == (code, "because", True)


async def test_the_acceptor_closes_too_and_closing_twice_is_once(pair: Pair) -> None:
    near, far = pair
    await far.close(CloseCode.REMOVED, "ünïcode ✓")
    await far.close(CloseCode.INTERNAL, "too late")
    assert await near.wait_closed() == (CloseCode.REMOVED, "ünïcode ✓", True)
    assert await far.wait_closed() == (CloseCode.REMOVED, "ünïcode ✓", False)


async def test_a_reason_is_cut_and_cannot_steer_a_terminal(pair: Pair) -> None:
    near, far = pair
    await near.close(CloseCode.INTERNAL, "\x1b[2J" + "é" * 10_000)
    _, reason, _ = await far.wait_closed()
    assert reason.startswith(" [2Jéé")
    assert len(reason.encode()) <= 256


async def test_everybody_who_waits_hears_of_the_end(pair: Pair) -> None:
    near, far = pair
    sending, receiving = await near.open_stream()
    waiting = [
        asyncio.create_task(receiving.read(1)),
        asyncio.create_task(near.accept_stream()),
        asyncio.create_task(sending.write(bytes(16 << 20))),
    ]
    await far.accept_stream()
    await far.close(CloseCode.VERSION)
    for task in waiting:
        with pytest.raises(ConnectionLostError) as caught:
            await task
        assert (caught.value.code, caught.value.by_peer) == (CloseCode.VERSION, True)
    with pytest.raises(ConnectionLostError):
        await near.open_stream()
    with pytest.raises(ConnectionLostError):
        await near.open_send_stream()
    with pytest.raises(ConnectionLostError):
        await sending.finish()


async def test_what_came_before_the_peer_closed_can_be_read(pair: Pair) -> None:
    near, far = pair
    sending = await near.open_send_stream()
    await sending.write(b"goodbye")
    _, receiving = await far.accept_stream()
    assert await receiving.read(4) == b"good"
    await near.close()
    await far.wait_closed()
    assert await receiving.read(100) == b"bye"
    with pytest.raises(ConnectionLostError):
        await receiving.read(1)


async def test_closing_an_endpoint_ends_its_connections_and_waits(make_endpoint: MakeEndpoint) -> None:
    one, two = await make_endpoint(), await make_endpoint()
    near = await one.connect(two.node_id, two.addresses[0])
    far = await two.accept()
    waiting = asyncio.create_task(two.accept())
    await two.close()
    await two.close()
    assert await near.wait_closed() == (CloseCode.NORMAL, "", True)
    assert await far.wait_closed() == (CloseCode.NORMAL, "", False)
    with pytest.raises(ConnectionLostError):
        await waiting
    with pytest.raises(ConnectionLostError):
        await two.connect(one.node_id, one.addresses[0])
    assert two.addresses == ()


async def test_a_finished_stream_takes_no_more(pair: Pair) -> None:
    near, _ = pair
    stream = await near.open_send_stream()
    await stream.finish()
    await stream.finish()
    with pytest.raises(RuntimeError):
        await stream.write(b"more")


async def test_an_address_that_means_nothing(make_endpoint: MakeEndpoint) -> None:
    one = await make_endpoint()
    with pytest.raises(UnreachableError):
        await one.connect(NodeId(bytes(32)), Address("no-such-host.invalid", 9))
