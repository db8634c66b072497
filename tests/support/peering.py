"""Peer managers on the memory transport, without vaults: who is connected to whom, on a virtual clock."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.events import Event
from vaultsync.daemon.peers import Peer, PeerManager, PeerState
from vaultsync.errors import CloseCode, RefusedError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.messages import Hello, Join, Welcome
from vaultsync.store.peers import PeerAddress, PeerRecord
from vaultsync.transport.base import Connection, Endpoint
from vaultsync.transport.memory import MemoryNetwork

VAULT = VaultId(b"v" * 16)
START_MS = 1_800_000_000_000


class Station:
    """A node's peer manager, and what happened to it."""

    def __init__(self, endpoint: Endpoint, database: NodeDatabase, name: str) -> None:
        self.endpoint = endpoint
        self.database = database
        self.name = name
        self.events: list[Event] = []
        self.history: list[tuple[float, PeerState, str]] = []
        """Every state that a peer came to be in, when (s), and why."""
        self.lets_in: Station | None = None
        """Who may join, with any ticket."""
        self.manager = PeerManager(
            endpoint,
            database,
            engines={},
            hello=lambda: Hello(1, name, name.lower(), "test"),
            admit=self._admit,
            emit=self.events.append,
            now_ms=self.now_ms,
            lot=lambda: 0.5,
        )
        self.manager.on_peer_state_change(self._note)

    @property
    def node(self) -> NodeId:
        return self.endpoint.node_id

    def now_ms(self) -> int:
        return START_MS + int(asyncio.get_running_loop().time() * 1000)

    def peer(self, other: Station) -> Peer:
        found = self.manager.get_peer(other.node)
        assert found is not None
        return found

    def state_of(self, other: Station) -> PeerState | None:
        peer = self.manager.get_peer(other.node)
        return None if peer is None else peer.state

    def times(self, state: PeerState) -> list[float]:
        """When peers came to be in `state`, in virtual seconds, rounded to 0.1."""
        return [round(at_s, 1) for at_s, found, _ in self.history if found is state]

    async def learn(self, other: Station, *addresses: str, auto_connect: bool = True) -> None:
        """Make `other` a peer, dialable at `addresses` (its own if none are given)."""
        stored = await self.store(other, *addresses, auto_connect=auto_connect)
        if self.manager.ready.is_set():
            self.manager.known(stored)

    async def store(self, other: Station, *addresses: str, auto_connect: bool = True) -> PeerRecord:
        """Note `other` in the table of peers."""
        where = addresses or tuple(str(address) for address in other.endpoint.addresses)
        record = PeerRecord(
            other.node,
            other.name,
            other.name.lower(),
            self.now_ms(),
            addresses=tuple(PeerAddress(address, "ticket") for address in where),
            auto_connect=auto_connect,
        )
        return await self.database.run(lambda store: store.peers.add(record, VAULT, "member"))

    async def until(self, condition: Callable[[], bool], timeout_s: float = 1000.0) -> None:
        """Wait for `condition`, looking every 20 virtual milliseconds."""
        async with asyncio.timeout(timeout_s):
            while not condition():
                await asyncio.sleep(0.02)

    async def _admit(self, connection: Connection, join: Join) -> tuple[PeerRecord, Welcome]:
        if self.lets_in is None or connection.peer != self.lets_in.node:
            raise RefusedError(CloseCode.TICKET_INVALID, "")
        return await self.store(self.lets_in), Welcome(VAULT, "Notes", self.name, self.name.lower(), "member")

    def _note(self, peer: Peer) -> None:
        self.history.append((asyncio.get_running_loop().time(), peer.state, peer.reason))


@asynccontextmanager
async def station(
    base: Path, network: MemoryNetwork, number: int, *, host: str | None = None
) -> AsyncIterator[Station]:
    """A station that does not run yet: `running` starts it."""
    endpoint = network.endpoint(NodeId(bytes([number]) * 32), host)
    database = await NodeDatabase.open(base / f"node{number}" / "node.db")
    try:
        yield Station(endpoint, database, f"Node {number}")
    finally:
        await endpoint.close()
        await database.close()


@asynccontextmanager
async def running(*stations: Station) -> AsyncIterator[None]:
    """Let the stations dial and accept."""
    async with asyncio.TaskGroup() as tasks:
        tasks_of = [tasks.create_task(one.manager.run()) for one in stations]
        for one in stations:
            await one.manager.ready.wait()
        try:
            yield
        finally:
            for task in tasks_of:
                task.cancel()
