"""The node's database: peers, members, tickets, vaults, dial attempts and sessions."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from vaultsync.store.attempts import AttemptTable
from vaultsync.store.database import Database
from vaultsync.store.membership import MembershipTable
from vaultsync.store.migrations import Schema
from vaultsync.store.open_tickets import TicketTable
from vaultsync.store.peers import PeerTable
from vaultsync.store.requests import RequestTable
from vaultsync.store.sessions import SessionTable
from vaultsync.store.vaults import VaultTable

SCHEMA: Final = Schema(
    name="node",
    application_id=int.from_bytes(b"VSnd", "big"),
    advice=(
        "No note is touched. Move this file and those with `-wal` and `-shm` after its name to another place and "
        "start again; then name the vaults' folders and pair the devices once more."
    ),
)


class NodeStore:
    """One thread at a time uses it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.peers = PeerTable(database)
        self.tickets = TicketTable(database)
        self.vaults = VaultTable(database)
        self.attempts = AttemptTable(database)
        self.membership = MembershipTable(database)
        self.requests = RequestTable(database)
        self.sessions = SessionTable(database)

    @classmethod
    def open(cls, path: Path) -> NodeStore:
        """Open or create the database at `path`.

        Raises `StoreError` if it is damaged, newer than this code, or can't be written, `DiskFullError` if there
        is no room.
        """
        return cls(Database.open(path, SCHEMA))

    @property
    def changes(self) -> int:
        """Rows that were written since it was opened."""
        return self._database.changes

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside happens, durably, or nothing does. `RuntimeError` if one is open already."""
        return self._database.transaction()

    def close(self) -> None:
        self._database.close()
