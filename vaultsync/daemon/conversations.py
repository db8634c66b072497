"""The conversation with each peer: one at a time, from the first words to the last, and how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.engine import Engine
from vaultsync.daemon.exchange import MemberExchange
from vaultsync.daemon.greeting import DENIALS, Opened, denial_words
from vaultsync.daemon.link import Access, Link
from vaultsync.daemon.peer import Peer, PeerState
from vaultsync.daemon.refusals import Refusals
from vaultsync.errors import (
    CloseCode,
    ConnectionLostError,
    DiskFullError,
    ProtocolError,
    RefusedError,
    StoreError,
    VaultsyncError,
)
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.messages import Hello, Members
from vaultsync.store.node_store import NodeStore
from vaultsync.store.peers import PeerRecord
from vaultsync.sync.reconnect import keeps_existing
from vaultsync.transport.base import Connection

_log = logging.getLogger(__name__)

SIGN_S: Final = 45.0
"""How long a sign is awaited from a peer that has stopped answering. The connection's idle timeout, 60 s after the last
word, ends that earlier."""

SHUNNED_S: Final = 300.0
"""How long a peer is not talked to after a fault of ours came to light by what it sent: it would send it again."""

_REFUSED_HERE: Final = {
    CloseCode.INTERNAL: "What it sent has brought a fault in vaultsync to light; it is left alone for five minutes.",
}


@dataclass(frozen=True, slots=True)
class Ended:
    """How a conversation ended."""

    code: CloseCode
    opened: bool = False
    """Whether Hellos had been exchanged."""
    reason: str = ""
    """Why, for a person at this device."""
    told: str = ""
    """Why, for the peer. What went wrong with this device's own folder or disk is not for others to read."""
    silent: bool = False
    """Whether the peer has stopped answering: it may be the path, which may come back."""


