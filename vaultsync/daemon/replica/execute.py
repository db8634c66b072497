"""From targets to the disk and the index: stage, make durable, keep what is replaced, replace, commit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from vaultsync.daemon.events import ChangeApplied
from vaultsync.daemon.replica.busy import wait_for_writer
from vaultsync.daemon.replica.contents import ensure_in_history
from vaultsync.daemon.replica.observe import history_version, make_parents_known
from vaultsync.daemon.replica.sharing import seen_as, settle, share
from vaultsync.daemon.replica.stage import stage_all
from vaultsync.daemon.replica.state import ReplicaState, on_disk
from vaultsync.daemon.replica.steps import actions_of
from vaultsync.daemon.replica.twins import sort_out
from vaultsync.errors import DiskFullError
from vaultsync.model.ids import NodeId
from vaultsync.model.manifests import MAX_FILE
from vaultsync.model.paths import parents_of
from vaultsync.model.records import Entry, FileRecord, Kind, State
from vaultsync.store.audit import AuditEntry
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.sync.offers import Offer
from vaultsync.sync.planner import Do, Step, Target, plan
from vaultsync.sync.reconcile import PLAIN, copy_of, is_beyond
from vaultsync.vault import actions as disk
from vaultsync.vault.actions import Outcome, Result
from vaultsync.vault.filesystem import DiskKind
from vaultsync.vault.staging import Staged

RETRY_MS: Final = 10_000
"""When to try again what the disk refused for a reason that may pass."""


MERGE_INPUT: Final = "what the other device had before the merge"
"""Note on a version that stands in history only because it went into a merge."""


@dataclass(slots=True)
class Work:
    """What one round has decided."""

    targets: list[Target] = field(default_factory=list)
    contents: dict[bytes, bytes] = field(default_factory=dict)
    """Results of merges, by hash."""
    inputs: list[tuple[FileRecord, bytes]] = field(default_factory=list)
    """Peers' versions that went into merges, with their contents; kept in history (ours are there already)."""
    taken: list[FileRecord] = field(default_factory=list)
    """Peers' versions whose contents take the place of what was here; they are joined with what they did not know."""
    actions: dict[str, Action] = field(default_factory=dict)
    """What to call a change in history, where it is not plainly created, edited or deleted."""
    done: list[Offer] = field(default_factory=list)
    """Offers that say nothing new."""
    more: set[str] = field(default_factory=set)
    """Paths that got an offer in this round."""


@dataclass(slots=True)
class _Commit:
    entries: list[Entry] = field(default_factory=list)
    versions: list[HistoryVersion] = field(default_factory=list)
    contents: list[tuple[bytes, bytes]] = field(default_factory=list)
    audit: list[AuditEntry] = field(default_factory=list)
    closed: list[Offer] = field(default_factory=list)


def execute(state: ReplicaState, work: Work, now_ms: int) -> set[str]:
    """Reach the targets as far as they can be reached. Returns the paths to look at in the next round."""
    commit = _Commit(closed=list(work.done))
    targets = [target for target in work.targets if not _left_out(state, target, commit, now_ms)]
    here = sort_out(state, [target for target in targets if not _is_unseen(state, target, now_ms)])
    for target, reason, place in here.blocked:
        _block(state, target, reason, commit, now_ms, shown_at=place)
    work.more.update(here.later)
    staged: dict[str, Staged] = {}
    try:
        with state.fs.batch():
            steps = stage_all(state, plan(here.ready), work.contents, staged, commit.contents)
        state.applier.make_durable(list(staged.values()))
        steps, shared = _keep_replaced(state, steps, now_ms)
        _intend(state, steps)
        results = _run(state, steps, staged, here.respelled)
        settle(state, shared, results)
    finally:
        kept = state.staged.values()
        for content in staged.values():
            if content not in kept:
                state.applier.discard(content)
    for step in steps:
        _conclude(state, work, step, results[step.target.record.path], commit, now_ms)
    return _commit(state, work, commit, now_ms)


