"""When a tombstone may go, and what a record means whose tombstone is gone.

A device that was away longer than anybody remembers single deletions still offers what was deleted meanwhile. One
version vector stands for all tombstones that were let go: a record of a path unknown here, with no counter above it,
was here once and was deleted, so the deletion is said again, and the device moves its file into history. What the
device made while it was away counts higher, and stays.

This is sound because a device gives out its counters in one order over all paths (store/knowledge.py) and a tombstone
goes only once every update that its version counts, and so every update that counts less, has been here.

Conflict copies stand outside of it: a copy takes its version along from the path where it arose, so at its own path the
version says nothing about what has been here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from vaultsync.model.changes import Author
from vaultsync.model.records import FileRecord
from vaultsync.model.versions import Order, Version

KEPT_MS: Final = 30 * 86_400_000
"""No tombstone goes before it is this old (DESIGN §6)."""

LONG_GONE: Final = "deleted here long ago"


def is_copy(path: str) -> bool:
    """Whether this may be the path of a conflict copy (merge/names.py) or of something in a folder named so."""
    return " (conflict " in path


def is_long_gone(record: FileRecord, forgotten: Version) -> bool:
    """Whether `record`, of a path unknown here, is of what was deleted and forgotten; `forgotten` joins what was."""
    if not forgotten or is_copy(record.path):
        return False
    order = forgotten.compare(record.version)
    return order is Order.AFTER or (order is Order.EQUAL and record.deleted)


def deleted_again(record: FileRecord, forgotten: Version, author: Author, now_ms: int) -> FileRecord:
    """The tombstone that says once more what was forgotten. It covers every version of the path that was known here."""
    return replace(
        record,
        hash=b"",
        size=0,
        mtime_ns=0,
        executable=False,
        version=forgotten,
        deleted=True,
        modified_by=author.node,
        modified_name=author.name,
        modified_at=now_ms,
        moved_to=None,
        moved_from=None,
    )
