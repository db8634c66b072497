"""What happens in a node, as values: shown by the command line and the dashboard, logged, sent over the API."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ScanProgressed:
    """The vault is being looked through."""

    vault: str
    files: int
    done: bool


@dataclass(frozen=True, slots=True)
class ChangeObserved:
    """Something changed on this device's disk."""

    vault: str
    path: str
    action: str
    """`created`, `edited`, `deleted`, `moved`."""
    moved_from: str = ""
    """Where it was before, if it moved here."""
    moved_to: str = ""
    """Where it is now, if it moved away."""


@dataclass(frozen=True, slots=True)
class ChangeApplied:
    """A peer's change is on this device's disk."""

    vault: str
    path: str
    action: str
    peer: str
    """Its node id, or empty if it arose here (a conflict copy)."""
    because: str
    moved_from: str = ""
    """Where it was before, if it moved here."""
    moved_to: str = ""
    """Where it is now, if it moved away."""


@dataclass(frozen=True, slots=True)
class SyncProgressed:
    """How much is still to be fetched or applied."""

    vault: str
    pending: int
    """Paths."""
    wanted_bytes: int


@dataclass(frozen=True, slots=True)
class ProvenInSync:
    """Both indexes were compared and are equal."""

    vault: str
    peer: str
    digest: str


@dataclass(frozen=True, slots=True)
class IndexesDiffer:
    """Both indexes were compared and differ; everything is sent again."""

    vault: str
    peer: str


@dataclass(frozen=True, slots=True)
class TroubleChanged:
    """A path can't be synced, or can again (`reason` is empty)."""

    vault: str
    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class DeletionHeld:
    """So much disappeared at once that a person must say whether it was meant."""

    vault: str
    count: int
    """Files and folders that are held."""
    cause: str


@dataclass(frozen=True, slots=True)
class VaultStateChanged:
    """The vault went offline, came back, or stopped; `reason` in words."""

    vault: str
    state: str
    """`scanning`, `ready`, `offline`, `stopped`."""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PeerStateChanged:
    """A connection came or went."""

    peer: str
    name: str
    state: str
    """`disconnected`, `connecting`, `connected`, `syncing`."""
    reason: str = ""
    before: str = ""
    """The state that it was in until now."""


@dataclass(frozen=True, slots=True)
class PeerPaired:
    """A ticket was used: the two devices now know each other."""

    peer: str
    name: str
    vault: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JoinRequested:
    """A device without a good ticket asks to be let in. Its name is what it says; its id is proven."""

    vault: str
    peer: str
    name: str
    address: str


@dataclass(frozen=True, slots=True)
class ChangesRefused:
    """A device that may only receive has sent changes. They stay on it."""

    vault: str
    peer: str
    paths: tuple[str, ...]
    """The first few of them."""
    count: int


@dataclass(frozen=True, slots=True)
class MemberJoined:
    """A device belongs to a vault now, or has another role in it."""

    vault: str
    peer: str
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class MemberRemoved:
    """A device belongs to a vault no more."""

    vault: str
    peer: str
    name: str


@dataclass(frozen=True, slots=True)
class OwnRoleChanged:
    """Another member has changed what this device may do in a vault; `solo`: it was removed."""

    vault: str
    role: str


@dataclass(frozen=True, slots=True)
class EventsMissed:
    """Whoever listens has missed something that is not remembered any more: what it knows may be out of date."""

    after: int
    """The last event that it had."""
    oldest: int
    """The next that it gets."""


Event = (
    ScanProgressed
    | ChangeObserved
    | ChangeApplied
    | SyncProgressed
    | ProvenInSync
    | IndexesDiffer
    | TroubleChanged
    | DeletionHeld
    | VaultStateChanged
    | PeerStateChanged
    | PeerPaired
    | JoinRequested
    | ChangesRefused
    | MemberJoined
    | MemberRemoved
    | OwnRoleChanged
    | EventsMissed
)
