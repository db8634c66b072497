"""The transport inside one process: no sockets, no clock, no chance; links that can be cut, healed and dropped.

Node ids are true by construction. Streams are bounded and wait as QUIC's do.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from vaultsync.errors import CloseCode, ConnectionLostError, UnreachableError, WrongPeerError
from vaultsync.model.ids import NodeId
from vaultsync.transport.base import Address
from vaultsync.transport.closing import End, clean_reason, lost
from vaultsync.transport.memory_streams import MemoryReceiveStream, MemorySendStream

STREAM_BACKLOG: Final = 128
"""Streams that wait to be accepted before writing to a further one waits."""

_PORT: Final = 1


class MemoryNetwork:
    """The hub: makes endpoints and decides what passes between them."""

    def __init__(self) -> None:
        self._endpoints: dict[Address, MemoryEndpoint] = {}
        self._held: dict[frozenset[NodeId], list[Callable[[], None]]] = {}
        self._connections: dict[MemoryConnection, None] = {}
        self._count = 0

    def endpoint(self, node_id: NodeId, host: str | None = None) -> MemoryEndpoint:
        """A new endpoint, at `host` or at a name of its own."""
        self._count += 1
        address = Address(host or f"memory-{self._count}", _PORT)
        if address in self._endpoints:
            raise ValueError(f"{address} is taken")
        endpoint = self._endpoints[address] = MemoryEndpoint(self, node_id, address)
        return endpoint

    def cut(self, one: NodeId, other: NodeId) -> None:
        """Let nothing pass between two nodes: dials fail, open connections stand still."""
        self._held.setdefault(frozenset((one, other)), [])

    def heal(self, one: NodeId, other: NodeId) -> None:
        """Let everything pass again, first what was held back."""
        for action in self._held.pop(frozenset((one, other)), []):
            action()

    def drop(self, one: NodeId, other: NodeId) -> None:
        """End the connections between two nodes as if both sides' idle timeouts had run out."""
        pair = frozenset((one, other))
        if pair in self._held:
            self._held[pair].clear()
        for connection in list(self._connections):
            if frozenset((connection.local, connection.peer)) == pair:
                connection.end((CloseCode.TIMEOUT, "nothing was heard for too long", False))

    # What endpoints and connections call

    def find(self, address: Address, dialer: NodeId) -> MemoryEndpoint:
        """The endpoint at `address`, if the dialer can reach it; else `UnreachableError`."""
        found = self._endpoints.get(address)
        if found is None or frozenset((dialer, found.node_id)) in self._held:
            raise UnreachableError(f"Nothing answers at {address}.")
        return found

    def deliver(self, one: NodeId, other: NodeId, action: Callable[[], None]) -> None:
        """Let `action` happen at the other side, now or when the link heals."""
        held = self._held.get(frozenset((one, other)))
        if held is None:
            action()
        else:
            held.append(action)

    def add(self, connection: MemoryConnection) -> None:
        self._connections[connection] = None

    def remove_connection(self, connection: MemoryConnection) -> None:
        self._connections.pop(connection, None)

    def remove_endpoint(self, address: Address) -> None:
        self._endpoints.pop(address, None)

    def connections_of(self, endpoint: MemoryEndpoint) -> list[MemoryConnection]:
        return [connection for connection in self._connections if connection.endpoint is endpoint]


class MemoryEndpoint:
    """One node's place in a `MemoryNetwork`."""

    def __init__(self, network: MemoryNetwork, node_id: NodeId, address: Address) -> None:
        self._network = network
        self._node_id = node_id
        self._address = address
        self._accepted: deque[MemoryConnection] = deque()
        self._arrival = asyncio.Event()
        self._closed = False

    @property
    def node_id(self) -> NodeId:
        return self._node_id

    @property
    def addresses(self) -> tuple[Address, ...]:
        return () if self._closed else (self._address,)

    async def connect(self, peer: NodeId, address: Address) -> MemoryConnection:
        self._check_open()
        # A real dial lets others run; code that forgets that must fail here too.
        await asyncio.sleep(0)
        target = self._network.find(address, self._node_id)
        if target.node_id != peer:
            raise WrongPeerError(f"{address} is not {peer.short}… but {target.node_id.short}….")
        near = MemoryConnection(self._network, self, target.node_id, target._address, dialed=True)
        far = MemoryConnection(self._network, target, self._node_id, self._address, dialed=False)
        near.join(far)
        target._accepted.append(far)
        target._arrival.set()
        return near

    async def accept(self) -> MemoryConnection:
        while not self._accepted:
            self._check_open()
            self._arrival.clear()
            await self._arrival.wait()
        return self._accepted.popleft()

    async def rebind(self) -> None:
        self._check_open()

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._network.remove_endpoint(self._address)
        for connection in self._network.connections_of(self):
            await connection.close()
        self._accepted.clear()
        self._arrival.set()

    def _check_open(self) -> None:
        if self._closed:
            raise ConnectionLostError("This node's endpoint is closed.", code=CloseCode.NORMAL)


