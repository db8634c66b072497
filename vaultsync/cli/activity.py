"""A node's events as lines for a person, thinned out where there are too many to read. Pure; time is an argument."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Literal

from vaultsync.cli.presenter import Names
from vaultsync.client import words
from vaultsync.daemon.events import (
    ChangeApplied,
    ChangeObserved,
    ChangesRefused,
    DeletionHeld,
    Event,
    IndexesDiffer,
    JoinRequested,
    MemberJoined,
    MemberRemoved,
    OwnRoleChanged,
    PeerPaired,
    PeerStateChanged,
    ProvenInSync,
    ScanProgressed,
    SyncProgressed,
    TroubleChanged,
    VaultStateChanged,
)

Style = Literal["plain", "good", "dim", "warning"]

BURST: Final = 8
"""Changes of one vault in one direction that are told singly within `BURST_S`; then only how many there were."""
BURST_S: Final = 2.0

BULK: Final = 20
"""Paths still to be synced from which on a bar is shown and single changes are not."""


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    style: Style = "plain"


@dataclass(frozen=True, slots=True)
class Bar:
    """Something that takes long."""

    label: str
    done: int
    total: int | None
    """None if nobody knows."""
    note: str = ""


@dataclass(slots=True)
class _Burst:
    began_s: float
    told: int = 0
    untold: int = 0


@dataclass(slots=True)
class _Vault:
    scanning: bool = False
    scanned: bool = False
    found: int = 0
    files: int = 0
    most_pending: int = 0
    pending: int = 0
    wanted_bytes: int = 0
    arrived: Counter[str] = field(default_factory=Counter)
    """While in bulk: how many changes came, by peer."""
    trouble: str = ""
    in_sync: set[str] = field(default_factory=set)


class Activity:
    """Turns events into lines; remembers just enough for that."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._vaults: dict[str, _Vault] = {}
        self._bursts: dict[tuple[str, str], _Burst] = {}
        self._peers: dict[str, tuple[str, str]] = {}

    def lines(self, event: Event, now_s: float) -> list[Line]:
        """What to say of an event."""
        match event:
            case VaultStateChanged():
                return self._vault_state(event)
            case ScanProgressed():
                vault = self._vault(event.vault)
                vault.found = event.files
                if event.done:
                    vault.files = event.files
            case ChangeObserved():
                vault = self._vault(event.vault)
                if not event.moved_to and (vault.scanned or not vault.scanning):
                    return self._change(event.vault, "→", f"{_deed(event)} here", now_s)
            case ChangeApplied():
                return self._applied(event, now_s)
            case SyncProgressed():
                return self._progress(event)
            case ProvenInSync():
                self._vault(event.vault).in_sync.add(event.peer)
                if not self._vault(event.vault).most_pending > BULK:
                    return [self._proven(event.vault, event.peer)]
            case IndexesDiffer():
                text = f"{self._vault_name(event.vault)} differs from {self._names.peer(event.peer)}; comparing it all."
                return [Line(text, "warning")]
            case TroubleChanged():
                reason = event.reason or "no trouble any more"
                return [Line(f"! {event.path}: {reason}", "warning" if event.reason else "plain")]
            case DeletionHeld():
                gone = words.count(event.count, "deletion")
                return [
                    Line(f"{self._vault_name(event.vault)}: {gone} held back. {event.cause}.", "warning"),
                    Line("    Meant? vaultsync approve. Not meant? vaultsync undo --deletions", "warning"),
                ]
            case PeerStateChanged():
                return self._peer_state(event)
            case PeerPaired():
                secret = " ".join(event.words)
                return [
                    Line(f"Paired with {event.name}. Both screens show the same six words:", "good"),
                    Line(f"    {secret}"),
                ]
            case JoinRequested():
                who = f"{event.name or 'A device'} ({event.peer[:10]}, from {event.address})"
                return [
                    Line(f"{who} asks to join {self._vault_name(event.vault)}.", "warning"),
                    Line(f"    vaultsync requests allow {event.peer[:10]}, or deny", "warning"),
                ]
            case ChangesRefused():
                number, peer = words.count(event.count, "change"), self._names.peer(event.peer)
                return [Line(f"{number} of {peer} not taken: it only receives ({', '.join(event.paths)})", "warning")]
            case MemberJoined():
                role = "an observer" if event.role == "observer" else "a member"
                return [Line(f"{event.name} is {role} of {self._vault_name(event.vault)} now.")]
            case MemberRemoved():
                return [Line(f"{event.name} does not belong to {self._vault_name(event.vault)} any more.")]
            case OwnRoleChanged():
                return [Line(self._own_role(event), "warning")]
        return []

    def _own_role(self, event: OwnRoleChanged) -> str:
        name = self._vault_name(event.vault)
        match event.role:
            case "solo":
                return f"This device does not belong to {name} any more. Its notes stay here."
            case "observer":
                return f"This device only receives {name} now. What is changed here stays here."
            case _:
                return f"This device is a member of {name} now."

    def late_lines(self, now_s: float) -> list[Line]:
        """What is to be said because time has passed: how many changes were not told singly."""
        lines = []
        for (vault, sign), burst in list(self._bursts.items()):
            if now_s - burst.began_s >= BURST_S:
                del self._bursts[vault, sign]
                if burst.untold:
                    lines.append(Line(f"{sign} and {words.count(burst.untold, 'more change')}", "dim"))
        return lines

    def bars(self) -> dict[str, Bar]:
        """What is going on now that takes long, by a key."""
        shown: dict[str, Bar] = {}
        for vault_id, vault in self._vaults.items():
            name = self._vault_name(vault_id)
            if vault.scanning and not vault.scanned:
                shown[f"scan {vault_id}"] = Bar(f"Looking through {name}", vault.found, None)
            if vault.most_pending > BULK:
                note = f"{words.size(vault.wanted_bytes)} to fetch" if vault.wanted_bytes else ""
                done = vault.most_pending - vault.pending
                shown[f"sync {vault_id}"] = Bar(f"Syncing {name}", done, vault.most_pending, note)
        return shown

    def _vault(self, vault_id: str) -> _Vault:
        return self._vaults.setdefault(vault_id, _Vault())

    def _vault_name(self, vault_id: str) -> str:
        return self._names.vault(vault_id)

    def _vault_state(self, event: VaultStateChanged) -> list[Line]:
        vault, name = self._vault(event.vault), self._vault_name(event.vault)
        had_trouble, vault.trouble = vault.trouble, ""
        match event.state:
            case "scanning":
                vault.scanning, vault.found = True, 0
            case "ready":
                first = not vault.scanned
                vault.scanning, vault.scanned = False, True
                if had_trouble:
                    return [Line(f"{name} is back.", "good")]
                if first:
                    return [Line(f"{name} holds {words.count(vault.files, 'file')}. Watching it for changes.")]
            case "offline" | "failed":
                vault.scanning, vault.scanned, vault.trouble = False, False, event.reason
                vault.in_sync.clear()
                if event.reason != had_trouble:
                    promise = " Nothing is deleted anywhere meanwhile." if event.state == "offline" else ""
                    state = "has stopped" if event.state == "failed" else "is offline"
                    return [Line(f"{name} {state}: {event.reason}{promise}", "warning")]
        if event.state == "scanning":
            vault.trouble = had_trouble
        return []

    def _applied(self, event: ChangeApplied, now_s: float) -> list[Line]:
        vault = self._vault(event.vault)
        peer = self._names.peer(event.peer) if event.peer else "both"
        if vault.most_pending > BULK:
            vault.arrived[peer] += 1
            return []
        if event.moved_to:
            return []
        why = f" ({event.because})" if event.because and event.action in ("merged", "conflict") else ""
        return self._change(event.vault, "←", f"{_deed(event)} by {peer}{why}", now_s)

    def _progress(self, event: SyncProgressed) -> list[Line]:
        vault = self._vault(event.vault)
        vault.pending, vault.wanted_bytes = event.pending, event.wanted_bytes
        if event.pending:
            vault.most_pending = max(vault.most_pending, event.pending)
            return []
        was_bulk, vault.most_pending = vault.most_pending > BULK, 0
        if not was_bulk:
            return []
        lines = [
            Line(f"← {words.count(number, 'change')} from {peer} in {self._vault_name(event.vault)}")
            for peer, number in vault.arrived.items()
        ]
        vault.arrived.clear()
        return lines

    def _change(self, vault_id: str, sign: str, text: str, now_s: float) -> list[Line]:
        burst = self._bursts.get((vault_id, sign))
        lines = []
        if burst is not None and now_s - burst.began_s >= BURST_S:
            if burst.untold:
                lines.append(Line(f"{sign} and {words.count(burst.untold, 'more change')}", "dim"))
            burst = None
        if burst is None:
            burst = self._bursts[vault_id, sign] = _Burst(now_s)
        if burst.told < BURST:
            burst.told += 1
            lines.append(Line(f"{sign} {text}"))
        else:
            burst.untold += 1
        return lines

    def _proven(self, vault_id: str, peer: str) -> Line:
        return Line(f"✓ {self._vault_name(vault_id)} is in sync with {self._names.peer(peer)}.", "good")

    def _peer_state(self, event: PeerStateChanged) -> list[Line]:
        before = self._peers.get(event.peer)
        if event.state == "connecting":
            return []
        self._peers[event.peer] = (event.state, event.reason)
        if before == (event.state, event.reason):
            return []
        if before is not None and {before[0], event.state} <= {"connected", "syncing"}:
            return []
        if event.state == "disconnected":
            for vault in self._vaults.values():
                vault.in_sync.discard(event.peer)
            if before is not None and before[0] == "disconnected" and not event.reason:
                return []
            why = f": {event.reason}" if event.reason else ""
            return [Line(f"{event.name} is not connected{why}", "dim")]
        return [Line(f"{event.name} is connected.", "plain")]


def _deed(event: ChangeObserved | ChangeApplied) -> str:
    if event.moved_from:
        return f"{event.moved_from} moved to {event.path}"
    return f"{event.path} {event.action}"
