"""Paths that move, lose packets, fall silent or die, made with a relay between two endpoints."""

from __future__ import annotations

import asyncio
import random
import sys
from collections.abc import AsyncIterator

import pytest

from vaultsync.errors import CloseCode, ConnectionLostError, UnreachableError
from vaultsync.transport.base import Address
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic import QuicEndpoint, QuicSettings, listen

QUICK = QuicSettings(idle_timeout_s=0.4, keep_alive_s=0.05, dial_timeout_s=0.2, handshake_timeout_s=0.2)


class Relay(asyncio.DatagramProtocol):
    """Forwards between one client and `target`, from a socket that can be exchanged for another."""

    def __init__(self, target: Address) -> None:
        self.target = (target.host, target.port)
        self.cut = False
        self.lose_one_in = 0
        self.forwarded = 0
        self.passed = asyncio.Event()
        self.dropped = asyncio.Event()
        self._client: tuple[str, int] | None = None
        self._front: asyncio.DatagramTransport
        self._back: asyncio.DatagramTransport

    async def open(self) -> Address:
        loop = asyncio.get_running_loop()
        self._front, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=("127.0.0.1", 0))
        await self.move()
        return Address(*self._front.get_extra_info("sockname")[:2])

    async def move(self) -> None:
        """Go on from another port, as after a NAT lost its binding or a device changed its network."""
        old = getattr(self, "_back", None)
        loop = asyncio.get_running_loop()
        self._back, _ = await loop.create_datagram_endpoint(lambda: Backward(self), local_addr=("127.0.0.1", 0))
        if old is not None:
            old.close()

    @property
    def back_port(self) -> int:
        return int(self._back.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._client = addr
        if self._passes():
            self._back.sendto(data, self.target)

    def backward(self, data: bytes) -> None:
        if self._client is not None and self._passes():
            self._front.sendto(data, self._client)

    async def wait_for(self, datagrams: int) -> None:
        """Wait until that many more datagrams went through."""
        goal = self.forwarded + datagrams
        while self.forwarded < goal:
            self.passed.clear()
            await self.passed.wait()

    def close(self) -> None:
        self._front.close()
        self._back.close()

    def _passes(self) -> bool:
        if self.cut:
            self.dropped.set()
            return False
        self.forwarded += 1
        self.passed.set()
        return not self.lose_one_in or self.forwarded % self.lose_one_in != 0


class Backward(asyncio.DatagramProtocol):
    def __init__(self, relay: Relay) -> None:
        self._relay = relay

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self._relay.backward(data)


@pytest.fixture
async def ends() -> AsyncIterator[tuple[QuicEndpoint, QuicEndpoint]]:
    dialer = await listen(Identity.generate(), host="127.0.0.1", settings=QUICK)
    acceptor = await listen(Identity.generate(), host="127.0.0.1", settings=QUICK)
    yield dialer, acceptor
    await dialer.close()
    await acceptor.close()


@pytest.fixture
async def relay(ends: tuple[QuicEndpoint, QuicEndpoint]) -> AsyncIterator[Relay]:
    relay = Relay(ends[1].addresses[0])
    await relay.open()
    yield relay
    relay.close()


Ends = tuple[QuicEndpoint, QuicEndpoint]


def front(relay: Relay) -> Address:
    return Address(*relay._front.get_extra_info("sockname")[:2])


async def test_a_connection_survives_a_change_of_address(ends: Ends, relay: Relay) -> None:
    near = await ends[0].connect(ends[1].node_id, front(relay))
    far = await ends[1].accept()
    sending, _ = await near.open_stream()
    await sending.write(b"before")
    back, receiving = await far.accept_stream()
    assert await receiving.read_exactly(6) == b"before"
    assert far.address.port == relay.back_port

    await relay.move()
    await sending.write(b"after")
    assert await receiving.read_exactly(5) == b"after"
    assert far.address == Address("127.0.0.1", relay.back_port)
    data = random.Random(3).randbytes(1 << 20)
    assert back is not None
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sending.write(data))
        assert await receiving.read_exactly(len(data)) == data
    await far.close(CloseCode.REMOVED)
    assert await near.wait_closed() == (CloseCode.REMOVED, "", True)


async def test_an_endpoint_moves_to_a_new_socket(ends: Ends) -> None:
    near = await ends[0].connect(ends[1].node_id, ends[1].addresses[0])
    far = await ends[1].accept()
    sending, answers = await near.open_stream()
    await sending.write(b"before")
    back, receiving = await far.accept_stream()
    assert back is not None
    assert await receiving.read_exactly(6) == b"before"
    await ends[0].rebind()
    await back.write(b"to the new socket")
    assert await answers.read_exactly(17) == b"to the new socket"
    # The moved endpoint can still be dialed.
    again = await ends[1].connect(ends[0].node_id, ends[0].addresses[0])
    assert again.peer == ends[0].node_id


async def test_lost_packets_are_sent_again(ends: Ends, relay: Relay) -> None:
    relay.lose_one_in = 11
    near = await ends[0].connect(ends[1].node_id, front(relay))
    far = await ends[1].accept()
    data = random.Random(4).randbytes(2 << 20)
    sending = await near.open_send_stream()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sending.write(data))
        _, receiving = await far.accept_stream()
        assert await receiving.read_exactly(len(data)) == data


