"""From the disk into the index: what the scanner saw becomes records, in one transaction per batch."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from vaultsync.daemon.events import ChangeObserved, ScanProgressed
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.merge import is_mergeable
from vaultsync.model.changes import Observation, record_change
from vaultsync.model.records import Entry, FileRecord, Kind, State
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.sync.moves import link_moves
from vaultsync.vault.scanner import Sighting


def look(state: ReplicaState, paths: Collection[str], now_ms: int) -> set[str]:
    """Look at dirty paths. Returns the paths whose records changed.

    Raises `VaultOfflineError` when the folder is not there.
    """
    state.folder.check()
    sighting = state.scanner.look(paths, state.store.index, now_ms)
    changed = record(state, sighting, now_ms)
    for path in [path for path in paths if path in state.troubles and path not in sighting.troubles]:
        state.set_trouble(path, "")
    return changed


def sweep(state: ReplicaState, now_ms: int) -> Iterator[set[str]]:
    """Look through the whole vault, a batch at a time; yields the paths whose records changed.

    Raises `VaultOfflineError` when the folder is not there.
    """
    state.folder.check()
    files = 0
    troubled: set[str] = set()
    for sighting in state.scanner.sweep(state.store.index, now_ms):
        state.folder.check()
        changed = record(state, sighting, now_ms)
        files += len(sighting.observations)
        troubled |= sighting.troubles.keys()
        state.emit(ScanProgressed(state.vault_text, files, done=False))
        yield changed
    for path in state.troubles.keys() - troubled:
        state.set_trouble(path, "")
    state.emit(ScanProgressed(state.vault_text, state.store.index.counts().files, done=True))


def record(state: ReplicaState, sighting: Sighting, now_ms: int) -> set[str]:
    """Bring the index to what was seen."""
    for path, reason in sighting.troubles.items():
        state.set_trouble(path, reason)
    for path, delay_ms in sighting.again.items():
        state.again[path] = now_ms + delay_ms

    index, history = state.store.index, state.store.history
    known = index.get_many([seen.path for seen in sighting.observations])
    vanished: list[tuple[Entry, FileRecord]] = []
    appeared: list[tuple[Observation, FileRecord]] = []
    edited: list[tuple[Observation, FileRecord]] = []
    touched = list(sighting.touched)
    for seen in sighting.observations:
        entry = known.get(seen.path)
        if entry is not None and entry.state is State.BLOCKED and seen.kind is None:
            continue
        change = record_change(entry.record if entry else None, seen, state.author, now_ms)
        if change is None:
            if seen.signature is not None and entry is not None and entry.signature != seen.signature:
                touched.append((seen.path, seen.signature))
        elif seen.kind is None:
            assert entry is not None
            vanished.append((entry, change))
        elif entry is None or entry.record.deleted:
            appeared.append((seen, change))
        else:
            edited.append((seen, change))

    tombstones, arrivals = link_moves(
        vanished,
        [(seen.signature.inode if seen.signature else 0, change) for seen, change in appeared],
        state.author,
        now_ms,
    )
    entries = [
        *(
            Entry(change, signature=seen.signature if change.kind is Kind.FILE else None)
            for (seen, _), change in zip(appeared, arrivals, strict=True)
        ),
        *(Entry(change, signature=seen.signature if change.kind is Kind.FILE else None) for seen, change in edited),
        *(Entry(tombstone) for tombstone in sorted(tombstones, key=lambda t: -t.path.count("/"))),
    ]
    if not entries and not touched:
        return set()

    contents = [
        (seen.hash, seen.content)
        for seen, _ in (*appeared, *edited)
        if seen.content is not None and is_mergeable(seen.path, seen.size)
    ]
    with state.store.transaction():
        history.keep_many(contents)
        history.record([_version_of(entry.record, known.get(entry.record.path), now_ms) for entry in entries])
        index.put(entries)
        index.put_signatures(touched)
    for entry in entries:
        state.emit(ChangeObserved(state.vault_text, entry.record.path, _action(entry.record, known).value))
    return {entry.record.path for entry in entries}


def make_parents_known(state: ReplicaState, folders: Collection[str], now_ms: int) -> list[Entry]:
    """Entries for folders that exist because a file needed them, and that no record tells of."""
    known = state.store.index.get_many(folders)
    made = []
    for folder in sorted(folders):
        entry = known.get(folder)
        change = record_change(entry.record if entry else None, Observation(folder, Kind.DIR), state.author, now_ms)
        if change is not None:
            made.append(Entry(change))
    return made


def _action(change: FileRecord, known: dict[str, Entry]) -> Action:
    if change.deleted:
        return Action.MOVED if change.moved_to else Action.DELETED
    entry = known.get(change.path)
    if entry is not None and not entry.record.deleted:
        return Action.EDITED
    return Action.MOVED if change.moved_from else Action.CREATED


def _version_of(change: FileRecord, known: Entry | None, now_ms: int) -> HistoryVersion:
    action = _action(change, {change.path: known} if known else {})
    return history_version(change, action, now_ms)


def history_version(change: FileRecord, action: Action, now_ms: int, note: str = "") -> HistoryVersion:
    """The history row of one record."""
    return HistoryVersion(
        path=change.path,
        version=change.version,
        hash=change.hash,
        size=change.size,
        modified_at=change.modified_at,
        device=change.modified_by,
        device_name=change.modified_name,
        action=action,
        kept_at=now_ms,
        note=note,
    )
