"""The QUIC endpoint's numbers. Times in seconds, sizes in bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class QuicSettings:
    """What tests shorten and people with unusual networks may change."""

    idle_timeout_s: float = 60.0
    """Silence after which a connection counts as dead (DESIGN §9)."""
    keep_alive_s: float = 15.0
    """Silence after which a PING is sent, to hold the path's NAT binding and to notice a dead peer."""
    handshake_timeout_s: float = 10.0
    """How long an incoming handshake may take."""
    dial_timeout_s: float = 5.0
    """How long a dial may take, name lookup included."""

    max_connections: int = 256
    """Open connections and handshakes, both ways, that one endpoint holds."""
    max_handshakes: int = 64
    """Incoming handshakes under way; what happens to more is the waiting room's rule."""
    retry_above: int = 16
    """Incoming handshakes from which on newcomers must first prove their address (RFC 9000 §8.1.2)."""

    stream_window: int = 1 << 20
    """Bytes of one stream that a peer may send ahead of the reader."""
    connection_window: int = 8 << 20
    """The same for all streams of a connection together: seven that nobody reads leave room for an eighth."""
    stream_backlog: int = 128
    """Streams, of each kind, that a peer may open ahead of `accept_stream` or have open at once."""
    send_buffer: int = 512 << 10
    """Bytes of one stream that wait to be sent or acknowledged before `write` waits."""

    max_datagram_size: int = 1232
    """UDP payload that fits every path: IPv6's minimum MTU of 1280 (RFC 8200 §5) less IP and UDP headers. Where the
    system can forbid fragments, a connection finds out what its path takes beyond that."""
    loopback_datagram_size: int = 16_376
    """UDP payload between nodes of one machine, where the MTU is 64 KiB: four of them fill one segmented send."""
    socket_buffer: int = 4 << 20
    """Size asked for the socket's buffers; the system may grant less."""
