"""The member lists of this node's vaults: signed, checked, stored, and joined to the table of peers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.membertables import SOLO as SOLO
from vaultsync.daemon.membertables import Changes as Changes
from vaultsync.daemon.membertables import name_of, start_over, store_own, store_peer
from vaultsync.errors import CloseCode, NodeError, ProtocolError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import MEMBER, Member, SignedMember
from vaultsync.protocol.members import SIGNING_CONTEXT, member_payload, read_member
from vaultsync.store.node_store import NodeStore
from vaultsync.sync.membership import Heard, News, Roster, next_version
from vaultsync.transport.identity import Identity, verify


@dataclass(frozen=True, slots=True)
class SelfDescription:
    """What this device says of itself."""

    name: str
    hostname: str
    addresses: tuple[str, ...]


class Memberships:
    """Asked by one caller at a time per vault; every change is durable before it is returned."""

    def __init__(
        self,
        identity: Identity,
        database: NodeDatabase,
        *,
        describe: Callable[[], SelfDescription],
        introductions: Callable[[VaultId], bool],
        now_ms: Callable[[], int],
    ) -> None:
        """`introductions` tells whether a vault takes up devices that other members vouch for."""
        self._identity = identity
        self.own = identity.node_id
        self._database = database
        self._describe = describe
        self._introductions = introductions
        self._now_ms = now_ms
        self._rosters: dict[VaultId, Roster] = {}
        self._lock = asyncio.Lock()

    async def roster(self, vault: VaultId) -> Roster:
        """The member list of `vault`, kept up to date."""
        roster = self._rosters.get(vault)
        if roster is None:
            records, sponsor = await self._database.run(
                lambda store: (store.membership.records(vault), store.membership.sponsor(vault))
            )
            roster = self._rosters.setdefault(vault, Roster(vault, self.own, records, sponsor=sponsor))
        roster.introductions = self._introductions(vault)
        return roster

    async def found(self, vault: VaultId) -> None:
        """This device has made a vault, or has one from before there were records: be its first member."""
        async with self._lock:
            roster = await self.roster(vault)
            if roster.get(self.own) is not None or roster.sponsor is not None:
                return  # it belongs to it already, or is about to be told so
            me = self._describe()
            own = Member(
                vault, self.own, me.name, me.hostname, me.addresses, MEMBER, 0, self._now_ms(), introduced_by=self.own
            )
            await self._put(roster, [self._sign(own)])

    async def joined(self, vault: VaultId, sponsor: NodeId) -> Changes:
        """`sponsor` has let this device in, and will tell who the others are.

        If this device belongs to the vault already, and has itself removed `sponsor` or made it an observer, whoever
        uses its ticket takes that back: else each would go on thinking that the other has no say.
        """
        async with self._lock:
            roster = await self.roster(vault)
            if roster.active(self.own) is not None:
                return await self._take_back(roster, sponsor)
            await self._database.run(lambda store: start_over(store, vault, sponsor))
            self._rosters.pop(vault, None)
            return Changes(vault)

    async def admit(
        self, vault: VaultId, node: NodeId, name: str, hostname: str, addresses: Sequence[str], role: str
    ) -> Changes:
        """This device lets `node` in; again, if it was removed before, or to write, if it is an observer."""
        async with self._lock:
            roster = await self.roster(vault)
            known, removal = roster.active(node), roster.removed(node)
            if known is not None:
                raised = role == MEMBER != known.role and roster.may_vouch(self.own)
                return await self._make(roster, [self._let_in_again(known)]) if raised else Changes(vault)
            member = Member(
                vault,
                node,
                name,
                hostname,
                tuple(addresses),
                role,
                0 if removal is None else removal.generation + 1,
                next_version(removal, self._now_ms()),
                introduced_by=self.own,
            )
            record = self._sign(member)
            await self._put(roster, [record])
            return Changes(vault, [record])

    async def remove(self, vault: VaultId, node: NodeId) -> Changes:
        """Remove a member, or leave (`node` is this device). `NodeError` if this device may not."""
        async with self._lock:
            roster = await self.roster(vault)
            known = roster.active(node)
            if known is None:
                return Changes(vault)
            if node != self.own and not roster.may_vouch(self.own):
                raise NodeError("An observer cannot remove another device from the vault.")
            now_ms = self._now_ms()
            # They fall with whoever let them in, unless somebody else vouches for them.
            changed = [] if node == self.own else self._guests_of(node, roster, now_ms)
            introducer = known.introduced_by if node == self.own else self.own
            # Whoever it could not be told to is called, and has to be found for that.
            addresses = () if node == self.own else await self._addresses_of(known)
            removal = replace(
                known,
                addresses=addresses,
                removed_at=now_ms,
                introduced_by=introducer,
                version=next_version(known, now_ms),
            )
            return await self._make(roster, [*changed, removal])

    async def set_role(self, vault: VaultId, node: NodeId, role: str) -> Changes:
        """Make a member an observer or the other way round. `NodeError` if this device may not."""
        async with self._lock:
            roster = await self.roster(vault)
            known = roster.active(node)
            if known is None or known.role == role:
                return Changes(vault)
            if node == self.own:
                raise NodeError("A device does not change its own role; another member does.")
            if not roster.may_vouch(self.own):
                raise NodeError("An observer cannot change roles.")
            now_ms = self._now_ms()
            # An observer vouches for nobody.
            guests = self._guests_of(node, roster, now_ms) if role != MEMBER else []
            changed = replace(known, role=role, introduced_by=self.own, version=next_version(known, now_ms))
            return await self._make(roster, [*guests, changed])

    async def describe_self(self, vault: VaultId) -> Changes:
        """Say where this device is and what it is called now, if that is other than what was said last."""
        async with self._lock:
            roster = await self.roster(vault)
            known, me = roster.active(self.own), self._describe()
            if known is None:
                return Changes(vault)
            now = replace(known, name=me.name, hostname=me.hostname, addresses=me.addresses)
            # What is sent may be cut; compare what would be sent.
            if read_member(member_payload(now)) == known:
                return Changes(vault)
            return await self._make(roster, [replace(now, version=next_version(known, self._now_ms()))])

    async def receive(self, sender: NodeId, vault: VaultId, records: Iterable[SignedMember]) -> Changes:
        """Records came from a connected peer. `ProtocolError` if one of them is forged."""
        async with self._lock:
            roster = await self.roster(vault)
            news = roster.receive(self.check(records), sender)
            changes = await self._stored(roster, news)
            changes.refused = len(news.refused)
            changes.answer = [record for node in news.outdated if (record := roster.get(node)) is not None]
            vouched = {member.node: member for member in (*news.unvouched, *roster.orphans())}
            if vouched:
                now_ms = self._now_ms()
                adopted = [
                    self._sign(replace(member, introduced_by=self.own, version=next_version(member, now_ms)))
                    for member in vouched.values()
                ]
                await self._put(roster, adopted)
                changes.records += adopted
            return changes

    def check(self, records: Iterable[SignedMember]) -> list[Heard]:
        """With who signed each of them. `ProtocolError` if nobody did who could: no member passes that on."""
        heard = []
        for record in records:
            member = record.member
            for signer in dict.fromkeys((member.introduced_by, member.node, member.succeeds)):
                if signer is not None and verify(signer, record.signature, SIGNING_CONTEXT + record.payload):
                    heard.append(Heard(record, signer))
                    break
            else:
                raise ProtocolError(CloseCode.BAD_FIELD, "sent a membership record whose signature is forged")
        return heard

    def sign_leave(self, own: Member) -> SignedMember:
        """A removal of this device by itself, from the record with which it was let in."""
        now_ms = self._now_ms()
        return self._sign(replace(own, addresses=(), removed_at=now_ms, version=next_version(own, now_ms)))

    async def own_records(self, vault: VaultId) -> list[SignedMember]:
        """What proves that this device belongs to `vault`, to whoever knows its introducer."""
        roster = await self.roster(vault)
        own = roster.get(self.own)
        if own is None:
            return []
        before = roster.get(own.member.succeeds) if own.member.succeeds is not None else None
        return [own] if before is None else [own, before]

    async def succeed(self, vault: VaultId, old: Identity) -> Changes:
        """This device has a new key; `old` is the one that it had, which signs that."""
        async with self._lock:
            roster = await self.roster(vault)
            known = roster.active(old.node_id)
            if known is None or roster.get(self.own) is not None:
                return Changes(vault)
            now_ms = self._now_ms()
            introducer = self.own if known.introduced_by == old.node_id else known.introduced_by
            version = next_version(known, now_ms)
            new = replace(known, node=self.own, introduced_by=introducer, version=version, succeeds=old.node_id)
            leaving = replace(known, addresses=(), removed_at=now_ms, version=version)
            records = [_signed(new, old), _signed(leaving, old)]
            changes = await self._stored(
                roster, roster.receive([Heard(record, old.node_id) for record in records], None)
            )
            vouched = [
                self._sign(replace(member, introduced_by=self.own, version=next_version(member, now_ms)))
                for member in roster.members()
                if member.introduced_by == old.node_id and member.node != self.own and roster.may_vouch(self.own)
            ]
            await self._put(roster, vouched)
            changes.records += vouched
            return changes

    # Inside

    async def _take_back(self, roster: Roster, node: NodeId) -> Changes:
        record = roster.get(node)
        deprived = record is not None and record.member.introduced_by == self.own and not roster.may_vouch(node)
        if record is None or not deprived or not roster.may_vouch(self.own):
            return Changes(roster.vault)
        return await self._make(roster, [self._let_in_again(record.member)])

    def _let_in_again(self, known: Member) -> Member:
        """`known` as a member, whatever it was made before."""
        return replace(
            known,
            role=MEMBER,
            removed_at=None,
            generation=known.generation + (not known.active),
            introduced_by=self.own,
            version=next_version(known, self._now_ms()),
        )

    def _guests_of(self, node: NodeId, roster: Roster, now_ms: int) -> list[Member]:
        """Whom `node` has let in, as this device vouches for them from now on."""
        return [
            replace(member, introduced_by=self.own, version=next_version(member, now_ms))
            for member in roster.members()
            if member.introduced_by == node and member.node not in (node, self.own)
        ]

    async def _addresses_of(self, member: Member) -> tuple[str, ...]:
        """Where a peer was reached last, then where it says that it is."""
        peer = await self._database.run(lambda store: store.peers.get(member.node))
        worked = () if peer is None else (a.address for a in peer.addresses if a.last_ok_ms is not None)
        return tuple(dict.fromkeys((*worked, *member.addresses)))

    def _sign(self, member: Member) -> SignedMember:
        return _signed(member, self._identity)

    def _signed_here(self, record: SignedMember) -> bool:
        return verify(self.own, record.signature, SIGNING_CONTEXT + record.payload)

    async def _make(self, roster: Roster, members: Sequence[Member]) -> Changes:
        records = [self._sign(member) for member in members]
        news = roster.receive([Heard(record, self.own) for record in records], None)
        if news.refused:
            raise NodeError(f"The vault's rules do not allow this: {news.refused[0][1]}.")
        return await self._stored(roster, news)

    async def _put(self, roster: Roster, records: Sequence[SignedMember]) -> None:
        for record in records:
            roster.put(record)
        now_ms = self._now_ms()

        def save(store: NodeStore) -> None:
            with store.transaction():
                for record in records:
                    store.membership.save(record, now_ms)

        try:
            await self._database.run(save)
        except BaseException:
            self._rosters.pop(roster.vault, None)
            raise

    async def _stored(self, roster: Roster, news: News) -> Changes:
        changes = Changes(roster.vault, list(news.taken))
        if not news.taken and not news.fallen:
            return changes
        now_ms = self._now_ms()

        def store_all(store: NodeStore) -> None:
            with store.transaction():
                called = {known.member.node: known.member.name for known in store.membership.records(roster.vault)}
                for record in news.taken:
                    store.membership.save(record, now_ms)
                    if record.member.node == self.own:
                        by = "" if self._signed_here(record) else name_of(store, roster, record.member.introduced_by)
                        store_own(store, record.member, changes, by)
                    else:
                        store_peer(store, record.member, changes, called.get(record.member.node))
                for node in news.fallen:
                    store.membership.delete(roster.vault, node)
                    if store.peers.remove(node, roster.vault):
                        changes.gone.append(node)
                if changes.own_role == SOLO:
                    for peer in store.peers.of_vault(roster.vault):
                        store.peers.remove(peer.node_id, roster.vault)
                        changes.gone.append(peer.node_id)
                    store.membership.leave(roster.vault)

        try:
            await self._database.run(store_all)
        except BaseException:
            self._rosters.pop(roster.vault, None)
            raise
        if changes.own_role == SOLO:
            self._rosters.pop(roster.vault, None)
        return changes


async def hand_over(database: NodeDatabase, old: Identity, new: Identity, now_ms: Callable[[], int]) -> None:
    """Sign this device's place in every vault over from its old key to its new one. Can be done again."""
    memberships = Memberships(
        new,
        database,
        describe=lambda: SelfDescription("", "", ()),
        introductions=lambda _: True,
        now_ms=now_ms,
    )
    for record in await database.run(lambda store: store.vaults.all()):
        await memberships.succeed(record.vault_id, old)


def _signed(member: Member, identity: Identity) -> SignedMember:
    payload = member_payload(member)
    return SignedMember(read_member(payload), payload, identity.sign(SIGNING_CONTEXT + payload))