async def test_a_dead_path_is_a_timeout_on_both_sides(ends: Ends, relay: Relay) -> None:
    near = await ends[0].connect(ends[1].node_id, front(relay))
    far = await ends[1].accept()
    relay.cut = True
    for side in (near, far):
        code, _, by_peer = await side.wait_closed()
        assert (code, by_peer) == (CloseCode.TIMEOUT, False)


async def test_keep_alives_hold_an_idle_connection(ends: Ends, relay: Relay) -> None:
    near = await ends[0].connect(ends[1].node_id, front(relay))
    far = await ends[1].accept()
    # A PING and its answer are two datagrams, at most one PING per side and 50 ms: 60 take longer than the
    # idle timeout of 400 ms allows without them.
    await relay.wait_for(60)
    assert near.is_open
    assert far.is_open
    assert near.latency_ms is not None


async def test_a_silent_address_is_unreachable(ends: Ends, relay: Relay) -> None:
    relay.cut = True
    with pytest.raises(UnreachableError):
        await ends[0].connect(ends[1].node_id, front(relay))


async def test_a_cancelled_dial_leaves_nothing_behind(ends: Ends, relay: Relay) -> None:
    relay.cut = True
    dial = asyncio.create_task(ends[0].connect(ends[1].node_id, front(relay)))
    # Three turns are enough to reach the point where the dial waits for an answer.
    for _ in range(3):
        await asyncio.sleep(0)
    dial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await dial
    relay.cut = False
    near = await ends[0].connect(ends[1].node_id, front(relay))
    assert near.peer == ends[1].node_id


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux reports refused datagrams on unconnected sockets")
@pytest.mark.parametrize("host", [None, "127.0.0.1"])
async def test_a_refused_datagram_ends_the_dial_at_once(host: str | None) -> None:
    """With a dial timeout that the test's own would not survive."""
    patient = QuicSettings(dial_timeout_s=1_000, handshake_timeout_s=1_000, idle_timeout_s=1_000)
    gone = await listen(Identity.generate(), host="127.0.0.1")
    address = gone.addresses[0]
    await gone.close()
    dialer = await listen(Identity.generate(), host=host, settings=patient)
    try:
        with pytest.raises(UnreachableError, match="refused"):
            await dialer.connect(gone.node_id, address)
    finally:
        await dialer.close()


async def test_one_socket_speaks_both_families() -> None:
    both = await listen(Identity.generate())
    old = await listen(Identity.generate(), host="127.0.0.1")
    new = await listen(Identity.generate(), host="::1")
    try:
        for other in (old, new):
            near = await both.connect(other.node_id, other.addresses[0])
            far = await other.accept()
            assert near.address == other.addresses[0]
            assert far.address.port == both.port
            back = await other.connect(both.node_id, Address(other.addresses[0].host, both.port))
            assert back.peer == both.node_id
        assert all(address.host not in ("127.0.0.1", "::1") for address in both.addresses)
        assert old.addresses == (Address("127.0.0.1", old.port),)
    finally:
        for endpoint in (both, old, new):
            await endpoint.close()


async def test_a_close_that_was_lost_is_said_again(ends: Ends, relay: Relay) -> None:
    near = await ends[0].connect(ends[1].node_id, front(relay))
    far = await ends[1].accept()
    sending = await far.open_send_stream()
    relay.cut = True
    await near.close(CloseCode.REMOVED)
    await relay.dropped.wait()
    relay.cut = False
    await sending.write(b"is anybody there?")
    assert await far.wait_closed() == (CloseCode.REMOVED, "", True)


async def test_streams_whose_bytes_were_lost_before_the_reset_do_not_eat_the_window() -> None:
    settings = QuicSettings(stream_window=16 << 10, connection_window=24 << 10, loopback_datagram_size=1200)
    dialer = await listen(Identity.generate(), host="127.0.0.1", settings=settings)
    acceptor = await listen(Identity.generate(), host="127.0.0.1", settings=settings)
    relay = Relay(acceptor.addresses[0])
    try:
        near = await dialer.connect(acceptor.node_id, await relay.open())
        far = await acceptor.accept()
        cut_short = 0
        for _ in range(30):
            sending = await near.open_send_stream()
            relay.cut = True
            relay.dropped.clear()
            await sending.write(bytes(16 << 10))
            await relay.dropped.wait()
            sending.reset(CloseCode.NORMAL)
            relay.cut = False
            _, receiving = await far.accept_stream()
            try:
                await receiving.read_exactly(16 << 10)
            except ConnectionLostError:
                cut_short += 1
        # What is lost first may be a packet without bytes of the stream, and then all of those arrive.
        assert cut_short >= 15
        last = await near.open_send_stream()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(last.write(bytes(1 << 20)))
            _, receiving = await far.accept_stream()
            await receiving.read_exactly(1 << 20)
    finally:
        relay.close()
        await dialer.close()
        await acceptor.close()
