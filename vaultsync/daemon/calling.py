"""Dialing peers: whenever a connection to one is wanted and there is none, by the reconnect policy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from vaultsync.daemon.conversations import Conversations
from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.dialing import Report, dial
from vaultsync.daemon.exchange import MemberExchange
from vaultsync.daemon.greeting import DENIALS, Opened, open_control
from vaultsync.daemon.peer import Peer, PeerState
from vaultsync.errors import CloseCode, RefusedError, VaultsyncError, WrongPeerError
from vaultsync.model.ids import NodeId
from vaultsync.store.attempts import Attempt
from vaultsync.sync.reconnect import Candidate, dial_order
from vaultsync.transport.base import Connection, Endpoint

DUPLICATE_RETRY_S: Final = 1.0
"""When to dial again after a connection gave way to another one, if that is gone or was never seen on this side."""


class Caller:
    """Dials, notes how each attempt went, and has the conversation that comes of it."""

    def __init__(
        self,
        endpoint: Endpoint,
        database: NodeDatabase,
        conversations: Conversations,
        *,
        now_ms: Callable[[], int],
        lot: Callable[[], float],
        changed: Callable[[Peer, PeerState, str], None],
    ) -> None:
        """`lot` draws a random number in [0, 1); `changed` is told of every new state of a peer."""
        self._endpoint = endpoint
        self._database = database
        self._conversations = conversations
        self._now_ms = now_ms
        self._lot = lot
        self._changed = changed
        self.exchange: MemberExchange | None = None
        self.stopping = False
        """Nobody is to be dialed any more. A task that is cancelled in the moment in which its connection is lost only
        hears of the loss (`asyncio.TaskGroup` raises that, until Python 3.13), and would dial again."""

    async def reach(self, node: NodeId, addresses: Sequence[str]) -> Connection:
        """Connect to a node at one of `addresses`. `TransportError` if it is at none of them."""
        return await dial(self._endpoint, node, addresses, self._report(node))

    async def keep_connected(self, peer: Peer, delay_s: float) -> None:
        """Dial, again and again, whenever there is no link and one is wanted; first after `delay_s`."""
        while not peer.removed and not self.stopping:
            if peer.link is not None:
                await peer.free.wait()
                delay_s = _wait_after(peer, peer.ended)
            if peer.hurry:
                peer.hurry = False
                delay_s = 0.0
            with suppress(TimeoutError):
                async with asyncio.timeout(delay_s if peer.wanted else None):
                    await peer.nudge.wait()
            peer.nudge.clear()
            if peer.link is None and peer.wanted:
                peer.dialing = True
                try:
                    delay_s = await self._dial(peer)
                finally:
                    peer.dialing = False

    async def _dial(self, peer: Peer) -> float:
        """One try. Returns how long to wait before the next, in seconds."""
        peer.hurry = False
        self._changed(peer, PeerState.CONNECTING, "")
        try:
            connection, opened = await self._call(peer)
        except VaultsyncError as error:
            if peer.link is None:
                self._changed(peer, PeerState.DISCONNECTED, error.message)
            if isinstance(error, WrongPeerError) or (isinstance(error, RefusedError) and error.code in DENIALS):
                return peer.policy.denied()
            return peer.policy.failed(self._lot())
        ended = await self._conversations.hold(peer, connection, opened)
        if ended.opened or ended.code is CloseCode.DUPLICATE or ended.code in DENIALS:
            return _wait_after(peer, ended.code)
        return peer.policy.failed(self._lot())

    async def _call(self, peer: Peer) -> tuple[Connection, Opened]:
        """Reach a peer and show it who calls. Raises `TransportError`, `StoreError`."""
        connection = await self.reach(peer.record.node_id, _addresses(peer))
        try:
            opened = await open_control(connection)
            if self.exchange is not None:
                for message in await self.exchange.credentials(m.vault for m in peer.record.memberships):
                    await opened.writer.write(message)
        except BaseException:
            await connection.close()
            raise
        return connection, opened

    def _report(self, node: NodeId) -> Report:
        def report(address: str, outcome: str, why: str) -> None:
            attempt = Attempt(self._now_ms(), node, address, outcome, why)
            self._database.later(lambda store: store.attempts.append(attempt))

        return report


def _wait_after(peer: Peer, code: CloseCode) -> float:
    """How long to wait, in seconds, before dialing a peer with which a conversation has ended so."""
    if code is CloseCode.DUPLICATE:
        return DUPLICATE_RETRY_S
    return peer.policy.denied() if code in DENIALS else peer.policy.lost()


def _addresses(peer: Peer) -> list[str]:
    seen = [Candidate(address, "mdns") for address in peer.sightings]
    return dial_order([*seen, *(Candidate(a.address, a.source, a.last_ok_ms) for a in peer.record.addresses)])
