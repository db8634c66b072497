"""An edit made on one device goes to where another has moved the file, and conflict copies to their places.

Two paths' versions can't be compared. What both the edit and the move descend from is therefore looked up at the old
path, and the edit arrives at the new one as an edit of this device; where several devices bring it, they bring the
same, or what differs is merged there.
"""

from __future__ import annotations

from dataclasses import replace

from vaultsync.daemon.replica.contents import obtain, read_current
from vaultsync.daemon.replica.execute import Work, look_again
from vaultsync.daemon.replica.stage import want
from vaultsync.daemon.replica.state import ReplicaState, on_disk
from vaultsync.errors import ContentError
from vaultsync.merge import Clash, is_mergeable, merge_contents
from vaultsync.merge.names import other_copy_name
from vaultsync.model.manifests import CHUNKED_ABOVE
from vaultsync.model.records import Entry, FileRecord, State
from vaultsync.model.versions import Order, Version
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.sync.offers import Offer
from vaultsync.sync.planner import Target
from vaultsync.sync.reconcile import Follow, copy_of, displaced_copy, is_beyond
from vaultsync.vault.hashing import hash_bytes
from vaultsync.vault.staging import Staged


def waits_for_move(state: ReplicaState, record: FileRecord, local: FileRecord | None) -> bool:
    """Whether a tombstone must wait for the record of the place that its file moved to.

    An edit that is to follow the file can do so only once this device has it there.
    """
    if not record.deleted or record.moved_to is None or local is None or local.deleted:
        return False
    if record.version.compare(local.version) is not Order.CONCURRENT:
        return False
    return _waits_for(state, record.moved_to, record.path)


def can_follow(state: ReplicaState, record: FileRecord, entry: Entry | None) -> bool:
    """Whether this device has a file where either side's tombstone says that it was moved, and the other side may be an
    edit of that.

    It is not if what both descend from had been deleted or moved before: then it is another note of that name. Nor if
    the other side has seen more of what this device did there than this device remembers, which is so after an old
    index was brought back: that may have been a deletion.
    """
    if entry is None or (not entry.record.deleted and entry.state is not State.PRESENT):
        return False
    if record.version.compare(entry.record.version) is not Order.CONCURRENT:
        return False
    gone, alive = (record, entry.record) if record.deleted else (entry.record, record)
    if gone.moved_to is None or not on_disk(state.store.index.get(gone.moved_to)):
        return False
    origin = _origin(state, alive, gone)
    if origin is None:
        return True
    if gone.modified_by == state.author.node and not _remembers(state, alive, gone):
        return False
    return not state.store.history.was_deleted(gone.path, origin.version, alive.version, gone.version)


def _remembers(state: ReplicaState, alive: FileRecord, gone: FileRecord) -> bool:
    """Whether this device knows all that it did at a path before it moved the file, of what `alive` descends from."""
    own = state.author.node
    before = [version.version for version in state.store.history.versions(gone.path) if version.version != gone.version]
    latest = max((_count(version, own) for version in before), default=0)
    return _count(alive.version, own) <= latest


def _count(version: Version, device: bytes) -> int:
    return next((counter for node, counter in version.counters if node == device), 0)


def follow(state: ReplicaState, work: Work, offer: Offer, entry: Entry, decision: Follow, now_ms: int) -> None:
    """Bring the edit to the new path; once it is there, end the old one."""
    gone, alive = (offer.record, decision.alive) if offer.record.deleted else (entry.record, decision.alive)
    assert gone.moved_to is not None
    target = state.store.index.get(gone.moved_to)
    assert target is not None, "the caller looked"
    if _waits_for(state, gone.moved_to, gone.path):
        return
    if any(planned.record.path == gone.moved_to for planned in work.targets):
        work.more.add(gone.path)
        return
    if not _arrived(state, gone.path, alive, target.record) and not _bring(
        state, work, offer, entry, gone, alive, target, now_ms
    ):
        return
    if not _is_there(state, target):
        # Nobody has seen yet what became of the new place: ending the old one could end the last file with the edit.
        for path in (gone.moved_to, gone.path):
            look_again(state, path, now_ms)
        return
    state.followed.pop(gone.path, None)
    work.targets.append(Target(decision.record, entry, offer, decision.because))


def settled_beside(state: ReplicaState, work: Work, offer: Offer, beside: FileRecord) -> bool:
    """Whether the index holds `beside`, or something after it; if not, offer it and come back when it is settled."""
    known = state.store.index.get(beside.path)
    if known is not None and is_beyond(known.record, beside):
        if known.record.same_content(beside) or _was_here(state, beside):
            return True
        # What is there, or was, is the copy of another edit: its version comes from the note, and seems later.
        beside = replace(beside, path=other_copy_name(beside.path, beside.hash))
        known = state.store.index.get(beside.path)
        if known is not None and is_beyond(known.record, beside):
            return True
    state.offers.add(Offer(beside, offer.holder, derived=True, origin=offer.record.path))
    state.offers.settle_after(beside.path, offer.record.path)
    work.more.add(beside.path)
    return False


