"""Tickets that this node has given out, known by the hash of their secret."""

# ruff: noqa: A002 (a ticket has an id)
# ruff: noqa: S608 (what is put into the SQL is constant; values are bound)

from __future__ import annotations

from dataclasses import dataclass, replace
from hmac import compare_digest
from typing import Final

from vaultsync.errors import ExpiredTicketError, NotATicketError, UsedTicketError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.store.database import Cell, Database, Row

REMEMBERED_S: Final = 30 * 86_400
"""How long after its expiry a ticket is remembered, so that a late use is told the truth."""


@dataclass(frozen=True, slots=True)
class OpenTicket:
    """A ticket that was given out. Times are Unix seconds, as on the ticket."""

    id: int
    vault: VaultId
    role: str
    """What whoever uses it becomes: member or observer."""
    reusable: bool
    expires_at: int
    created_at: int
    label: str
    """What its maker called it, or empty."""
    uses: int = 0
    used_at: int | None = None
    used_by: NodeId | None = None
    """Who used it last."""
    revoked: bool = False


_COLUMNS: Final = "id, vault, role, reusable, expires_at, created_at, label, uses, used_at, used_by, revoked"


class TicketTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        vault: VaultId,
        secret_hash: bytes,
        expires_at: int,
        role: str,
        reusable: bool,
        created_at: int,
        label: str = "",
    ) -> OpenTicket:
        """Remember a new ticket. `secret_hash`: BLAKE3-256 of its secret; the secret itself is stored nowhere."""
        number = self._database.insert(
            "INSERT INTO tickets (vault, secret_hash, expires_at, role, reusable, created_at, label) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (vault.raw, secret_hash, expires_at, role, reusable, created_at, label),
        )
        return OpenTicket(number, vault, role, reusable, expires_at, created_at, label)

    def consume(self, secret_hash: bytes, now_s: int, by: NodeId, *, vault: VaultId) -> OpenTicket:
        """Use a ticket, atomically: of two that try at once, one gets it, unless it is reusable.

        The device that used it may use it again: it may have died before it wrote down that it was let in.

        Raises `NotATicketError` if no ticket of `vault` has this secret, `UsedTicketError` if it was used or
        revoked, `ExpiredTicketError` if its time is over. Compares in constant time: how long it takes says
        nothing about other secrets.
        """
        with self._database.atomic():
            match: OpenTicket | None = None
            for candidate, *row in self._database.rows(
                f"SELECT secret_hash, {_COLUMNS} FROM tickets WHERE vault = ?", (vault.raw,)
            ):
                if compare_digest(candidate, secret_hash):
                    match = _ticket_of(tuple(row))
            if match is None:
                raise NotATicketError("No such ticket was made for this vault.")
            if match.revoked or (match.uses and not match.reusable and match.used_by != by):
                raise UsedTicketError("The ticket was used or revoked before.")
            if now_s >= match.expires_at:
                raise ExpiredTicketError("The ticket's time is over.")
            used = replace(match, uses=match.uses + 1, used_at=now_s, used_by=by)
            self._database.run(
                "UPDATE tickets SET uses = ?, used_at = ?, used_by = ? WHERE id = ?",
                (used.uses, now_s, by.raw, used.id),
            )
            return used

    def number_of(self, secret_hash: bytes) -> int | None:
        """The id of the ticket whose secret has that hash."""
        rows = self._database.rows("SELECT id FROM tickets WHERE secret_hash = ?", (secret_hash,))
        return next((int(number) for (number,) in rows), None)

    def revoke(self, id: int) -> bool:
        """No one can use the ticket any more. Tells whether there was one to revoke."""
        return self._database.run("UPDATE tickets SET revoked = 1 WHERE id = ? AND revoked = 0", (id,)) > 0

    def open(self, vault: VaultId | None, now_s: int) -> list[OpenTicket]:
        """The tickets that can still be used, of one vault or of all, the newest first."""
        which, cells = ("TRUE", list[Cell]()) if vault is None else ("vault = ?", [vault.raw])
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM tickets WHERE {which} AND revoked = 0 AND (reusable = 1 OR uses = 0) "
            "AND expires_at > ? ORDER BY id DESC",
            [*cells, now_s],
        )
        return [_ticket_of(row) for row in rows]

    def prune(self, now_s: int) -> int:
        """Forget tickets that expired more than `REMEMBERED_S` ago; gives how many."""
        return self._database.run("DELETE FROM tickets WHERE expires_at < ?", (now_s - REMEMBERED_S,))


def _ticket_of(row: Row) -> OpenTicket:
    number, vault, role, reusable, expires_at, created_at, label, uses, used_at, used_by, revoked = row
    return OpenTicket(
        number,
        VaultId(vault),
        role,
        bool(reusable),
        expires_at,
        created_at,
        label,
        uses,
        used_at,
        None if used_by is None else NodeId(used_by),
        bool(revoked),
    )
