"""Whether a peer's index and this one are the same, told by their digests."""

from __future__ import annotations

from vaultsync.daemon.events import IndexesDiffer, ProvenInSync
from vaultsync.daemon.replica.state import ReplicaState
from vaultsync.model.ids import NodeId
from vaultsync.protocol.messages import Digest
from vaultsync.store.audit import AuditEntry
from vaultsync.sync.session import Session


def compare(state: ReplicaState, peer: NodeId, session: Session, message: Digest, now_ms: int) -> None:
    """A digest came. If the indexes turn out to be equal or to differ, that is told."""
    was_in_sync = session.in_sync
    equal = session.receive_digest(message, state.position, now_ms)
    if equal and session.accepts:
        state.store.index.knowledge.prove(peer.raw)
    if equal and not was_in_sync:
        state.emit(ProvenInSync(state.vault_text, str(peer), message.digest.hex()))
    elif equal is False:
        state.emit(IndexesDiffer(state.vault_text, str(peer)))
        with state.store.transaction():
            entry = AuditEntry(now_ms, "digest", None, peer.raw, "The indexes differ; everything is sent again.")
            state.store.audit.append([entry])
