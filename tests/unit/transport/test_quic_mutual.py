"""aioquic's private names: if they change, this must be loud, here and at start."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from typing import cast

import pytest
from aioquic import tls
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import Limit, QuicConnection
from aioquic.quic.packet import QuicErrorCode
from aioquic.quic.stream import QuicStreamSender
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from vaultsync.errors import TransportError
from vaultsync.transport.certificates import make_certificate
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic import QuicSettings, listen, mutual
from vaultsync.transport.quic.mutual import PROBE_EVERY_S, CappedLimit, MutualConnection, check_aioquic


def test_the_installed_aioquic_fits() -> None:
    check_aioquic()


def without(attribute: str, initial: Callable[..., None]) -> Callable[..., None]:
    def init(self: object, *args: object, **kwargs: object) -> None:
        initial(self, *args, **kwargs)
        delattr(self, attribute)

    return init


@pytest.mark.parametrize("name", ["_request_client_certificate", "_peer_certificate"])
async def test_a_changed_tls_is_loud(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(tls.Context, "__init__", without(name, tls.Context.__init__))
    with pytest.raises(TransportError, match=name):
        await listen(Identity.generate(), host="127.0.0.1")


@pytest.mark.parametrize("name", ["_local_max_data", "_loss", "_streams", "_handshake_confirmed", "_close_event"])
def test_a_changed_connection_is_loud(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setattr(QuicConnection, "__init__", without(name, QuicConnection.__init__))
    with pytest.raises(TransportError, match=name):
        check_aioquic()


def test_a_changed_send_buffer_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuicStreamSender, "__init__", without("_buffer_stop", QuicStreamSender.__init__))
    with pytest.raises(TransportError, match="_buffer_stop"):
        check_aioquic()


@pytest.mark.parametrize("name", sorted(mutual._METHODS))
def test_a_removed_method_is_loud(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.delattr(QuicConnection, name)
    with pytest.raises(TransportError, match=name):
        check_aioquic()


def test_a_method_with_other_parameters_is_loud(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuicConnection, "_initialize", lambda self, cid, version: None)
    with pytest.raises(TransportError, match="_initialize"):
        check_aioquic()


def test_a_limit_shows_what_both_want() -> None:
    limit = CappedLimit(Limit(frame_type=0, name="max_streams", value=10))
    assert (limit.value, limit.sent) == (10, 10)
    limit.value += 3
    assert limit.value == 10
    limit.cap += 2
    assert limit.value == 12
    limit.value += 1
    limit.cap += 9
    # What was raised while the cap held it back is not lost.
    assert limit.value == 14


def connected(shown: x509.Certificate | None = None) -> tuple[MutualConnection, MutualConnection]:
    """Two ends in one process, handshake done, nothing on the way. `shown` is the client's certificate."""
    identity = Identity.generate()

    def configuration(*, client: bool) -> QuicConfiguration:
        return QuicConfiguration(
            alpn_protocols=["test"],
            is_client=client,
            certificate=shown if client and shown is not None else make_certificate(identity, time.time()),
            private_key=identity.tls_key,
            verify_mode=ssl.CERT_NONE,
            max_data=settings.connection_window,
            max_stream_data=settings.stream_window,
        )

    settings = QuicSettings(stream_window=64 << 10, connection_window=96 << 10)
    client = MutualConnection(configuration=configuration(client=True), settings=settings)
    client.connect(("server", 1), 0.0)
    server = MutualConnection(
        configuration=configuration(client=False),
        settings=settings,
        original_destination_connection_id=client.original_destination_connection_id,
    )
    exchange(client, server)
    return client, server


def exchange(client: MutualConnection, server: MutualConnection, *, start: float = 0.0) -> None:
    for turn in range(200):
        now = start + turn / 10
        for source, target, name in ((client, server, "client"), (server, client, "server")):
            for data, _ in source.datagrams_to_send(now):
                target.receive_datagram(data, (name, 1), now)


def received(connection: MutualConnection, stream_id: int) -> int:
    stream = connection._streams[stream_id]
    return stream.receiver.highest_offset


def test_both_ends_show_certificates() -> None:
    client, server = connected()
    assert client.confirmed
    assert server.peer_certificate is not None
    assert client.peer_certificate is not None


class OfAnotherVersion:
    """A certificate of a version that X.509 does not have."""

    def public_bytes(self, encoding: Encoding) -> bytes:
        encoded = make_certificate(Identity.generate(), time.time()).public_bytes(encoding)
        version = bytes.fromhex("a003020102")
        assert encoded.count(version) == 1
        return encoded.replace(version, version[:-1] + b"\x0a")


def test_a_certificate_of_an_unknown_version_is_refused_as_bad() -> None:
    _, server = connected(cast("x509.Certificate", OfAnotherVersion()))
    assert server.ending is not None
    assert server.ending.error_code == QuicErrorCode.CRYPTO_ERROR + tls.AlertDescription.bad_certificate
    assert server.peer_certificate is None


def test_a_window_opens_as_the_reader_reads_and_not_before() -> None:
    client, server = connected()
    client.send_stream_data(0, bytes(512 << 10))
    exchange(client, server, start=100)
    assert received(server, 0) == 64 << 10
    assert not server.consume(0, 0, 0)
    assert server.consume(0, 40 << 10, 40 << 10)
    exchange(client, server, start=200)
    assert received(server, 0) == 104 << 10


def test_the_connections_window_bounds_all_streams() -> None:
    client, server = connected()
    for stream_id in (0, 4, 8):
        client.send_stream_data(stream_id, bytes(512 << 10))
    exchange(client, server, start=100)
    assert sum(received(server, stream_id) for stream_id in (0, 4, 8)) == 96 << 10


def test_the_send_buffer_counts_what_is_not_acknowledged() -> None:
    client, server = connected()
    bound = QuicSettings().send_buffer
    assert client.send_room(0) == bound
    client.send_stream_data(0, bytes(1000))
    assert client.send_room(0) == bound - 1000
    exchange(client, server, start=100)
    assert client.send_room(0) == bound


def test_a_silent_path_is_probed_again_and_again() -> None:
    """An outage of seconds must not leave a path alone for longer than it lasted."""
    identity, now_s = Identity.generate(), 0.0
    configuration = QuicConfiguration(
        certificate=make_certificate(identity, time.time()), is_client=True, private_key=identity.tls_key
    )
    quic = MutualConnection(configuration=configuration, settings=QuicSettings())
    quic.connect(("10.0.0.1", 4000), now_s)
    probes: list[float] = []
    for _ in range(14):
        assert quic.datagrams_to_send(now_s)
        due_s = quic.get_timer()
        assert due_s is not None
        probes.append(due_s - now_s)
        now_s = due_s
        quic.handle_timer(now_s)
    assert probes[0] < probes[-1] <= PROBE_EVERY_S
