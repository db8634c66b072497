"""Bringing back what was: one note, a folder, or the whole vault as of a time. A restore is an ordinary new edit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from vaultsync.daemon.replica.contents import ensure_in_history, obtain
from vaultsync.daemon.replica.observe import look
from vaultsync.daemon.replica.state import ReplicaState, on_disk
from vaultsync.errors import DiskFullError, RequestError
from vaultsync.model.records import EMPTY_HASH, Entry, FileRecord, Kind
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.vault.actions import Action as DiskAction
from vaultsync.vault.actions import RemoveFile, Result, WriteFile
from vaultsync.vault.staging import Staged
from vaultsync.vault.survey import is_live

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class RestorePlan:
    """What restoring a folder or the vault to a time would change."""

    bring_back: tuple[HistoryVersion, ...]
    """Files that are gone now."""
    change_back: tuple[HistoryVersion, ...]
    """Files that have another content now."""
    remove: tuple[str, ...]
    """Files that were not there then; they go into history."""
    lost: tuple[HistoryVersion, ...]
    """Files whose content of that time is no longer held."""


def plan_restore(state: ReplicaState, time_ms: int, prefix: str = "") -> RestorePlan:
    """Compare what the folder held at `time_ms` (Unix ms, of this device) with what it holds now."""
    index, history = state.store.index, state.store.history
    then = {
        version.path: version
        for version in history.at(time_ms, prefix)
        if version.hash and state.selection.reason(version.path, is_folder=False) is None
    }
    now: dict[str, Entry] = {
        entry.record.path: entry for entry in index.below(prefix) if entry.record.kind is Kind.FILE
    }
    if prefix and (entry := index.get(prefix)) is not None and on_disk(entry):
        now[prefix] = entry
    held = {EMPTY_HASH, *history.has_many([version.hash for version in then.values()])}
    bring_back, change_back, lost = [], [], []
    for path, version in sorted(then.items()):
        current = now.get(path)
        if current is not None and current.record.hash == version.hash:
            continue
        if version.hash not in held and not index.with_hash(version.hash, 1):
            lost.append(version)
        elif current is None:
            bring_back.append(version)
        else:
            change_back.append(version)
    remove = tuple(sorted(path for path in now if path not in then))
    return RestorePlan(tuple(bring_back), tuple(change_back), remove, tuple(lost))


def restore(state: ReplicaState, versions: Sequence[HistoryVersion], now_ms: int, *, note: str = "") -> set[str]:
    """Put the contents of `versions` back at their paths. Returns the paths that changed.

    Raises `RequestError` if a content is not held, or if a file is being edited right now; `DiskFullError`.
    """
    changed: set[str] = set()
    for start in range(0, len(versions), BATCH):
        changed |= _restore_batch(state, versions[start : start + BATCH], now_ms, note)
    return changed


def remove(state: ReplicaState, paths: Sequence[str], now_ms: int) -> set[str]:
    """Remove files, into history. Returns the paths that changed. Raises `RequestError` as `restore` does.

    However many they are, no brake asks again: a person has asked for it.
    """
    entries = [entry for entry in state.store.index.get_many(paths).values() if on_disk(entry)]
    _keep(state, entries)
    actions: list[DiskAction] = []
    for entry in entries:
        assert entry.signature is not None
        actions.append(RemoveFile(entry.record.path, entry.signature))
    return _apply(state, actions, [entry.record.path for entry in entries], now_ms, (Action.DELETED, ""))


def put_content(state: ReplicaState, path: str, content: bytes, now_ms: int, label: tuple[Action, str]) -> set[str]:
    """Write `content` at `path` as an edit of this device. Returns the paths that changed."""
    entry = state.store.index.get(path)
    if entry is not None:
        _keep(state, [entry])
    staged = state.applier.stage(content, now_ms * 1_000_000, executable=False)
    return _write(state, [(path, staged, entry)], now_ms, label)


def _restore_batch(state: ReplicaState, versions: Sequence[HistoryVersion], now_ms: int, note: str) -> set[str]:
    entries = state.store.index.get_many([version.path for version in versions])
    _keep(state, entries.values())
    writes: list[tuple[str, Staged, Entry | None]] = []
    try:
        for version in versions:
            content = obtain(state, _as_record(version, now_ms))
            if content is None:
                raise RequestError(f"The content of {version.path} of that time is no longer in history.")
            if isinstance(content, bytes):
                content = state.applier.stage(content, now_ms * 1_000_000, executable=False)
            writes.append((version.path, content, entries.get(version.path)))
    except BaseException:
        for _, staged, _ in writes:
            state.applier.discard(staged)
        raise
    return _write(state, writes, now_ms, (Action.RESTORED, note))


def _write(
    state: ReplicaState,
    writes: Sequence[tuple[str, Staged, Entry | None]],
    now_ms: int,
    label: tuple[Action, str],
) -> set[str]:
    state.applier.make_durable([staged for _, staged, _ in writes])
    actions: list[DiskAction] = []
    for path, staged, entry in writes:
        there = entry if entry is not None and on_disk(entry) else None
        executable = there is not None and there.record.executable
        expected = there.signature if there is not None else None
        size = staged.signature.size
        actions.append(WriteFile(path, staged.hash, size, now_ms * 1_000_000, executable, expected, staged))
    try:
        return _apply(state, actions, [path for path, _, _ in writes], now_ms, label)
    finally:
        for _, staged, _ in writes:
            state.applier.discard(staged)


def _apply(
    state: ReplicaState,
    actions: Sequence[DiskAction],
    paths: Sequence[str],
    now_ms: int,
    label: tuple[Action, str],
) -> set[str]:
    """Do it on disk, and take what came of it into the index as an edit of this device."""
    outcomes = state.applier.apply(actions)
    state.labels |= dict.fromkeys(paths, label)
    try:
        changed = look(state, paths, now_ms)
    finally:
        for path in paths:
            state.labels.pop(path, None)
    for path, outcome in zip(paths, outcomes, strict=True):
        if outcome.disk_full:
            raise DiskFullError("There is no room for what is to be restored.")
        if outcome.result is not Result.DONE:
            why = outcome.reason or "it has just changed on disk"
            raise RequestError(f"{path} was left as it is: {why}.", hint="Look at it, then try again.")
    return changed


def _keep(state: ReplicaState, entries: Iterable[Entry]) -> None:
    """Bring into history what files are about to be put in place of. `RequestError` if that cannot be."""
    with state.store.transaction():
        for entry in entries:
            if entry.record.kind is Kind.DIR and is_live(entry):
                raise RequestError(f"{entry.record.path} is a folder now.", hint="Move or rename it, then try again.")
            if on_disk(entry) and not ensure_in_history(state, entry):
                raise RequestError(f"{entry.record.path} is being edited right now.", hint="Try again in a moment.")


def _as_record(version: HistoryVersion, now_ms: int) -> FileRecord:
    return FileRecord(
        path=version.path,
        kind=Kind.FILE,
        hash=version.hash,
        size=version.size,
        mtime_ns=now_ms * 1_000_000,
        executable=False,
        version=version.version,
        deleted=False,
        modified_by=version.device,
        modified_name=version.device_name,
        modified_at=version.modified_at,
    )
