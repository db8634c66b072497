"""Packets from nobody that is known: they cost little, give nothing, and keep nobody from syncing."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import ClassVar

import pytest
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import QuicConnection
from aioquic.quic.packet import QuicErrorCode
from aioquic.tls import Epoch, State

from tests.hostile.attacker import Scene, scene
from tests.support.nodes import until
from tests.support.rawquic import RawPeer
from vaultsync.protocol.limits import ALPN
from vaultsync.transport.base import Endpoint
from vaultsync.transport.identity import Identity
from vaultsync.transport.limited import LimitedEndpoint
from vaultsync.transport.quic.endpoint import QuicEndpoint, listen
from vaultsync.transport.quic.settings import QuicSettings
from vaultsync.transport.quic.udp import Datagram


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(tmp_path) as made:
        yield made


def endpoint_of(stage: Scene) -> QuicEndpoint:
    endpoint: Endpoint = stage.victim.endpoint
    if isinstance(endpoint, LimitedEndpoint):
        endpoint = endpoint._inner
    assert isinstance(endpoint, QuicEndpoint)
    return endpoint


def first_packet() -> bytes:
    quic = QuicConnection(configuration=QuicConfiguration(alpn_protocols=[ALPN]))
    quic.connect(("127.0.0.1", 1), 0.0)
    return bytes(quic.datagrams_to_send(0.0)[0][0])


class Shouter:
    """A socket that counts what it sends and what comes back."""

    def __init__(self, endpoint: QuicEndpoint) -> None:
        self.sent = 0
        self.answers: list[bytes] = []
        self._to = ("127.0.0.1", endpoint.port)
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.setblocking(False)

    def shout(self, datagram: bytes) -> None:
        self.sent += len(datagram)
        self._sock.sendto(datagram, self._to)

    @property
    def heard(self) -> int:
        """Bytes of all answers so far."""
        while True:
            try:
                self.answers.append(self._sock.recv(65_536))
            except BlockingIOError:
                return sum(map(len, self.answers))

    def close(self) -> None:
        self._sock.close()


async def test_a_flood_of_first_packets(stage: Scene) -> None:
    """A thousand strangers begin at once: a few are heard, and the others must first prove where they are."""
    endpoint, settings = endpoint_of(stage), QuicSettings()
    open_before = len(endpoint._connections)
    shouter = Shouter(endpoint)
    try:
        for burst in range(20):
            for _ in range(50):
                shouter.shout(first_packet())
            await asyncio.sleep(0)
            if burst % 10 == 9:
                await stage.is_well()
        assert shouter.heard <= 3 * shouter.sent
        assert len(endpoint._handshakes) <= settings.retry_above
        assert len(endpoint._connections) <= open_before + settings.retry_above + 2
        assert any((answer[0] & 0xF0) == 0xF0 for answer in shouter.answers), "no Retry was sent"
        assert shouter.heard <= 3 * shouter.sent
    finally:
        shouter.close()
    await stage.is_well()


async def test_one_packet_never_brings_more_than_three_times_its_size() -> None:
    """Whoever forges a sender's address makes nobody drown: retransmissions are counted in."""
    endpoint = await listen(Identity.generate(), host="127.0.0.1", settings=QuicSettings(handshake_timeout_s=2.0))
    shouter = Shouter(endpoint)
    try:
        shouter.shout(first_packet())
        await until(lambda: len(endpoint._handshakes) == 1)
        [connection] = endpoint._handshakes
        await connection.wait_closed()
        assert 0 < shouter.heard <= 3 * shouter.sent
    finally:
        shouter.close()
        await endpoint.close()


async def test_half_open_handshakes_wait_for_nothing(stage: Scene) -> None:
    """Clients that greet and then fall silent, from proven addresses too, leave room for whoever belongs here."""
    endpoint = endpoint_of(stage)
    silent = [RawPeer(QuicConfiguration(alpn_protocols=[ALPN], verify_mode=ssl.CERT_NONE)) for _ in range(100)]
    try:
        for peer in silent:
            await peer.open()
            peer.datagram_received = lambda data, addr: None  # type: ignore[method-assign]
            peer.dial(endpoint.addresses[0])
        await stage.is_well()
        assert len(endpoint._handshakes) <= QuicSettings().max_handshakes
    finally:
        for peer in silent:
            peer.close()


async def test_replayed_packets_are_nobody(stage: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that a member sent, sent again by somebody else: no connection comes of it, and nothing is said."""
    endpoint = endpoint_of(stage)
    recorded: list[bytes] = []
    member = stage.attacker.endpoint
    send = member.send

    def record(datagrams: list[Datagram]) -> None:
        recorded.extend(bytes(data) for data, _ in datagrams)
        send(datagrams)

    monkeypatch.setattr(member, "send", record)
    await stage.attacker.connection.close()
    await stage.attacker.come_back(stage.victim)
    await stage.attacker.offer(stage.attacker.record("once.md"), contents=(b"from Mallory\n",))
    await until(lambda: (stage.root / "once.md").exists())
    await stage.attacker.connection.close()
    await until(lambda: bool(stage.reason))
    assert recorded
    (stage.root / "once.md").unlink()
    known = {connection for connection in endpoint._connections if connection.established.done()}
    shouter = Shouter(endpoint)
    try:
        for datagram in recorded:
            shouter.shout(datagram)
        await stage.is_well()
        assert {c for c in endpoint._connections if c.established.done()} <= known
        assert shouter.heard <= 3 * shouter.sent
        assert not (stage.root / "once.md").exists()
    finally:
        shouter.close()


class Endless(QuicConnection):
    """Sends a message that says it has 16 MiB: a hello, or where the certificate would come."""

    at: ClassVar[Epoch]
    _begun = False

    def _push_crypto_data(self) -> None:
        if not self._begun and (self.at is Epoch.INITIAL or self.tls.state is State.CLIENT_POST_HANDSHAKE):
            self._begun = True
            self._crypto_streams[self.at].sender.write(b"\x0b\xff\xff\xff" + bytes(1 << 20))
        super()._push_crypto_data()


@pytest.mark.parametrize("epoch", [Epoch.INITIAL, Epoch.HANDSHAKE])
async def test_a_message_of_the_handshake_without_end(
    stage: Scene, epoch: Epoch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not collected: neither memory nor time goes into it."""
    monkeypatch.setattr(Endless, "at", epoch, raising=False)
    monkeypatch.setattr("tests.support.rawquic.QuicConnection", Endless)
    peer = RawPeer(QuicConfiguration(alpn_protocols=[ALPN], verify_mode=ssl.CERT_NONE))
    await peer.open()
    try:
        peer.dial(endpoint_of(stage).addresses[0])
        assert (await asyncio.wait_for(peer.ended, 20)).error_code == QuicErrorCode.CRYPTO_BUFFER_EXCEEDED
    finally:
        peer.close()
    await stage.is_well()
