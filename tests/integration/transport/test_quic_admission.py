"""Noise, floods and limits: nothing that arrives ends the endpoint."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aioquic.buffer import Buffer  # type: ignore[attr-defined]
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicPacketType, QuicProtocolVersion, pull_quic_header

from vaultsync.errors import CloseCode, RefusedError, TransportError, UnreachableError
from vaultsync.protocol.limits import ALPN
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic import QuicEndpoint, QuicSettings, listen, waiting_room

MakeEndpoint = Callable[[QuicSettings], Awaitable[QuicEndpoint]]


@pytest.fixture
async def make() -> AsyncIterator[MakeEndpoint]:
    made: list[QuicEndpoint] = []

    async def make(settings: QuicSettings) -> QuicEndpoint:
        made.append(await listen(Identity.generate(), host="127.0.0.1", settings=settings))
        return made[-1]

    yield make
    for endpoint in made:
        await endpoint.close()


def first_flight(version: int = QuicProtocolVersion.VERSION_1) -> bytes:
    """A client's first datagram, of nobody in particular."""
    configuration = QuicConfiguration(alpn_protocols=[ALPN], supported_versions=[version])
    quic = QuicConnection(configuration=configuration)
    quic.connect(("127.0.0.1", 1), 0.0)
    return bytes(quic.datagrams_to_send(0.0)[0][0])


async def ask(endpoint: QuicEndpoint, datagram: bytes) -> bytes:
    """Send one datagram and wait for the answer."""
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.setblocking(False)
        await loop.sock_sendto(sock, datagram, ("127.0.0.1", endpoint.port))
        return await loop.sock_recv(sock, 2048)


