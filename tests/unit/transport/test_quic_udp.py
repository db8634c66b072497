from __future__ import annotations

import asyncio
import errno
import socket
import sys
from typing import TYPE_CHECKING

import ifaddr
import pytest

from vaultsync.transport.base import Address
from vaultsync.transport.quic import addresses
from vaultsync.transport.quic.addresses import dialable, is_loopback, resolve, to_address
from vaultsync.transport.quic.udp import Datagram, SelectorIO, SocketAddress, bind

if TYPE_CHECKING:
    from typing_extensions import Buffer

HERE: SocketAddress = ("127.0.0.1", 1)
THERE: SocketAddress = ("127.0.0.1", 2)


class Sink:
    """Collects what a socket reports."""

    def __init__(self, expected: int = 1) -> None:
        self.batches: list[list[Datagram]] = []
        self.unreachable: list[SocketAddress] = []
        self.resumed = asyncio.Event()
        self.enough = asyncio.Event()
        self._expected = expected

    @property
    def received(self) -> list[bytes]:
        return [data for batch in self.batches for data, _ in batch]

    def datagrams_received(self, batch: list[Datagram]) -> None:
        self.batches.append(batch)
        if len(self.received) >= self._expected:
            self.enough.set()

    def address_unreachable(self, address: SocketAddress, error: OSError) -> None:
        self.unreachable.append(address)
        self.enough.set()

    def sending_resumed(self) -> None:
        self.resumed.set()


def open_io(sink: Sink, *, offload: bool = True) -> SelectorIO:
    return SelectorIO(bind("127.0.0.1", 0, 1 << 20), sink, asyncio.get_running_loop(), offload=offload)


@pytest.mark.parametrize("receiver_offload", [True, False])
@pytest.mark.parametrize("sender_offload", [True, False])
async def test_datagrams_keep_their_bounds(sender_offload: bool, receiver_offload: bool) -> None:
    sent = [bytes([n]) * size for n, size in enumerate([1200] * 70 + [300, 1200, 1200, 16_000, 16_000, 9, 1, 65_000])]
    sink = Sink(len(sent))
    sender, receiver = open_io(Sink(), offload=sender_offload), open_io(sink, offload=receiver_offload)
    try:
        sender.send([(data, receiver.local_address) for data in sent])
        await sink.enough.wait()
        assert sink.received == sent
        assert {address for batch in sink.batches for _, address in batch} == {sender.local_address}
    finally:
        sender.close()
        receiver.close()


async def test_one_wake_up_reads_all_that_waits() -> None:
    sink = Sink(50)
    receiver = open_io(sink)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for n in range(50):
            sender.sendto(bytes([n]), receiver.local_address)
    await sink.enough.wait()
    receiver.close()
    assert len(sink.batches) == 1


async def test_runs_are_equal_but_for_the_last() -> None:
    io = open_io(Sink())
    io._segmented = True
    sizes = [(HERE, 10), (HERE, 10), (HERE, 4), (HERE, 10), (THERE, 10), (THERE, 12), (THERE, 12)]
    runs = io._runs((bytes(size), address) for address, size in sizes)
    assert [[len(data) for data, _ in run] for run in runs] == [[10, 10, 4], [10], [10], [12, 12]]
    runs = io._runs((bytes(1000), HERE) for _ in range(150))
    assert [len(run) for run in runs] == [64, 64, 22]
    runs = io._runs((bytes(16_376), HERE) for _ in range(5))
    assert [len(run) for run in runs] == [4, 1]
    io.close()


