"""What an index knows of one path."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from vaultsync.model.versions import Version

EMPTY_HASH: Final = bytes.fromhex("af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262")
"""BLAKE3-256 of no bytes (test vector 0 of the BLAKE3 specification)."""


class Kind(StrEnum):
    FILE = "file"
    DIR = "dir"


class State(StrEnum):
    """What this device has of a record. Local, never sent."""

    PRESENT = "present"
    """The disk holds it (or, for a tombstone, holds nothing)."""
    WANTED = "wanted"
    """This device is to have it and does not have it yet."""
    HELD = "held"
    """It is gone from this device's disk, as are many with it; a person decides whether it was meant to go."""
    UNSELECTED = "unselected"
    """A filter of this device leaves it out; what is on disk at its path is left alone."""
    BLOCKED = "blocked"
    """This device can't hold it; the reason stands beside it."""


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One state of one path, as devices exchange it. `(version, hash)` is what a record is."""

    path: str
    """NFC, `/`-separated, relative (model/paths.py)."""
    kind: Kind
    hash: bytes
    """BLAKE3-256 of the content; empty for folders and tombstones."""
    size: int
    """In bytes; 0 for folders and tombstones."""
    mtime_ns: int
    executable: bool
    version: Version
    deleted: bool
    modified_by: bytes
    """Node id of the device that made this edit, 32 bytes."""
    modified_name: str
    """That device's name when it made it; names conflict copies alike on every device."""
    modified_at: int
    """Unix time in ms on that device. Decides only between contents that can't be merged."""
    moved_to: str | None = None
    """On a tombstone: where the content went in the same batch."""
    moved_from: str | None = None
    """On a new path: where its content came from in the same batch."""

    def same_content(self, other: FileRecord) -> bool:
        """Whether both leave the same thing on a disk. Metadata (mtime, mode) never makes a conflict."""
        return self.deleted == other.deleted and (self.deleted or (self.kind == other.kind and self.hash == other.hash))

    @property
    def rank(self) -> tuple[int, bytes, bytes]:
        """The order that picks between contents that can't be merged: time, then device, then hash."""
        return (self.modified_at, self.modified_by, self.hash)

    def with_version(self, version: Version) -> FileRecord:
        return self if version == self.version else replace(self, version=version)


@dataclass(frozen=True, slots=True)
class Signature:
    """What `stat` says of a file. Equal signatures mean that nobody touched it; local only."""

    inode: int
    size: int
    mtime_ns: int
    ctime_ns: int


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as it stands in this device's index."""

    record: FileRecord
    state: State = State.PRESENT
    reason: str = ""
    """Why it is blocked, in words for a person."""
    signature: Signature | None = None
    """Of the file on disk when the index last agreed with it; None for folders and tombstones."""
    source: bytes = b""
    """The peer that gave exactly this version, or empty if it arose here."""
    sequence: int = 0
    """Position in this index's numbering of updates; given at commit."""
