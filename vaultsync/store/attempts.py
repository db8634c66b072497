"""The log of dials and how they ended. Bounded."""

# ruff: noqa: S608 (what is put into the SQL is constant; values are bound)

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vaultsync.model.ids import NodeId
from vaultsync.store.database import Database

KEPT: Final = 1_000
"""Attempts kept; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One dial."""

    at_ms: int
    """Unix time in ms."""
    peer: NodeId
    address: str
    outcome: str
    """A short stable word."""
    reason: str = ""
    """One sentence for a person."""


class AttemptTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, attempt: Attempt) -> None:
        with self._database.atomic():
            number = self._database.insert(
                "INSERT INTO attempts (at_ms, peer, address, outcome, reason) VALUES (?, ?, ?, ?, ?)",
                (attempt.at_ms, attempt.peer.raw, attempt.address, attempt.outcome, attempt.reason),
            )
            self._database.run("DELETE FROM attempts WHERE id <= ?", (number - KEPT,))

    def recent(self, limit: int, peer: NodeId | None = None) -> list[Attempt]:
        """The newest attempts, newest first: to one peer, or to all."""
        which, cells = ("TRUE", ()) if peer is None else ("peer = ?", (peer.raw,))
        rows = self._database.rows(
            f"SELECT at_ms, peer, address, outcome, reason FROM attempts WHERE {which} ORDER BY id DESC LIMIT ?",
            (*cells, limit),
        )
        return [
            Attempt(at_ms, NodeId(node), address, outcome, reason) for at_ms, node, address, outcome, reason in rows
        ]