def _left_out(state: ReplicaState, target: Target, commit: _Commit, now_ms: int) -> bool:
    """A filter of this device leaves the path out, or it is too large: the index takes the record, the disk is left
    alone."""
    reason = state.selection.reason(target.record.path, target.record.kind is Kind.DIR)
    if reason is not None:
        commit.entries.append(Entry(target.record, State.UNSELECTED, reason, source=_source(target)))
        commit.closed.append(target.offer)
    elif target.record.size > MAX_FILE:
        _block(state, target, f"it is larger than {MAX_FILE >> 30} GiB", commit, now_ms)
    else:
        return False
    return True


def _is_unseen(state: ReplicaState, target: Target, now_ms: int) -> bool:
    """Whether something is to end that this device left out until now, and that still lies in its folder.

    It has to be looked at first: afterwards it would pass for a new file.
    """
    entry = target.entry
    if not target.record.deleted or entry is None or entry.state is not State.WANTED:
        return False
    there = state.fs.stat(target.record.path)
    if there is None or there.kind is not (DiskKind.DIR if entry.record.kind is Kind.DIR else DiskKind.FILE):
        return False
    look_again(state, target.record.path, now_ms)
    return True


def _block(
    state: ReplicaState, target: Target, reason: str, commit: _Commit, now_ms: int, *, shown_at: str = ""
) -> None:
    """This device can't hold it. The index takes the record; where it would replace a file, that file stays."""
    state.set_trouble(shown_at or target.record.path, reason)
    if on_disk(target.entry):
        state.look_later(target.record.path, now_ms + RETRY_MS)
        return
    commit.entries.append(Entry(target.record, State.BLOCKED, reason, source=_source(target)))
    commit.audit.append(_audit(target, "blocked", reason, now_ms))
    commit.closed.append(target.offer)


def _keep_replaced(state: ReplicaState, steps: Sequence[Step], now_ms: int) -> tuple[list[Step], dict[str, bytes]]:
    """Bring into history, durably, every content that the steps replace or remove; drop steps that can't.

    Also returns the large files, path -> hash, that history shares with the vault until they are replaced.
    """
    replacing = [step for step in steps if step.do is not Do.NOTHING and step.do is not Do.MOVE_FILE]
    entries = {
        step.target.record.path: step.target.entry
        for step in replacing
        if step.target.entry is not None and on_disk(step.target.entry) and step.do is not Do.SET_MODE
    }
    held = state.store.history.has_many([entry.record.hash for entry in entries.values()])
    lacking = {path: entry for path, entry in entries.items() if entry.record.hash not in held}
    if not lacking:
        return list(steps), {}
    seen: dict[str, Entry] = {}
    shared: dict[str, bytes] = {}
    refused: set[str] = set()
    with state.store.transaction():
        for path, entry in lacking.items():
            seen[path], is_shared = share(state, entry)
            if is_shared:
                shared[path] = entry.record.hash
            elif not ensure_in_history(state, seen[path]):
                refused.add(path)
    for origin in {step.target.offer.origin for step in steps if step.target.record.path in refused} - {""}:
        look_again(state, origin, now_ms)
    for path in refused:
        # A file that cannot be read looks the same at every look.
        state.dirty.discard(path)
        look_again(state, path, now_ms)
        if state.attempts[path] > 2:
            state.set_trouble(path, "it cannot be read here, so nothing is put in its place")
    return [seen_as(step, seen) for step in steps if step.target.record.path not in refused], shared


def _intend(state: ReplicaState, steps: Sequence[Step]) -> None:
    """Write down what is about to be done: should this be as far as it comes, the next start knows it for its own."""
    touching = [step for step in steps if step.do not in (Do.NOTHING, Do.SET_MODE)]
    targets = [target for step in touching for target in (step.target, step.source) if target is not None]
    if targets:
        state.store.intents.put([Entry(target.record, source=_source(target)) for target in targets])


