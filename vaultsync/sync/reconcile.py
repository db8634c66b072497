"""The decision: what becomes of one path when a peer's record meets ours. One pure function, DESIGN §7.

Both devices run it with the sides swapped and must arrive at the same record, or traffic never stops. So every
resulting record is built from the pair without asking which side is ours:

- its version is one of the two, or their join, never a bump;
- where one content must be picked, `FileRecord.rank` or the hash picks it, both total orders;
- an edit follows a move as an edit made at the new path, by whoever brings it there;
- a content that is not picked stays as a copy under a name that both sides derive alike, or (where the pair
  holds the same edits already) in history.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from vaultsync.merge.names import conflict_name, is_named_after, other_copy_name
from vaultsync.model.records import FileRecord, Kind
from vaultsync.model.versions import Order


@dataclass(frozen=True, slots=True)
class Ignore:
    """The peer's record is nothing new."""


@dataclass(frozen=True, slots=True)
class Take:
    """`record` replaces what we have; its content is the peer's."""

    record: FileRecord
    because: str


@dataclass(frozen=True, slots=True)
class Keep:
    """What is on disk stays; the index takes `record`, which says the same with another version."""

    record: FileRecord
    because: str


@dataclass(frozen=True, slots=True)
class Merge:
    """Both contents are text and neither includes the other: merge them.

    `record` is the merged record but for hash and size. If the merge is a clash, `clash` decides instead.
    """

    record: FileRecord
    clash: Split


@dataclass(frozen=True, slots=True)
class Split:
    """`record` is the outcome at this path; `beside` lives on at its own path and is to be reconciled there.

    The copy's version is that of the content it holds, so that every device that derives it derives the same.
    """

    record: FileRecord
    beside: FileRecord
    because: str


@dataclass(frozen=True, slots=True)
class Follow:
    """The file was moved on one device and edited on the other: what `alive` holds goes to where `record` points, and
    `record`, a tombstone, ends this path.

    The versions of two paths say nothing of each other: at the new path it is an edit of whoever brings it there.
    """

    record: FileRecord
    alive: FileRecord
    because: str


NEW: Final = "new here"
NEWER: Final = "newer"
PLAIN: Final = frozenset({NEW, NEWER, "same content, newer version", "same content on both sides"})
"""Reasons that say nothing a person would ask about."""

Decision = Ignore | Take | Keep | Merge | Split | Follow


def reconcile(local: FileRecord | None, remote: FileRecord, *, mergeable: bool, can_follow: bool = False) -> Decision:
    """Decide between our record of a path and a peer's.

    `mergeable` tells whether contents of this path may be merged as text. `can_follow` tells whether this device
    has a file where a tombstone's `moved_to` points; without one an edit stays where it is.
    """
    if local is None:
        return Take(remote, NEW)
    assert local.path == remote.path

    order = remote.version.compare(local.version)
    if order is Order.BEFORE:
        return Ignore()
    if order is Order.EQUAL:
        return _equal_versions(local, remote)
    if order is Order.AFTER:
        if remote.same_content(local):
            return Keep(remote, "same content, newer version")
        return Take(remote, NEWER)
    return _concurrent(local, remote, mergeable=mergeable, can_follow=can_follow)


def _equal_versions(local: FileRecord, remote: FileRecord) -> Decision:
    """Two merges of the same edits made from different bases: one stays, and both devices pick the same."""
    if remote.same_content(local):
        return Ignore()
    winner = max(local, remote, key=_strength)
    return Ignore() if winner is local else Take(remote, "the same edits merged elsewhere")


def _strength(record: FileRecord) -> tuple[bool, bool, bytes]:
    """A total order among contents: what is there, then folders, then by hash."""
    return (not record.deleted, record.kind is Kind.DIR, record.hash)