def shout(endpoint: QuicEndpoint, datagrams: list[bytes]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for datagram in datagrams:
            sock.sendto(datagram, ("127.0.0.1", endpoint.port))


async def assert_it_still_works(endpoint: QuicEndpoint, make: MakeEndpoint) -> None:
    friend = await make(QuicSettings())
    near = await friend.connect(endpoint.node_id, endpoint.addresses[0])
    far = await endpoint.accept()
    assert far.peer == friend.node_id
    await near.close(CloseCode.NORMAL, "thanks")
    assert await far.wait_closed() == (CloseCode.NORMAL, "thanks", True)


async def test_noise_is_dropped(make: MakeEndpoint) -> None:
    endpoint = await make(QuicSettings())
    chance = random.Random(11)
    shout(endpoint, [b"", b"\x00", b"\xff" * 5, b"\xc0\x00\x00\x00\x01\xff" * 300])
    shout(endpoint, [chance.randbytes(chance.randrange(1500)) for _ in range(200)])
    shout(endpoint, [bytes([0xC0]) + chance.randbytes(1300) for _ in range(100)])
    shout(endpoint, [b"\xc3\x00\x00\x00\x01" + chance.randbytes(1300) for _ in range(100)])
    await assert_it_still_works(endpoint, make)
    assert len(endpoint._handshakes) == 0


async def test_mutilated_first_packets_are_dropped(make: MakeEndpoint) -> None:
    endpoint = await make(QuicSettings())
    chance = random.Random(12)
    for _ in range(200):
        packet = bytearray(first_flight())
        for _ in range(chance.randrange(1, 4)):
            packet[chance.randrange(len(packet))] ^= 1 << chance.randrange(8)
        shout(endpoint, [bytes(packet), bytes(packet[: chance.randrange(len(packet))])])
    await assert_it_still_works(endpoint, make)


async def test_mutilated_packets_of_an_open_connection_are_dropped(make: MakeEndpoint) -> None:
    here, there = await make(QuicSettings()), await make(QuicSettings())
    near = await here.connect(there.node_id, there.addresses[0])
    far = await there.accept()
    chance = random.Random(13)
    shout(there, [b"\x40" + cid + chance.randbytes(60) for cid in list(there._routes) for _ in range(20)])
    sending = await near.open_send_stream()
    await sending.write(b"unharmed")
    _, receiving = await far.accept_stream()
    assert await receiving.read_exactly(8) == b"unharmed"


async def test_under_load_newcomers_prove_their_address(make: MakeEndpoint) -> None:
    endpoint = await make(QuicSettings(retry_above=0))
    answer = await ask(endpoint, first_flight())
    assert pull_quic_header(Buffer(data=answer), host_cid_length=8).packet_type is QuicPacketType.RETRY
    assert len(endpoint._handshakes) == 0
    await assert_it_still_works(endpoint, make)


async def test_a_full_waiting_room_ignores_newcomers_until_there_is_room(make: MakeEndpoint) -> None:
    endpoint = await make(QuicSettings(max_handshakes=2, handshake_timeout_s=0.3))
    await ask(endpoint, first_flight())
    await ask(endpoint, first_flight())
    assert len(endpoint._handshakes) == 2
    waiting = [connection.wait_closed() for connection in list(endpoint._handshakes)]
    impatient = await make(QuicSettings(dial_timeout_s=0.05))
    with pytest.raises(UnreachableError):
        await impatient.connect(endpoint.node_id, endpoint.addresses[0])
    for end in waiting:
        assert (await end)[0] is CloseCode.TIMEOUT
    await assert_it_still_works(endpoint, make)


async def test_whoever_fills_the_waiting_room_gives_up_places_for_others(
    make: MakeEndpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half-done handshakes from proven addresses, as many as there are places: each newcomer costs the crowd one."""
    endpoint = await make(QuicSettings(max_handshakes=8))
    crowd, others = "192.0.2.1", iter(range(100))
    # Everybody is at 127.0.0.1 here; the room is told otherwise.
    monkeypatch.setattr(waiting_room, "_origin", lambda _: next(others) if len(endpoint._handshakes) >= 8 else crowd)
    monkeypatch.setattr(endpoint._handshakes, "_share", 8)
    for _ in range(8):
        await ask(endpoint, first_flight())
    first, *rest = endpoint._handshakes
    await assert_it_still_works(endpoint, make)
    assert list(endpoint._handshakes) == rest
    assert first not in endpoint._connections
    assert (await first.wait_closed())[0] is CloseCode.NORMAL


async def test_too_many_connections_are_refused_in_words(make: MakeEndpoint) -> None:
    endpoint, first, second = [await make(QuicSettings(max_connections=1)) for _ in range(3)]
    await first.connect(endpoint.node_id, endpoint.addresses[0])
    with pytest.raises(RefusedError) as caught:
        await second.connect(endpoint.node_id, endpoint.addresses[0])
    assert caught.value.code is CloseCode.REFUSED
    with pytest.raises(TransportError, match="already has 1"):
        await first.connect(endpoint.node_id, endpoint.addresses[0])


async def test_an_unknown_version_is_answered_with_ours(make: MakeEndpoint) -> None:
    endpoint = await make(QuicSettings())
    packet = bytearray(first_flight())
    packet[1:5] = b"\x0a\x0a\x0a\x0a"
    answer = await ask(endpoint, bytes(packet))
    header = pull_quic_header(Buffer(data=answer), host_cid_length=8)
    assert header.packet_type is QuicPacketType.VERSION_NEGOTIATION
    assert header.supported_versions == [QuicProtocolVersion.VERSION_1]


async def test_a_port_that_is_taken_is_an_error_for_people(make: MakeEndpoint) -> None:
    endpoint = await make(QuicSettings())
    with pytest.raises(TransportError, match=str(endpoint.port)):
        await listen(Identity.generate(), host="127.0.0.1", port=endpoint.port)


async def test_a_closed_endpoint_keeps_nothing(make: MakeEndpoint) -> None:
    endpoint, friend = await make(QuicSettings()), await make(QuicSettings())
    for _ in range(3):
        await friend.connect(endpoint.node_id, endpoint.addresses[0])
    await endpoint.close()
    assert not endpoint._connections
    assert not endpoint._routes
    assert not endpoint._handshakes
