"""What to do with a datagram that belongs to no connection: nothing, an answer, or a new connection."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from aioquic.buffer import Buffer, BufferReadError  # type: ignore[attr-defined]
from aioquic.quic.configuration import SMALLEST_MAX_DATAGRAM_SIZE
from aioquic.quic.connection import TRANSPORT_CLOSE_FRAME_CAPACITY
from aioquic.quic.crypto import CryptoPair
from aioquic.quic.packet import (
    QuicErrorCode,
    QuicFrameType,
    QuicHeader,
    QuicPacketType,
    QuicProtocolVersion,
    encode_quic_retry,
    encode_quic_version_negotiation,
    pull_quic_header,
)
from aioquic.quic.packet_builder import QuicPacketBuilder
from aioquic.quic.retry import QuicRetryTokenHandler

from vaultsync.transport.quic.settings import QuicSettings
from vaultsync.transport.quic.udp import SocketAddress

CID_LENGTH: Final = 8
VERSIONS: Final = [int(QuicProtocolVersion.VERSION_1)]


@dataclass(frozen=True, slots=True)
class Admitted:
    """A newcomer may begin its handshake."""

    destination: bytes
    """The connection id that it chose for us."""
    original: bytes
    """The one of its very first packet."""
    retried: bytes | None
    """The one of our Retry packet, if it had to prove its address."""


def destination_of(data: bytes) -> bytes | None:
    """The connection id that a datagram is for; None if it cannot be one of QUIC's."""
    if len(data) < 1 + CID_LENGTH:
        return None
    if not data[0] & 0x80:
        return data[1 : 1 + CID_LENGTH]
    return data[6 : 6 + data[5]]


class Admission:
    """Keeps unproven newcomers within bounds, without state for those that it turns away."""

    def __init__(self, settings: QuicSettings) -> None:
        self._settings = settings
        self._tokens = QuicRetryTokenHandler()

    def judge(
        self, data: bytes, address: SocketAddress, now: float, *, handshakes: int, connections: int
    ) -> Admitted | bytes | None:
        """A newcomer to admit, a datagram to answer with, or None to stay silent."""
        if len(data) < SMALLEST_MAX_DATAGRAM_SIZE:
            # No first packet is shorter (RFC 9000 §14.1), and no answer to it may be longer.
            return None
        try:
            header = pull_quic_header(Buffer(data=data), host_cid_length=CID_LENGTH)
        except (ValueError, BufferReadError):
            return None
        if header.packet_type is QuicPacketType.VERSION_NEGOTIATION or header.version is None:
            return None
        if header.version not in VERSIONS:
            return encode_quic_version_negotiation(
                source_cid=header.destination_cid, destination_cid=header.source_cid, supported_versions=VERSIONS
            )
        if header.packet_type is not QuicPacketType.INITIAL or len(header.destination_cid) < CID_LENGTH:
            return None
        if connections >= self._settings.max_connections:
            return _close(header, QuicErrorCode.CONNECTION_REFUSED)
        if header.token:
            return self._check_token(header, address, now)
        if handshakes >= self._settings.retry_above:
            return self._retry(header, address, now)
        return Admitted(header.destination_cid, header.destination_cid, None)

    def _retry(self, header: QuicHeader, address: SocketAddress, now: float) -> bytes:
        source = os.urandom(CID_LENGTH)
        token = self._tokens.create_token(
            address=address,
            original_destination_connection_id=header.destination_cid,
            retry_source_connection_id=source,
            now=now,
        )
        assert header.version is not None
        return encode_quic_retry(
            version=header.version,
            source_cid=source,
            destination_cid=header.source_cid,
            original_destination_cid=header.destination_cid,
            retry_token=token,
        )

    def _check_token(self, header: QuicHeader, address: SocketAddress, now: float) -> Admitted | bytes:
        try:
            original = self._tokens.validate_token(
                address=address, destination_cid=header.destination_cid, token=header.token, now=now
            )
        except (ValueError, BufferReadError):
            return _close(header, QuicErrorCode.INVALID_TOKEN)
        return Admitted(header.destination_cid, original, header.destination_cid)


def _close(header: QuicHeader, error: QuicErrorCode) -> bytes:
    """A lone Initial packet that closes, under the keys that the newcomer's first packet implies (RFC 9001 §5.2)."""
    assert header.version is not None
    crypto = CryptoPair()
    crypto.setup_initial(cid=header.destination_cid, is_client=False, version=header.version)
    builder = QuicPacketBuilder(
        host_cid=header.destination_cid,
        is_client=False,
        max_datagram_size=SMALLEST_MAX_DATAGRAM_SIZE,
        peer_cid=header.source_cid,
        version=header.version,
    )
    builder.start_packet(QuicPacketType.INITIAL, crypto)
    frame = builder.start_frame(QuicFrameType.TRANSPORT_CLOSE, capacity=TRANSPORT_CLOSE_FRAME_CAPACITY)
    frame.push_uint_var(error)
    frame.push_uint_var(QuicFrameType.PADDING)
    frame.push_uint_var(0)
    datagrams, _ = builder.flush()
    return datagrams[0]