def _concurrent(local: FileRecord, remote: FileRecord, *, mergeable: bool, can_follow: bool) -> Decision:
    if not local.version.fits_with(remote.version):
        # No honest history names so many devices. Without a join, the same order must pick on every device.
        winner = max(local, remote, key=lambda r: (_strength(r), r.version.counters))
        return Ignore() if winner is local else Take(remote, "versions that name too many devices to be joined")
    version = local.version.join(remote.version)

    if remote.same_content(local):
        # A hint to a move must survive the join: the edit that is to follow it may still be on its way.
        newer = max(local, remote, key=lambda r: (r.moved_to is not None, r.rank))
        return Keep(newer.with_version(version), "same content on both sides")

    if local.deleted or remote.deleted:
        alive, gone = (remote, local) if local.deleted else (local, remote)
        if gone.moved_to is not None and can_follow and _is_edit(alive, gone):
            because = "edited on one device and moved on the other: the edit follows"
            return Follow(gone.with_version(version), alive, because)
        outcome = alive.with_version(version)
        because = "edited on one device and deleted on the other: the edit stays"
        return Keep(outcome, because) if alive is local else Take(outcome, because)

    if local.kind is not remote.kind:
        folder, file = (local, remote) if local.kind is Kind.DIR else (remote, local)
        return Split(
            folder.with_version(version),
            copy_of(file),
            "a file on one device and a folder on the other: the folder stays, the file is beside it",
        )

    winner, loser = (local, remote) if local.rank > remote.rank else (remote, local)
    split = Split(
        winner.with_version(version),
        copy_of(loser),
        "edited on both devices and cannot be merged: the newer stays, the other is beside it",
    )
    if not mergeable:
        return split
    return Merge(winner.with_version(version), split)


def is_beyond(known: FileRecord, beside: FileRecord) -> bool:
    """Whether an index that holds `known` has dealt with `beside`, which it was offered."""
    return known.version.includes(beside.version) or not known.version.fits_with(beside.version)


def _is_edit(alive: FileRecord, gone: FileRecord) -> bool:
    """Whether `alive` is an edit of the file that was moved, and not another file that was put in its place."""
    return alive.kind is Kind.FILE and alive.moved_from is None and not _knows_end(alive, gone)


def _knows_end(alive: FileRecord, gone: FileRecord) -> bool:
    """Whether what is alive was made by somebody who knew of the move: then it is a new file, not an edit of the old.

    The tombstone may have been joined with edits since, but the mover's own counter is that of the move.
    """
    mover = gone.modified_by
    return dict(alive.version.counters).get(mover, 0) >= dict(gone.version.counters).get(mover, 0)


def copy_of(loser: FileRecord) -> FileRecord:
    """The record of the conflict copy that keeps `loser`; the same on every device."""
    return replace(
        loser,
        path=conflict_name(loser.path, loser.modified_at, loser.modified_name),
        moved_to=None,
        moved_from=None,
    )


def displaced_copy(local: FileRecord, remote: FileRecord) -> FileRecord | None:
    """The record that keeps `local`, where the later `remote` is the conflict copy of another edit; else None.

    Copies of one note, from one minute and devices of one name, have one name, and take their versions along from the
    note. There, who knew of the earlier edit may have seen it lose: the later one need not hold what it wrote. Only if
    it adds nothing but a counter of its own device, and that had made the earlier, too, or shares no name with who had,
    was it made on top of the earlier.
    """
    if local.deleted or local.kind is not Kind.FILE or remote.deleted or remote.kind is not Kind.FILE:
        return None
    if not is_named_after(remote.path, remote.modified_at, remote.modified_name):
        return None
    by = remote.modified_by
    is_namesake = local.modified_by != by and is_named_after(local.path, local.modified_at, local.modified_name)
    if not is_namesake and _counters_of_others(local, by) == _counters_of_others(remote, by):
        return None
    return replace(local, path=other_copy_name(local.path, local.hash), moved_to=None, moved_from=None)


def _counters_of_others(record: FileRecord, device: bytes) -> list[tuple[bytes, int]]:
    return [pair for pair in record.version.counters if pair[0] != device]
