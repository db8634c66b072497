"""A run that broke off between the disk and the index: what it had done for peers is theirs, not an edit made here.

Without this, a file that was put in place and not yet committed would be found at the next start as one that a person
made here; if its author deleted it meanwhile, it would come back.
"""

from __future__ import annotations

from dataclasses import replace

from vaultsync.daemon.replica.observe import history_version
from vaultsync.errors import UnstableFileError
from vaultsync.merge import is_mergeable
from vaultsync.model.records import Entry, Kind
from vaultsync.store.history import Action
from vaultsync.store.vault_store import VaultStore
from vaultsync.vault.filesystem import DiskKind, FileSystem
from vaultsync.vault.hashing import hash_bytes


def finish_commit(fs: FileSystem, store: VaultStore, now_ms: int) -> list[str]:
    """Take into the index what an earlier run had brought onto the disk. Returns the paths."""
    intents = store.intents.all()
    if not intents:
        return []
    known = store.index.get_many([entry.record.path for entry in intents])
    reached: list[Entry] = []
    contents: list[tuple[bytes, bytes]] = []
    for entry in intents:
        before = known.get(entry.record.path)
        if before is not None and before.record.version.includes(entry.record.version):
            continue
        found = _on_disk(fs, entry, contents)
        if found is not None:
            reached.append(found)
    with store.transaction():
        store.history.keep_many(contents)
        store.history.record([history_version(e.record, _action(e), "", now_ms) for e in reached])
        store.index.put(reached)
        store.intents.clear()
    return [entry.record.path for entry in reached]


def _on_disk(fs: FileSystem, entry: Entry, contents: list[tuple[bytes, bytes]]) -> Entry | None:
    """`entry` with the signature of what is on disk, if that is what it says; the scanner sees to anything else."""
    record = entry.record
    try:
        there = fs.stat(record.path)
        if record.deleted:
            return entry if there is None else None
        if there is None:
            return None
        if record.kind is Kind.DIR:
            return entry if there.kind is DiskKind.DIR else None
        if there.kind is not DiskKind.FILE or there.executable not in (None, record.executable):
            return None
        content, signature = fs.hash(record.path)
        if content != record.hash:
            return None
        if is_mergeable(record.path, signature.size):
            data, signature = fs.read(record.path)
            if hash_bytes(data) != record.hash:
                return None
            contents.append((record.hash, data))
    except (OSError, UnstableFileError):
        return None
    return replace(entry, record=replace(record, size=signature.size), signature=signature)


def _action(entry: Entry) -> Action:
    if entry.record.deleted:
        return Action.MOVED if entry.record.moved_to else Action.DELETED
    return Action.MOVED if entry.record.moved_from else Action.EDITED
