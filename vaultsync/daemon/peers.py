"""The peer manager: who is paired with this node, and the connections that are kept to them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Final

from vaultsync.daemon.calling import Caller
from vaultsync.daemon.conversations import Conversations
from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.door import Door
from vaultsync.daemon.engine import Engine
from vaultsync.daemon.events import Event, PeerStateChanged
from vaultsync.daemon.exchange import Admission, MemberExchange
from vaultsync.daemon.greeting import Opened, ask_to_join, tell_and_leave
from vaultsync.daemon.link import LAST_WORDS_S, Link
from vaultsync.daemon.peer import MAX_SIGHTINGS
from vaultsync.daemon.peer import Peer as Peer
from vaultsync.daemon.peer import PeerState as PeerState
from vaultsync.daemon.refusals import Refusals
from vaultsync.daemon.tasks import start_in
from vaultsync.errors import CloseCode, ConnectionLostError, NodeError, RefusedError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.messages import Hello, Join, Members, Welcome
from vaultsync.store.peers import PeerRecord
from vaultsync.transport.base import Connection, Endpoint

PAIRING_GRACE_S: Final = 10.0
"""When to dial a device that has just been paired with, if the connection over which that happened is gone: before,
it may not know us yet."""

SIGHTING_EVERY_S: Final = 1.0
"""A peer is dialed for being seen on the local network at most this often."""

BY_HAND: Final = "Disconnected by hand."
"""Why there is no connection to a peer that a person has disconnected, however the last one came to its end."""

DOUBT_S: Final = 3.0
"""How long a peer has to answer after the network has changed or the machine has slept."""


class PeerManager:
    """Keeps a connection to every peer that is wanted, and lets nobody else in.

    `run` owns every task. A node that is no peer may say one thing, that it joins with a ticket, which goes to
    `admit`; anything else is refused without a word more.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        database: NodeDatabase,
        *,
        engines: Mapping[VaultId, Engine],
        hello: Callable[[], Hello],
        admit: Admission,
        emit: Callable[[Event], None],
        now_ms: Callable[[], int],
        lot: Callable[[], float],
    ) -> None:
        """`engines` are the vaults of this node; `lot` draws a random number in [0, 1)."""
        self._endpoint = endpoint
        self._database = database
        self._emit = emit
        self._peers: dict[NodeId, Peer] = {}
        self._tasks: asyncio.TaskGroup | None = None
        self._listeners: list[Callable[[Peer], None]] = []
        self.refusals = Refusals()
        self._door = Door(admit, is_peer=lambda node: node in self._peers, let_in=self._let_in, refusals=self.refusals)
        self._conversations = Conversations(
            endpoint.node_id,
            database,
            engines=engines,
            hello=hello,
            now_ms=now_ms,
            changed=self._set_state,
            refusals=self.refusals,
            start=self._begin,
        )
        self._caller = Caller(endpoint, database, self._conversations, now_ms=now_ms, lot=lot, changed=self._set_state)
        self.exchange: MemberExchange | None = None
        self.ready = asyncio.Event()
        """Set once `run` can take connections: joining needs that."""

    def use(self, exchange: MemberExchange) -> None:
        """Set, before `run`, who knows the members of the vaults."""
        self.exchange = self._door.exchange = self._conversations.exchange = self._caller.exchange = exchange

    async def run(self) -> None:
        """Accept and dial until cancelled."""
        for record in await self._database.run(lambda store: store.peers.all()):
            self._peers[record.node_id] = Peer(record, wanted=record.auto_connect)
        try:
            async with asyncio.TaskGroup() as self._tasks:
                for peer in self._peers.values():
                    self._start(peer)
                self.ready.set()
                try:
                    while True:
                        connection = await self._endpoint.accept()
                        start_in(self._tasks, self._incoming(connection))
                finally:
                    self._caller.stopping = True
        finally:
            self._tasks = None

    # What people and the API ask of it

    def get_peers(self) -> list[Peer]:
        """All paired devices, the longest known first."""
        return list(self._peers.values())

    def get_peer(self, node: NodeId) -> Peer | None:
        return self._peers.get(node)

    def get_peer_states(self) -> dict[NodeId, PeerState]:
        return {node: peer.state for node, peer in self._peers.items()}

    def on_peer_state_change(self, listener: Callable[[Peer], None]) -> None:
        """Call `listener` in the event loop whenever a peer's state or reason changes."""
        self._listeners.append(listener)

    def known(self, record: PeerRecord, *, dial_after_s: float = 0.0) -> Peer:
        """A device has been paired with, or its stored record has changed. Returns the peer, which is kept up to.

        A new one is dialed after `dial_after_s` if there is no connection then.
        """
        peer = self._peers.get(record.node_id)
        if peer is None:
            peer = self._peers[record.node_id] = Peer(record, wanted=record.auto_connect)
            self._start(peer, dial_after_s)
        else:
            peer.record = record
        return peer

    async def remove_peer(self, node: NodeId) -> bool:
        """Remove a device from every vault that is shared with it; every member comes to know that.

        A sync that is going on is broken off, nothing of it half done. `NodeError` if this device may not.
        """
        peer = self._peers.get(node)
        if peer is None:
            return False
        if self.exchange is not None:
            await self.exchange.expel(node, [m.vault for m in peer.record.memberships])
        await self._database.run(lambda store: store.peers.remove(node))
        await self.forget(node)
        return True

    async def forget(self, node: NodeId) -> None:
        """A device is no peer any more, and the store knows that: end what goes on with it."""
        peer = self._peers.pop(node, None)
        if peer is None:
            return
        peer.removed = True
        peer.wanted = False
        peer.nudge.set()
        if peer.link is not None:
            peer.link.drop(RefusedError(CloseCode.REMOVED, "This device has been removed."))
            await peer.free.wait()

    async def no_longer_shares(
        self, node: NodeId, vault: VaultId, record: PeerRecord | None, last_words: Sequence[Members]
    ) -> None:
        """A device belongs to `vault` no more; `record` is what is left of it. Nothing more that it sends counts."""
        peer = self._peers.get(node)
        if peer is None:
            return
        if peer.link is not None:
            peer.link.mute(vault)
            for message in last_words:
                peer.link.send_control(message)
            # It hangs up itself when it has read that; if not, it is told at another time.
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    await peer.free.wait()
        if record is None:
            await self.forget(node)
        else:
            self.known(record)
            self.refresh(node)

    async def tell(self, node: NodeId, addresses: Sequence[str], messages: Sequence[Members]) -> None:
        """Call a device that is not connected, tell it something, and go. `TransportError` if it is not told."""
        connection = await self._caller.reach(node, addresses)
        await tell_and_leave(connection, messages)

    async def update_peer(self, node: NodeId, *, name: str | None = None, auto_connect: bool | None = None) -> Peer:
        """Rename a device, or change whether a connection to it is kept. `NodeError` if it is not known."""
        peer = self._require(node)
        if name is not None:
            peer.record = await self._database.run(lambda store: store.peers.update(node, name=name))
        if auto_connect is not None:
            peer.record = await self._database.run(lambda store: store.peers.update(node, auto_connect=auto_connect))
            peer.wanted = auto_connect
            peer.paused = False
            peer.dial_now()
        return peer

    def connect_to_peer(self, node: NodeId) -> None:
        """Dial now, and keep the connection. `NodeError` if it is not known."""
        peer = self._require(node)
        peer.shunned_until_s = 0.0
        peer.wanted = True
        peer.paused = False
        peer.dial_now()

    def disconnect_peer(self, node: NodeId) -> None:
        """Close the connection; neither dial nor let in until asked. `NodeError` if it is not known.

        What members tell of each other is still heard from it, as it concerns the others too.
        """
        peer = self._require(node)
        peer.wanted = False
        peer.paused = True
        if peer.link is not None:
            peer.link.drop(ConnectionLostError(BY_HAND, code=CloseCode.PAUSED))
        elif peer.state is PeerState.DISCONNECTED:
            self._set_state(peer, PeerState.DISCONNECTED)

    def connect_all(self) -> None:
        """Dial every wanted peer now: the network has changed, or somebody asked."""
        for peer in self._peers.values():
            peer.dial_now()

    async def network_changed(self) -> None:
        """Dial every wanted peer that is not connected, and find out which connections have survived."""
        self.connect_all()
        await asyncio.gather(*(self._doubt(peer, peer.link) for peer in self.get_peers() if peer.link is not None))

    def sighted(self, node: NodeId, addresses: Sequence[str]) -> None:
        """A device was seen on the local network. If it is a peer that is not connected, it is dialed at once."""
        peer = self._peers.get(node)
        if peer is None:
            return
        peer.sightings = tuple(addresses[:MAX_SIGHTINGS])
        now_s = asyncio.get_running_loop().time()
        # Anybody on the network can announce anything, as often as they like.
        if addresses and now_s - peer.sighted_s >= SIGHTING_EVERY_S:
            peer.sighted_s = now_s
            peer.dial_now()

    def refresh(self, node: NodeId) -> None:
        """The vaults shared with a device have changed: begin its conversation anew."""
        peer = self._require(node)
        if peer.link is not None:
            peer.hurry_up()
            peer.link.drop(ConnectionLostError("the shared vaults have changed", code=CloseCode.NORMAL))
        else:
            peer.dial_now()

    async def join(self, node: NodeId, addresses: Sequence[str], join: Join) -> tuple[Connection, Opened, Welcome]:
        """Dial a node that gave out a ticket, and ask to be let in.

        Raises `RefusedError` with the other side's close code, `UnreachableError`, `WrongPeerError`.
        """
        connection = await self._caller.reach(node, addresses)
        opened, welcome = await ask_to_join(connection, join)
        return connection, opened, welcome

    def adopt(self, record: PeerRecord, connection: Connection, opened: Opened) -> None:
        """Go on with a connection over which this node has just been let in by a device that is a peer now."""
        assert self._tasks is not None
        peer = self._let_in(record)
        start_in(self._tasks, self._conversations.hold(peer, connection, opened))

    # Its tasks

    def _start(self, peer: Peer, dial_after_s: float = 0.0) -> None:
        peer.free.set()
        if self._tasks is not None and peer.task is None:
            peer.task = start_in(self._tasks, self._caller.keep_connected(peer, dial_after_s))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        assert self._tasks is not None
        start_in(self._tasks, work)

    async def _incoming(self, connection: Connection) -> None:
        """Somebody dialed us. Whoever is let in by the door has a conversation."""
        opened = await self._door.answer(connection)
        if opened is None:
            return
        peer = self._peers.get(connection.peer)
        if peer is None:
            await connection.close(CloseCode.REFUSED)
            return
        await self._conversations.hold(peer, connection, opened)

    def _let_in(self, record: PeerRecord) -> Peer:
        # The connection is here already, and the other side may not know us before it has heard the answer.
        peer = self.known(record, dial_after_s=PAIRING_GRACE_S)
        # One of the two people has just asked for it; who disconnects it from now on means this connection, too.
        peer.paused, peer.wanted = False, record.auto_connect
        return peer

    async def _doubt(self, peer: Peer, link: Link) -> None:
        if not await link.connection.probe(DOUBT_S) and peer.link is link:
            peer.hurry_up()
            link.drop(ConnectionLostError("The network has changed.", code=CloseCode.TIMEOUT))

    def _set_state(self, peer: Peer, state: PeerState, reason: str = "") -> None:
        if peer.paused and state is PeerState.DISCONNECTED:
            reason = BY_HAND
        if (peer.state, peer.reason) == (state, reason):
            return
        before, peer.state, peer.reason = peer.state, state, reason
        self._emit(PeerStateChanged(str(peer.record.node_id), peer.record.name, state.value, reason, before.value))
        for listener in self._listeners:
            listener(peer)
        if reason:
            node = peer.record.node_id
            self._database.later(lambda store: store.peers.set_error(node, reason))

    def _require(self, node: NodeId) -> Peer:
        peer = self._peers.get(node)
        if peer is None:
            raise NodeError(f"There is no device {node.short}.", hint="`vaultsync status` lists the devices.")
        return peer
