"""The mesh: members tell each other who belongs to a vault, and act on it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, repeat
from typing import Final

from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.events import Event, MemberJoined, MemberRemoved, OwnRoleChanged
from vaultsync.daemon.memberships import SOLO, Changes, Memberships
from vaultsync.daemon.peers import PeerManager
from vaultsync.daemon.tasks import start_in
from vaultsync.errors import CloseCode, DiskFullError, ProtocolError, StoreError, TransportError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import SignedMember
from vaultsync.protocol.limits import MAX_CONTROL_FRAME, MAX_MEMBERS
from vaultsync.protocol.messages import Members
from vaultsync.store.membership import RETRY_MS, Delivery
from vaultsync.store.node_store import NodeStore
from vaultsync.store.peers import PeerRecord
from vaultsync.sync.allowance import Allowance
from vaultsync.sync.membership import REMOVED_KEPT_MS

EXCHANGES: Final = 64
"""Exchanges that one peer may send at once; one more with every second."""

LONGEST_WAIT_S: Final = 3_600.0
"""The delivery queue is looked at this often at least, in case the clock was set."""

DISK_RETRY_S: Final = 60.0
"""When the delivery queue is looked at again after it could not be read or written."""

_log = logging.getLogger(__name__)


class Mesh:
    """Exchanges member lists with connected peers, and delivers what others missed. `run` is its only task."""

    def __init__(
        self,
        memberships: Memberships,
        database: NodeDatabase,
        *,
        peers: PeerManager,
        own_role: Callable[[VaultId], str],
        introductions: Callable[[VaultId], bool],
        on_own_role: Callable[[VaultId, str], Awaitable[None]],
        on_gone: Callable[[VaultId, NodeId], Awaitable[None]],
        emit: Callable[[Event], None],
        now_ms: Callable[[], int],
    ) -> None:
        """`own_role`: this device's in a vault, `solo` for one that it does not share;
        `introductions`: whether a vault tells and hears who else belongs to it; `on_gone`: a peer belongs to a vault no
        more, and nothing goes on with it."""
        self._memberships = memberships
        self._database = database
        self._peers = peers
        self.own_role = own_role
        self._introductions = introductions
        self._on_own_role = on_own_role
        self._on_gone = on_gone
        self._emit = emit
        self._now_ms = now_ms
        self._allowances: dict[NodeId, Allowance] = {}
        self._owed = asyncio.Event()
        self._tasks: asyncio.TaskGroup | None = None
        self._heard: asyncio.Queue[tuple[Changes, NodeId]] = asyncio.Queue()

    async def run(self) -> None:
        """Act on what is heard and deliver what is due, until cancelled."""
        try:
            async with asyncio.TaskGroup() as self._tasks:
                self._tasks.create_task(self._act_on_heard())
                self._tasks.create_task(self._deliver_when_due())
        finally:
            self._tasks = None

    async def _act_on_heard(self) -> None:
        # Not where it is heard: acting may end the very conversation in which it was said.
        while True:
            changes, sender = await self._heard.get()
            try:
                await self.act(changes, sender=sender)
            except Exception as error:  # noqa: BLE001 - what one peer sets off must not stop the node
                _log.critical("acting on what %s tells of members has failed", sender.short, exc_info=error)

    async def _deliver_when_due(self) -> None:
        while True:
            self._owed.clear()
            try:
                wait_s = await self._deliver_due()
            except (StoreError, DiskFullError):
                wait_s = DISK_RETRY_S
            with suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._owed.wait()

    async def _deliver_due(self) -> float:
        """Returns how long there is nothing to do, in seconds."""
        for delivery in await self._database.run(lambda store: store.membership.due(self._now_ms())):
            await self._deliver(delivery)
        next_ms = await self._database.run(lambda store: store.membership.next_due())
        wait_s = LONGEST_WAIT_S if next_ms is None else max(0.0, (next_ms - self._now_ms()) / 1000)
        return min(wait_s + 0.01, LONGEST_WAIT_S)

    # What the peer manager asks

    async def credentials(self, vaults: Iterable[VaultId]) -> list[Members]:
        """What proves to a peer that this device belongs to `vaults`."""
        return [Members(v, tuple(own)) for v in vaults if (own := await self._memberships.own_records(v))]

    async def recognise(self, node: NodeId, message: Members) -> PeerRecord | None:
        """A node that is no peer shows credentials. Returns the peer that it is from now on, if they are good."""
        own = tuple(r for r in message.records if node in (r.member.node, r.member.succeeds))
        predecessors = {r.member.succeeds for r in own}
        shown = [*own, *(r for r in message.records if r.member.node in predecessors)]
        if not own or self.own_role(message.vault) == SOLO or not self._allowed(node):
            return None
        changes = await self._take(node, message.vault, shown)
        return next((record for record in changes.peers if record.node_id == node), None)

    async def was_removed(self, node: NodeId) -> bool:
        """Whether `node` once belonged to a vault of this node's."""
        for vault in await self._database.run(lambda store: store.membership.vaults_of(node)):
            if (await self._memberships.roster(vault)).removed(node) is not None:
                return True
        return False

    async def farewell(self, node: NodeId, vault: VaultId) -> list[Members]:
        """The signed removal of `node`, which may not have heard of it; nothing if it was not removed."""
        roster = await self._memberships.roster(vault)
        removal = roster.get(node) if roster.removed(node) is not None else None
        return [] if removal is None else split(vault, [removal])

    async def receive(self, node: NodeId, message: Members) -> None:
        """A peer tells of members. `ProtocolError` if it may not, or tells too much."""
        peer = self._peers.get_peer(node)
        if peer is None or peer.record.role_in(message.vault) is None or self.own_role(message.vault) == SOLO:
            # It may not know yet that it was removed, or that the vault is not shared here any more.
            return
        if not self._allowed(node):
            raise ProtocolError(CloseCode.TOO_LARGE, "sends membership records all the time")
        changes = await self._take(node, message.vault, message.records)
        self._peers.refusals.count(node, "member", changes.refused)

    async def admitted(self, vault: VaultId, record: PeerRecord) -> Sequence[SignedMember]:
        """This device has let a node in, which is a peer already: vouch for it, and tell the others.

        Gives what goes into its welcome: as many as one message takes, members before removals.
        """
        node, addresses = record.node_id, [a.address for a in record.addresses]
        changes = await self._memberships.admit(
            vault, node, record.name, record.hostname, addresses, record.role_in(vault) or ""
        )
        self._heard.put_nowait((changes, node))
        return next((message.records for message in await self._news_for(vault, node)), ())

    async def introduced(self, vault: VaultId, by: NodeId, records: Sequence[SignedMember]) -> None:
        """A welcome has told of members. `ProtocolError` if one of the records is forged."""
        await self._take(by, vault, records)

    async def opened(self, node: NodeId, vaults: Iterable[VaultId]) -> list[Members]:
        """A conversation with a peer has begun: what to tell it."""
        messages: list[Members] = []
        for vault in vaults:
            messages += await self._news_for(vault, node)
        self._owed.set()
        return messages

    # What people ask

    async def expel(self, node: NodeId, vaults: Iterable[VaultId]) -> None:
        """Remove a member from `vaults`, for everyone. `NodeError` if this device may not."""
        for vault in list(vaults):
            await self.act(await self._memberships.remove(vault, node))

    async def set_role(self, vault: VaultId, node: NodeId, role: str) -> None:
        """Change what a member may do, for everyone. `NodeError` if this device may not."""
        await self.act(await self._memberships.set_role(vault, node, role))

    async def leave(self, vault: VaultId) -> None:
        """Take this device out of a vault; the folder and its notes stay, shared with nobody."""
        changes = await self._memberships.remove(vault, self._memberships.own)
        told = split(vault, changes.records)
        members = [peer for peer in self._peers.get_peers() if peer.record.role_in(vault) is not None]
        away = [peer.record for peer in members if peer.link is None]
        for peer in members:
            self._send(peer.record.node_id, told)
        await self.act(changes)
        for record in away:
            if self._tasks is not None:
                start_in(self._tasks, self._take_leave(vault, record, told))

    async def _take_leave(self, vault: VaultId, record: PeerRecord, told: Sequence[Members]) -> None:
        """Call a member that had no connection when this device left, until it has heard of that.

        For as long as this node runs: with the vault's members, whom to call is forgotten.
        """
        addresses = [one.address for one in record.addresses]
        given_up_s = asyncio.get_running_loop().time() + REMOVED_KEPT_MS / 1000
        for wait_ms in chain((0,), RETRY_MS, repeat(RETRY_MS[-1])):
            await asyncio.sleep(wait_ms / 1000)
            if self.own_role(vault) != SOLO or asyncio.get_running_loop().time() > given_up_s:
                return
            with suppress(TransportError):
                await self._peers.tell(record.node_id, addresses, told)
                return

    # What has changed, and whom that concerns

    async def act(self, changes: Changes, *, sender: NodeId | None = None) -> None:
        """Let the peers follow what was stored, and tell the others."""
        vault = changes.vault
        if changes.answer and sender is not None:
            self._send(sender, split(vault, changes.answer))
        told = split(vault, changes.records)
        for record in changes.peers:
            self._peer_changed(vault, record)
        if changes.records and changes.own_role != SOLO:
            await self._tell_all(changes, told, sender)
        for node in changes.gone:
            await self._peer_gone(vault, node, told)
        if changes.own_role is not None:
            self._emit(OwnRoleChanged(str(vault), changes.own_role))
            await self._on_own_role(vault, changes.own_role)

    async def announce(self, vaults: Iterable[VaultId]) -> None:
        """This device's name or addresses may have changed."""
        for vault in vaults:
            await self.act(await self._memberships.describe_self(vault))

    def _peer_changed(self, vault: VaultId, record: PeerRecord) -> None:
        before = self._peers.get_peer(record.node_id)
        role_before = None if before is None else before.record.role_in(vault)
        self._peers.known(record)
        role = record.role_in(vault) or ""
        if role_before != role:
            self._emit(MemberJoined(str(vault), str(record.node_id), record.name, role))
            if before is not None:
                self._peers.refresh(record.node_id)

    async def _peer_gone(self, vault: VaultId, node: NodeId, last_words: Sequence[Members]) -> None:
        peer = self._peers.get_peer(node)
        if peer is None:
            return
        self._emit(MemberRemoved(str(vault), str(node), peer.record.name))
        try:
            record = await self._database.run(lambda store: store.peers.get(node))
        except (StoreError, DiskFullError):
            left = tuple(membership for membership in peer.record.memberships if membership.vault != vault)
            record = replace(peer.record, memberships=left) if left else None
        await self._peers.no_longer_shares(node, vault, record, last_words)
        if record is None or record.role_in(vault) is None:
            await self._on_gone(vault, node)

    async def _tell_all(self, changes: Changes, told: Sequence[Members], sender: NodeId | None) -> None:
        vault, owed = changes.vault, set[NodeId]()
        for peer in self._peers.get_peers():
            node = peer.record.node_id
            if node == sender or peer.record.role_in(vault) is None:
                continue
            if peer.link is None:
                owed.add(node)
            elif self._introductions(vault):
                self._send(node, told)
        removed = {r.member.node for r in changes.records if not r.member.active}
        owed |= removed - ({sender} if sender is not None else set())
        now_ms = self._now_ms()

        def owe(store: NodeStore) -> None:
            with store.transaction():
                for node in owed:
                    store.membership.owe(vault, node, now_ms)

        if owed:
            try:
                await self._database.run(owe)
            except (StoreError, DiskFullError):
                # They hear of it when they are met; what else follows from the change must not wait for a disk.
                return
            self._owed.set()

    async def _news_for(self, vault: VaultId, node: NodeId) -> list[Members]:
        roster = await self._memberships.roster(vault)
        records = roster.listed(self._now_ms())
        if not self._introductions(vault):
            records = [r for r in records if not r.member.active or r.member.node in (roster.own, node)]
        return split(vault, records)

    def _send(self, node: NodeId, messages: Sequence[Members]) -> None:
        peer = self._peers.get_peer(node)
        if peer is not None and peer.link is not None:
            for message in messages:
                peer.link.send_control(message)

    # Deliveries

    async def _deliver(self, delivery: Delivery) -> None:
        """Whoever is connected has been told. Anybody else is called, told, and let go again."""
        vault, node = delivery.vault, delivery.node
        peer = self._peers.get_peer(node)
        roster = await self._memberships.roster(vault)
        known = roster.get(node)
        removed_at = None if known is None else known.member.removed_at
        over = known is None or (removed_at is not None and self._now_ms() - removed_at > REMOVED_KEPT_MS)
        told = over or (peer is not None and peer.link is not None)
        if not told and known is not None:
            stored = [] if peer is None else [a.address for a in peer.record.addresses]
            try:
                await self._peers.tell(node, [*stored, *known.member.addresses], await self._news_for(vault, node))
                told = True
            except TransportError:
                told = False
        now_ms = self._now_ms()
        if told:
            await self._database.run(lambda store: store.membership.delivered(vault, node))
        else:
            await self._database.run(lambda store: store.membership.failed(delivery, now_ms))

    async def _take(self, node: NodeId, vault: VaultId, records: Sequence[SignedMember]) -> Changes:
        """Store what the rules allow of `records`, and see to it that it is acted on."""
        outcome: asyncio.Future[Changes] = asyncio.get_running_loop().create_future()

        async def take() -> None:
            try:
                changes = await self._memberships.receive(node, vault, records)
            except Exception as error:  # noqa: BLE001 - it is for whoever asked, and must not end the task group
                if not outcome.done():
                    outcome.set_exception(error)
                return
            self._heard.put_nowait((changes, node))
            if not outcome.done():
                outcome.set_result(changes)

        # The conversation may end in the middle; what is stored must be acted on all the same.
        if self._tasks is None or start_in(self._tasks, take()) is None:
            await take()
        return await outcome

    def _allowed(self, node: NodeId) -> bool:
        allowance = self._allowances.get(node)
        if allowance is None:
            while len(self._allowances) >= 1_000:
                del self._allowances[next(iter(self._allowances))]
            allowance = self._allowances[node] = Allowance(EXCHANGES, 1.0)
        return allowance.take(asyncio.get_running_loop().time())


def split(vault: VaultId, records: Sequence[SignedMember]) -> list[Members]:
    """Messages that carry `records`, in order, each within the limits."""
    messages: list[Members] = []
    part: list[SignedMember] = []
    size = 0
    for record in records:
        cost = len(record.payload) + 100
        if part and (len(part) >= MAX_MEMBERS or size + cost > MAX_CONTROL_FRAME // 2):
            messages.append(Members(vault, tuple(part)))
            part, size = [], 0
        part.append(record)
        size += cost
    if part:
        messages.append(Members(vault, tuple(part)))
    return messages
