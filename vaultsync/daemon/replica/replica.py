"""The replica: what its owner may do with a vault."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from vaultsync.daemon.events import ChangesRefused, SyncProgressed
from vaultsync.daemon.replica import conflicts, fetch, forget, nowhere, observe, restore, serve, wanted
from vaultsync.daemon.replica.arrival import Arrival, check_in
from vaultsync.daemon.replica.compare import compare
from vaultsync.daemon.replica.conflicts import Choice
from vaultsync.daemon.replica.execute import save_cursors
from vaultsync.daemon.replica.integrate import settle
from vaultsync.daemon.replica.rules import change_words, reload_rules
from vaultsync.daemon.replica.state import Effects, ReplicaState
from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.filters import IGNORE_FILE
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.limits import MAX_RECORDS
from vaultsync.protocol.messages import (
    Ack,
    ChangeSet,
    Chunks,
    Contents,
    Digest,
    ManifestPart,
    Resync,
    VaultHello,
    Want,
)
from vaultsync.store.audit import AuditEntry
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.store.retention import Pruned, Retention
from vaultsync.sync.offers import Offer
from vaultsync.sync.session import Session
from vaultsync.vault.coalescer import WHOLE_VAULT
from vaultsync.vault.native import trim_heap
from vaultsync.vault.selection import Selection

LONGEST_WAIT_MS: Final = 60_000
"""Nothing is put off for longer."""

MAX_REFUSED_NAMED = 10
"""Paths that are named when changes are refused."""

VaultMessage = Ack | Digest | Resync | Want | ChangeSet | Contents | ManifestPart | Chunks
"""What a peer may say of one vault after the Hellos."""


class Replica:
    """One vault on this device. Synchronous; one caller at a time; `now_ms` is Unix time in ms.

    Every method that does work returns the effects that its owner carries out. `VaultOfflineError`, `DiskFullError`
    and `StoreError` may come out of any of them: then nothing of the step is half done, open offers stay open, and
    the owner disconnects the sessions and tries again later.
    """

    def __init__(self, state: ReplicaState) -> None:
        self._state = state
        self._reported: tuple[int, int] = (0, 0)
        self._assembled = False

    @property
    def state(self) -> ReplicaState:
        """For reading: status, troubles, the store."""
        return self._state

    @property
    def vault(self) -> VaultId:
        return self._state.vault

    def connect(self, peer: NodeId) -> VaultHello:
        """A connection to `peer` opens: what to say of this vault."""
        index = self._state.store.index
        held, acked = index.cursor(peer.raw), index.acked(peer.raw)
        session = Session(self.vault, index.index_id, self._state.position, held, acked)
        self._state.sessions[peer.raw] = session
        return session.hello()

    def restrict(self, peer: NodeId, *, offers: bool, accepts: bool) -> None:
        """Keep to the roles: whether our records go to `peer`, and whether its records are taken."""
        session = self._session(peer)
        session.offers, session.accepts = offers, accepts

    def withheld(self, members: Iterable[NodeId], limit: int) -> list[str]:
        """Paths with changes of this device that none of `members` has: what an observer keeps to itself."""
        index = self._state.store.index
        after = max((index.acked(member.raw) for member in members), default=0)
        found: list[str] = []
        while len(found) < limit and (entries := index.changes_after(after, MAX_RECORDS)):
            own = [e.record.path for e in entries if not e.source and e.record.modified_by == self._state.author.node]
            found += own[: limit - len(found)]
            after = entries[-1].sequence
        return found

    def opened(self, peer: NodeId, theirs: VaultHello, now_ms: int) -> Effects:
        """The peer has said the same of its side; the exchange begins."""
        session = self._session(peer)
        session.opened(theirs)
        if session.acked < session.saved_acked:
            # Its index is an older one, or a new one.
            session.saved_acked = session.acked
            with self._state.store.transaction():
                self._state.store.index.set_acked(peer.raw, session.acked)
        wanted.fetch_from(self._state, peer.raw, now_ms)
        return self._effects(now_ms)

    def disconnect(self, peer: NodeId) -> None:
        """The connection is gone. What the peer offered and was not settled, it will offer again."""
        session = self._state.sessions.get(peer.raw)
        if session is None:
            return
        if session.is_unsaved:
            with self._state.store.transaction():
                save_cursors(self._state)
        del self._state.sessions[peer.raw]
        if not self._state.sessions:
            self._state.cutting.clear()
        fetch.lost(self._state, peer.raw)

    def forget_peer(self, peer: NodeId, now_ms: int) -> Effects:
        """The peer belongs to the vault no more: what was on its way from it will never be whole."""
        self.disconnect(peer)
        with self._state.store.transaction():
            self._state.store.index.forget_peer(peer.raw)
        effects = self._effects(now_ms)
        fetch.drop_parts(self._state)
        return effects

    def look(self, paths: Collection[str], now_ms: int) -> Effects:
        """Look at paths that may have changed on disk."""
        state = self._state
        # A look at the whole vault takes the place of those at single paths; it names only what has changed.
        settled = {*paths, *state.awaiting_look} if WHOLE_VAULT in paths else set(paths)
        changed = observe.look(state, paths, now_ms)
        state.awaiting_look -= settled
        return self._after_change({*settled, *changed}, now_ms)

    @property
    def has_unread(self) -> bool:
        """Whether `read_on` has something to read. May be asked from another thread."""
        return bool(self._state.unread or self._state.assembling)

    def read_on(self, now_ms: int) -> Effects:
        """Read a slice more of a large file: by turns one that comes together here, and one that was seen to have
        changed, before it is known to what."""
        state = self._state
        self._assembled = bool(state.assembling) and not (self._assembled and state.unread)
        if self._assembled:
            settle(state, fetch.assemble(state), now_ms)
        elif path := next(iter(state.unread), None):
            return self._after_change(observe.look(state, [path], now_ms, reads_on=True), now_ms)
        return self._effects(now_ms)

    def sweep(self, now_ms: int) -> Iterator[Effects]:
        """Look through the whole vault, one batch per step."""
        wanted.follow_rules(self._state, now_ms)
        for changed in observe.sweep(self._state, now_ms):
            yield self._after_change(changed, now_ms)
        self._go_by_ignore_file(now_ms)
        wanted.unblock(self._state, now_ms, None)
        self._state.store.give_back_memory()
        trim_heap()
        yield self._effects(now_ms)

    def adopt(self, now_ms: int) -> None:
        """See what is in a folder that was brought back, and bring what is missing, as far as it is on this device.

        To be called before any peer is spoken with: it would be asked for all that the folder holds.
        """
        self._log(now_ms, "adopted", None, "The folder was brought back, and taken for the vault by hand.")
        for _ in self.sweep(now_ms):
            continue
        missing = wanted.fetch_wanted(self._state, now_ms)
        if not self._state.store.index.peers():
            nowhere.fall_back(self._state, missing, now_ms)

    def take_dirty(self, now_ms: int) -> set[str]:
        """Paths to look at now, because the disk was not what the index says or because their time has come."""
        state = self._state
        # What lies further ahead than anything is put off was noted before the clock was set back.
        due = {path for path, at_ms in state.again.items() if at_ms <= now_ms or at_ms > now_ms + LONGEST_WAIT_MS}
        for path in due:
            del state.again[path]
        dirty, state.dirty = state.dirty | due, set()
        state.awaiting_look |= {path for path in dirty if path in state.offers}
        return dirty

    def next_look_ms(self) -> int | None:
        """When `take_dirty` has something next, if nothing else happens."""
        return min(self._state.again.values(), default=None)

    def receive(self, peer: NodeId, message: VaultMessage, now_ms: int) -> Effects:
        """A message came. Raises `ProtocolError` if it breaks the rules: the connection is to be closed."""
        state, session = self._state, self._session(peer)
        match message:
            case Ack():
                session.receive_ack(message)
            case Digest():
                compare(state, peer, session, message, now_ms)
            case Resync():
                session.receive_resync(message)
            case Want():
                session.receive_want(message)
            case ChangeSet() if not session.accepts:
                # Not acknowledged either: its own device goes on knowing that nobody has them.
                if message.records:
                    paths = tuple(record.path for record in message.records[:MAX_REFUSED_NAMED])
                    state.emit(ChangesRefused(state.vault_text, str(peer), paths, len(message.records)))
            case ChangeSet():
                session.receive_changes(message)
                waiting = fetch.receive_inline(state, message.contents)
                for record in message.records:
                    state.offers.add(Offer(record, peer.raw))
                arrived = {record.path for record in message.records}
                settle(state, waiting | arrived, now_ms)
                fetch.let_go(state, message.contents, waiting | arrived)
                if IGNORE_FILE in arrived:
                    state.dirty.add(IGNORE_FILE)
            case Contents():
                return self.receive_contents(peer, [check_in(message)], now_ms)
            case ManifestPart():
                settle(state, fetch.receive_manifest(state, peer.raw, message, now_ms), now_ms)
            case Chunks():
                settle(state, fetch.receive_chunks(state, peer.raw, message, now_ms), now_ms)
        return self._effects(now_ms)

    def receive_contents(self, peer: NodeId, messages: Sequence[Arrival], now_ms: int) -> Effects:
        """Several messages with contents, put in place together: one wait for the disk instead of one for each."""
        state = self._state
        self._session(peer)
        ready: set[str] = set()
        for message in messages:
            ready |= fetch.receive_contents(state, peer.raw, message, now_ms)
        settle(state, ready, now_ms)
        fetch.let_go(state, [hash_ for message in messages for hash_ in message.contents], ready)
        if IGNORE_FILE in ready:
            state.dirty.add(IGNORE_FILE)
        nowhere.told_missing(state, [hash_ for message in messages for hash_ in message.missing], now_ms)
        return self._effects(now_ms)

    def open_offers(self, peer: NodeId) -> int:
        """How many records of `peer` wait to be settled. May be asked from another thread."""
        session = self._state.sessions.get(peer.raw)
        return 0 if session is None else session.tracker.waiting

    def next_changes(self, peer: NodeId, now_ms: int) -> tuple[ChangeSet | None, Effects]:
        """The next change set for `peer`; None when it has been sent everything."""
        message = serve.next_changes(self._state, peer.raw, self._session(peer))
        return message, self._effects(now_ms)

    def next_contents(self, peer: NodeId, now_ms: int) -> tuple[Contents | ManifestPart | Chunks | None, Effects]:
        """The next answer to what `peer` asked for; None when nothing is open."""
        message = serve.next_contents(self._state, self._session(peer))
        return message, self._effects(now_ms)

    def tick(self, now_ms: int) -> Effects:
        """Time has passed: digests may be due, and what was acknowledged since the last time is stored."""
        unsaved = any(session.acked > session.saved_acked for session in self._state.sessions.values())
        if unsaved or self._state.store.index.knowledge.is_unsaved:
            with self._state.store.transaction():
                save_cursors(self._state)
        fetch.drop_parts(self._state)
        return self._effects(now_ms)

    def select(self, selection: Selection, now_ms: int) -> Effects:
        """Sync another part of the vault from now on; nothing is deleted anywhere."""
        self._select(selection, now_ms)
        return self._effects(now_ms)

    def approve_deletions(self, paths: Collection[str] | None, now_ms: int) -> tuple[int, Effects]:
        """Let held deletions (those at or below `paths`, or all) go to every device. Returns how many."""
        count = wanted.approve_deletions(self._state, paths, now_ms)
        if count:
            self._log(now_ms, "approved", None, _held(count, "approved"))
        return count, self._effects(now_ms)

    def undo_deletions(self, paths: Collection[str] | None, now_ms: int) -> tuple[int, Effects]:
        """Bring back what held deletions took (those at or below `paths`, or all). Returns how many."""
        undone = wanted.undo_deletions(self._state, paths, now_ms)
        if not self._state.store.index.peers():
            nowhere.fall_back(self._state, undone, now_ms)
        count = len(undone)
        if count:
            self._log(now_ms, "undone", None, _held(count, "undone"))
        return count, self._effects(now_ms)

    def restore(self, versions: Sequence[HistoryVersion], removed: Sequence[str], now_ms: int) -> Effects:
        """Put contents of history back, and remove files, as an edit of this device.

        Raises `RequestError` if a content is not held or a file is being edited.
        """
        changed = restore.restore(self._state, versions, now_ms)
        changed |= restore.remove(self._state, removed, now_ms)
        if len(versions) == 1 and not removed:
            text = f"The version of {versions[0].device_name or 'an unknown device'} was restored."
            self._log(now_ms, "restored", versions[0].path, text)
        else:
            self._log(now_ms, "restored", None, f"{len(versions)} files were put back, {len(removed)} removed.")
        return self._after_change(changed, now_ms)

    def undo_merge(self, path: str, now_ms: int) -> Effects:
        """Put back what this device had before the newest merge of `path`. `RequestError` if it is no merge."""
        changed = conflicts.undo_merge(self._state, path, now_ms)
        self._log(now_ms, "undone", path, "The merge was undone.")
        return self._after_change(changed, now_ms)

    def resolve(self, path: str, choice: Choice, now_ms: int, content: bytes | None = None) -> Effects:
        """End a conflict (conflicts.py). `RequestError` if there is none at `path`."""
        changed = conflicts.resolve(self._state, path, choice, now_ms, content)
        self._log(now_ms, "resolved", path, f"The conflict was ended by hand: {choice.value}.")
        return self._after_change(changed, now_ms)

    def set_ignore_rules(self, text: str, now_ms: int) -> Effects:
        """Put `text` into the ignore file and go by it. `ConfigError` names a line that can't be used."""
        Selection(text)
        label = (Action.EDITED, "rules changed")
        return self._after_change(restore.put_content(self._state, IGNORE_FILE, text.encode(), now_ms, label), now_ms)

    @property
    def history_bytes(self) -> int:
        """What history's contents take on disk, compressed."""
        return self._state.store.history.size()

    def prune(self, policy: Retention, now_ms: int) -> Pruned:
        """Let history go that is older than `policy` keeps; call again while `more`."""
        return self._state.store.history.prune(policy, now_ms)

    def forget(self, members: Collection[NodeId], now_ms: int) -> int:
        """Let go of tombstones that all `members`, the others, have had for long. Returns how many; ask until 0."""
        return forget.forget(self._state, members, now_ms)

    def close(self) -> None:
        """Store what is worth keeping and close the index."""
        for peer in list(self._state.sessions):
            self.disconnect(NodeId(peer))
        self._state.store.close()

    def _after_change(self, changed: Collection[str], now_ms: int) -> Effects:
        settle(self._state, changed, now_ms)
        wanted.unblock(self._state, now_ms, changed)
        if IGNORE_FILE in changed:
            self._go_by_ignore_file(now_ms)
        return self._effects(now_ms)

    def _go_by_ignore_file(self, now_ms: int) -> None:
        """The ignore file may have changed. If it has a mistake, the rules of before go on, and that is shown."""
        selection = reload_rules(self._state)
        if selection is not None and selection != self._state.selection:
            self._select(selection, now_ms)

    def _select(self, selection: Selection, now_ms: int) -> None:
        self._log(now_ms, "selection", None, change_words(self._state.selection, selection))
        removed = observe.look(self._state, wanted.removed_unseen(self._state, selection), now_ms)
        self._state.set_selection(selection)
        wanted.reselect(self._state, now_ms)
        settle(self._state, removed, now_ms)
        self._state.dirty.add("")

    def _log(self, now_ms: int, kind: str, path: str | None, text: str) -> None:
        with self._state.store.transaction():
            self._state.store.audit.append([AuditEntry(now_ms, kind, path, None, text)])

    def _session(self, peer: NodeId) -> Session:
        session = self._state.sessions.get(peer.raw)
        if session is None:
            raise ProtocolError(CloseCode.NOT_SHARED, "spoke of a vault that is not shared with it")
        return session

    def _effects(self, now_ms: int) -> Effects:
        """What is due after a step: acknowledgements, digests, wants, and who has something to pull."""
        state = self._state
        wanted.unblock(state, now_ms)
        if not state.offers:
            fetch.let_go_of_all(state)
        position = state.position
        if any(s.tracker.advance() - s.saved > 10_000 for s in state.sessions.values()):
            with state.store.transaction():
                save_cursors(state)
        for raw in state.wants.fastest_first(state.sessions):
            session = state.sessions[raw]
            if not session.peer_index_id:
                continue
            peer = NodeId(raw)
            session.tracker.advance()
            state.effects.control += [(peer, message) for message in session.outgoing(position, now_ms)]
            while (want := fetch.wants_for(state, raw, now_ms)) is not None:
                state.effects.control.append((peer, want))
            if session.next_outgoing(position.sequence) is not None:
                state.effects.changes_for.add(peer)
            if session.wants:
                state.effects.contents_for.add(peer)
            state.effects.at_rest[peer] = session.at_rest(position.sequence)
        pending = (len(state.offers), state.wants.total_bytes)
        if pending != self._reported:
            self._reported = pending
            state.emit(SyncProgressed(state.vault_text, *pending))
        return state.take_effects()


def _held(count: int, what: str) -> str:
    return f"{count:,} held {'deletion was' if count == 1 else 'deletions were'} {what}."