class MemoryConnection:
    """One side of a connection; `_far` is the other."""

    def __init__(
        self, network: MemoryNetwork, endpoint: MemoryEndpoint, peer: NodeId, address: Address, *, dialed: bool
    ) -> None:
        self.endpoint = endpoint
        self.local = endpoint.node_id
        self.bytes_sent = 0
        self.bytes_received = 0
        self._network = network
        self._peer = peer
        self._address = address
        self._dialed = dialed
        self._far: MemoryConnection = self
        self._halves: dict[MemorySendStream | MemoryReceiveStream, None] = {}
        self._incoming: deque[tuple[MemorySendStream | None, MemoryReceiveStream]] = deque()
        self._opened = asyncio.Event()
        self._backlog_freed = asyncio.Event()
        self._end: asyncio.Future[End] = asyncio.get_running_loop().create_future()

    def join(self, far: MemoryConnection) -> None:
        """Make this the near and `far` the far side of one connection."""
        self._far, far._far = far, self
        self._network.add(self)
        self._network.add(far)

    @property
    def peer(self) -> NodeId:
        return self._peer

    @property
    def dialed(self) -> bool:
        return self._dialed

    @property
    def address(self) -> Address:
        return self._address

    @property
    def latency_ms(self) -> float | None:
        return 0.0

    async def open_stream(self) -> tuple[MemorySendStream, MemoryReceiveStream]:
        self.check_open()
        sending, far_receiving = self._pipe(self, self._far)
        far_sending, receiving = self._pipe(self._far, self)
        sending.announce = lambda: self._far._offer(far_sending, far_receiving)
        return sending, receiving

    async def open_send_stream(self) -> MemorySendStream:
        self.check_open()
        sending, far_receiving = self._pipe(self, self._far)
        sending.announce = lambda: self._far._offer(None, far_receiving)
        return sending

    async def accept_stream(self) -> tuple[MemorySendStream | None, MemoryReceiveStream]:
        while not self._incoming:
            self.check_open()
            self._opened.clear()
            await self._opened.wait()
        stream = self._incoming.popleft()
        self.post(self._far._backlog_freed.set)
        return stream

    async def close(self, code: CloseCode = CloseCode.NORMAL, reason: str = "") -> None:
        if self._end.done():
            return
        reason = clean_reason(reason)
        self.end((code, reason, False))
        self.post(lambda: self._far.end((code, reason, True)))

    async def probe(self, timeout_s: float) -> bool:
        if self._end.done():
            return False
        answered = asyncio.Event()
        self.post(lambda: self._far.post(answered.set))
        try:
            async with asyncio.timeout(timeout_s):
                await answered.wait()
        except TimeoutError:
            return False
        return not self._end.done()

    async def wait_closed(self) -> End:
        return await asyncio.shield(self._end)

    # What the network, the streams and the far side call

    def check_open(self) -> None:
        if self._end.done():
            raise lost(self._end.result())

    def post(self, action: Callable[[], None]) -> None:
        """Do something at the far side, as soon as the link lets it pass."""
        self._network.deliver(self.local, self._peer, action)

    async def backlog_room(self) -> None:
        """Wait while the far side has as many unaccepted streams as it may."""
        while len(self._far._incoming) >= STREAM_BACKLOG and not self._end.done():
            self._backlog_freed.clear()
            await self._backlog_freed.wait()

    def release(self, half: MemorySendStream | MemoryReceiveStream) -> None:
        self._halves.pop(half, None)

    def end(self, end: End) -> None:
        if self._end.done():
            return
        self._end.set_result(end)
        self._network.remove_connection(self)
        if not end[2]:
            self._incoming.clear()
        self._opened.set()
        self._backlog_freed.set()
        for half in list(self._halves):
            half.connection_ended(discard=not end[2])
        self._halves.clear()

    def _offer(self, sending: MemorySendStream | None, receiving: MemoryReceiveStream) -> None:
        if not self._end.done():
            self._incoming.append((sending, receiving))
            self._opened.set()

    @staticmethod
    def _pipe(source: MemoryConnection, target: MemoryConnection) -> tuple[MemorySendStream, MemoryReceiveStream]:
        sending, receiving = MemorySendStream(source), MemoryReceiveStream(target)
        sending.target, receiving.source = receiving, sending
        source._halves[sending] = None
        target._halves[receiving] = None
        return sending, receiving
