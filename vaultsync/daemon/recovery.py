"""What a node tells of a vault's past and of what waits for a person: the API's answers.

Times are Unix ms of this device; ids are in their text form; contents are named by their BLAKE3 hash in hex.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """What stood at a path."""

    path: str
    content: str
    """Names the content; empty for folders and deletions."""
    size: int
    """In bytes."""
    at: int
    """When it came to stand on this device."""
    modified: int
    """When it was made, by the clock of the device that made it."""
    device: str
    device_name: str
    action: str
    """`created`, `edited`, `deleted`, `merged`, `replaced`, `restored`, `moved` or `conflict`."""
    note: str
    """More about the action, in words."""
    restorable: bool
    """Whether this device still has the content."""


@dataclass(frozen=True, slots=True)
class RestoreInfo:
    """What restoring a folder or a vault changes; each list is in path order."""

    at: int
    folder: str
    """Empty: the whole vault."""
    bring_back: tuple[VersionInfo, ...]
    """Files that are gone now."""
    change_back: tuple[VersionInfo, ...]
    """Files that have another content now."""
    remove: tuple[str, ...]
    """Files that were not there then; they stay in history."""
    lost: tuple[VersionInfo, ...]
    """Files whose content of that time this device no longer has."""
    done: bool
    """False: this is a preview."""


@dataclass(frozen=True, slots=True)
class ConflictInfo:
    """Something that two devices did at once, and that a person may want to look at."""

    kind: str
    """`copy`: a conflict copy stands beside its note; `merge`: both edits were merged."""
    path: str
    """Of the copy, or of the merged note."""
    original: str
    """The note that it is about."""
    device_name: str
    """Whose side the copy holds; of a merge, whose edit came in."""
    at: int
    size: int
    mine: VersionInfo | None
    """Of a merge: what this device had before."""
    theirs: VersionInfo | None
    """Of a merge: what the other device had before."""


@dataclass(frozen=True, slots=True)
class HeldInfo:
    """Deletions that wait for a person's word."""

    count: int
    """Files and folders."""
    cause: str
    paths: tuple[str, ...]
    """The first of them by path, at most 1,000."""


@dataclass(frozen=True, slots=True)
class CountInfo:
    count: int


@dataclass(frozen=True, slots=True)
class LogEntryInfo:
    """One line of a vault's log."""

    id: int
    at: int
    kind: str
    """A short stable word."""
    path: str
    """Empty: about the vault."""
    peer: str
    peer_name: str
    text: str


@dataclass(frozen=True, slots=True)
class CounterInfo:
    """One device's part in a version."""

    device: str
    device_name: str
    counter: int


@dataclass(frozen=True, slots=True)
class ExplanationInfo:
    """Everything that this device knows of a path."""

    path: str
    kind: str
    """`file`, `folder`, or empty if the path is unknown or deleted."""
    state: str
    """In words."""
    unblock: str
    """What would let it sync, in words, or empty."""
    rule: str
    """The rule that leaves it out on this device, or empty."""
    trouble: str
    """What keeps it from syncing now, or empty."""
    content: str
    size: int
    modified: int | None
    modified_by: str
    """The device that made this version, by name."""
    version: tuple[CounterInfo, ...]
    has_it: tuple[str, ...]
    """Names of the devices that are known to have this version."""
    lacks_it: tuple[str, ...]
    """Names of the devices that have not confirmed it."""
    versions: tuple[VersionInfo, ...]
    """The newest ones, newest first."""
    log: tuple[LogEntryInfo, ...]
    """What was decided about it, newest first."""
