"""The one place that knows aioquic's private names: mutual TLS, and windows that open as the application reads.

aioquic 1.7 asks a client for its certificate only if a private flag is set, widens flow-control windows on receipt
instead of on consumption, and keeps the size of its send buffers to itself. `check_aioquic` fails loudly where a
name that is used here is gone; the version range is pinned in pyproject.toml.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Final

import aioquic
from aioquic import tls
from aioquic.buffer import Buffer  # type: ignore[attr-defined]
from aioquic.quic.configuration import QuicConfiguration
from aioquic.quic.connection import Limit, QuicConnection, QuicConnectionError, QuicReceiveContext
from aioquic.quic.events import ConnectionTerminated
from aioquic.quic.packet import QuicErrorCode, QuicFrameType, QuicPacketType
from aioquic.quic.packet_builder import QuicDeliveryState, QuicPacketBuilder
from aioquic.quic.recovery import QuicPacketSpace
from aioquic.quic.stream import QuicStream
from cryptography import x509

from vaultsync.errors import TransportError
from vaultsync.transport.quic.congestion import WatchedReno
from vaultsync.transport.quic.pathsize import STEPS, PathSize
from vaultsync.transport.quic.settings import QuicSettings
from vaultsync.transport.quic.udp import Datagram

_METHODS: Final = {
    "_initialize": ["peer_cid"],
    "_handle_crypto_frame": ["context", "frame_type", "buf"],
    "_close_begin": ["is_initiator", "now"],
    "_flush_builder": ["builder", "network_path", "peer_cid", "now"],
    "_write_stream_limits": ["builder", "space", "stream"],
    "_write_connection_limits": ["builder", "space"],
}
_CONNECTION: Final = (
    "_close_event",
    "_cryptos",
    "_handshake_confirmed",
    "_local_max_data",
    "_local_max_streams_bidi",
    "_local_max_streams_uni",
    "_loss",
    "_max_datagram_size",
    "_network_paths",
    "_packet_number",
    "_peer_cid",
    "_peer_token",
    "_spin_bit",
    "_streams",
    "_version",
)
_TLS: Final = ("_request_client_certificate", "_peer_certificate", "_receive_buffer")
_LIMIT: Final = ("frame_type", "name", "sent", "used", "value")
_STREAM: Final = ("is_blocked", "max_stream_data_local", "max_stream_data_local_sent", "sender", "receiver")
_SENDER: Final = ("_buffer_start", "_buffer_stop", "_buffer_fin", "_reset_error_code")
_RECEIVER: Final = ("highest_offset", "is_finished")
_LOSS: Final = ("_cc", "_pacer", "_pto_count", "_rtt_initialized", "_rtt_smoothed", "get_probe_timeout")

PROBE_EVERY_S: Final = 1.0
"""On a silent path, aioquic doubles the time between probes without end (RFC 9002 §6.2.1), so that a path that comes
and goes is rarely probed while it is there. One or two packets a second burden no path, for a minute at most."""

MAX_TLS_MESSAGE: Final = 16 << 10
"""Bytes of one message of the handshake. Ours have less than 2 KiB; RFC 8446 §4 allows 16 MiB, of anybody."""

MOST_PROBED: Final = STEPS[-1]
"""Bytes that the congestion window must have free for a probe."""


def check_aioquic() -> None:
    """Raise `TransportError` if the installed aioquic lacks something that this module relies on."""
    missing = [
        f"QuicConnection.{name}"
        for name, parameters in _METHODS.items()
        if not callable(getattr(QuicConnection, name, None))
        or list(inspect.signature(getattr(QuicConnection, name)).parameters)[1:] != parameters
    ]
    if not missing:
        # Where a method is gone, a connection cannot even be made.
        missing = _missing_attributes()
    if missing:
        raise TransportError(
            f"aioquic {aioquic.__version__} does not work with this version: {', '.join(missing)} changed.",
            hint="Install a version of aioquic in the range that vaultsync asks for.",
        )


def _missing_attributes() -> list[str]:
    missing: list[str] = []
    connection = QuicConnection(configuration=QuicConfiguration())
    stream = QuicStream(0)
    for owner, names in (
        (connection, _CONNECTION),
        (getattr(connection, "_local_max_data", None), _LIMIT),
        (getattr(connection, "_loss", None), _LOSS),
        (getattr(getattr(connection, "_loss", None), "_pacer", None), ("_max_datagram_size",)),
        (tls.Context(is_client=True), _TLS),
        (stream, _STREAM),
        (getattr(stream, "sender", None), _SENDER),
        (getattr(stream, "receiver", None), _RECEIVER),
    ):
        missing += [f"{type(owner).__name__}.{name}" for name in names if not hasattr(owner, name)]
    return missing


@dataclass(frozen=True, slots=True)
class Ending:
    """How a connection ended, in QUIC's own terms."""

    error_code: int
    from_application: bool
    """Whether `error_code` is an application's close code, else one of QUIC's (RFC 9000 §20)."""
    reason: str
    by_peer: bool


