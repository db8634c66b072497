"""One vault's database: index, history and audit log, changed together."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Final

from vaultsync.store.audit import Audit
from vaultsync.store.contents import Contents
from vaultsync.store.database import Database
from vaultsync.store.devices import Devices
from vaultsync.store.history import History
from vaultsync.store.index import Index
from vaultsync.store.intents import Intents
from vaultsync.store.migrations import Schema
from vaultsync.store.totals import create_totals, read_totals

SCHEMA: Final = Schema(
    name="vault",
    application_id=int.from_bytes(b"VSvt", "big"),
    advice=(
        "No note is touched. Move this file and those with `-wal` and `-shm` after its name to another place and "
        "start again: the index is made anew from the folder. Keep the file: it holds the history until now."
    ),
)

HISTORY_FOLDER: Final = "history"


class VaultStore:
    """Opened by one task's thread; one thread at a time uses it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        devices = Devices(database)
        contents = Contents(database, database.path.parent / HISTORY_FOLDER)
        self.index = Index(database, devices)
        self.intents = Intents(database, devices)
        self.history = History(database, devices, contents)
        self.audit = Audit(database)

    @classmethod
    def open(cls, path: Path, *, new_index_id: bytes) -> VaultStore:
        """Open or create the database at `path`; large contents go to the folder `history` beside it.

        `new_index_id`, 16 random bytes, becomes the index's identity if it is created now. Raises `StoreError` if
        the database is damaged, newer than this code, or can't be written, `DiskFullError` if there is no room.
        """
        database = Database.open(path, SCHEMA)
        try:
            with database.transaction():
                if read_totals(database) is None:
                    create_totals(database, new_index_id)
            Contents(database, path.parent / HISTORY_FOLDER).tidy()
            store = cls(database)
            with store.transaction():
                store.index.bring_up()
        except BaseException:
            database.close()
            raise
        return store

    def transaction(self) -> AbstractContextManager[None]:
        """Everything inside happens, durably, or nothing does: one batch, one fsync.

        `RuntimeError` if one is open already. After an exception everything is as before it, `index.sequence` and
        `index.digest` too.
        """
        return self._database.transaction()

    def give_back_memory(self) -> None:
        """Free what is only kept to be quick; for when a large piece of work is over."""
        self._database.give_back_memory()

    def close(self) -> None:
        self._database.close()
