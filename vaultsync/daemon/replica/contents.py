"""Where a content comes from when it need not cross the network, and where it goes before it is replaced."""

from __future__ import annotations

from collections.abc import Iterable

from vaultsync.daemon.replica.state import ReplicaState, on_disk
from vaultsync.errors import ContentError, UnstableFileError
from vaultsync.model.manifests import CHUNKED_ABOVE
from vaultsync.model.records import EMPTY_HASH, Entry, FileRecord
from vaultsync.vault.hashing import hash_bytes
from vaultsync.vault.staging import Staged
from vaultsync.vault.words import FULL


def obtain(state: ReplicaState, record: FileRecord) -> bytes | Staged | None:
    """The content of `record` from what this device has: just arrived, elsewhere in the vault, or in history.

    Large contents come as staged files. None: it must be fetched.
    """
    if record.hash == EMPTY_HASH:
        return b""
    if record.size > CHUNKED_ABOVE:
        return _obtain_staged(state, record)
    if (arrived := state.contents.get(record.hash)) is not None:
        return arrived.data
    for entry in state.store.index.with_hash(record.hash):
        if entry.record.size <= CHUNKED_ABOVE and (data := read_current(state, entry)) is not None:
            return data
    return from_history(state, record.hash)


def nowhere_here(state: ReplicaState, hashes: Iterable[bytes]) -> set[bytes]:
    """Those of `hashes` that this device has neither in hand nor in the vault nor in history: one look for all."""
    lacking = [
        hash_
        for hash_ in set(hashes)
        if hash_ != EMPTY_HASH and hash_ not in state.contents and hash_ not in state.staged
    ]
    if not lacking:
        return set()
    return set(lacking) - state.store.index.one_with_each(lacking).keys() - state.store.history.has_many(lacking)


def from_history(state: ReplicaState, hash_: bytes) -> bytes | None:
    """A content of up to 1 MiB that history keeps; None if it keeps none, a larger one, or one that is damaged."""
    try:
        reader = state.store.history.open(hash_)
        if reader is None:
            return None
        with reader:
            data = reader.read(CHUNKED_ABOVE + 1)
    except ContentError:
        return None
    return data if len(data) <= CHUNKED_ABOVE else None


def _obtain_staged(state: ReplicaState, record: FileRecord) -> Staged | None:
    if (staged := state.staged.get(record.hash)) is not None:
        return staged
    for entry in state.store.index.with_hash(record.hash):
        if not on_disk(entry):
            continue
        staged = state.applier.stage_copy(entry.record.path, record.hash, record.mtime_ns, record.executable)
        if staged is not None:
            return staged
    with_history = state.store.history.open(record.hash)
    if with_history is None:
        return None
    try:
        with with_history as reader:
            return state.applier.stage_stream(reader, record.hash, record.mtime_ns, record.executable)
    except ContentError:
        return None


def read_content(state: ReplicaState, hash_: bytes) -> bytes | None:
    """A whole content, from history or from the vault; None if this device does not have it."""
    if hash_ == EMPTY_HASH:
        return b""
    if (data := state.store.history.read(hash_)) is not None:
        return data
    for entry in state.store.index.with_hash(hash_):
        if (data := read_current(state, entry)) is not None:
            return data
    return None


def read_current(state: ReplicaState, entry: Entry) -> bytes | None:
    """The bytes on disk of an entry, if they still are what the index says; else its path is marked dirty.

    What is not on disk (its deletion is held, or it is on its way) may be in history.
    """
    if not on_disk(entry):
        return from_history(state, entry.record.hash)
    try:
        data, _ = state.fs.read(entry.record.path)
    except (OSError, UnstableFileError):
        state.dirty.add(entry.record.path)
        return None
    if hash_bytes(data) != entry.record.hash:
        state.dirty.add(entry.record.path)
        return None
    return data


def ensure_in_history(state: ReplicaState, entry: Entry) -> bool:
    """Bring the content on disk of `entry` into history, before it is replaced or removed.

    False, and the path is marked dirty, if the disk holds something else: that is an edit nobody has seen yet.
    """
    record = entry.record
    if state.store.history.has(record.hash):
        return True
    if record.size <= CHUNKED_ABOVE:
        data = read_current(state, entry)
        if data is None:
            return False
        state.store.history.keep(record.hash, data)
        return True
    stat = state.fs.stat(record.path)
    if stat is None or stat.signature != entry.signature:
        state.dirty.add(record.path)
        return False
    try:
        with state.fs.open_read(record.path) as reader:
            state.store.history.keep_file(record.hash, reader, record.size)
    except ContentError:
        state.dirty.add(record.path)
        return False
    except OSError as error:
        if error.errno in FULL:
            raise
        # What cannot be read is not replaced either.
        state.dirty.add(record.path)
        return False
    return True