def _run(
    state: ReplicaState, steps: Sequence[Step], staged: dict[str, Staged], respelled: dict[str, str]
) -> dict[str, Outcome]:
    """Do the steps. The result of a step of two actions is that of the first that fails.

    `respelled` are folders that get another form of their name: new name -> name on disk.
    """
    actions: list[disk.Action] = []
    owners: list[str] = []
    for step in steps:
        for action in actions_of(step, staged, respelled):
            actions.append(action)
            owners.append(step.target.record.path)
    results: dict[str, Outcome] = {
        step.target.record.path: Outcome(Result.DONE, signature=step.target.entry.signature)
        for step in steps
        if step.do is Do.NOTHING and step.target.entry is not None
    }
    results |= {path: Outcome(Result.DONE) for path in (s.target.record.path for s in steps) if path not in results}
    for owner, result in zip(owners, state.applier.apply(actions), strict=True):
        if results[owner].result is Result.DONE:
            results[owner] = result
    for step in steps:
        if step.target.record.path in staged and results[step.target.record.path].result is Result.DONE:
            del staged[step.target.record.path]
            state.staged.pop(step.target.record.hash, None)
    return results


def _conclude(state: ReplicaState, work: Work, step: Step, result: Outcome, commit: _Commit, now_ms: int) -> None:
    target = step.target
    path = target.record.path
    if result.result is Result.DONE:
        state.attempts.pop(path, None)
        state.set_trouble(path, "")
        _done(state, work, step, result, commit, now_ms)
    elif result.result is Result.CHANGED:
        if step.do in (Do.REMOVE_FOLDER, Do.REPLACE_FOLDER):
            _folder_stays(state, work, target, commit, now_ms)
        else:
            look_again(state, path, now_ms)
            if target.offer.origin:
                look_again(state, target.offer.origin, now_ms)
            if step.source is not None:
                look_again(state, step.source.record.path, now_ms)
    elif result.result is Result.BUSY:
        wait_for_writer(state, target, result.reason, now_ms)
    elif result.disk_full:
        raise DiskFullError("There is no room for what is arriving.")
    elif result.retry or on_disk(target.entry):
        state.set_trouble(path, result.reason)
        for waiting in {path, target.offer.origin} - {""}:
            state.look_later(waiting, now_ms + RETRY_MS)
    else:
        _block(state, target, result.reason, commit, now_ms)


def _done(state: ReplicaState, work: Work, step: Step, result: Outcome, commit: _Commit, now_ms: int) -> None:
    reached = [(step.target, result.signature)]
    if step.source is not None:
        reached.append((step.source, None))
    for target, signature in reached:
        record = target.record
        file_signature = signature if record.kind is Kind.FILE and not record.deleted else None
        commit.entries.append(Entry(record, signature=file_signature, source=_source(target)))
        commit.closed.append(target.offer)
        if file_signature is not None:
            state.expect_echo(record.path, file_signature)
        action = work.actions.get(record.path) or _action(target)
        if step.do is not Do.NOTHING or record.path in work.actions:
            note = "" if target.because in PLAIN else target.because
            commit.versions.append(history_version(record, action, note, now_ms))
            if target.because not in PLAIN:
                commit.audit.append(_audit(target, action.value, target.because, now_ms))
            peer = "" if target.offer.derived else str(NodeId(target.offer.holder))
            state.emit(
                ChangeApplied(
                    state.vault_text,
                    record.path,
                    action.value,
                    peer,
                    target.because,
                    record.moved_from or "",
                    record.moved_to or "",
                )
            )


def _audit(target: Target, kind: str, text: str, now_ms: int) -> AuditEntry:
    return AuditEntry(now_ms, kind, target.record.path, target.offer.holder, text)


def _action(target: Target) -> Action:
    record = target.record
    if record.deleted:
        return Action.MOVED if record.moved_to else Action.DELETED
    if target.on_disk is not None:
        return Action.EDITED
    return Action.MOVED if record.moved_from else Action.CREATED


def _source(target: Target) -> bytes:
    """The peer that holds exactly this record; empty if the record arose here."""
    return target.offer.holder if target.record is target.offer.record and not target.offer.derived else b""


def look_again(state: ReplicaState, path: str, now_ms: int) -> None:
    """The disk is not what the index says. Look at once; if that changes nothing, not before a while.

    Where a folder should be may be a file that nobody has seen yet.
    """
    attempts = state.attempts[path] = state.attempts.get(path, 0) + 1
    if attempts <= 2:
        state.dirty.add(path)
    else:
        state.look_later(path, now_ms + RETRY_MS)
    for parent in parents_of(path):
        there = state.fs.stat(parent)
        if there is None or there.kind is DiskKind.DIR:
            continue
        if parent in state.offers:
            state.offers.settle_after(parent, path)
        if attempts <= 2:
            state.dirty.add(parent)
        else:
            state.set_trouble(path, f"“{parent}” is not a folder here, and would have to be one")


