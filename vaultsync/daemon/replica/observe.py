"""From the disk into the index: what the scanner saw becomes records, in one transaction per batch."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from vaultsync.daemon.events import ChangeObserved, ScanProgressed
from vaultsync.daemon.replica.adopt import BROUGHT_BACK, as_of_the_backup
from vaultsync.daemon.replica.behind import LOOKED_BACK, as_record, on_this_disk, read_before
from vaultsync.daemon.replica.hold import hold
from vaultsync.daemon.replica.serve import remember_manifest
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.merge import is_mergeable
from vaultsync.model.changes import Observation, record_change
from vaultsync.model.filters import IGNORE_FILE
from vaultsync.model.paths import parent_of, parents_of
from vaultsync.model.records import Entry, FileRecord, Kind, Signature, State
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.sync.moves import link_moves
from vaultsync.sync.offers import Offer
from vaultsync.vault.filesystem import DiskKind
from vaultsync.vault.scanner import Sighting
from vaultsync.vault.survey import is_hot
from vaultsync.vault.words import shown


def look(state: ReplicaState, paths: Collection[str], now_ms: int, *, reads_on: bool = False) -> set[str]:
    """Look at dirty paths; `reads_on`: and read a slice of one large file among them. Returns the paths whose records
    changed.

    Raises `VaultOfflineError` when the folder is not there.
    """
    state.folder.check()
    paths = _without_echoes(state, paths, now_ms)
    sighting = state.scanner.look(paths, state.store.index, now_ms, reads_on=reads_on)
    for path in paths:
        state.unread.pop(path, None)
    state.unread.update(dict.fromkeys(sighting.unread))
    changed = record(state, sighting, now_ms)
    for path in _troubles_among(state, paths, now_ms):
        if path not in sighting.troubles and path != IGNORE_FILE and not _is_blocked(state, path):
            state.set_trouble(path, "")
    return changed


def _troubles_among(state: ReplicaState, paths: Collection[str], now_ms: int) -> list[str]:
    """The troubles of which a look at `paths` says whether they still are."""
    looked = {shown(path) for path in paths}
    found = []
    for path in state.troubles:
        if not looked.isdisjoint((path, "", *parents_of(path))):
            found.append(path)
        elif unicodedata.normalize("NFC", path) in looked:
            # Of twins in two Unicode forms only a look at their folder tells whether both are still there.
            state.look_later(parent_of(path), now_ms)
    return found


def _without_echoes(state: ReplicaState, paths: Collection[str], now_ms: int) -> Collection[str]:
    """`paths` without those where the file is, to the last nanosecond, the one that this device put there itself."""
    if state.echoes.keys().isdisjoint(paths):
        return paths
    left = []
    with state.fs.batch():
        for path in paths:
            written = state.echoes.pop(path, None)
            if written is None or is_hot(written, now_ms) or not _is_there(state, path, written):
                left.append(path)
    return left


def _is_there(state: ReplicaState, path: str, expected: Signature) -> bool:
    try:
        there = state.fs.stat(path)
    except OSError:
        return False  # the scanner has the words for it
    return there is not None and there.kind is DiskKind.FILE and there.signature == expected


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
    for path in state.troubles.keys() - troubled - {IGNORE_FILE}:
        if not _is_blocked(state, path):
            state.set_trouble(path, "")
    state.emit(ScanProgressed(state.vault_text, state.store.index.counts().files, done=True))


def _is_blocked(state: ReplicaState, path: str) -> bool:
    """Whether the trouble at `path` is with a name that cannot be here, which a look at the disk does not end."""
    entry = state.store.index.get(path)
    return entry is not None and entry.state is State.BLOCKED and not entry.record.deleted


@dataclass(slots=True)
class _Seen:
    """What a sighting says, sorted by what it means."""

    known: dict[str, Entry]
    vanished: list[tuple[Entry, FileRecord]] = field(default_factory=list)
    appeared: list[tuple[Observation, FileRecord]] = field(default_factory=list)
    edited: list[tuple[Observation, FileRecord]] = field(default_factory=list)
    regained: list[Entry] = field(default_factory=list)
    """What the index had but the disk did not, and now has."""
    touched: list[tuple[str, Signature]] = field(default_factory=list)


def record(state: ReplicaState, sighting: Sighting, now_ms: int) -> set[str]:
    """Bring the index to what was seen."""
    for manifest in sighting.manifests:
        remember_manifest(state, manifest)
    for path, reason in sighting.troubles.items():
        state.set_trouble(path, reason)
    for path, delay_ms in sighting.again.items():
        state.look_later(path, now_ms + delay_ms)

    seen = _sort(state, sighting, now_ms)
    tombstones, arrivals = link_moves(
        seen.vanished,
        [(observed.signature.inode if observed.signature else 0, change) for observed, change in seen.appeared],
    )
    gone = _gone(state, seen, tombstones, now_ms)
    changes = _moves_together(
        [
            *(_entry(observed, change) for (observed, _), change in zip(seen.appeared, arrivals, strict=True)),
            *(_entry(observed, change) for observed, change in seen.edited),
        ],
        [entry for entry in gone if entry.state is State.PRESENT],
    )
    silent = [*seen.regained, *(entry for entry in gone if entry.state is State.HELD)]
    if not changes and not silent and not seen.touched:
        return set()

    contents = [
        (observed.hash, observed.content)
        for observed, _ in (*seen.appeared, *seen.edited)
        if observed.content is not None and is_mergeable(observed.path, observed.size)
    ]
    actions = {entry.record.path: _action(state, entry.record, seen.known) for entry in changes}
    with state.store.transaction():
        state.store.history.keep_many(contents)
        state.store.history.record(
            [history_version(entry.record, *actions[entry.record.path], now_ms) for entry in changes]
        )
        state.store.history.record(
            [
                history_version(entry.record, Action.RESTORED, "its deletion is held", now_ms)
                for entry in silent
                if entry.state is State.HELD and entry.record.modified_at == now_ms
            ]
        )
        state.store.index.put([*changes, *silent])
        state.store.index.put_signatures(seen.touched)
    for entry in changes:
        change, (action, _) = entry.record, actions[entry.record.path]
        state.labels.pop(change.path, None)
        moved_from, moved_to = change.moved_from or "", change.moved_to or ""
        state.emit(ChangeObserved(state.vault_text, change.path, action.value, moved_from, moved_to))
    return {entry.record.path for entry in (*changes, *silent)}


def _sort(state: ReplicaState, sighting: Sighting, now_ms: int) -> _Seen:
    sorted_ = _Seen(state.store.index.get_many([observed.path for observed in sighting.observations]))
    sorted_.touched = list(sighting.touched)
    counter = state.counter(now_ms)
    for observed in sighting.observations:
        entry = sorted_.known.get(observed.path)
        if entry is not None and entry.state is not State.PRESENT:
            if observed.kind is None:
                continue  # the disk was not expected to have it
            if observed.kind is entry.record.kind and observed.hash == entry.record.hash and not entry.record.deleted:
                # The size came from a peer, and nobody has held it against the content yet.
                there = replace(entry.record, size=observed.size)
                sorted_.regained.append(Entry(there, signature=observed.signature))
                continue
            if entry.state is not State.HELD:
                _sort_left_alone(state, sorted_, entry, observed, now_ms)
                continue
        known = entry.record if entry is not None else None
        if entry is not None and (read := read_before(state, entry, observed)) is not None:
            # What came in between is to be merged with it.
            state.offers.add(Offer(entry.record, state.author.node, derived=True))
            known = read
        change = record_change(known, observed, state.author, now_ms, counter)
        if entry is None and change is not None:
            change = _after_what_was_forgotten(state, change)
        if change is None:
            if observed.signature is not None and entry is not None and entry.signature != observed.signature:
                sorted_.touched.append((observed.path, observed.signature))
        elif observed.kind is None:
            assert entry is not None
            sorted_.vanished.append((entry, change))
        elif entry is None or entry.record.deleted:
            sorted_.appeared.append((observed, change))
        else:
            sorted_.edited.append((observed, change))
    return sorted_


def _after_what_was_forgotten(state: ReplicaState, change: FileRecord) -> FileRecord:
    """A new file at a path that had one before comes after all that was known of that one.

    Its tombstone may be gone here and not elsewhere, and a device that was away may still have the file.
    """
    forgotten = state.store.index.knowledge.forgotten
    if not forgotten or not state.store.history.versions(change.path, 1):
        return change
    return change.with_version(forgotten.join(change.version))


def _sort_left_alone(state: ReplicaState, seen: _Seen, entry: Entry, observed: Observation, now_ms: int) -> None:
    """A file at a path whose record this index took without touching the disk: it was left out, or is on its way.

    If it is what stood here before, it is old, and the record may replace it. Else it is an edit of what stood here,
    which the devices that have the record merge with it.

    In a folder that was brought back, it may be what stood here on any earlier day; else it is of nobody knows when,
    and is merged with the record, or kept beside it, as if another device had made it.
    """
    known, brought_back = entry.record, entry.reason == BROUGHT_BACK
    here = on_this_disk(state, known, -1 if brought_back else LOOKED_BACK) if observed.kind is Kind.FILE else []
    if brought_back:
        here = [version for version in here if version.hash == observed.hash]
    was = as_record(here[0], observed) if here else None
    if was is not None and was.hash == observed.hash:
        seen.regained.append(Entry(was, signature=observed.signature))
        state.offers.add(Offer(known, state.author.node, derived=True))
        return
    change = record_change(None if brought_back else was, observed, state.author, now_ms, state.counter(now_ms))
    assert change is not None
    if brought_back:
        change = as_of_the_backup(change, state.author.node)
        state.offers.add(Offer(known, state.author.node, derived=True))
    seen.edited.append((observed, change))


def _gone(state: ReplicaState, seen: _Seen, tombstones: list[FileRecord], now_ms: int) -> list[Entry]:
    """Entries for what vanished, the deepest first: tombstones, or held until a person has decided.

    With what vanished shortly before and is held now too.
    """
    # What a person asked this device to remove needs no second word.
    lost = [
        entry
        for (entry, _), stone in zip(seen.vanished, tombstones, strict=True)
        if stone.moved_to is None and stone.path not in state.labels
    ]
    held = hold(state, lost, now_ms)
    stones = sorted(tombstones, key=lambda stone: -stone.path.count("/"))
    vanished = [held.get(stone.path) or Entry(stone) for stone in stones]
    now_gone = {entry.record.path for entry in vanished}
    return [*vanished, *(entry for path, entry in held.items() if path not in now_gone)]


def _moves_together(arrivals: list[Entry], tombstones: list[Entry]) -> list[Entry]:
    """All of them, each tombstone of a move right after the record of the new place.

    In this order they are numbered and sent. A peer that gets both in one change set renames its file; and it must
    know the new place before it learns that the old one is gone, or an edit of its own can't follow.
    """
    left = {entry.record.path: entry for entry in tombstones}
    together = []
    for entry in arrivals:
        together.append(entry)
        if (origin := entry.record.moved_from) is not None and origin in left:
            together.append(left.pop(origin))
    return [*together, *left.values()]


def _entry(observed: Observation, change: FileRecord) -> Entry:
    return Entry(change, signature=observed.signature if change.kind is Kind.FILE else None)


def make_parents_known(state: ReplicaState, folders: Collection[str], now_ms: int) -> list[Entry]:
    """Entries for folders that exist because a file needed them, and that no record tells of."""
    known = state.store.index.get_many(folders)
    made = []
    counter = state.counter(now_ms)
    for folder in sorted(folders):
        entry = known.get(folder)
        there = Observation(folder, Kind.DIR)
        # A file that the index has taken and the disk never had was replaced by nobody: it is to be beside the folder.
        known_here = entry is not None and (entry.state is State.PRESENT or entry.record.kind is Kind.DIR)
        change = record_change(entry.record if entry and known_here else None, there, state.author, now_ms, counter)
        if change is not None:
            made.append(Entry(change))
    return made


def _action(state: ReplicaState, change: FileRecord, known: dict[str, Entry]) -> tuple[Action, str]:
    """What to call a change in history, and what to note beside it."""
    if (label := state.labels.get(change.path)) is not None:
        return label
    if change.deleted:
        return (Action.MOVED, f"to {change.moved_to}") if change.moved_to else (Action.DELETED, "")
    entry = known.get(change.path)
    if entry is not None and not entry.record.deleted:
        return Action.EDITED, ""
    return (Action.MOVED, f"from {change.moved_from}") if change.moved_from else (Action.CREATED, "")


def history_version(change: FileRecord, action: Action, note: str, now_ms: int) -> HistoryVersion:
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
