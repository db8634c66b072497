"""What workers tell the application and its screens. Every one is something that has happened."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from vaultsync.client.client import NodeClient
from vaultsync.client.values import Event, JoinInfo, JoinPreview, NewTicket, Status, TicketInfo, TrafficSample
from vaultsync.errors import VaultsyncError


@dataclass
class NodeFound(Message):
    """A node answers."""

    client: NodeClient


@dataclass
class NodeLost(Message):
    """No node answers (any more)."""

    error: VaultsyncError


@dataclass
class StatusCame(Message):
    status: Status


@dataclass
class EventsCame(Message):
    """Events with their numbers, in order."""

    events: list[tuple[int, Event]]
    now_ms: int | None
    """When, as Unix time in ms; None if they were before the dashboard listened."""


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
class JoinedVault(Message):
    joined: JoinInfo