class Conversations:
    """Runs a link over a peer's connection, and sees to it that there is one with each peer."""

    def __init__(
        self,
        own: NodeId,
        database: NodeDatabase,
        *,
        engines: Mapping[VaultId, Engine],
        hello: Callable[[], Hello],
        now_ms: Callable[[], int],
        changed: Callable[[Peer, PeerState, str], None],
        refusals: Refusals,
        start: Callable[[Coroutine[None, None, None]], object],
    ) -> None:
        """`changed` is told of every new state of a peer, with the reason in words; `start` runs what outlives a
        conversation."""
        self._own = own
        self._database = database
        self._engines = engines
        self._hello = hello
        self._now_ms = now_ms
        self._changed = changed
        self._refusals = refusals
        self._start = start
        self.exchange: MemberExchange | None = None

    async def hold(self, peer: Peer, connection: Connection, opened: Opened) -> Ended:
        """Run a link until it ends. Never raises for what the peer or the network did."""
        refusal = await self._refusal(peer, connection, opened)
        if refusal is not None:
            await connection.close(refusal)
            if peer.state is PeerState.CONNECTING and peer.link is None and not peer.removed:
                self._changed(peer, PeerState.DISCONNECTED, _REFUSED_HERE.get(refusal, ""))
            return Ended(refusal)
        link = Link(
            connection,
            opened.reader,
            opened.writer,
            {v: engine for v, engine in self._engines.items() if peer.record.role_in(v) is not None},
            self._hello(),
            partial(self._hear_members, peer.record.node_id),
            partial(self._access, peer),
            partial(self._rest, peer),
        )
        peer.link, peer.since_s, peer.joined = link, asyncio.get_running_loop().time(), opened.joined
        peer.free.clear()
        if not peer.dialing:
            # Whoever waits to dial has nothing to wait for, and begins to count when this connection is lost.
            peer.nudge.set()
        ended = Ended(CloseCode.NORMAL)
        try:
            await self._talk(peer, link, opened)
        except VaultsyncError as error:
            ended = _ended_by(error)
            if isinstance(error, ProtocolError):
                self._refusals.count(peer.record.node_id, error.code.name.lower())
            if isinstance(error, ProtocolError) and error.code is CloseCode.INTERNAL:
                _shun(peer)
        except Exception as error:  # noqa: BLE001 - what one peer sets off must not stop the conversations with others
            _log.critical("the conversation with %s has failed", peer.record.name, exc_info=error)
            _shun(peer)
            self._refusals.count(peer.record.node_id, CloseCode.INTERNAL.name.lower())
            reason = f"There is a fault in vaultsync: {error!r}. The log has more."
            ended = Ended(CloseCode.INTERNAL, reason=reason, told="there is a fault in its vaultsync")
        finally:
            peer.link = None
            try:
                if ended.silent:
                    await link.detach()
                    self._start(self._await_sign(peer, connection))
                else:
                    await link.close(ended.code, ended.told)
            finally:
                peer.free.set()
                if link.theirs is not None:
                    self._store_the_last_of(peer)
                peer.ended = ended.code
                if not peer.removed:
                    self._changed(peer, PeerState.DISCONNECTED, ended.reason)
        return replace(ended, opened=link.theirs is not None)

    async def _await_sign(self, peer: Peer, connection: Connection) -> None:
        """Dial at once when the path to a peer that has stopped answering is there again, not at the next turn."""
        try:
            if await connection.probe(SIGN_S):
                peer.dial_now()
        finally:
            await connection.close(CloseCode.TIMEOUT)

    async def _refusal(self, peer: Peer, connection: Connection, opened: Opened) -> CloseCode | None:
        """Why not to talk on this connection; None once there is room for it."""
        loop = asyncio.get_running_loop()
        while not peer.free.is_set():
            # A link that is being closed is not there any more, but some engines still hold it.
            if peer.link is not None:
                if keeps_existing(
                    own=self._own.raw,
                    peer=peer.record.node_id.raw,
                    existing_dialed=peer.link.connection.dialed,
                    new_dialed=connection.dialed,
                    existing_age_s=loop.time() - peer.since_s,
                    existing_joined=peer.joined,
                    new_joined=opened.joined,
                ):
                    return CloseCode.DUPLICATE
                peer.link.drop(RefusedError(CloseCode.DUPLICATE, "A newer connection takes its place."))
            await peer.free.wait()
        if peer.removed:
            return CloseCode.REFUSED
        if peer.paused:
            return CloseCode.PAUSED
        return CloseCode.INTERNAL if loop.time() < peer.shunned_until_s else None

    async def _talk(self, peer: Peer, link: Link, opened: Opened) -> None:
        """Raises the `VaultsyncError` that ends the conversation."""
        hello = await link.open(opened.hello)
        peer.policy.reset()
        await self._remember(peer, str(link.connection.address), hello)
        self._changed(peer, PeerState.CONNECTED, "")
        if self.exchange is not None:
            for message in await self.exchange.opened(peer.record.node_id, [m.vault for m in peer.record.memberships]):
                link.send_control(message)
        # In a task of its own, as in VaultService.run: whoever dials waits with timeouts afterwards.
        await asyncio.create_task(link.run())

    async def _remember(self, peer: Peer, address: str, hello: Hello) -> None:
        node, now_ms = peer.record.node_id, self._now_ms()

        def remember(store: NodeStore) -> PeerRecord | None:
            store.peers.seen(node, address, now_ms)
            if store.peers.get(node) is not None:
                store.peers.update(node, hostname=hello.hostname, last_seen=now_ms, last_error=None)
            return store.peers.get(node)

        try:
            record = await self._database.run(remember)
        except (StoreError, DiskFullError):
            # Notes are synced all the same; the database shows what is wrong with it.
            return
        if record is not None:
            peer.record = record

    async def _hear_members(self, node: NodeId, message: Members) -> None:
        if self.exchange is not None:
            await self.exchange.receive(node, message)

    def _rest(self, peer: Peer, whether: bool) -> None:
        if whether and peer.link is not None and peer.link.shared:
            peer.synced_ms = self._now_ms()
        self._changed(peer, PeerState.CONNECTED if whether else PeerState.SYNCING, "")

    def _store_the_last_of(self, peer: Peer) -> None:
        """When the peer was last there and last in sync: once per conversation, as that changes with every note."""
        node, seen_ms = peer.record.node_id, self._now_ms()
        synced_ms = peer.record.last_sync_at if peer.synced_ms is None else peer.synced_ms
        peer.record, peer.synced_ms = replace(peer.record, last_seen=seen_ms, last_sync_at=synced_ms), None

        def store_it(store: NodeStore) -> None:
            if store.peers.get(node) is not None:
                store.peers.update(node, last_seen=seen_ms, last_sync_at=synced_ms)

        self._database.later(store_it)

    def _access(self, peer: Peer, vault: VaultId) -> Access:
        own = "member" if self.exchange is None else self.exchange.own_role(vault)
        return Access(offers=own == "member", accepts=peer.record.role_in(vault) == "member")


def _ended_by(error: VaultsyncError) -> Ended:
    code = error.code if isinstance(error, ProtocolError | RefusedError | ConnectionLostError) else None
    if code is None:
        return Ended(CloseCode.NORMAL, reason=error.message, told="a vault is not available for now")
    by_peer = isinstance(error, ConnectionLostError) and error.by_peer
    reason = denial_words(code) if by_peer and code in DENIALS else error.message
    silent = code is CloseCode.TIMEOUT and isinstance(error, ConnectionLostError) and not by_peer
    return Ended(code, reason=reason, told=error.message, silent=silent)


def _shun(peer: Peer) -> None:
    peer.shunned_until_s = asyncio.get_running_loop().time() + SHUNNED_S
