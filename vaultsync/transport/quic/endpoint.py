"""One node's UDP socket: dials, accepts, and hands every datagram to the connection that it belongs to."""

from __future__ import annotations

import asyncio
import logging
import ssl
import time
from collections import deque
from collections.abc import Callable
from typing import Final

from aioquic.quic.configuration import QuicConfiguration
from cryptography import x509

from vaultsync.errors import CloseCode, ConnectionLostError, TransportError, UnreachableError
from vaultsync.model.ids import NodeId
from vaultsync.protocol.limits import ALPN
from vaultsync.transport.base import Address
from vaultsync.transport.certificates import make_certificate
from vaultsync.transport.identity import Identity
from vaultsync.transport.quic.addresses import dialable, is_loopback, resolve
from vaultsync.transport.quic.admission import CID_LENGTH, VERSIONS, Admission, Admitted, destination_of
from vaultsync.transport.quic.congestion import ALGORITHM
from vaultsync.transport.quic.connection import QuicPeerConnection
from vaultsync.transport.quic.mutual import MutualConnection, check_aioquic
from vaultsync.transport.quic.settings import QuicSettings
from vaultsync.transport.quic.udp import Datagram, DatagramIO, SocketAddress, attach, bind
from vaultsync.transport.quic.waiting_room import WaitingRoom

CERTIFICATE_RENEWAL_S: Final = 24 * 3600.0
"""Age from which on a new certificate is made for the next connection."""

_log = logging.getLogger(__name__)


async def listen(
    identity: Identity,
    *,
    host: str | None = None,
    port: int = 0,
    settings: QuicSettings | None = None,
    clock: Callable[[], float] = time.time,
) -> QuicEndpoint:
    """Open the node's endpoint on `host` (None: every address, IPv6 and IPv4) and `port` (0: any free one).

    `clock` gives Unix seconds, for the validity of certificates. Raises `TransportError` if the port cannot be had
    or the installed aioquic does not fit.
    """
    check_aioquic()
    settings = settings or QuicSettings()
    return QuicEndpoint(identity, host, port, settings, clock)


