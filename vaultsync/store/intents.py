"""What is about to be done in the folder, so that a run that breaks off before its commit is known for its own."""

# ruff: noqa: S608 (what is put into the SQL is constant)

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from vaultsync.model.records import Entry
from vaultsync.store.database import Database
from vaultsync.store.devices import Devices
from vaultsync.store.encoding import pack_version
from vaultsync.store.rows import COLUMNS, PUT, entry_of, row_of

_INTEND: Final = PUT.replace("INTO records", "INTO intents")


class Intents:
    """Of one vault. They go with the commit of what was intended."""

    def __init__(self, database: Database, devices: Devices) -> None:
        self._database = database
        self._devices = devices

    def put(self, entries: Sequence[Entry]) -> None:
        """These are about to become true on disk, and nothing else is. Not inside a transaction.

        It waits for no disk: a process that dies leaves it behind, and when the power goes it is at worst lost, for the
        few milliseconds until the commit that it announces.
        """
        with self._database.transaction(durable=False):
            self.clear()
            self._database.run_many(
                _INTEND,
                [
                    row_of(entry, number, pack_version(entry.record.version), self._devices)
                    for number, entry in enumerate(entries, 1)
                ],
            )

    def all(self) -> list[Entry]:
        rows = self._database.rows(f"SELECT {COLUMNS} FROM intents ORDER BY sequence")
        return [entry_of(row, self._devices) for row in rows]

    def clear(self) -> None:
        """What was intended is in the index, or nobody intends it any more. Inside a transaction."""
        self._database.run("DELETE FROM intents")
