"""Who gets in: raw aioquic peers that break one rule each, against a real endpoint."""

from __future__ import annotations

import ssl
import time
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta

import pytest
from aioquic.quic import events
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.packet import QuicErrorCode
from aioquic.tls import AlertDescription
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.x509.oid import NameOID

from tests.support.rawquic import RawPeer
from vaultsync.errors import CloseCode, ConnectionLostError, RefusedError, TransportError, WrongPeerError
from vaultsync.protocol.limits import ALPN
from vaultsync.transport.certificates import make_certificate
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic import QuicEndpoint, listen

Key = Ed25519PrivateKey | ec.EllipticCurvePrivateKey
DAY_S = 24 * 3600


def certificate(
    key: Key, signer: Key, *, since: timedelta = timedelta(days=-1), until: timedelta = timedelta(days=1)
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now + since)
        .not_valid_after(now + until)
        .sign(signer, hashes.SHA256() if isinstance(signer, ec.EllipticCurvePrivateKey) else None)
    )


def raw_configuration(
    *, client: bool, shown: x509.Certificate | None = None, key: Key | None = None, alpn: str = ALPN
) -> QuicConfiguration:
    return QuicConfiguration(
        alpn_protocols=[alpn],
        is_client=client,
        certificate=shown,
        private_key=key,
        verify_mode=ssl.CERT_NONE,
    )


def bad_credentials(case: str) -> tuple[x509.Certificate, Key]:
    mine, other, curve = (
        Ed25519PrivateKey.generate(),
        Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256R1()),
    )
    match case:
        case "another algorithm's key":
            return certificate(curve, curve), curve
        case "expired":
            return certificate(mine, mine, since=timedelta(days=-9), until=timedelta(days=-8)), mine
        case "not valid yet":
            return certificate(mine, mine, since=timedelta(days=8), until=timedelta(days=9)), mine
        case "signed by somebody else":
            return certificate(mine, other), mine
        case "somebody else's, without their key":
            return certificate(other, other), mine
        case _:
            raise AssertionError(case)


SHOWN_AND_REFUSED = [
    "another algorithm's key",
    "expired",
    "not valid yet",
    "signed by somebody else",
]
UNPROVEN = "somebody else's, without their key"


@pytest.fixture
async def endpoint() -> AsyncIterator[QuicEndpoint]:
    endpoint = await listen(Identity.generate(), host="127.0.0.1")
    yield endpoint
    await endpoint.close()


@pytest.fixture
async def raw() -> AsyncIterator[Callable[[QuicConfiguration], RawPeer]]:
    made: list[RawPeer] = []

    def make(configuration: QuicConfiguration) -> RawPeer:
        made.append(RawPeer(configuration))
        return made[-1]

    yield make
    for peer in made:
        peer.close()


MakeRaw = Callable[[QuicConfiguration], RawPeer]


async def assert_nobody_was_accepted(endpoint: QuicEndpoint) -> None:
    """The next connection that `accept` yields is a genuine one that was made after the refused one."""
    friend = await listen(Identity.generate(), host="127.0.0.1")
    try:
        await friend.connect(endpoint.node_id, endpoint.addresses[0])
        assert (await endpoint.accept()).peer == friend.node_id
    finally:
        await friend.close()


async def dial_with_data(peer: RawPeer, endpoint: QuicEndpoint) -> events.ConnectionTerminated:
    """Dial, and send application bytes in the same flight as the end of the handshake."""
    await peer.open()
    peer.dial(endpoint.addresses[0])
    assert peer.quic is not None
    peer.quic.send_stream_data(0, b"let me in", end_stream=True)
    return await peer.ended


async def test_a_client_without_certificate_is_refused(endpoint: QuicEndpoint, raw: MakeRaw) -> None:
    event = await dial_with_data(raw(raw_configuration(client=True)), endpoint)
    assert (event.error_code, event.frame_type) == (CloseCode.NO_CERTIFICATE, None)
    await assert_nobody_was_accepted(endpoint)


@pytest.mark.parametrize("case", SHOWN_AND_REFUSED)
async def test_a_client_with_a_bad_certificate_is_refused(endpoint: QuicEndpoint, raw: MakeRaw, case: str) -> None:
    shown, key = bad_credentials(case)
    event = await dial_with_data(raw(raw_configuration(client=True, shown=shown, key=key)), endpoint)
    assert (event.error_code, event.frame_type) == (CloseCode.BAD_CERTIFICATE, None)
    await assert_nobody_was_accepted(endpoint)


async def test_a_client_with_a_stolen_certificate_is_refused(endpoint: QuicEndpoint, raw: MakeRaw) -> None:
    shown, key = bad_credentials(UNPROVEN)
    event = await dial_with_data(raw(raw_configuration(client=True, shown=shown, key=key)), endpoint)
    assert event.error_code == QuicErrorCode.CRYPTO_ERROR + AlertDescription.decrypt_error
    await assert_nobody_was_accepted(endpoint)


async def test_a_client_of_another_protocol_is_refused(endpoint: QuicEndpoint, raw: MakeRaw) -> None:
    me = Identity.generate()
    shown = make_certificate(me, time.time())
    event = await dial_with_data(raw(raw_configuration(client=True, shown=shown, key=me.tls_key, alpn="h3")), endpoint)
    assert event.error_code == QuicErrorCode.CRYPTO_ERROR + AlertDescription.no_application_protocol
    await assert_nobody_was_accepted(endpoint)