def _folder_stays(state: ReplicaState, work: Work, target: Target, commit: _Commit, now_ms: int) -> None:
    """A folder that a peer removed, or put a file in place of, is not empty here.

    If all that is in it is about to be removed too, wait. Else it lives on, as an edit of this device, and a file
    that was to take its place becomes a copy beside it.
    """
    path = target.record.path
    inside = list(state.store.index.below(path))
    if inside and all(entry.record.path in state.offers for entry in inside):
        for entry in inside:
            state.offers.settle_after(entry.record.path, path)
        return
    state.dirty.add(path)
    if not target.record.deleted:
        beside = copy_of(target.record)
        known = state.store.index.get(beside.path)
        if known is None or not is_beyond(known.record, beside):
            state.offers.add(Offer(beside, target.offer.holder, derived=True, origin=path))
            state.offers.settle_after(beside.path, path)
            work.more.add(beside.path)
            return
    assert target.entry is not None
    version, known_version = target.record.version, target.entry.record.version
    if version.fits_with(known_version):
        version = version.join(known_version)
    alive = replace(
        target.entry.record,
        version=version.bump(state.author.node, state.counter(now_ms)),
        modified_by=state.author.node,
        modified_name=state.author.name,
        modified_at=now_ms,
    )
    commit.entries.append(Entry(alive))
    commit.closed.append(target.offer)


def _commit(state: ReplicaState, work: Work, commit: _Commit, now_ms: int) -> set[str]:
    """One transaction: records, contents, history and cursors. Returns the paths that may be settled now."""
    if not commit.entries and not commit.closed:
        return work.more
    more = set(work.more)
    reached = {entry.record.path for entry in commit.entries}
    inputs = [(record, data) for record, data in work.inputs if record.path in reached]
    theirs = [record for record in (*(record for record, _ in inputs), *work.taken) if record.path in reached]
    with state.store.transaction():
        kept = [*commit.contents, *((record.hash, data) for record, data in inputs)]
        state.store.history.keep_many(kept, _packed(state, kept))
        state.store.history.record([history_version(record, Action.REPLACED, MERGE_INPUT, now_ms) for record in theirs])
        state.store.history.record(commit.versions)
        state.store.audit.append(commit.audit)
        state.store.index.put(commit.entries)
        state.store.intents.clear()
        alive = [e.record.path for e in commit.entries if not e.record.deleted and e.state is State.PRESENT]
        folders = {folder for path in alive for folder in parents_of(path)}
        if parents := make_parents_known(state, folders, now_ms):
            state.store.index.put(parents)
        for offer in commit.closed:
            more |= state.offers.close(offer)
            if offer.record.path in state.offers:
                more.add(offer.record.path)
            session = state.sessions.get(offer.holder)
            if session is not None and not offer.derived:
                session.tracker.settled(offer.record.path)
        save_cursors(state)
    for offer in commit.closed:
        state.contents.pop(offer.record.hash, None)
    return more


def _packed(state: ReplicaState, kept: Sequence[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """What came packed for history already."""
    arrived = [(hash_, state.contents.get(hash_)) for hash_, _ in kept]
    return {hash_: one.packed for hash_, one in arrived if one is not None and one.packed is not None}


def save_cursors(state: ReplicaState) -> None:
    """Store how far each peer's updates are applied, and ours by it, inside the caller's transaction."""
    for peer, session in state.sessions.items():
        if session.acked > session.saved_acked:
            session.saved_acked = session.acked
            state.store.index.set_acked(peer, session.acked)
        if session.peer_index_id and session.tracker.advance() != session.saved:
            session.saved = session.tracker.cursor
            state.store.index.set_cursor(peer, session.peer_index_id, session.saved)
    if state.store.index.knowledge.is_unsaved:
        state.store.index.knowledge.save()
