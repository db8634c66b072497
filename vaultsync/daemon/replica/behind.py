"""Programs of this device that write back what they had read before another device's edit came."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.errors import ContentError
from vaultsync.merge import is_mergeable
from vaultsync.merge.stale import writes_over
from vaultsync.model.changes import Observation
from vaultsync.model.records import Entry, FileRecord, Kind, Signature
from vaultsync.store.history import Action, HistoryVersion

BEHIND_MS: Final = 150
"""How long after an edit has come a program may still write back what it read before. Scripts take a few milliseconds;
a person who has seen the edit takes longer."""

LOOKED_BACK: Final = 20
"""Versions that are looked at, the newest first. A note may have many thousand."""


def read_before(state: ReplicaState, entry: Entry, seen: Observation) -> FileRecord | None:
    """The version of which `seen` is an edit, if that is one that stood here before that of `entry` came; else None.

    Then the edit and what came are concurrent, and neither undoes the other.
    """
    known = entry.record
    if known.deleted or entry.signature is None or seen.content is None or not is_mergeable(seen.path, seen.size):
        return None
    versions = on_this_disk(state, known, LOOKED_BACK)
    if not versions or versions[0].version != known.version:
        return None
    found: HistoryVersion | None = None
    put_here_ms, written_ms = entry.signature.ctime_ns // 1_000_000, _written_ms(entry.signature, seen)
    for came, before in pairwise(versions):
        just_came = _has_just_come(state, came, put_here_ms, written_ms)
        if not just_came or not _is_written_over(state, before, came, seen.content):
            break
        found, put_here_ms = before, before.kept_at
    return None if found is None else as_record(found, seen)


def on_this_disk(state: ReplicaState, known: FileRecord, limit: int) -> list[HistoryVersion]:
    """Of the newest `limit` versions (-1: of all), those that stood on this disk and that `known` descends from.

    Itself included, the newest first.
    """
    return [
        version
        for version in state.store.history.versions(known.path, limit)
        if version.hash and version.action is not Action.REPLACED and known.version.includes(version.version)
    ]


def as_record(version: HistoryVersion, seen: Observation) -> FileRecord:
    """The record of a version that stood where `seen` was seen."""
    return FileRecord(
        path=version.path,
        kind=Kind.FILE,
        hash=version.hash,
        size=version.size,
        mtime_ns=seen.mtime_ns,
        executable=seen.executable,
        version=version.version,
        deleted=False,
        modified_by=version.device,
        modified_name=version.device_name,
        modified_at=version.modified_at,
    )


def _written_ms(before: Signature, seen: Observation) -> list[int]:
    """When what was seen may have been written, in Unix ms.

    Some programs give a file another one's time, and the disk notes when. Where it does not (Windows, where `ctime` is
    the time of creation), that time has not changed.
    """
    times_ns = [seen.mtime_ns]
    if seen.signature is not None and seen.signature.ctime_ns != before.ctime_ns:
        times_ns.append(seen.signature.ctime_ns)
    return [at_ns // 1_000_000 for at_ns in times_ns]


def _has_just_come(state: ReplicaState, version: HistoryVersion, put_here_ms: int, written_ms: Sequence[int]) -> bool:
    """Whether this device had put `version` in place by itself, shortly before what was seen was written.

    When it did is noted before that is done, and by the file system after it.
    """
    arrived = version.device != state.author.node or version.action is Action.MERGED
    put_ms = (version.kept_at, put_here_ms)
    return arrived and any(abs(wrote - put) <= BEHIND_MS for wrote in written_ms for put in put_ms)


def _is_written_over(state: ReplicaState, before: HistoryVersion, came: HistoryVersion, content: bytes) -> bool:
    try:
        old, new = state.store.history.read(before.hash), state.store.history.read(came.hash)
    except ContentError:
        return False
    return old is not None and new is not None and writes_over(old, new, content)
