"""A vault's folder that was brought back from a backup: which files are in it, and of which day, nobody knows.

So nothing counts as being there until it is seen. What the vault knows and the folder lacks is fetched and never taken
for deleted; what is older than what the vault knows gives way to it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from vaultsync.model.records import FileRecord, State
from vaultsync.model.versions import Version
from vaultsync.store.vault_store import VaultStore
from vaultsync.vault.hashing import hash_bytes

BROUGHT_BACK: Final = "the folder was brought back, and this has not been seen in it yet"
"""Why something is wanted again."""


def expect_nothing(store: VaultStore) -> None:
    """From now on the folder is one that was brought back. What this device leaves out, or can't hold, stays so."""
    again = (State.PRESENT, State.HELD, State.WANTED)
    wanted = [
        replace(entry, state=State.WANTED, reason=BROUGHT_BACK, signature=None)
        for entry in store.index.live_below("")
        if entry.state in again
    ]
    with store.transaction():
        store.index.put(wanted)


def as_of_the_backup(change: FileRecord, own: bytes) -> FileRecord:
    """A new file that this device, `own`, has found, as if the backup were a device that made it when it was written.

    Then it is neither before nor after anything that the vault knows.
    """
    ((_, counter),) = change.version.counters
    return replace(
        change,
        version=Version.of({hash_bytes(b"brought back to " + own): counter}),
        modified_at=min(max(change.mtime_ns // 1_000_000, 0), change.modified_at),
    )
