"""What has happened lately, as lines for a person, gathered where there are too many to read. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from vaultsync.client import words
from vaultsync.client.values import (
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
    TroubleChanged,
    VaultStateChanged,
)
from vaultsync.tui.tone import Tone

KEPT: Final = 200
"""Lines."""

BURST: Final = 6
"""Changes of one vault in one direction that are told singly before they are gathered into one line."""

BURST_MS: Final = 3_000
"""How close together changes are gathered."""

Name = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Entry:
    """One line."""

    at_ms: int | None
    """Unix time in ms; None if nobody knows any more."""
    sign: str
    text: str
    tone: Tone = Tone.PLAIN
    stream: str = ""
    """What it may be gathered with: a vault and a direction."""
    count: int = 1
    """How many changes it stands for."""


@dataclass(frozen=True, slots=True)
class ActivityLog:
    """The newest entry comes first."""

    entries: tuple[Entry, ...] = ()

    def with_event(self, event: Event, at_ms: int | None, *, vault_name: Name, peer_name: Name) -> ActivityLog:
        """The log after `event`; unchanged if that is nothing to tell."""
        if at_ms is None and self.entries:
            # Of a great many at once the node forgets the times; it was not before what came before.
            at_ms = self.entries[0].at_ms
        entry = _entry(event, at_ms, vault_name, peer_name)
        if entry is None:
            return self
        if isinstance(event, ChangeApplied | ChangeObserved) and _is_burst(self.entries, entry):
            # The first gathered line takes the place of the last single one.
            count = self.entries[0].count + 1
            text = f"{words.count(count, 'more change')} in {vault_name(event.vault)}, last {entry.text}"
            return ActivityLog((replace(entry, text=text, count=count), *self.entries[1:]))
        return ActivityLog((entry, *self.entries[: KEPT - 1]))


def _is_burst(entries: tuple[Entry, ...], entry: Entry) -> bool:
    if not entry.stream or not entries or entries[0].stream != entry.stream or _apart(entries[0], entry):
        return False
    if entries[0].count > 1:
        return True
    latest = entries[:BURST]
    return len(latest) == BURST and all(e.stream == entry.stream for e in latest) and not _apart(latest[-1], entry)


def _apart(before: Entry, now: Entry) -> bool:
    if before.at_ms is None or now.at_ms is None:
        return before.at_ms is not now.at_ms
    return now.at_ms - before.at_ms > BURST_MS


def _entry(event: Event, at_ms: int | None, vault_name: Name, peer_name: Name) -> Entry | None:
    match event:
        case ChangeObserved():
            return Entry(at_ms, "→", f"{event.path} {event.action} here", stream=f"{event.vault} out")
        case ChangeApplied():
            who = f"by {peer_name(event.peer)}" if event.peer else "here"
            tone = Tone.BUSY if event.action in ("merged", "conflict") else Tone.PLAIN
            why = f" ({event.because})" if event.because and tone is Tone.BUSY else ""
            stream = f"{event.vault} in" if tone is Tone.PLAIN else ""
            return Entry(at_ms, "←", f"{event.path} {event.action} {who}{why}", tone, stream)
        case ProvenInSync():
            text = f"{vault_name(event.vault)} is in sync with {peer_name(event.peer)}"
            return Entry(at_ms, "✓", text, Tone.GOOD)
        case IndexesDiffer():
            text = f"{vault_name(event.vault)} differs from {peer_name(event.peer)}; comparing everything"
            return Entry(at_ms, "!", text, Tone.BUSY)
        case TroubleChanged():
            if event.reason:
                return Entry(at_ms, "!", f"{event.path}: {event.reason}", Tone.BAD)
            return Entry(at_ms, "✓", f"{event.path}: no trouble any more", Tone.GOOD)
        case DeletionHeld():
            held = words.count(event.count, "deletion")
            return Entry(at_ms, "!", f"{vault_name(event.vault)}: {held} held. {event.cause}", Tone.BAD)
        case VaultStateChanged():
            return _vault_entry(event, at_ms, vault_name)
        case PeerStateChanged():
            return _peer_entry(event, at_ms)
        case PeerPaired():
            text = f"paired with {event.name}: {' '.join(event.words)}"
            return Entry(at_ms, "✓", text, Tone.GOOD)
        case JoinRequested() | ChangesRefused() | MemberJoined() | MemberRemoved() | OwnRoleChanged():
            return _member_entry(event, at_ms, vault_name, peer_name)
        case ScanProgressed():
            if not event.done:
                return None
            text = f"{vault_name(event.vault)} looked through: {words.count(event.files, 'file')}"
            return Entry(at_ms, "·", text, Tone.DIM)
        case _:
            return None


def _member_entry(
    event: JoinRequested | ChangesRefused | MemberJoined | MemberRemoved | OwnRoleChanged,
    at_ms: int | None,
    vault_name: Name,
    peer_name: Name,
) -> Entry:
    vault = vault_name(event.vault)
    match event:
        case JoinRequested():
            return Entry(at_ms, "?", f"{event.name} asks to join {vault}", Tone.BUSY)
        case ChangesRefused():
            what = words.count(event.count, "change")
            text = f"{what} of {peer_name(event.peer)} refused: it only receives {vault}"
            return Entry(at_ms, "!", text, Tone.BUSY)
        case MemberJoined():
            return Entry(at_ms, "✓", f"{event.name} {_does(event.role)} {vault}", Tone.GOOD)
        case MemberRemoved():
            return Entry(at_ms, "○", f"{event.name} belongs to {vault} no more", Tone.DIM)
        case OwnRoleChanged(role="solo"):
            return Entry(at_ms, "!", f"this device was removed from {vault}; its notes stay here", Tone.BAD)
        case OwnRoleChanged():
            return Entry(at_ms, "!", f"this device now {_does(event.role)} {vault}", Tone.BUSY)


def _does(role: str) -> str:
    return "only receives" if role == "observer" else "can edit"


def _vault_entry(event: VaultStateChanged, at_ms: int | None, vault_name: Name) -> Entry | None:
    if event.state in ("scanning", "ready", "opening"):
        return None
    why = f": {event.reason}" if event.reason else ""
    tone = Tone.BAD if event.state in ("offline", "failed") else Tone.DIM
    return Entry(at_ms, "!" if tone is Tone.BAD else "·", f"{vault_name(event.vault)} is {event.state}{why}", tone)


def _peer_entry(event: PeerStateChanged, at_ms: int | None) -> Entry | None:
    if event.state in ("connecting", "syncing") or (event.before, event.state) == ("syncing", "connected"):
        return None
    if event.state == "connected":
        return Entry(at_ms, "●", f"{event.name} is connected", Tone.GOOD)
    why = f": {event.reason}" if event.reason else ""
    return Entry(at_ms, "○", f"{event.name} is not connected{why}", Tone.DIM)