def other_copy_is_safe(state: ReplicaState, work: Work, offer: Offer, entry: Entry | None) -> bool:
    """Whether a newer offer ends no conflict copy of another edit; if it would, that one goes elsewhere first.

    A device that does not have the copy on disk leaves that to those who do.
    """
    if entry is None or not on_disk(entry):
        return True
    beside = displaced_copy(entry.record, offer.record)
    if beside is None or not _is_there(state, entry):
        return True
    newer = obtain(state, offer.record)
    if newer is None:
        want(state, offer)
        return False
    return _holds_all(state, newer, entry) or settled_beside(state, work, offer, beside)


def _holds_all(state: ReplicaState, newer: bytes | Staged, entry: Entry) -> bool:
    """Whether no line of the text that `entry` stands for is missing in `newer`: that is an edit of it then."""
    if not isinstance(newer, bytes):
        state.staged.setdefault(newer.hash, newer)
        return False
    if not is_mergeable(entry.record.path, entry.record.size):
        return False
    older = read_current(state, entry)
    return older is not None and set(older.splitlines()) <= set(newer.splitlines())


def _waits_for(state: ReplicaState, target: str, path: str) -> bool:
    """Whether an offer for the new path comes first. One that deletes it does not: it may in turn wait for this."""
    first = state.offers.first(target)
    if first is None or first.record.deleted:
        return False
    state.offers.settle_after(target, path)
    return True


def _arrived(state: ReplicaState, path: str, alive: FileRecord, there: FileRecord) -> bool:
    """Whether the edit has been brought to the new path, by us just now or by somebody else."""
    if alive.hash == there.hash:
        return True
    brought = state.followed.get(path)
    if brought is None or brought[0] != alive.version or not there.version.includes(brought[1]):
        return False
    # It was planned; the disk may have refused, and what a person has written there since has a later version.
    return any((v.version, v.hash) == brought[1:] for v in state.store.history.versions(there.path))


def _was_here(state: ReplicaState, record: FileRecord) -> bool:
    """Whether this device has ever had this content at this path."""
    return any(version.hash == record.hash for version in state.store.history.versions(record.path))


def _is_there(state: ReplicaState, entry: Entry) -> bool:
    """Whether the disk holds the file that the index says."""
    there = state.fs.stat(entry.record.path)
    return there is not None and there.signature == entry.signature


def _bring(
    state: ReplicaState,
    work: Work,
    offer: Offer,
    entry: Entry,
    gone: FileRecord,
    alive: FileRecord,
    target: Entry,
    now_ms: int,
) -> bool:
    """Plan the edit of the new path. True if there is nothing to do there (or not any more)."""
    content = obtain(state, alive) if alive is offer.record else read_current(state, entry)
    if content is None:
        if alive is offer.record:
            want(state, offer)
        return False
    if not isinstance(content, bytes):
        state.staged.setdefault(alive.hash, content)
    shared = _origin(state, alive, gone)
    origin = None if shared is None else shared.hash
    there = target.record
    if origin == alive.hash:
        return True
    merged: bytes | None = None
    if origin != there.hash:
        at_target = read_current(state, target) if there.size <= CHUNKED_ABOVE else b""
        if at_target is None:
            look_again(state, gone.path, now_ms)
            return False
        merged = _merged(state, there, origin, at_target, content)
        if merged is None:
            return settled_beside(state, work, offer, copy_of(replace(alive, path=there.path)))
        if hash_bytes(merged) == there.hash:
            return True
    record = replace(
        there,
        hash=alive.hash if merged is None else hash_bytes(merged),
        size=alive.size if merged is None else len(merged),
        mtime_ns=alive.mtime_ns,
        version=there.version.bump(state.author.node, state.counter(now_ms)),
        modified_by=state.author.node,
        modified_name=state.author.name,
        modified_at=now_ms,
    )
    if merged is not None:
        work.contents[record.hash] = merged
        work.actions[record.path] = Action.MERGED
    elif isinstance(content, bytes):
        work.contents[record.hash] = content
    because = f"an edit of {gone.path}, which was moved here"
    derived = Offer(record, offer.holder, derived=True, origin=offer.record.path)
    work.targets.append(Target(record, target, derived, because))
    state.offers.settle_after(record.path, gone.path)
    state.followed[gone.path] = (alive.version, record.version, record.hash)
    return False


def _origin(state: ReplicaState, alive: FileRecord, gone: FileRecord) -> HistoryVersion | None:
    """The newest content at the old path that both the edit and the move descend from."""
    best = None
    for version in state.store.history.versions(gone.path):
        if not version.hash or not (alive.version.includes(version.version) and gone.version.includes(version.version)):
            continue
        if best is None or version.version.compare(best.version) is Order.AFTER:
            best = version
    return best


def _merged(
    state: ReplicaState, record: FileRecord, origin: bytes | None, there: bytes, content: bytes | Staged
) -> bytes | None:
    """The edit and what stands at the new path as one text; None if they can't be."""
    path = record.path
    if not isinstance(content, bytes) or record.size > CHUNKED_ABOVE:
        return None
    if not state.merges or not is_mergeable(path, max(len(content), record.size)):
        return None
    try:
        base = None if origin is None else state.store.history.read(origin)
    except ContentError:
        base = None
    merged = merge_contents(path, base, there, content)
    return None if isinstance(merged, Clash) else merged.content
