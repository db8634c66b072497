"""Peers: whom this node is paired with, in which vaults, and where they can be dialed."""

# ruff: noqa: S608 (what is put into the SQL is constant; values are bound)

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypedDict, Unpack

from vaultsync.errors import StoreError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.store.database import Cell, Database

MAX_ADDRESSES: Final = 16
"""Addresses kept of one peer; those that worked last stay."""


@dataclass(frozen=True, slots=True)
class PeerAddress:
    """Somewhere a peer may be dialed."""

    address: str
    """`host:port`."""
    source: str
    """Where it is known from: ticket, mdns, connection, mesh, …"""
    last_ok_ms: int | None = None
    """Unix time in ms when a connection there last stood."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A peer's place in one vault."""

    vault: VaultId
    role: str
    """member or observer."""
    added_at: int
    """Unix time in ms."""
    introduced_by: NodeId | None = None
    """The member that made it known, if it was not paired with directly."""


@dataclass(frozen=True, slots=True)
class PeerRecord:
    """Another device. Times are Unix ms."""

    node_id: NodeId
    name: str
    hostname: str
    added_at: int
    ticket: str | None = None
    """The last ticket that led to it, its secret taken out."""
    addresses: tuple[PeerAddress, ...] = ()
    """The one that worked last comes first."""
    last_seen: int | None = None
    last_sync_at: int | None = None
    auto_connect: bool = True
    last_error: str | None = None
    memberships: tuple[Membership, ...] = ()

    def role_in(self, vault: VaultId) -> str | None:
        """Its role in `vault`, or None if it does not belong to it."""
        return next((m.role for m in self.memberships if m.vault == vault), None)


class PeerChanges(TypedDict, total=False):
    """What `PeerTable.update` can change."""

    name: str
    hostname: str
    ticket: str | None
    last_seen: int | None
    last_sync_at: int | None
    auto_connect: bool
    last_error: str | None


_COLUMNS: Final = "node, name, hostname, ticket, added_at, last_seen, last_sync_at, auto_connect, last_error"


class PeerTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, peer: PeerRecord, vault: VaultId, role: str, introduced_by: NodeId | None = None) -> PeerRecord:
        """Make `peer` a member of `vault`; gives what is stored then.

        A known peer keeps its name, settings and role; what is new of its addresses is added.
        """
        with self._database.atomic():
            self._database.run(
                f"INSERT INTO peers ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (
                    peer.node_id.raw,
                    peer.name,
                    peer.hostname,
                    peer.ticket,
                    peer.added_at,
                    peer.last_seen,
                    peer.last_sync_at,
                    peer.auto_connect,
                    peer.last_error,
                ),
            )
            self._database.run(
                "INSERT INTO members (vault, node, role, added_at, introduced_by) VALUES (?, ?, ?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (vault.raw, peer.node_id.raw, role, peer.added_at, introduced_by.raw if introduced_by else None),
            )
            self.add_addresses(peer.node_id, peer.addresses)
            return self._stored(peer.node_id)

    def get(self, node: NodeId) -> PeerRecord | None:
        return next(iter(self._select("WHERE node = ?", (node.raw,))), None)

    def all(self) -> list[PeerRecord]:
        """Every peer, the longest known first."""
        return self._select("", ())

    def of_vault(self, vault: VaultId) -> list[PeerRecord]:
        """The other members of `vault`, the longest known first."""
        return self._select("WHERE node IN (SELECT node FROM members WHERE vault = ?)", (vault.raw,))

    def update(self, node: NodeId, **changes: Unpack[PeerChanges]) -> PeerRecord:
        """Change some fields; gives the new record. `StoreError` if `node` is no peer."""
        with self._database.atomic():
            for column, value in changes.items():
                assert column in PeerChanges.__annotations__, column
                assert value is None or isinstance(value, str | int)
                self._database.run(f"UPDATE peers SET {column} = ? WHERE node = ?", (value, node.raw))
            return self._stored(node)

    def set_role(self, node: NodeId, vault: VaultId, role: str) -> PeerRecord:
        """Change a member's role; gives the new record. `StoreError` if `node` is no member of `vault`."""
        with self._database.atomic():
            if not self._database.run(
                "UPDATE members SET role = ? WHERE vault = ? AND node = ?", (role, vault.raw, node.raw)
            ):
                raise _unknown(node)
            return self._stored(node)

    def remove(self, node: NodeId, vault: VaultId | None = None) -> bool:
        """Take a peer out of one vault, or out of all. Tells whether there was anything to remove.

        A peer that belongs to no vault any more is forgotten.
        """
        with self._database.atomic():
            if vault is None:
                return self._database.run("DELETE FROM peers WHERE node = ?", (node.raw,)) > 0
            removed = self._database.run("DELETE FROM members WHERE vault = ? AND node = ?", (vault.raw, node.raw))
            self._database.run(
                "DELETE FROM peers WHERE node = ? AND NOT EXISTS (SELECT 1 FROM members WHERE node = peers.node)",
                (node.raw,),
            )
            return removed > 0

    def add_addresses(self, node: NodeId, addresses: Iterable[PeerAddress]) -> None:
        """Add addresses; a known one keeps its source and its later time. Nothing for an unknown peer."""
        with self._database.atomic():
            self._database.run_many(
                "INSERT INTO addresses (node, address, source, last_ok_ms) "
                "SELECT node, ?, ?, ? FROM peers WHERE node = ? "
                "ON CONFLICT DO UPDATE SET last_ok_ms = "
                "max(coalesce(last_ok_ms, excluded.last_ok_ms), coalesce(excluded.last_ok_ms, last_ok_ms))",
                [(a.address, a.source, a.last_ok_ms, node.raw) for a in addresses],
            )
            self._database.run(
                "DELETE FROM addresses WHERE node = ? AND address NOT IN (SELECT address FROM addresses "
                "WHERE node = ? ORDER BY coalesce(last_ok_ms, 0) DESC, address LIMIT ?)",
                (node.raw, node.raw, MAX_ADDRESSES),
            )

    def seen(self, node: NodeId, address: str, at_ms: int, source: str = "connection") -> None:
        """A connection to `node` stands at `address`. Nothing for an unknown peer: it may have been removed."""
        with self._database.atomic():
            self._database.run("UPDATE peers SET last_seen = ?, last_error = NULL WHERE node = ?", (at_ms, node.raw))
            self.add_addresses(node, [PeerAddress(address, source, at_ms)])

    def set_error(self, node: NodeId, text: str | None) -> None:
        """Remember why the last attempt failed. Nothing for an unknown peer."""
        self._database.run("UPDATE peers SET last_error = ? WHERE node = ?", (text, node.raw))

    def _stored(self, node: NodeId) -> PeerRecord:
        peer = self.get(node)
        if peer is None:
            raise _unknown(node)
        return peer

    def _select(self, where: str, cells: tuple[Cell, ...]) -> list[PeerRecord]:
        rows = self._database.rows(f"SELECT {_COLUMNS} FROM peers {where} ORDER BY added_at, node", cells)
        nodes: list[Cell] = [row[0] for row in rows]
        addresses: dict[bytes, list[PeerAddress]] = {}
        for node, address, source, last_ok_ms in self._database.rows_in(
            "SELECT node, address, source, last_ok_ms FROM addresses WHERE node IN (*)", nodes
        ):
            addresses.setdefault(node, []).append(PeerAddress(address, source, last_ok_ms))
        members: dict[bytes, list[Membership]] = {}
        for node, vault, role, added_at, introduced_by in self._database.rows_in(
            "SELECT node, vault, role, added_at, introduced_by FROM members WHERE node IN (*)", nodes
        ):
            introducer = None if introduced_by is None else NodeId(introduced_by)
            members.setdefault(node, []).append(Membership(VaultId(vault), role, added_at, introducer))
        return [
            PeerRecord(
                node_id=NodeId(row[0]),
                name=row[1],
                hostname=row[2],
                added_at=row[4],
                ticket=row[3],
                addresses=tuple(sorted(addresses.get(row[0], ()), key=lambda a: (-(a.last_ok_ms or 0), a.address))),
                last_seen=row[5],
                last_sync_at=row[6],
                auto_connect=bool(row[7]),
                last_error=row[8],
                memberships=tuple(sorted(members.get(row[0], ()), key=lambda m: m.vault)),
            )
            for row in rows
        ]


def _unknown(node: NodeId) -> StoreError:
    return StoreError(f"{node.short}… is not a peer of this device.")
