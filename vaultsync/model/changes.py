"""From what the disk shows to what the index says: observations and the records that they make."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace

from vaultsync.model.ids import NodeId
from vaultsync.model.records import FileRecord, Kind, Signature
from vaultsync.model.versions import Version


@dataclass(frozen=True, slots=True)
class Author:
    """The device that makes an edit."""

    node: bytes
    """Its node id, 32 bytes."""
    name: str

    @classmethod
    def among(cls, node: NodeId, name: str, others: Collection[str]) -> Author:
        """The device `node`, called `name`, as it signs its edits where it knows `others`.

        Conflict copies are named after devices: one that has the name of another adds what tells the two apart, in
        5 characters.
        """
        return cls(node.raw, f"{name} {node.short[:4]}" if name in others else name)


@dataclass(frozen=True, slots=True)
class Observation:
    """What the scanner saw at one path: a file, a folder, or nothing."""

    path: str
    kind: Kind | None
    """None: there is nothing at this path."""
    hash: bytes = b""
    size: int = 0
    mtime_ns: int = 0
    executable: bool = False
    signature: Signature | None = None
    content: bytes | None = None
    """The bytes that were hashed, if the file was small enough to keep them in hand."""


def record_change(
    known: FileRecord | None, seen: Observation, author: Author, now_ms: int, counter: int = 0
) -> FileRecord | None:
    """The record that `seen` makes on top of what the index knew, or None if it says nothing new.

    `counter` is higher than any that the author has given out (store/knowledge.py). A changed mtime alone is no edit:
    it would send a record round the world for nothing.
    """
    counter = max(counter, now_ms)
    if seen.kind is None:
        if known is None or known.deleted:
            return None
        return replace(
            known,
            hash=b"",
            size=0,
            mtime_ns=0,
            executable=False,
            version=known.version.bump(author.node, counter),
            deleted=True,
            modified_by=author.node,
            modified_name=author.name,
            modified_at=now_ms,
            moved_to=None,
            moved_from=None,
        )
    if (
        known is not None
        and not known.deleted
        and known.kind == seen.kind
        and known.hash == seen.hash
        and known.executable == seen.executable
    ):
        return None
    version = known.version if known is not None else Version()
    return FileRecord(
        path=seen.path,
        kind=seen.kind,
        hash=seen.hash,
        size=seen.size,
        mtime_ns=seen.mtime_ns,
        executable=seen.executable,
        version=version.bump(author.node, counter),
        deleted=False,
        modified_by=author.node,
        modified_name=author.name,
        modified_at=now_ms,
    )
