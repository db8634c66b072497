"""Large files that are replaced: history takes them over as they lie on the disk, and no byte is copied.

Before the replacement such a file gets a second name in history's folder, durably. Afterwards that is its only one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.model.manifests import CHUNKED_ABOVE
from vaultsync.model.records import Entry
from vaultsync.store.packing import BEGINNING, looks_compressible
from vaultsync.sync.planner import Step
from vaultsync.vault.actions import Outcome, Result


def share(state: ReplicaState, entry: Entry) -> tuple[Entry, bool]:
    """Keep the large file of `entry`, which is to be replaced or removed now, without copying it.

    Returns `entry` with the signature that the file has by that, and whether it worked: if not, it has to be copied. If
    so, what comes of it is to be told by `settle`.
    """
    record, signature = entry.record, entry.signature
    if record.size <= CHUNKED_ABOVE or signature is None:
        return entry, False
    try:
        before = state.fs.stat(record.path)
        if before is None or before.signature != signature:
            return entry, False
        with state.fs.open_read(record.path) as reader:
            if looks_compressible(reader.read_at(0, BEGINNING)):
                return entry, False
        state.fs.sync_files([record.path])
        name = partial(state.fs.give_name, record.path)
        shared = state.store.history.share(record.hash, signature.size, signature.inode, name)
        after = state.fs.stat(record.path)
    except OSError:
        return entry, False
    # A second name changes ctime, and nothing else, if nobody wrote.
    if after is not None and replace(after.signature, ctime_ns=signature.ctime_ns) == signature:
        return replace(entry, signature=after.signature), shared
    if shared:
        state.store.history.unshare(record.hash)
    return entry, False


def seen_as(step: Step, entries: Mapping[str, Entry]) -> Step:
    """`step` on what its path holds by now."""
    entry = entries.get(step.target.record.path)
    return step if entry is None else replace(step, target=replace(step.target, entry=entry))


def settle(state: ReplicaState, shared: Mapping[str, bytes], results: Mapping[str, Outcome]) -> None:
    """What was replaced is history's alone; what was not is the vault's. Of a failure nobody knows: the next start sees
    to it."""
    for path, hash_ in shared.items():
        match results[path].result:
            case Result.DONE:
                state.store.history.settle(hash_)
            case Result.CHANGED | Result.BUSY:
                state.store.history.unshare(hash_)
