"""From peers' offers to decisions, in rounds.

A round takes one offer per path: decide, obtain contents, and hand the targets to `execute`. An offer whose content
is not here, or whose place on disk is not what the index says, stays open; what it waits for brings it back.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from vaultsync.daemon.replica.bases import base_for, made_from_other
from vaultsync.daemon.replica.contents import obtain, read_current
from vaultsync.daemon.replica.execute import RETRY_MS, Work, execute
from vaultsync.daemon.replica.follow import can_follow, follow, other_copy_is_safe, settled_beside, waits_for_move
from vaultsync.daemon.replica.forget import judge_unknown
from vaultsync.daemon.replica.stage import want
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.merge import Clash, is_mergeable, merge_contents
from vaultsync.model.filters import never_reason
from vaultsync.model.records import Entry, FileRecord, Kind, State
from vaultsync.model.versions import Order
from vaultsync.store.history import Action
from vaultsync.sync.forgetting import LONG_GONE
from vaultsync.sync.offers import Offer
from vaultsync.sync.planner import Target
from vaultsync.sync.reconcile import NEWER, Follow, Ignore, Keep, Merge, Split, Take, reconcile
from vaultsync.vault.hashing import hash_bytes

MAX_ROUNDS: Final = 200
"""Of one call. Each brings every path one step further, and honest histories need a handful."""


def settle(state: ReplicaState, paths: Iterable[str], now_ms: int) -> None:
    """Bring `paths` as far as they can be brought now.

    Raises `VaultOfflineError` when the folder is not there, `DiskFullError` when there is no room; what was not
    settled then stays open.
    """
    todo = {path for path in paths if path in state.offers}
    if todo:
        state.folder.check()
    for _ in range(MAX_ROUNDS):
        if not todo:
            return
        work = Work()
        entries = state.store.index.get_many(list(todo))
        for path in sorted(todo):
            offer = _next(state, path, entries.get(path))
            if offer is not None:
                _decide(state, work, offer, entries.get(path), now_ms)
        todo = {path for path in execute(state, work, now_ms) if path in state.offers}
    for path in todo:
        state.set_trouble(path, "the other devices say things of it that do not come to an end")
        state.look_later(path, now_ms + RETRY_MS)


def _next(state: ReplicaState, path: str, entry: Entry | None) -> Offer | None:
    """The oldest open offer for `path`; what comes after a record that is wanted goes before the wait for its content.

    Nobody may have that content any more.
    """
    if entry is not None and entry.state is State.WANTED:
        for offer in state.offers.of(path):
            if offer.record.version.compare(entry.record.version) is Order.AFTER:
                return offer
    return state.offers.first(path)


def _decide(state: ReplicaState, work: Work, offer: Offer, entry: Entry | None, now_ms: int) -> None:
    if entry is not None and entry.state is State.WANTED and offer.derived and offer.record == entry.record:
        entry = None  # the index has taken it already; the disk has not
    record, local = offer.record, entry.record if entry is not None else None
    if local is None and (known := judge_unknown(state, offer, now_ms)) is not None:
        if known is record:
            work.done.append(offer)
        else:
            work.targets.append(Target(known, None, offer, LONG_GONE))
        return
    if waits_for_move(state, record, local):
        return
    mergeable = (
        state.merges
        and entry is not None
        and entry.state in (State.PRESENT, State.HELD, State.WANTED)
        and is_mergeable(record.path, max(record.size, entry.record.size))
        and not _holds_neither(state, entry)
    )
    decision = reconcile(local, record, mergeable=mergeable, can_follow=can_follow(state, record, entry))
    match decision:
        case Ignore():
            work.done.append(offer)
        case Keep(_, because) if local is not None and record.same_content(local) and not _gives(state, offer):
            # What this device had of its own goes nowhere, and is what the others have: their record tells it all.
            work.targets.append(Target(record, entry, offer, because))
        case Take() if not other_copy_is_safe(state, work, offer, entry):
            return
        case Take(target, because) | Keep(target, because):
            work.targets.append(Target(target, entry, offer, because))
        case Follow():
            assert entry is not None
            follow(state, work, offer, entry, decision, now_ms)
        case Split():
            assert entry is not None
            _split(state, work, offer, entry, decision)
        case Merge(target, clash):
            assert entry is not None
            _merge(state, work, offer, entry, target, clash)


def _holds_neither(state: ReplicaState, entry: Entry) -> bool:
    """Whether neither side's content is to be in this device's folder: those who hold one decide between them.

    The index may not have followed the rules yet.
    """
    if entry.state in (State.UNSELECTED, State.BLOCKED):
        return True
    return state.selection.reason(entry.record.path, entry.record.kind is Kind.DIR) is not None


def _gives(state: ReplicaState, offer: Offer) -> bool:
    """Whether this device's own records go to the peer that offers: not if it is an observer."""
    session = state.sessions.get(offer.holder)
    return session is None or session.offers


def _split(state: ReplicaState, work: Work, offer: Offer, entry: Entry, split: Split) -> None:
    """The outcome takes its place only once the other content is safe at its own."""
    if _holds_neither(state, entry):
        if never_reason(offer.record.path) is not None:
            # No device holds either.
            work.targets.append(Target(split.record, entry, offer, split.because))
            return
        size = max(entry.record.size, offer.record.size)
        if entry.record.kind is offer.record.kind and is_mergeable(offer.record.path, size):
            # Who holds one of them may merge them, and decides; its record will include both.
            work.done.append(offer)
            return
    if (further := made_from_other(state, entry.record, offer.record)) is not None:
        work.targets.append(Target(further.with_version(split.record.version), entry, offer, NEWER))
        return
    if not settled_beside(state, work, offer, split.beside):
        return
    if split.record.same_content(offer.record):
        # Until its device hears of this, what is edited there comes from that version and not from the outcome.
        work.taken.append(offer.record)
    work.actions[split.record.path] = Action.CONFLICT
    work.targets.append(Target(split.record, entry, offer, split.because))


def _merge(state: ReplicaState, work: Work, offer: Offer, entry: Entry, target: FileRecord, clash: Split) -> None:
    theirs = obtain(state, offer.record)
    if theirs is None:
        want(state, offer)
        return
    mine = read_current(state, entry)
    if mine is None:
        return
    if not isinstance(theirs, bytes):
        state.staged.setdefault(offer.record.hash, theirs)
        _split(state, work, offer, entry, clash)
        return
    theirs_true = replace(offer.record, size=len(theirs))
    merged = merge_contents(target.path, base_for(state, entry.record, offer.record, mine, theirs), mine, theirs)
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
