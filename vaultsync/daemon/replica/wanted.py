"""What the index has taken and the disk has not: wanted again after a selection changed, a deletion was undone, or a
name became free."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace

from vaultsync.daemon.replica.integrate import settle
from vaultsync.daemon.replica.observe import history_version
from vaultsync.daemon.replica.state import ReplicaState, on_disk
from vaultsync.daemon.replica.twins import twin_of
from vaultsync.errors import UnstableFileError
from vaultsync.model.changes import Observation, record_change
from vaultsync.model.filters import IGNORE_FILE
from vaultsync.model.paths import fold, parents_of
from vaultsync.model.records import Entry, Kind, State
from vaultsync.store.history import Action
from vaultsync.store.index import PAGE
from vaultsync.sync.offers import Offer
from vaultsync.vault.selection import Selection
from vaultsync.vault.words import is_about_twins


def fetch(state: ReplicaState, entries: Iterable[Entry], now_ms: int) -> None:
    """Bring `entries`, in state WANTED, onto the disk: from here if their content is here, else from any peer."""
    paths = set()
    for entry in entries:
        paths.add(entry.record.path)
        for holder in list(state.sessions) or [state.author.node]:
            state.offers.add(Offer(entry.record, holder, derived=True))
    settle(state, paths, now_ms)


def fetch_wanted(state: ReplicaState, now_ms: int) -> list[str]:
    """Bring all that is wanted onto the disk, from wherever it can be had. Returns the paths."""
    entries = state.store.index.in_state(State.WANTED)
    fetch(state, entries, now_ms)
    return [entry.record.path for entry in entries]


def fetch_from(state: ReplicaState, peer: bytes, now_ms: int) -> None:
    """A peer has come: it may have what is wanted."""
    if not state.store.index.counts().wanted:
        return
    entries = state.store.index.in_state(State.WANTED)
    for entry in entries:
        state.offers.add(Offer(entry.record, peer, derived=True))
    settle(state, {entry.record.path for entry in entries}, now_ms)


def removed_unseen(state: ReplicaState, selection: Selection) -> list[str]:
    """What `selection` will leave out and is gone from the disk: afterwards nobody would hear that it was removed."""
    leaving = [
        entry.record.path
        for entry in state.store.index.live_below("")
        if entry.state is State.PRESENT and selection.reason(entry.record.path, entry.record.kind is Kind.DIR)
    ]
    with state.fs.batch():
        return [path for path in leaving if _is_gone(state, path)]


def _is_gone(state: ReplicaState, path: str) -> bool:
    try:
        return state.fs.stat(path) is None
    except OSError:
        return False


def reselect(state: ReplicaState, now_ms: int) -> None:
    """The selection is a new one: want what it newly takes in, let go of what it newly leaves out.

    Nothing is deleted anywhere: what is left out stays on this disk as it is, and with the others.
    """
    index = state.store.index
    changed: list[Entry] = []
    for entry in index.live_below(""):
        record = entry.record
        reason = state.selection.reason(record.path, record.kind is Kind.DIR)
        if reason is None and entry.state is State.UNSELECTED:
            changed.append(Entry(record, State.WANTED))
        elif reason is not None and entry.state is not State.UNSELECTED:
            changed.append(Entry(record, State.UNSELECTED, reason))
    if changed:
        with state.store.transaction():
            index.put(changed)
    fetch(state, [entry for entry in changed if entry.state is State.WANTED], now_ms)


def follow_rules(state: ReplicaState, now_ms: int) -> None:
    """The ignore file is not the one that the index knows: it may have been changed while nobody looked.

    What the rules leave out by now must not count as present: once they change back, what is gone would be a deletion.
    """
    entry = state.store.index.get(IGNORE_FILE)
    known = entry.record.hash if entry is not None and on_disk(entry) else b""
    try:
        there = state.fs.hash(IGNORE_FILE)[0] if state.fs.stat(IGNORE_FILE) is not None else b""
    except (OSError, UnstableFileError):
        return  # the look at it says why
    if there != known:
        reselect(state, now_ms)


def unblock(state: ReplicaState, now_ms: int, changed: Collection[str] | None = ()) -> None:
    """Want what is blocked by another name on this disk, if that name is gone.

    Of what lies at or below `changed` paths, those that the index has changed since the last call, or other forms of
    their names. None: all of it, and what is still blocked is shown.
    """
    index = state.store.index
    since, state.weighed = state.weighed, index.sequence
    if since == 0:
        changed = None
    if not index.counts().blocked or (changed is not None and not changed and since == index.sequence):
        return
    blocked = index.in_state(State.BLOCKED)
    if changed is not None:
        places = {fold(path) for path in (*changed, *_changed_since(state, since))}
        blocked = [e for e in blocked if not places.isdisjoint(map(fold, (e.record.path, *parents_of(e.record.path))))]
    with state.fs.batch():
        freed = {
            entry.record.path: replace(entry, state=State.WANTED, reason="")
            for entry in blocked
            if is_about_twins(entry.reason) and twin_of(state, entry.record.path) is None
        }
    if changed is None:
        _show(state, [entry for entry in blocked if entry.record.path not in freed])
    if freed:
        for path in freed:
            state.set_trouble(path, "")
        with state.store.transaction():
            index.put(list(freed.values()))
        fetch(state, freed.values(), now_ms)


def _changed_since(state: ReplicaState, sequence: int) -> Iterator[str]:
    while entries := state.store.index.changes_after(sequence, PAGE):
        for entry in entries:
            yield entry.record.path
        sequence = entries[-1].sequence


def _show(state: ReplicaState, blocked: list[Entry]) -> None:
    """Say what is blocked; of a folder and all that is in it, the folder."""
    paths = {entry.record.path for entry in blocked}
    for entry in blocked:
        if paths.isdisjoint(parents_of(entry.record.path)):
            state.set_trouble(entry.record.path, entry.reason)


def approve_deletions(state: ReplicaState, paths: Collection[str] | None, now_ms: int) -> int:
    """The held deletions were meant: they go to every device. Returns how many.

    `paths`: those at or below them; None: all.
    """
    held = _held(state, paths)
    held.sort(key=lambda entry: -entry.record.path.count("/"))
    tombstones = []
    counter = state.counter(now_ms)
    for entry in held:
        change = record_change(entry.record, Observation(entry.record.path, None), state.author, now_ms, counter)
        assert change is not None
        tombstones.append(Entry(change))
    with state.store.transaction():
        state.store.history.record(
            [history_version(entry.record, Action.DELETED, "approved by hand", now_ms) for entry in tombstones]
        )
        state.store.index.put(tombstones)
    return len(tombstones)


def undo_deletions(state: ReplicaState, paths: Collection[str] | None, now_ms: int) -> list[str]:
    """The held deletions were not meant: bring the files back. Returns their paths. `paths` as for approving."""
    held = _held(state, paths)
    wanted = [replace(entry, state=State.WANTED, reason="") for entry in held]
    with state.store.transaction():
        state.store.index.put(wanted)
    fetch(state, wanted, now_ms)
    return [entry.record.path for entry in wanted]


def _held(state: ReplicaState, paths: Collection[str] | None) -> list[Entry]:
    held = state.store.index.in_state(State.HELD)
    if paths is None:
        return held
    wanted = set(paths)
    return [e for e in held if not wanted.isdisjoint((e.record.path, *parents_of(e.record.path)))]
