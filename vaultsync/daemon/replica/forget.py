"""Letting go of tombstones that all members have had for long, and going by what was forgotten (sync/forgetting.py)."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import Final

from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.model.ids import NodeId
from vaultsync.model.records import FileRecord
from vaultsync.sync.forgetting import KEPT_MS, deleted_again, is_copy, is_long_gone
from vaultsync.sync.offers import Offer

BATCH: Final = 1_000


def forget(state: ReplicaState, members: Collection[NodeId], now_ms: int) -> int:
    """Let go of up to `BATCH` tombstones that `members`, the vault's other members, all have. Returns how many."""
    index, knowledge = state.store.index, state.store.index.knowledge
    sessions = [state.sessions.get(member.raw) for member in members]
    if all(session is not None and session.in_sync and session.accepts for session in sessions):
        # What this device itself made and lost with an older index would be with one of them.
        knowledge.prove(state.author.node)
    if knowledge.is_unsaved:
        with state.store.transaction():
            knowledge.save()
    through = min((index.acked(member.raw) for member in members), default=index.sequence)
    old = index.ended(now_ms - KEPT_MS, through)
    unneeded = (
        entry
        for entry in old
        if knowledge.knows(entry.record.version)
        and not is_copy(entry.record.path)
        and entry.record.path not in state.offers
    )
    tombstones = list(islice(unneeded, BATCH))
    if tombstones:
        with state.store.transaction():
            index.forget(tombstones)
    return len(tombstones)


def judge_unknown(state: ReplicaState, offer: Offer, now_ms: int) -> FileRecord | None:
    """What becomes of an offer for a path unknown here, by what was forgotten. None: nothing speaks against it.

    The record itself: it says nothing new. A tombstone: it is to be put in the index, and told.
    """
    forgotten = state.store.index.knowledge.forgotten
    if offer.derived or not is_long_gone(offer.record, forgotten):
        return None
    if offer.record.deleted:
        return offer.record
    session = state.sessions.get(offer.holder)
    if session is None or not session.offers:
        return None  # an observer's word goes to nobody: it would only set itself apart
    return deleted_again(offer.record, forgotten, state.author, now_ms)
