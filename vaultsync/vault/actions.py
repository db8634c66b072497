"""What can be done to a vault's folder, and what comes of it. Each action says what it expects on disk."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from vaultsync.model.records import Signature
from vaultsync.vault.staging import Staged


@dataclass(frozen=True, slots=True)
class WriteFile:
    """Put a staged content at `path`, making the folders that it needs."""

    path: str
    hash: bytes
    size: int
    mtime_ns: int
    executable: bool
    expected: Signature | None
    """Of the file that it replaces; None: nothing may be there."""
    staged: Staged


@dataclass(frozen=True, slots=True)
class MakeFolder:
    path: str
    respells: str = ""
    """The folder that is to get this name, with all that is in it, on a disk that takes both names for one."""


@dataclass(frozen=True, slots=True)
class RemoveFile:
    path: str
    expected: Signature


@dataclass(frozen=True, slots=True)
class RemoveFolder:
    """Remove an empty folder, or one that holds only what an operating system makes anew by itself."""

    path: str


@dataclass(frozen=True, slots=True)
class MoveFile:
    """Rename; nothing may be at `target`, unless the disk takes both names for one.

    A file that came to `target` with its folder is where it should be.
    """

    source: str
    target: str
    expected: Signature


@dataclass(frozen=True, slots=True)
class SetExecutable:
    path: str
    executable: bool
    expected: Signature


Action = WriteFile | MakeFolder | RemoveFile | RemoveFolder | MoveFile | SetExecutable


class Result(StrEnum):
    DONE = "done"
    """The disk is now as the action says."""
    CHANGED = "changed"
    """The disk was not as expected; nothing was done. The path is dirty."""
    BUSY = "busy"
    """A program has the file open for writing; nothing was done. What it writes next must not go with the old file."""
    FAILED = "failed"
    """The system refused; nothing was done."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one action."""

    result: Result
    signature: Signature | None = None
    """Of the file that is now there, for the index; None for folders and removals."""
    reason: str = ""
    """Why it failed, in words for a person."""
    retry: bool = False
    """Whether trying again later may help."""
    disk_full: bool = False
