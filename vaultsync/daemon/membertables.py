"""A vault's members in this node's tables: what a membership record changes there."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import Member, SignedMember
from vaultsync.store.node_store import NodeStore
from vaultsync.store.peers import PeerAddress, PeerRecord
from vaultsync.sync.membership import Roster

SOLO: Final = "solo"


@dataclass(slots=True)
class Changes:
    """What has changed in one vault, already stored."""

    vault: VaultId
    records: list[SignedMember] = field(default_factory=list)
    """To be told to the others."""
    answer: list[SignedMember] = field(default_factory=list)
    """To be told to the sender, who knows less."""
    peers: list[PeerRecord] = field(default_factory=list)
    """Peers as they are stored now."""
    gone: list[NodeId] = field(default_factory=list)
    """They belong to this vault no more."""
    refused: int = 0
    """How many records of others the rules did not allow."""
    own_role: str | None = None
    """This device's new role, if that has changed; `solo`: it was removed, or has left."""


def start_over(store: NodeStore, vault: VaultId, sponsor: NodeId) -> None:
    with store.transaction():
        store.membership.leave(vault)
        store.membership.set_sponsor(vault, sponsor)


def name_of(store: NodeStore, roster: Roster, node: NodeId) -> str:
    """What a member is called on this device."""
    peer, record = store.peers.get(node), roster.get(node)
    if peer is not None:
        return peer.name
    return (record.member.name if record is not None else "") or node.short


def store_own(store: NodeStore, member: Member, changes: Changes, by: str) -> None:
    """`by`: who says it; empty if this device does: a removal is its leaving then."""
    known = store.vaults.get(member.vault)
    role = member.role if member.active else SOLO
    if known is not None and known.role != role and not (known.role == SOLO and member.active):
        store.vaults.update(member.vault, role=role)
        if role == SOLO and by:
            store.vaults.update(member.vault, removed_by=by, removed_at=member.removed_at)
        changes.own_role = role


def store_peer(store: NodeStore, member: Member, changes: Changes, called: str | None) -> None:
    """`called` is the name that the device gave itself until now."""
    node, vault = member.node, member.vault
    if not member.active:
        if store.peers.remove(node, vault):
            changes.gone.append(node)
        return
    known = store.peers.get(node)
    record = PeerRecord(
        node,
        member.name or node.short,
        member.hostname,
        member.version,
        addresses=tuple(PeerAddress(address, "mesh") for address in member.addresses),
    )
    if known is None and member.succeeds is not None and (before := store.peers.get(member.succeeds)) is not None:
        # The same device under another key keeps what a person has set for it.
        record = replace(
            before, node_id=node, memberships=(), addresses=(*before.addresses, *record.addresses), last_error=None
        )
    stored = store.peers.add(record, vault, member.role, member.introduced_by)
    if stored.role_in(vault) != member.role:
        stored = store.peers.set_role(node, vault, member.role)
    if stored.name == called and member.name:
        # Nobody has given it another name here.
        stored = store.peers.update(node, name=member.name)
    changes.peers.append(stored)
