"""What is about to be done in the folder, so that a run that breaks off before its commit is known for its own."""

from __future__ import annotations

from collections.abc import Sequence

import cbor2

from vaultsync.model.records import Entry
from vaultsync.store.database import Database
from vaultsync.store.devices import Devices
from vaultsync.store.encoding import pack_version
from vaultsync.store.rows import entry_of, row_of


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
            rows = [
                row_of(entry, number, pack_version(entry.record.version), self._devices)[:-1]
                for number, entry in enumerate(entries, 1)
            ]
            self._database.run("INSERT OR REPLACE INTO intents (only, rows) VALUES (1, ?)", (cbor2.dumps(rows),))

    def all(self) -> list[Entry]:
        """In the order in which they were put. `StoreError` if they can't be read."""
        row = self._database.row("SELECT rows FROM intents")
        if row is None:
            return []
        try:
            return [entry_of(tuple(columns), self._devices) for columns in cbor2.loads(row[0])]
        except (cbor2.CBORDecodeError, TypeError, ValueError, KeyError) as error:
            raise self._database.damaged("what was being done last cannot be read") from error

    def clear(self) -> None:
        """What was intended is in the index, or nobody intends it any more. Inside a transaction."""
        self._database.run("DELETE FROM intents")
