"""Contents that no device has: what was deleted before anybody else had it, and is not to be deleted after all."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from vaultsync.daemon.replica.contents import nowhere_here
from vaultsync.daemon.replica.fetch import ASK_AGAIN_MS
from vaultsync.daemon.replica.integrate import settle
from vaultsync.daemon.replica.observe import history_version
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.daemon.replica.wanted import fetch
from vaultsync.model.changes import Observation, record_change
from vaultsync.model.records import Entry, FileRecord, Kind, State
from vaultsync.store.audit import AuditEntry
from vaultsync.store.history import Action

EARLIER: Final = "no device has its last content; the version before that comes back"
GONE: Final = "no device has its content; it stays deleted"


def told_missing(state: ReplicaState, hashes: Iterable[bytes], now_ms: int) -> None:
    """A peer has said that it lacks `hashes`. Whoever was asked twice, a minute apart, is not asked for ever."""
    paths: set[str] = set()
    for hash_ in hashes:
        since_ms = state.lacked.get(hash_, now_ms)
        if hash_ not in state.wants and abs(now_ms - since_ms) >= ASK_AGAIN_MS:
            paths |= state.offers.waiting_on(hash_)
    fall_back(state, paths, now_ms)


def fall_back(state: ReplicaState, paths: Iterable[str], now_ms: int) -> None:
    """Where the content of what is wanted is nowhere, want the version before it; without one, it is deleted.

    Else the others would wait for ever for a record that nobody can follow, and keep what they have meanwhile. That
    version is asked for as any other, and if that is nowhere, the one before it.
    """
    wanted = [entry for entry in state.store.index.get_many(paths).values() if _is_nowhere_else(state, entry)]
    lacking = nowhere_here(state, [entry.record.hash for entry in wanted])
    counter = state.counter(now_ms)
    entries = [_before(state, entry.record, now_ms, counter) for entry in wanted if entry.record.hash in lacking]
    if not entries:
        return
    ended = [entry.record for entry in entries if entry.record.deleted]
    with state.store.transaction():
        state.store.index.put(entries)
        state.store.history.record([history_version(record, Action.DELETED, GONE, now_ms) for record in ended])
        state.store.audit.append(
            [AuditEntry(now_ms, "nowhere", e.record.path, None, GONE if e.record.deleted else EARLIER) for e in entries]
        )
    fetch(state, [entry for entry in entries if not entry.record.deleted], now_ms)
    settle(state, [record.path for record in ended], now_ms)


def _is_nowhere_else(state: ReplicaState, entry: Entry) -> bool:
    """Whether no other device can have what is wanted: all are here, and none has been able to take this record."""
    if entry.state is not State.WANTED or entry.record.kind is not Kind.FILE or entry.record.deleted:
        return False
    return state.store.index.peers() <= state.sessions.keys() and all(
        session.peer_index_id and session.offers and session.acked < entry.sequence
        for session in state.sessions.values()
    )


def _before(state: ReplicaState, record: FileRecord, now_ms: int, counter: int) -> Entry:
    """The newest version older than `record`, as an edit of this device that is wanted; without one, a tombstone."""
    older = [
        version for version in state.store.history.versions(record.path) if record.version.includes(version.version)
    ]
    last = max((place for place, version in enumerate(older) if version.hash == record.hash), default=-1)
    for version in older[last + 1 :]:
        if version.hash:
            earlier = replace(
                record,
                hash=version.hash,
                size=version.size,
                version=record.version.bump(state.author.node, counter),
                modified_by=state.author.node,
                modified_name=state.author.name,
                modified_at=now_ms,
                moved_from=None,
            )
            return Entry(earlier, State.WANTED)
    gone = record_change(record, Observation(record.path, None), state.author, now_ms, counter)
    assert gone is not None, "what is wanted is not deleted"
    return Entry(gone)