async def test_a_kernel_that_refuses_segments_gets_single_datagrams() -> None:
    class Refusing(socket.socket):
        def sendmsg(self, *args: object) -> int:
            raise OSError(errno.EIO, "no offload here")

    sink = Sink(3)
    receiver = open_io(sink)
    sock = Refusing(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    io = SelectorIO(sock, Sink(), asyncio.get_running_loop())
    try:
        io._segmented = True
        io.send([(bytes([n]), receiver.local_address) for n in range(3)])
        await sink.enough.wait()
        assert sink.received == [b"\0", b"\1", b"\2"]
        assert not io._segmented
    finally:
        io.close()
        receiver.close()


async def test_a_full_socket_holds_back_and_resumes() -> None:
    class Full(socket.socket):
        full = True

        def sendto(self, data: Buffer, address: SocketAddress) -> int:  # type: ignore[override]
            if self.full:
                raise BlockingIOError
            return super().sendto(data, address)

    sink, own = Sink(2), Sink()
    receiver = open_io(sink)
    sock = Full(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    io = SelectorIO(sock, own, asyncio.get_running_loop(), offload=False)
    try:
        io.send([(b"first", receiver.local_address)])
        io.send([(b"second", receiver.local_address)])
        assert io.congested
        sock.full = False
        await own.resumed.wait()
        await sink.enough.wait()
        assert sink.received == [b"first", b"second"]
    finally:
        io.close()
        receiver.close()


@pytest.mark.skipif(sys.platform != "linux", reason="the error queue is Linux's")
async def test_refused_datagrams_are_reported_with_their_address() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
        gone.bind(("127.0.0.1", 0))
        nobody: SocketAddress = gone.getsockname()
    sink = Sink()
    io = open_io(sink)
    io.send([(b"hello?", nobody)])
    await sink.enough.wait()
    io.close()
    assert sink.unreachable == [nobody]


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (("192.0.2.7", 5), "192.0.2.7:5"),
        (("::ffff:192.0.2.7", 5, 0, 0), "192.0.2.7:5"),
        (("2001:db8::7", 5, 0, 0), "[2001:db8::7]:5"),
        (("fe80::7", 5, 0, 987_654), "[fe80::7%987654]:5"),
    ],
)
def test_addresses_are_shown_in_their_own_form(raw: SocketAddress, text: str) -> None:
    assert str(to_address(raw)) == text


@pytest.mark.parametrize(
    ("address", "family", "raw"),
    [
        (Address("192.0.2.7", 5), socket.AF_INET, [("192.0.2.7", 5)]),
        (Address("192.0.2.7", 5), socket.AF_INET6, [("::ffff:192.0.2.7", 5, 0, 0)]),
        (Address("2001:db8::7", 5), socket.AF_INET6, [("2001:db8::7", 5, 0, 0)]),
        (Address("fe80::7%3", 5), socket.AF_INET6, [("fe80::7", 5, 0, 3)]),
    ],
)
async def test_literal_addresses_need_no_resolver(
    monkeypatch: pytest.MonkeyPatch, address: Address, family: int, raw: list[SocketAddress]
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", None)
    assert await resolve(address, family) == raw


async def test_names_are_looked_up() -> None:
    assert ("127.0.0.1", 5) in await resolve(Address("localhost", 5), socket.AF_INET)


@pytest.mark.parametrize(
    ("raw", "local"),
    [
        (("127.0.0.1", 1), True),
        (("::ffff:127.8.0.1", 1, 0, 0), True),
        (("::1", 1, 0, 0), True),
        (("192.0.2.1", 1), False),
        (("::ffff:10.0.0.1", 1, 0, 0), False),
        (("fe80::1", 1, 0, 2), False),
    ],
)
def test_loopback_is_recognised(raw: SocketAddress, local: bool) -> None:
    assert is_loopback(raw) is local


def test_bound_to_one_address_it_is_dialed_there() -> None:
    assert dialable(("127.0.0.1", 77), socket.AF_INET) == (Address("127.0.0.1", 77),)


def test_bound_to_all_the_best_comes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    class Entry:
        def __init__(self, ip: str | tuple[str, int, int]) -> None:
            self.ip = ip

    class Adapter:
        ips = (
            Entry("127.0.0.1"),
            Entry(("fe80::1", 0, 2)),
            Entry(("2001:db8::5", 0, 0)),
            Entry("172.17.0.1"),
            Entry("192.168.1.5"),
            Entry("169.254.3.3"),
        )

    monkeypatch.setattr(ifaddr, "get_adapters", lambda: [Adapter()])
    monkeypatch.setattr(addresses, "_source_for", lambda family, _: "192.168.1.5" if family == socket.AF_INET else None)
    hosts = [address.host for address in dialable(("::", 77, 0, 0), socket.AF_INET6)]
    assert hosts == ["192.168.1.5", "172.17.0.1", "2001:db8::5"]
    hosts = [address.host for address in dialable(("0.0.0.0", 77), socket.AF_INET)]
    assert hosts == ["192.168.1.5", "172.17.0.1"]