class QuicEndpoint:
    """Dials and accepts on one socket; whatever arrives, it stays up until `close`."""

    def __init__(
        self,
        identity: Identity,
        host: str | None,
        port: int,
        settings: QuicSettings,
        clock: Callable[[], float],
    ) -> None:
        self._identity = identity
        self._host = host
        self._settings = settings
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._admission = Admission(settings)
        self._routes: dict[bytes, QuicPeerConnection] = {}
        self._connections: dict[QuicPeerConnection, set[bytes]] = {}
        self._handshakes: WaitingRoom[QuicPeerConnection] = WaitingRoom(settings.max_handshakes)
        self._accepted: deque[QuicPeerConnection] = deque()
        self._arrival = asyncio.Event()
        self._certificate: tuple[float, x509.Certificate] | None = None
        self._closed = False
        self._io = self._attach(port)

    @property
    def node_id(self) -> NodeId:
        return self._identity.node_id

    @property
    def addresses(self) -> tuple[Address, ...]:
        if self._closed:
            return ()
        return dialable(self._io.local_address, self._io.family)

    @property
    def port(self) -> int:
        """The UDP port in use."""
        return self._io.local_address[1]

    async def connect(self, peer: NodeId, address: Address) -> QuicPeerConnection:
        self._check_open()
        if len(self._connections) >= self._settings.max_connections:
            raise TransportError(f"This device already has {len(self._connections)} connections.")
        last: UnreachableError | None = None
        try:
            async with asyncio.timeout(self._settings.dial_timeout_s):
                for raw in await self._resolve(address):
                    try:
                        return await self._dial(peer, raw)
                    except UnreachableError as error:
                        last = error
        except TimeoutError:
            raise UnreachableError(f"Nothing answers at {address}.") from None
        raise UnreachableError(f"{address} cannot be reached: {last.message if last else 'no usable address'}")

    async def accept(self) -> QuicPeerConnection:
        while not self._accepted:
            self._check_open()
            self._arrival.clear()
            await self._arrival.wait()
        return self._accepted.popleft()

    async def rebind(self) -> None:
        """Move to a new socket, on the same port if it is free, after this device's addresses changed.

        Connections that were dialed go on from there. `TransportError` if no socket can be had.
        """
        self._check_open()
        port = self.port
        self._io.close()
        try:
            self._io = self._attach(port)
        except TransportError:
            self._io = self._attach(0)
        for connection in list(self._connections):
            connection.moved()

    async def close(self) -> None:
        if self._closed:
            return
        for connection in list(self._connections):
            connection.shut(CloseCode.NORMAL)
            connection.abandon()
        self._closed = True
        self._io.close()
        self._connections.clear()
        self._routes.clear()
        self._handshakes.clear()
        self._accepted.clear()
        self._arrival.set()

    # What the socket calls

    def datagrams_received(self, batch: list[Datagram]) -> None:
        """Feed every connection all that came for it, then let each answer once."""
        now = self._loop.time()
        touched: dict[QuicPeerConnection, None] = {}
        for data, address in batch:
            cid = destination_of(data)
            if cid is None:
                continue
            connection = self._routes.get(cid)
            if connection is None:
                connection = self._admit(data, address, now)
                if connection is None:
                    continue
            connection.receive(data, address, now)
            touched[connection] = None
        for connection in touched:
            if connection.quic.get_peer_address() is None:
                # Its first packet was none: no state is kept for that.
                self.ended(connection)
                self.forget(connection)
            else:
                connection.pump()

    def address_unreachable(self, address: SocketAddress, error: OSError) -> None:
        """Give up dials to `address`. An open connection is not touched: anybody could have sent that report."""
        for connection in list(self._connections):
            if (
                connection.dialed
                and not connection.established.done()
                and connection.quic.get_peer_address() == address
            ):
                connection.give_up(UnreachableError(f"The network says: {error.strerror}."))

    def sending_resumed(self) -> None:
        for connection in list(self._connections):
            connection.pump()

    # What connections call

    @property
    def congested(self) -> bool:
        return self._io.congested

    @property
    def unfragmented(self) -> bool:
        return self._io.unfragmented

    def send(self, datagrams: list[Datagram]) -> None:
        if not self._closed:
            self._io.send(datagrams)

    def route(self, cid: bytes, connection: QuicPeerConnection) -> None:
        if connection in self._connections:
            self._routes[cid] = connection
            self._connections[connection].add(cid)

    def unroute(self, cid: bytes) -> None:
        connection = self._routes.pop(cid, None)
        if connection is not None:
            self._connections[connection].discard(cid)

    def authenticated(self, connection: QuicPeerConnection) -> None:
        self._handshakes.discard(connection)
        self._accepted.append(connection)
        self._arrival.set()

    def ended(self, connection: QuicPeerConnection) -> None:
        self._handshakes.discard(connection)
        if connection in self._accepted:
            self._accepted.remove(connection)

    def forget(self, connection: QuicPeerConnection) -> None:
        for cid in self._connections.pop(connection, ()):
            self._routes.pop(cid, None)

    # Inside

    def _check_open(self) -> None:
        if self._closed:
            raise ConnectionLostError("This node's endpoint is closed.", code=CloseCode.NORMAL)

    def _attach(self, port: int) -> DatagramIO:
        try:
            sock = bind(self._host, port, self._settings.socket_buffer)
        except OSError as error:
            where = f"UDP port {port}" if port else "a UDP port"
            raise TransportError(
                f"{where} cannot be opened: {error.strerror or error}.",
                hint="Stop what uses it, or choose another: `vaultsync config set listen_port 0`.",
            ) from error
        return attach(sock, self)

    async def _resolve(self, address: Address) -> list[SocketAddress]:
        try:
            return await resolve(address, self._io.family)
        except OSError as error:
            raise UnreachableError(f"{address.host} is not known: {error.strerror or error}.") from error

    async def _dial(self, peer: NodeId, raw: SocketAddress) -> QuicPeerConnection:
        quic = MutualConnection(configuration=self._configuration(is_client=True, address=raw), settings=self._settings)
        connection = QuicPeerConnection(quic, self, self._settings, expected=peer, wall_clock=self._clock)
        self._connections[connection] = set()
        self.route(quic.host_cid, connection)
        quic.connect(raw, self._loop.time())
        connection.pump()
        try:
            await connection.established
        except asyncio.CancelledError:
            connection.shut(CloseCode.TIMEOUT)
            raise
        return connection

    def _admit(self, data: bytes, address: SocketAddress, now: float) -> QuicPeerConnection | None:
        verdict = self._admission.judge(
            data, address, now, handshakes=len(self._handshakes), connections=len(self._connections)
        )
        if isinstance(verdict, bytes):
            self._io.send([(verdict, address)])
        if not isinstance(verdict, Admitted):
            return None
        free, leaves = self._handshakes.make_room(address, now)
        if not free:
            return None
        if leaves is not None:
            # Without a word, and without the time that a close takes: that would hold its place among the connections.
            leaves.abandon()
            self.forget(leaves)
        quic = MutualConnection(
            configuration=self._configuration(is_client=False, address=address),
            settings=self._settings,
            original_destination_connection_id=verdict.original,
            retry_source_connection_id=verdict.retried,
        )
        connection = QuicPeerConnection(quic, self, self._settings, expected=None, wall_clock=self._clock)
        self._connections[connection] = set()
        self._handshakes.add(connection, address, now)
        self.route(verdict.destination, connection)
        self.route(quic.host_cid, connection)
        return connection

    def _configuration(self, *, is_client: bool, address: SocketAddress) -> QuicConfiguration:
        settings = self._settings
        local = is_loopback(address)
        return QuicConfiguration(
            alpn_protocols=[ALPN],
            congestion_control_algorithm=ALGORITHM,
            certificate=self._current_certificate(),
            connection_id_length=CID_LENGTH,
            idle_timeout=settings.idle_timeout_s,
            is_client=is_client,
            max_data=settings.connection_window,
            max_datagram_size=settings.loopback_datagram_size if local else settings.max_datagram_size,
            max_stream_data=settings.stream_window,
            private_key=self._identity.tls_key,
            supported_versions=VERSIONS,
            # No certificate authority has a say: the node id is checked instead. aioquic verifies all the same
            # that the peer holds the key of the certificate that it shows.
            verify_mode=ssl.CERT_NONE,
        )

    def _current_certificate(self) -> x509.Certificate:
        now_s = self._clock()
        if self._certificate is None or not 0 <= now_s - self._certificate[0] < CERTIFICATE_RENEWAL_S:
            self._certificate = (now_s, make_certificate(self._identity, now_s))
        return self._certificate[1]
