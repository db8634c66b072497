"""What the dashboard knows, as one value, and how each thing that it hears changes it. Pure; time is an argument."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from vaultsync.client.values import (
    ChangeApplied,
    ChangeObserved,
    ConflictInfo,
    DeletionHeld,
    Event,
    HeldInfo,
    PeerInfo,
    PeerPaired,
    PeerStateChanged,
    RequestInfo,
    ScanProgressed,
    Status,
    SyncProgressed,
    TimedEvent,
    TrafficSample,
    TransferInfo,
    VaultInfo,
    VaultStateChanged,
)
from vaultsync.tui.activity import ActivityLog

SAMPLES_KEPT: Final = 240
"""Traffic measurements, one per second."""

SMOOTHED_OVER: Final = 5
"""Measurements that a rate is the mean of."""


class Contact(StrEnum):
    """How the dashboard stands with the node."""

    SEEKING = "seeking"
    LIVE = "live"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Rate:
    """Bytes per second."""

    sent: float
    received: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a vault has come with what peers offered it."""

    most_pending: int
    """The most paths that were open since there were none."""
    pending: int
    wanted_bytes: int

    @property
    def done(self) -> int:
        return self.most_pending - self.pending


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that screens draw."""

    contact: Contact = Contact.SEEKING
    why: str = ""
    """Why there is no contact, in words."""
    status: Status | None = None
    """The last one that came; it stays while contact is lost."""
    events_to: int = 0
    """The number of the last event that came."""
    activity: ActivityLog = field(default_factory=ActivityLog)
    scans: Mapping[str, int] = field(default_factory=dict)
    """Files found so far, by vault that is being looked through."""
    progress: Mapping[str, Progress] = field(default_factory=dict)
    """By vault; only of vaults with something open."""
    rates: tuple[Rate, ...] = ()
    """The newest last."""
    transfers: tuple[TransferInfo, ...] = ()
    held: Mapping[str, HeldInfo] = field(default_factory=dict)
    """Held deletions, by vault."""
    conflicts: Mapping[str, tuple[ConflictInfo, ...]] = field(default_factory=dict)
    """Conflict copies and late merges, by vault."""
    requests: tuple[RequestInfo, ...] = ()
    """Devices that ask to be let in, the longest waiting first."""
    paired: tuple[PeerPaired, ...] = ()
    """Pairings that the node remembers, the newest last."""

    @property
    def vaults(self) -> tuple[VaultInfo, ...]:
        return self.status.vaults if self.status is not None else ()

    @property
    def peers(self) -> tuple[PeerInfo, ...]:
        return self.status.peers if self.status is not None else ()

    def vault(self, vault_id: str) -> VaultInfo | None:
        return next((vault for vault in self.vaults if vault.id == vault_id), None)

    def is_shared(self, vault_id: str) -> bool:
        """Whether any other device has that vault."""
        return any(vault.id == vault_id for peer in self.peers for vault in peer.vaults)

    def peer(self, node_id: str) -> PeerInfo | None:
        return next((peer for peer in self.peers if peer.id == node_id), None)

    def vault_name(self, vault_id: str) -> str:
        vault = self.vault(vault_id)
        return vault.name if vault is not None else vault_id[:10]

    def peer_name(self, node_id: str) -> str:
        peer = self.peer(node_id)
        return peer.name if peer is not None else node_id[:10]

    @property
    def rate(self) -> Rate:
        """The present rates, smoothed."""
        latest = self.rates[-SMOOTHED_OVER:]
        if not latest:
            return Rate(0, 0)
        return Rate(sum(r.sent for r in latest) / len(latest), sum(r.received for r in latest) / len(latest))

    def seconds_left(self, wanted_bytes: int) -> float | None:
        """How long `wanted_bytes` take at the present rate; None if nothing moves."""
        received = self.rate.received
        return wanted_bytes / received if received >= 1 else None


def answered(board: Board, status: Status, requests: Sequence[RequestInfo] = ()) -> Board:
    """The node has told its status."""
    progress = {
        vault.id: _progressed(board.progress.get(vault.id), vault.pending, vault.wanted_bytes)
        for vault in status.vaults
        if vault.pending
    }
    scans = {vault.id: board.scans.get(vault.id, 0) for vault in status.vaults if vault.state == "scanning"}
    return replace(
        board,
        contact=Contact.LIVE,
        why="",
        status=status,
        requests=tuple(requests),
        progress=progress,
        scans=scans,
    )


def looked(board: Board, vault: str, held: HeldInfo, conflicts: Sequence[ConflictInfo]) -> Board:
    """The node has told what waits for a person in one vault."""
    return replace(
        board,
        held={**board.held, vault: held},
        conflicts={**board.conflicts, vault: tuple(conflicts)},
    )


def lost(board: Board, why: str) -> Board:
    """The node does not answer any more, or none was found."""
    return replace(board, contact=Contact.LOST, why=why, transfers=(), scans={}, progress={})


def measured(board: Board, sample: TrafficSample) -> Board:
    """The node has told what moved."""
    seconds = sample.elapsed_ms / 1000
    rate = Rate(sample.sent / seconds, sample.received / seconds)
    return replace(board, rates=(*board.rates[1 - SAMPLES_KEPT :], rate), transfers=sample.transfers)


def heard(board: Board, timed: TimedEvent) -> Board:
    """Something happened."""
    event = timed.event
    said = board.activity.with_event(event, timed.at_ms, vault_name=board.vault_name, peer_name=board.peer_name)
    board = replace(board, events_to=timed.number, activity=said)
    match event:
        case ScanProgressed():
            scans = {**board.scans, event.vault: event.files}
            if event.done:
                del scans[event.vault]
            return replace(board, scans=scans)
        case SyncProgressed():
            progress = dict(board.progress)
            progress.pop(event.vault, None)
            if event.pending:
                before = board.progress.get(event.vault)
                progress[event.vault] = _progressed(before, event.pending, event.wanted_bytes)
            return replace(board, progress=progress)
        case PeerStateChanged():
            return _with_peer(board, event)
        case VaultStateChanged():
            return _with_vault(board, event)
        case PeerPaired():
            return replace(board, paired=(*board.paired, event))
    return board


def asks_for_status(event: Event) -> bool:
    """Whether what happened changes more of the status than the event itself tells."""
    match event:
        case ScanProgressed():
            return event.done
        case SyncProgressed():
            return event.pending == 0
        case _:
            return True


def asks_for_a_look(event: Event) -> str | None:
    """The vault in which there may be something new for a person to decide, or something less; None for none."""
    match event:
        case DeletionHeld() | VaultStateChanged(state="ready"):
            return event.vault
        case ChangeApplied() if event.action in ("merged", "conflict") or _is_copy(event.path):
            return event.vault
        case ChangeObserved() if _is_copy(event.path):
            return event.vault
        case _:
            return None


def ids_in(event: Event) -> set[str]:
    """The vault and the device that it is about."""
    return {found for name in ("vault", "peer") if (found := getattr(event, name, ""))}


def _is_copy(path: str) -> bool:
    return " (conflict " in path


def _progressed(before: Progress | None, pending: int, wanted_bytes: int) -> Progress:
    most = max(pending, before.most_pending if before is not None else 0)
    return Progress(most, pending, wanted_bytes)


def _with_peer(board: Board, event: PeerStateChanged) -> Board:
    if board.status is None:
        return board
    peers = tuple(
        replace(peer, state=event.state, reason=event.reason) if peer.id == event.peer else peer
        for peer in board.status.peers
    )
    return replace(board, status=replace(board.status, peers=peers))


def _with_vault(board: Board, event: VaultStateChanged) -> Board:
    if board.status is None:
        return board
    vaults = tuple(
        replace(vault, state=event.state, reason=event.reason) if vault.id == event.vault else vault
        for vault in board.status.vaults
    )
    return replace(board, status=replace(board.status, vaults=vaults))
