"""The audit log: what was decided about a vault and why, for people. Bounded."""

# ruff: noqa: S608 (what is put into the SQL is constant; values are bound)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vaultsync.store.database import Cell, Database

KEPT: Final = 20_000
"""Entries kept; the oldest go first."""


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the log."""

    at_ms: int
    """Unix time in ms."""
    kind: str
    """A short stable word to filter by."""
    path: str | None
    peer: bytes | None
    """The other device's node id, 32 bytes."""
    text: str
    """One sentence for a person."""
    id: int = 0
    """Position in the log; given by it."""


class Audit:
    def __init__(self, database: Database) -> None:
        self._database = database

    def append(self, entries: Sequence[AuditEntry]) -> None:
        if not entries:
            return
        with self._database.atomic():
            self._database.run_many(
                "INSERT INTO audit (at_ms, kind, path, peer, text) VALUES (?, ?, ?, ?, ?)",
                [(e.at_ms, e.kind, e.path, e.peer, e.text) for e in entries],
            )
            self._database.run("DELETE FROM audit WHERE id <= (SELECT max(id) FROM audit) - ?", (KEPT,))

    def recent(self, limit: int, path: str | None = None, before: int | None = None) -> list[AuditEntry]:
        """The newest `limit` entries, newest first: of one path, or before the entry with that id, if given."""
        conditions, cells = ["TRUE"], list[Cell]()
        if path is not None:
            conditions.append("path = ?")
            cells.append(path)
        if before is not None:
            conditions.append("id < ?")
            cells.append(before)
        rows = self._database.rows(
            f"SELECT at_ms, kind, path, peer, text, id FROM audit WHERE {' AND '.join(conditions)} "
            "ORDER BY id DESC LIMIT ?",
            [*cells, limit],
        )
        return [AuditEntry(*row) for row in rows]
