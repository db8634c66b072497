"""The brake on mass deletions: what vanished stays everywhere else until a person has said that it was meant to go."""

from __future__ import annotations

from dataclasses import replace

from vaultsync.daemon.events import DeletionHeld
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.model.paths import parents_of
from vaultsync.model.records import Entry, Kind, State
from vaultsync.store.audit import AuditEntry
from vaultsync.sync.brakes import DELETION_WINDOW_MS, deletion_cause, is_mass_deletion


def hold(state: ReplicaState, lost: list[Entry], now_ms: int) -> dict[str, Entry]:
    """The entries of what is to be held, by path: nothing, or all of `lost` and what vanished shortly before.

    Emptying a folder takes more than one moment, and its first files may be gone everywhere before it is clear how
    many they are: those come back on the other devices, as an edit of this one.
    """
    # What lies further ahead than the window was noted before the clock was set back.
    state.deletions = [(at_ms, gone) for at_ms, gone in state.deletions if abs(now_ms - at_ms) < DELETION_WINDOW_MS]
    earlier = [entry for _, gone in state.deletions for entry in gone]
    if any(entry.record.kind is Kind.FILE for entry in lost):
        state.deletions.append((now_ms, lost))
    recent = _files(lost) + _files(earlier)
    before = state.store.index.counts().files + _files(earlier)
    if not _files(lost) or not is_mass_deletion(recent, before):
        return {}
    cause = deletion_cause(recent, before, _whole_folders([*earlier, *lost]))
    held = {entry.record.path: replace(entry, state=State.HELD, reason=cause, signature=None) for entry in lost}
    known = state.store.index.get_many([entry.record.path for entry in earlier])
    for entry in earlier:
        if (kept := _kept_after_all(state, entry, known.get(entry.record.path), cause, now_ms)) is not None:
            held[entry.record.path] = kept
    # A long emptying is told when it is noticed and whenever it has doubled, not at every look.
    noticed = any(entry.state is State.HELD for entry in known.values())
    if not noticed or recent.bit_length() > _files(earlier).bit_length():
        state.emit(DeletionHeld(state.vault_text, len(held), cause))
        with state.store.transaction():
            state.store.audit.append([AuditEntry(now_ms, "held", None, None, cause)])
    return held


def _kept_after_all(state: ReplicaState, gone: Entry, entry: Entry | None, cause: str, now_ms: int) -> Entry | None:
    """The entry for what vanished shortly before and is `entry` now; None if something else has become of it."""
    if entry is None:
        return None
    if entry.state is State.HELD:
        return replace(entry, reason=cause)
    if not entry.record.deleted or entry.record.modified_by != state.author.node or entry.record.moved_to is not None:
        return None
    record = replace(
        gone.record,
        version=entry.record.version.bump(state.author.node, state.counter(now_ms)),
        modified_by=state.author.node,
        modified_name=state.author.name,
        modified_at=now_ms,
        moved_from=None,
    )
    return Entry(record, State.HELD, cause)


def _files(entries: list[Entry]) -> int:
    return sum(entry.record.kind is Kind.FILE for entry in entries)


def _whole_folders(lost: list[Entry]) -> list[str]:
    """The topmost folders among what was lost, if all that was lost lay in them; else nothing."""
    gone = {entry.record.path for entry in lost if entry.record.kind is Kind.DIR}
    whole = [path for path in sorted(gone) if gone.isdisjoint(parents_of(path))]
    covered = all(e.record.path in gone or not gone.isdisjoint(parents_of(e.record.path)) for e in lost)
    return whole if covered else []
