"""What workers tell the application and its screens. Every one is something that has happened."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from vaultsync.client.recovery import RecoveryClient
from vaultsync.client.values import (
    AttemptInfo,
    ConflictInfo,
    DeviceConfig,
    ExplanationInfo,
    HeldInfo,
    IdentityInfo,
    IgnoreRules,
    JoinInfo,
    JoinPreview,
    NewTicket,
    OpenJoinInfo,
    RequestInfo,
    RestoreInfo,
    Status,
    TicketInfo,
    TimedEvent,
    TrafficSample,
    VaultOptions,
    VersionInfo,
)
from vaultsync.errors import VaultsyncError
from vaultsync.tui.diffing import Line


@dataclass
class NodeFound(Message):
    """A node answers."""

    client: RecoveryClient


@dataclass
class NodeLost(Message):
    """No node answers (any more)."""

    error: VaultsyncError


@dataclass
class StatusCame(Message):
    status: Status
    requests: list[RequestInfo]
    """Devices that ask to be let in."""


@dataclass
class EventsCame(Message):
    """Events in order."""

    events: list[TimedEvent]


@dataclass
class TrafficCame(Message):
    sample: TrafficSample


@dataclass
class RequestDone(Message):
    """What was asked for has been done."""

    said: str
    """What to tell of it, or empty."""


@dataclass
class RequestFailed(Message):
    """The node refused, or could not do, what a person asked for."""

    error: VaultsyncError


@dataclass
class TicketMade(Message):
    made: NewTicket


@dataclass
class TicketsCame(Message):
    """The tickets that can still be used."""

    tickets: list[TicketInfo]


@dataclass
class TicketChecked(Message):
    """The pasted ticket can be used."""

    preview: JoinPreview


@dataclass
class TicketRefused(Message):
    """The pasted ticket can't be used."""

    error: VaultsyncError


@dataclass
class JoinCompared(Message):
    """A ticket was used, and the folder and the vault are compared; nothing is written yet."""

    found: OpenJoinInfo


@dataclass
class JoinedVault(Message):
    joined: JoinInfo


@dataclass
class AttemptsCame(Message):
    """The latest dials of one device, newest first."""

    attempts: list[AttemptInfo]


@dataclass
class PeerRemoved(Message):
    name: str


@dataclass
class ConfigCame(Message):
    """This device's settings, asked for or just changed."""

    config: DeviceConfig
    identity: IdentityInfo | None = None
    """If that was asked for too."""


@dataclass
class OptionsCame(Message):
    """One vault's settings, asked for or just changed."""

    options: VaultOptions
    rules: IgnoreRules | None = None
    """If they were asked for too, and could be read."""


@dataclass
class LookCame(Message):
    """What waits for a person in one vault."""

    vault: str
    held: HeldInfo
    conflicts: list[ConflictInfo]


@dataclass
class NotesFound(Message):
    """What was found for a text."""

    text: str
    paths: list[str]


@dataclass
class VersionsCame(Message):
    path: str
    versions: list[VersionInfo]


@dataclass
class DeletedCame(Message):
    """Deleted notes, the latest first."""

    versions: list[VersionInfo]


@dataclass
class DifferenceCame(Message):
    """The difference of two versions."""

    key: str
    """Of which versions, as whoever asked calls them."""
    title: str
    lines: list[Line]


@dataclass
class RestorePreviewed(Message):
    """What bringing a vault to a time would change."""

    info: RestoreInfo


@dataclass
class SidesCame(Message):
    """Both sides of a conflict."""

    key: str
    mine: bytes | None
    theirs: bytes | None


@dataclass
class ExplanationCame(Message):
    key: str
    explanation: ExplanationInfo


@dataclass
class Decided(Message):
    """A person has ended a matter of a vault."""

    vault: str
    said: str