async def test_a_proper_raw_client_gets_in(endpoint: QuicEndpoint, raw: MakeRaw) -> None:
    """So that the tests above fail for their own reason and no other."""
    me = Identity.generate()
    peer = raw(raw_configuration(client=True, shown=make_certificate(me, time.time()), key=me.tls_key))
    await peer.open()
    peer.dial(endpoint.addresses[0])
    accepted = await endpoint.accept()
    assert accepted.peer == me.node_id
    assert peer.quic is not None
    peer.quic.send_stream_data(0, b"hello", end_stream=True)
    peer.flush()
    _, receiving = await accepted.accept_stream()
    assert await receiving.read_exactly(5) == b"hello"


@pytest.mark.parametrize("case", SHOWN_AND_REFUSED)
async def test_a_server_with_a_bad_certificate_is_refused(endpoint: QuicEndpoint, raw: MakeRaw, case: str) -> None:
    shown, key = bad_credentials(case)
    server = raw(raw_configuration(client=False, shown=shown, key=key))
    with pytest.raises(RefusedError) as caught:
        await endpoint.connect(Identity.generate().node_id, await server.open())
    assert caught.value.code is CloseCode.BAD_CERTIFICATE
    await server.ended
    assert not server.handshaken.is_set()


async def test_a_server_that_shows_the_dialed_id_without_its_key_is_refused(
    endpoint: QuicEndpoint, raw: MakeRaw
) -> None:
    victim = Identity.generate()
    server = raw(
        raw_configuration(client=False, shown=make_certificate(victim, time.time()), key=Ed25519PrivateKey.generate())
    )
    with pytest.raises(TransportError) as caught:
        await endpoint.connect(victim.node_id, await server.open())
    assert isinstance(caught.value, RefusedError)
    assert caught.value.code is CloseCode.BAD_CERTIFICATE
    await server.ended
    assert not server.handshaken.is_set()


async def test_a_server_of_another_protocol_is_refused(endpoint: QuicEndpoint, raw: MakeRaw) -> None:
    other = Identity.generate()
    server = raw(
        raw_configuration(client=False, shown=make_certificate(other, time.time()), key=other.tls_key, alpn="h3")
    )
    with pytest.raises(RefusedError) as caught:
        await endpoint.connect(other.node_id, await server.open())
    assert caught.value.code is CloseCode.VERSION


async def test_the_wrong_node_never_finishes_its_handshake(endpoint: QuicEndpoint, raw: MakeRaw) -> None:
    other = Identity.generate()
    server = raw(raw_configuration(client=False, shown=make_certificate(other, time.time()), key=other.tls_key))
    with pytest.raises(WrongPeerError):
        await endpoint.connect(Identity.generate().node_id, await server.open())
    await server.ended
    assert not server.handshaken.is_set()


@pytest.mark.parametrize("offset_days", [-100, 100])
async def test_a_clock_that_is_far_off_is_named(offset_days: int) -> None:
    here = await listen(Identity.generate(), host="127.0.0.1")
    there = await listen(Identity.generate(), host="127.0.0.1", clock=lambda: time.time() + offset_days * DAY_S)
    try:
        with pytest.raises(RefusedError) as caught:
            await here.connect(there.node_id, there.addresses[0])
        assert caught.value.code is CloseCode.BAD_CERTIFICATE
        assert "date and time" in caught.value.hint
    finally:
        await here.close()
        await there.close()


@pytest.mark.parametrize("offset_days", [-20, 20])
async def test_a_clock_that_is_somewhat_off_does_no_harm(offset_days: int) -> None:
    here = await listen(Identity.generate(), host="127.0.0.1")
    there = await listen(Identity.generate(), host="127.0.0.1", clock=lambda: time.time() + offset_days * DAY_S)
    try:
        assert (await here.connect(there.node_id, there.addresses[0])).peer == there.node_id
    finally:
        await here.close()
        await there.close()


async def test_a_peer_that_ignores_the_window_is_closed(endpoint: QuicEndpoint, raw: MakeRaw) -> None:
    me = Identity.generate()
    peer = raw(raw_configuration(client=True, shown=make_certificate(me, time.time()), key=me.tls_key))
    await peer.open()
    peer.dial(endpoint.addresses[0])
    accepted = await endpoint.accept()
    await peer.handshaken.wait()
    assert peer.quic is not None
    peer.quic.send_stream_data(0, bytes(8 << 20))
    peer.quic._remote_max_data = 1 << 40
    peer.quic._streams[0].max_stream_data_remote = 1 << 40
    peer.flush()
    event = await peer.ended
    assert event.error_code == QuicErrorCode.FLOW_CONTROL_ERROR
    code, _, by_peer = await accepted.wait_closed()
    assert (code, by_peer) == (CloseCode.INTERNAL, False)
    with pytest.raises(ConnectionLostError):
        await accepted.accept_stream()


async def test_an_unknown_close_code_is_named_by_its_number(endpoint: QuicEndpoint, raw: MakeRaw) -> None:
    me = Identity.generate()
    peer = raw(raw_configuration(client=True, shown=make_certificate(me, time.time()), key=me.tls_key))
    await peer.open()
    peer.dial(endpoint.addresses[0])
    accepted = await endpoint.accept()
    await peer.handshaken.wait()
    assert peer.quic is not None
    peer.quic.close(error_code=0x777, reason_phrase="from the future")
    peer.flush()
    assert await accepted.wait_closed() == (CloseCode.INTERNAL, "close code 0x777: from the future", True)
