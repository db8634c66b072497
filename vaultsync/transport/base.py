"""The transport's three nouns: endpoint, connection, stream. `quic` and `memory` implement them.

A connection is authenticated before anybody sees it: `Connection.peer` is proven by TLS (or by construction in
memory). Every write waits while the other side, or the network, is slower than the writer: that is all the
back-pressure there is, and all that is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from vaultsync.errors import CloseCode
from vaultsync.model.ids import NodeId


@dataclass(frozen=True, slots=True)
class Address:
    """Where a node listens: a literal IP address or host name, and a UDP port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """From `host:port` or `[v6]:port`; `ValueError` if it is neither."""
        host, colon, port = text.rpartition(":")
        host = host.removeprefix("[").removesuffix("]") if host.startswith("[") else host
        if not colon or not host or "[" in host or "]" in host or not port.isdecimal() or not 0 < int(port) < 65536:
            raise ValueError(f"not an address: {text!r}")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class SendStream(Protocol):
    """The sending half of a stream."""

    async def write(self, data: bytes) -> None:
        """Queue `data`, waiting while more than the buffer's bound is queued. `ConnectionLostError` if it ended."""

    async def finish(self) -> None:
        """End the stream after what was written."""

    def reset(self, code: CloseCode) -> None:
        """Abandon the stream; what was not sent yet is dropped."""


class ReceiveStream(Protocol):
    """The receiving half of a stream."""

    async def read(self, limit: int) -> bytes:
        """1 to `limit` bytes, or no bytes at the stream's end. `ConnectionLostError` if it was cut off."""

    async def read_exactly(self, size: int) -> bytes:
        """Exactly `size` bytes. `ConnectionLostError` if the stream ends before."""

    def stop(self, code: CloseCode) -> None:
        """Ask the other side to stop sending."""


class Connection(Protocol):
    """An authenticated connection to one peer."""

    @property
    def peer(self) -> NodeId:
        """Who is at the other end, proven."""

    @property
    def dialed(self) -> bool:
        """Whether this side opened it."""

    @property
    def address(self) -> Address:
        """Where the peer is now; follows the peer when it moves."""

    @property
    def latency_ms(self) -> float | None:
        """Smoothed round-trip time, or None before the first sample."""

    @property
    def bytes_sent(self) -> int: ...

    @property
    def bytes_received(self) -> int: ...

    async def open_stream(self) -> tuple[SendStream, ReceiveStream]:
        """A new bidirectional stream. The other side sees it with the first byte that is written."""

    async def open_send_stream(self) -> SendStream:
        """A new unidirectional stream."""

    async def accept_stream(self) -> tuple[SendStream | None, ReceiveStream]:
        """The next stream that the peer opened; no sending half if it is unidirectional.

        Raises `ConnectionLostError` when the connection has ended.
        """

    async def probe(self, timeout_s: float) -> bool:
        """Whether the peer answers a ping within `timeout_s`; False too for a connection that has ended."""

    async def close(self, code: CloseCode = CloseCode.NORMAL, reason: str = "") -> None:
        """Close, telling the peer why. Idempotent."""

    async def wait_closed(self) -> tuple[CloseCode, str, bool]:
        """Wait for the end; the close code, the reason, and whether the peer closed it.

        A path that died is `CloseCode.TIMEOUT`.
        """


class Endpoint(Protocol):
    """One node's place on the network: it both dials and accepts."""

    @property
    def node_id(self) -> NodeId: ...

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where this endpoint can be dialed, best first; loopback only if it is bound to loopback."""

    async def connect(self, peer: NodeId, address: Address) -> Connection:
        """Dial `peer` at `address`.

        Raises `UnreachableError` (nothing answers, within 5 s), `WrongPeerError` (another node answered),
        `RefusedError` (it closed the handshake).
        """

    async def accept(self) -> Connection:
        """The next authenticated incoming connection. `ConnectionLostError` once the endpoint is closed."""

    async def rebind(self) -> None:
        """Go on from this device's present addresses, after they changed. `TransportError` if that is impossible."""

    async def close(self) -> None:
        """Close every connection with `NORMAL` and free the socket."""
