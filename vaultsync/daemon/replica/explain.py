"""Why a path is as it is: everything that this device knows of it, for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vaultsync.daemon.replica.conflicts import original_of
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.errors import PathError
from vaultsync.model.ids import NodeId
from vaultsync.model.paths import check_path
from vaultsync.model.records import Entry, Kind, State
from vaultsync.store.audit import AuditEntry
from vaultsync.store.history import HistoryVersion
from vaultsync.vault.words import is_about_twins

_NOBODY_HAS_IT: Final = ("wanted: no connected device has its content", "Connect a device that has it.")

_RENAME_ONE: Final = "Rename one of the two. Nothing is lost meanwhile: the devices that can hold both have both."


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to `vaultsync explain`."""

    path: str
    state: str
    """In words."""
    entry: Entry | None
    rule: str
    """The filter that leaves it out, in words, or empty."""
    trouble: str
    """What keeps it from syncing now, in words, or empty."""
    unblock: str
    """What would end that, or empty."""
    has_it: tuple[str, ...]
    """Node ids of peers that are known to have this version."""
    lacks_it: tuple[str, ...]
    """Node ids of connected peers that have not acknowledged it."""
    versions: tuple[HistoryVersion, ...]
    """The newest ones, newest first."""
    log: tuple[AuditEntry, ...]


def explain(state: ReplicaState, path: str, peers: tuple[NodeId, ...]) -> Explanation:
    """Everything known of `path`; `peers` are the other members of the vault."""
    index = state.store.index
    entry = index.get(path)
    try:
        check_path(path)
        refused = ""
    except PathError as error:
        refused = error.message
    is_folder = entry is not None and entry.record.kind is Kind.DIR
    rule = "" if refused else state.selection.reason(path, is_folder) or ""
    trouble = state.troubles.get(path, "") or refused
    has_it: list[str] = []
    lacks_it: list[str] = []
    if entry is not None:
        for peer in peers:
            session = state.sessions.get(peer.raw)
            acked = max(index.acked(peer.raw), session.acked if session is not None else 0)
            known = acked >= entry.sequence or entry.source == peer.raw or (session is not None and session.in_sync)
            (has_it if known else lacks_it).append(str(peer))
    words, unblock = _words(state, path, entry, rule, trouble)
    return Explanation(
        path,
        words,
        entry,
        rule,
        trouble,
        unblock,
        tuple(has_it),
        tuple(lacks_it),
        tuple(state.store.history.versions(path, 10)),
        tuple(state.store.audit.recent(20, path)),
    )


def _words(state: ReplicaState, path: str, entry: Entry | None, rule: str, trouble: str) -> tuple[str, str]:
    if entry is not None and entry.state is State.HELD:
        held = f"gone from this device, and the deletion is held: {entry.reason}"
        return held, "`vaultsync approve` deletes it everywhere; `vaultsync undo --deletions` brings it back."
    if entry is not None and entry.state is State.BLOCKED and not entry.record.deleted:
        mend = _RENAME_ONE if is_about_twins(entry.reason) else "Rename it on a device that can hold the name."
        return f"blocked here: {entry.reason}", mend
    if trouble:
        return f"not synced now: {trouble}", "Mend that; it is tried again by itself."
    if rule:
        return f"left out on this device: {rule}", "Change that rule or category; nothing was deleted anywhere."
    if path in state.offers:
        offer = state.offers.first(path)
        assert offer is not None
        if offer.record.hash in state.wants and state.sessions:
            return "on its way: its content is being fetched", ""
        if path in state.offers.waiting_on(offer.record.hash):
            return _NOBODY_HAS_IT
        return "on its way", ""
    if entry is None:
        return "unknown: no device has told of it and it is not in this folder", ""
    if entry.record.deleted:
        return (f"moved to {entry.record.moved_to}" if entry.record.moved_to else "deleted"), ""
    match entry.state:
        case State.WANTED:
            return _NOBODY_HAS_IT
        case _:
            if (origin := original_of(path)) is not None:
                return f"a conflict copy of {origin[0]}", "`vaultsync resolve` ends the conflict."
            return "in sync with what this device knows", ""
