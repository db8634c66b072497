"""Membership records, who let this device in, and what others have not been told yet."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import SignedMember
from vaultsync.protocol.members import read_member
from vaultsync.store.database import Database

RETRY_MS: Final = (5 * 60_000, 15 * 60_000, 3_600_000, 4 * 3_600_000)
"""How long after a failed delivery the next is tried; the last one goes on (DESIGN §5)."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Somebody who must be told what has changed among the members of a vault."""

    vault: VaultId
    node: NodeId
    attempts: int
    due_at: int
    """Unix time in ms."""


class MembershipTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    def records(self, vault: VaultId) -> list[SignedMember]:
        rows = self._database.rows("SELECT payload, signature FROM membership WHERE vault = ?", (vault.raw,))
        return [SignedMember(read_member(payload), payload, signature) for payload, signature in rows]

    def save(self, record: SignedMember, now_ms: int) -> None:
        """Store a record in the place of the one that stood. `now_ms` is when it was learned, Unix ms."""
        member = record.member
        self._database.run(
            "INSERT OR REPLACE INTO membership (vault, node, payload, signature, learned_at) VALUES (?, ?, ?, ?, ?)",
            (member.vault.raw, member.node.raw, record.payload, record.signature, now_ms),
        )

    def learned_at(self, vault: VaultId, node: NodeId) -> int | None:
        """When the record of `node` was learned, Unix ms."""
        for (learned_at,) in self._database.rows(
            "SELECT learned_at FROM membership WHERE vault = ? AND node = ?", (vault.raw, node.raw)
        ):
            return int(learned_at)
        return None

    def delete(self, vault: VaultId, node: NodeId) -> None:
        self._database.run("DELETE FROM membership WHERE vault = ? AND node = ?", (vault.raw, node.raw))

    def vaults_of(self, node: NodeId) -> list[VaultId]:
        """The vaults in which there is a record, be it a removal, of `node`."""
        rows = self._database.rows("SELECT vault FROM membership WHERE node = ?", (node.raw,))
        return [VaultId(vault) for (vault,) in rows]

    def sponsor(self, vault: VaultId) -> NodeId | None:
        for (node,) in self._database.rows("SELECT node FROM sponsors WHERE vault = ?", (vault.raw,)):
            return NodeId(node)
        return None

    def set_sponsor(self, vault: VaultId, node: NodeId) -> None:
        self._database.run("INSERT OR REPLACE INTO sponsors (vault, node) VALUES (?, ?)", (vault.raw, node.raw))

    def leave(self, vault: VaultId) -> None:
        """Forget everything about the members of `vault`: this device belongs to it no more."""
        with self._database.atomic():
            for table in ("membership", "sponsors", "deliveries", "requests"):
                self._database.run(f"DELETE FROM {table} WHERE vault = ?", (vault.raw,))  # noqa: S608 (constant)

    # Deliveries

    def owe(self, vault: VaultId, node: NodeId, now_ms: int) -> None:
        """`node` must be told, first after the shortest time; the sooner of two stands."""
        self._database.run(
            "INSERT INTO deliveries (vault, node, attempts, due_at) VALUES (?, ?, 0, ?) ON CONFLICT DO NOTHING",
            (vault.raw, node.raw, now_ms + RETRY_MS[0]),
        )

    def due(self, now_ms: int) -> list[Delivery]:
        rows = self._database.rows(
            "SELECT vault, node, attempts, due_at FROM deliveries WHERE due_at <= ? ORDER BY due_at", (now_ms,)
        )
        return [Delivery(VaultId(vault), NodeId(node), attempts, due_at) for vault, node, attempts, due_at in rows]

    def next_due(self) -> int | None:
        """When the next delivery is due, Unix ms."""
        (row,) = self._database.rows("SELECT min(due_at) FROM deliveries")
        return None if row[0] is None else int(row[0])

    def failed(self, delivery: Delivery, now_ms: int) -> None:
        attempts = delivery.attempts + 1
        due_at = now_ms + RETRY_MS[min(attempts, len(RETRY_MS) - 1)]
        self._database.run(
            "UPDATE deliveries SET attempts = ?, due_at = ? WHERE vault = ? AND node = ?",
            (attempts, due_at, delivery.vault.raw, delivery.node.raw),
        )

    def delivered(self, vault: VaultId, node: NodeId) -> None:
        self._database.run("DELETE FROM deliveries WHERE vault = ? AND node = ?", (vault.raw, node.raw))