class CappedLimit(Limit):
    """A limit that aioquic raises as it likes, but that the peer sees only up to `cap`."""

    def __init__(self, limit: Limit) -> None:
        self.cap = limit.value
        self._wanted: int = limit.value
        super().__init__(limit.frame_type, limit.name, limit.value)

    @property
    def value(self) -> int:
        return min(self._wanted, self.cap)

    @value.setter
    def value(self, raised: int) -> None:
        # What aioquic adds while the cap holds it back must still be there when the cap rises.
        self._wanted += raised - self.value


class MutualConnection(QuicConnection):
    """A `QuicConnection` whose both ends show certificates and whose windows follow the reader."""

    def __init__(
        self,
        *,
        configuration: QuicConfiguration,
        settings: QuicSettings,
        original_destination_connection_id: bytes | None = None,
        retry_source_connection_id: bytes | None = None,
    ) -> None:
        super().__init__(
            configuration=configuration,
            original_destination_connection_id=original_destination_connection_id,
            retry_source_connection_id=retry_source_connection_id,
        )
        self.ending: Ending | None = None
        """Set as soon as either side closes; `ConnectionTerminated` only comes when draining is over."""
        self._settings = settings
        self._path_size: PathSize | None = None
        self._path_address: object = None
        self._consumed = 0
        self._local_max_streams_bidi.value = settings.stream_backlog
        self._local_max_streams_uni.value = settings.stream_backlog
        self._data_cap = self._local_max_data = CappedLimit(self._local_max_data)
        self._bidi_cap = self._local_max_streams_bidi = CappedLimit(self._local_max_streams_bidi)
        self._uni_cap = self._local_max_streams_uni = CappedLimit(self._local_max_streams_uni)

    @property
    def peer_certificate(self) -> x509.Certificate | None:
        """The certificate whose key the peer proved to hold; None if it showed none."""
        return self.tls._peer_certificate

    @property
    def address_proven(self) -> bool:
        """Whether somebody at the peer's address has answered (RFC 9000 §8)."""
        return any(path.is_validated for path in self._network_paths[:1])

    @property
    def confirmed(self) -> bool:
        """Whether the peer is known to have accepted the handshake (RFC 9001 §4.1.2)."""
        return self._handshake_confirmed

    @property
    def round_trip_s(self) -> float | None:
        """Smoothed round-trip time, None before the first sample."""
        return self._loss._rtt_smoothed if self._loss._rtt_initialized else None

    def send_room(self, stream_id: int) -> int:
        """Bytes that the stream's send buffer may still take; 0 while the peer's limit on streams holds it back."""
        stream = self._streams.get(stream_id)
        if stream is None:
            return self._settings.send_buffer
        if stream.is_blocked:
            return 0
        return self._settings.send_buffer - (stream.sender._buffer_stop - stream.sender._buffer_start)

    def can_write(self, stream_id: int) -> bool:
        """Whether the stream's sending half is neither finished nor reset."""
        stream = self._streams.get(stream_id)
        if stream is None:
            return True
        return stream.sender._buffer_fin is None and stream.sender._reset_error_code is None

    def received_offset(self, stream_id: int) -> int:
        """How far the peer has used the stream's window; 0 if the stream is gone."""
        stream = self._streams.get(stream_id)
        return stream.receiver.highest_offset if stream is not None else 0

    def consume(self, stream_id: int, offset: int, size: int) -> bool:
        """The reader has taken `size` more bytes and stands at `offset`; whether the peer should hear of it now.

        Windows are announced in steps: a frame for every read would cost more than it gives.
        """
        self._consumed += size
        announce = self._data_room_due()
        stream = self._streams.get(stream_id)
        if stream is not None and not stream.receiver.is_finished:
            room, known = offset + self._settings.stream_window, stream.max_stream_data_local
            if self._due(room, known, stream.receiver.highest_offset):
                stream.max_stream_data_local = room
                announce = True
        return announce

    def _due(self, room: int, known: int, used: int) -> bool:
        """Whether a window is worth announcing: it grew by a step, or the peer has less than a step of it left."""
        step = self._settings.stream_window // 4
        return room - known >= step or (room > known and known - used < step)

    def _data_room_due(self) -> bool:
        return self._due(self._consumed + self._settings.connection_window, self._data_cap.cap, self._data_cap.used)

    def accept_stream(self, *, unidirectional: bool) -> None:
        """The application has taken a stream over, so the peer may open another once one is finished."""
        limit = self._uni_cap if unidirectional else self._bidi_cap
        limit.cap += 1

    def change_connection_id(self) -> None:
        """Go on under another id, as this device does on another path: nothing is known of that one."""
        super().change_connection_id()
        if self._path_size is not None:
            self._path_size.restart()
            self._use_path_size(self._path_size)

    def handle_timer(self, now: float) -> None:
        loss, path = self._loss, self._path_size
        timeouts, probing = loss._pto_count, path is not None and path.is_probing
        super().handle_timer(now)
        if path is not None and not probing and loss._pto_count > timeouts:
            path.doubt(now)
            self._use_path_size(path)
        while loss._pto_count > 0 and loss.get_probe_timeout() * 2**loss._pto_count > PROBE_EVERY_S:
            loss._pto_count -= 1

    def find_path_size(self) -> None:
        """Find out from now on how large datagrams may be; for sockets whose datagrams are never fragmented."""
        control = self._loss._cc
        assert isinstance(control, WatchedReno), "the configuration asks for it"
        self._path_size = control.path = PathSize(self._max_datagram_size)
        self._path_address = self.get_peer_address()

    @property
    def datagram_size(self) -> int:
        """UDP payload of the datagrams that are sent now."""
        return self._max_datagram_size

    def size_probe(self, now: float) -> Datagram | None:
        """A padded datagram that is larger than the path is known to take, if it is time for one, and its address.

        To be sent by itself: the system may refuse it.
        """
        path = self._path_size
        if path is None or self.ending is not None or not self._handshake_confirmed:
            return None
        assert self._version is not None, "the handshake settled it"
        network_path = self._network_paths[0]
        if network_path.addr != self._path_address:
            self._path_address = network_path.addr
            path.restart()
        self._use_path_size(path)
        loss = self._loss
        if not network_path.is_validated or loss.congestion_window - loss.bytes_in_flight < MOST_PROBED:
            return None
        size = path.next_probe(now)
        if size is None:
            return None
        builder = QuicPacketBuilder(
            host_cid=self.host_cid,
            is_client=self._is_client,
            max_datagram_size=size,
            packet_number=self._packet_number,
            peer_cid=self._peer_cid.cid,
            peer_token=self._peer_token,
            spin_bit=self._spin_bit,
            version=self._version,
        )
        builder.start_packet(QuicPacketType.ONE_RTT, self._cryptos[tls.Epoch.ONE_RTT])
        builder.start_frame(QuicFrameType.PING, handler=self._on_size_probe, handler_args=(size, now))
        padding = builder.start_frame(QuicFrameType.PADDING)
        padding.push_bytes(bytes(builder.remaining_buffer_space))
        datagrams: list[Datagram] = self._flush_builder(
            builder=builder, network_path=network_path, peer_cid=self._peer_cid.cid, now=now
        )
        return datagrams[0]

    def _on_size_probe(self, delivery: QuicDeliveryState, size: int, sent_at: float) -> None:
        path = self._path_size
        assert path is not None
        if delivery is QuicDeliveryState.ACKED:
            path.probe_arrived(size)
            self._use_path_size(path)
        else:
            path.probe_lost(size, sent_at)

    def _use_path_size(self, path: PathSize) -> None:
        if self._max_datagram_size == path.size:
            return
        self._max_datagram_size = path.size
        self._loss._pacer._max_datagram_size = path.size
        control = self._loss._cc
        assert isinstance(control, WatchedReno)
        control.use_datagram_size(path.size)

    def _initialize(self, peer_cid: bytes) -> None:
        super()._initialize(peer_cid)
        if not self._is_client:
            self.tls._request_client_certificate = True

    def _handle_crypto_frame(self, context: QuicReceiveContext, frame_type: int, buf: Buffer) -> None:
        try:
            super()._handle_crypto_frame(context, frame_type, buf)
        except x509.InvalidVersion as error:
            # aioquic expects `ValueError`, as which everything else that is wrong with a certificate comes.
            raise QuicConnectionError(
                error_code=QuicErrorCode.CRYPTO_ERROR + int(tls.AlertDescription.bad_certificate),
                frame_type=frame_type,
                reason_phrase="the certificate is of an unknown version",
            ) from error
        # aioquic collects a message as long as it says it is, and copies all of it at every packet.
        if len(self.tls._receive_buffer) > MAX_TLS_MESSAGE:
            raise QuicConnectionError(
                error_code=QuicErrorCode.CRYPTO_BUFFER_EXCEEDED,
                frame_type=frame_type,
                reason_phrase="a message of the handshake is too long",
            )

    def _close_begin(self, is_initiator: bool, now: float) -> None:
        super()._close_begin(is_initiator=is_initiator, now=now)
        if self._close_event is not None:
            self.ending = ending_of(self._close_event, by_peer=not is_initiator)

    def _write_connection_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace) -> None:
        # Looked at for every packet, not only when something is read: streams that nobody reads may have used up
        # what the reader of another one waits for.
        if self._data_room_due():
            self._data_cap.cap = self._consumed + self._settings.connection_window
            self._data_cap.value = self._data_cap.cap
        data, bidi, uni = self._data_cap, self._bidi_cap, self._uni_cap
        if data.sent != data.value or bidi.sent != bidi.value or uni.sent != uni.value:
            super()._write_connection_limits(builder=builder, space=space)

    def _write_stream_limits(self, builder: QuicPacketBuilder, space: QuicPacketSpace, stream: QuicStream) -> None:
        limit = stream.max_stream_data_local
        if stream.max_stream_data_local_sent == limit or stream.receiver.is_finished:
            return
        used = stream.receiver.highest_offset
        # Nothing that aioquic sees as used, nothing that it doubles.
        stream.receiver.highest_offset = 0
        try:
            super()._write_stream_limits(builder=builder, space=space, stream=stream)
        finally:
            stream.receiver.highest_offset = used


def ending_of(event: ConnectionTerminated, *, by_peer: bool) -> Ending:
    """The ending that aioquic's event describes."""
    return Ending(
        error_code=event.error_code,
        from_application=event.frame_type is None,
        reason=event.reason_phrase,
        by_peer=by_peer,
    )
