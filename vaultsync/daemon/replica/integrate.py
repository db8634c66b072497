"""From peers' offers to decisions, in rounds.

A round takes one offer per path: decide, obtain contents, and hand the targets to `execute`. An offer whose content
is not here, or whose place on disk is not what the index says, stays open; what it waits for brings it back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from vaultsync.daemon.replica.contents import obtain, read_current
from vaultsync.daemon.replica.execute import Work, execute, want
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.errors import ContentError
from vaultsync.merge import Clash, is_mergeable, merge_contents
from vaultsync.model.records import Entry, FileRecord, State
from vaultsync.model.versions import Order
from vaultsync.store.history import Action
from vaultsync.sync.offers import Offer
from vaultsync.sync.planner import Target
from vaultsync.sync.reconcile import Ignore, Keep, Merge, Split, Take, reconcile
from vaultsync.vault.hashing import hash_bytes


def settle(state: ReplicaState, paths: Iterable[str], now_ms: int) -> None:
    """Bring `paths` as far as they can be brought now.

    Raises `VaultOfflineError` when the folder is not there, `DiskFullError` when there is no room; what was not
    settled then stays open.
    """
    todo = {path for path in paths if path in state.offers}
    if todo:
        state.folder.check()
    while todo:
        work = Work()
        entries = state.store.index.get_many(list(todo))
        for path in sorted(todo):
            offer = state.offers.first(path)
            if offer is not None:
                _decide(state, work, offer, entries.get(path))
        todo = {path for path in execute(state, work, now_ms) if path in state.offers}


def _decide(state: ReplicaState, work: Work, offer: Offer, entry: Entry | None) -> None:
    if entry is not None and entry.state is State.WANTED and offer.derived and offer.record == entry.record:
        entry = None  # the index has taken it already; the disk has not
    record, local = offer.record, entry.record if entry is not None else None
    if _waits_for_move(state, record, local):
        return
    mergeable = (
        state.merges
        and entry is not None
        and entry.state in (State.PRESENT, State.HELD, State.WANTED)
        and is_mergeable(record.path, max(record.size, entry.record.size))
    )
    decision = reconcile(local, record, mergeable=mergeable, target_known=_target_known(state, record, local))
    match decision:
        case Ignore():
            work.done.append(offer)
        case Take(target, because) | Keep(target, because):
            work.targets.append(Target(target, entry, offer, because))
        case Split():
            assert entry is not None
            _split(state, work, offer, entry, decision)
        case Merge(target, clash):
            assert entry is not None
            _merge(state, work, offer, entry, target, clash)


def _waits_for_move(state: ReplicaState, record: FileRecord, local: FileRecord | None) -> bool:
    """Whether a tombstone must wait for the record of the place that its file moved to.

    An edit that is to follow the file can do so only once the index knows that place.
    """
    target = record.moved_to
    if target is None or target not in state.offers or local is None or local.deleted:
        return False
    if record.version.compare(local.version) is not Order.CONCURRENT:
        return False
    state.offers.settle_after(target, record.path)
    return True


def _target_known(state: ReplicaState, record: FileRecord, local: FileRecord | None) -> bool:
    moved_to = record.moved_to or (local.moved_to if local is not None else None)
    return moved_to is not None and state.store.index.get(moved_to) is not None


def _split(state: ReplicaState, work: Work, offer: Offer, entry: Entry, split: Split) -> None:
    """The outcome takes its place only once the other content is safe at its own."""
    if entry.state in (State.UNSELECTED, State.BLOCKED):
        # This device holds neither content: who does decides, and its record will include both.
        work.done.append(offer)
        return
    if not _settled_beside(state, work, offer, split.beside):
        return
    work.actions[split.record.path] = Action.CONFLICT
    work.targets.append(Target(split.record, entry, offer, split.because))


def _settled_beside(state: ReplicaState, work: Work, offer: Offer, beside: FileRecord) -> bool:
    """Whether the index holds `beside`, or something after it; if not, offer it and come back when it is settled."""
    known = state.store.index.get(beside.path)
    if known is not None and known.record.version.includes(beside.version):
        return True
    state.offers.add(Offer(beside, offer.holder, derived=True, origin=offer.record.path))
    state.offers.settle_after(beside.path, offer.record.path)
    work.more.add(beside.path)
    return False


def _merge(state: ReplicaState, work: Work, offer: Offer, entry: Entry, target: FileRecord, clash: Split) -> None:
    theirs = obtain(state, offer.record)
    if theirs is None:
        want(state, offer)
        return
    mine = read_current(state, entry)
    if mine is None:
        return
    if not isinstance(theirs, bytes):
        state.applier.discard(theirs)
        _split(state, work, offer, entry, clash)
        return
    theirs_true = replace(offer.record, size=len(theirs))
    merged = merge_contents(target.path, _base(state, entry.record, offer.record), mine, theirs)
    if isinstance(merged, Clash):
        _split(state, work, offer, entry, replace(clash, because=f"{clash.because} ({merged.reason})"))
        return
    record = replace(target, hash=hash_bytes(merged.content), size=len(merged.content))
    work.contents[record.hash] = merged.content
    work.contents[offer.record.hash] = theirs
    work.inputs.append((theirs_true, theirs))
    work.actions[record.path] = Action.MERGED
    because = "; ".join(("edited on both devices: merged", *merged.notes))
    work.targets.append(Target(record, entry, offer, because))


def _base(state: ReplicaState, local: FileRecord, remote: FileRecord) -> bytes | None:
    """The newest content that both sides descend from, at this path or at the one that it was moved from."""
    history = state.store.history
    for path in dict.fromkeys((local.path, local.moved_from, remote.moved_from)):
        if path is None:
            continue
        version = history.base(path, local.version, remote.version)
        try:
            if version is not None and (data := history.read(version.hash)) is not None:
                return data
        except ContentError:
            continue  # damaged: a merge without a base loses nothing
    return None
