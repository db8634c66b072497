"""The values that the client's methods give: one place for whoever shows them to get them from."""

from __future__ import annotations

from vaultsync.client.streams import TimedEvent
from vaultsync.daemon.config import Places
from vaultsync.daemon.events import (
    ChangeApplied,
    ChangeObserved,
    DeletionHeld,
    Event,
    IndexesDiffer,
    PeerPaired,
    PeerStateChanged,
    ProvenInSync,
    ScanProgressed,
    SyncProgressed,
    TroubleChanged,
    VaultStateChanged,
)
from vaultsync.daemon.recovery import (
    ConflictInfo,
    ExplanationInfo,
    HeldInfo,
    RestoreInfo,
    VersionInfo,
)
from vaultsync.daemon.status import (
    AttemptInfo,
    DeviceConfig,
    JoinInfo,
    JoinPreview,
    NewTicket,
    NodeInfo,
    PeerInfo,
    PeerVaultInfo,
    Status,
    TicketInfo,
    Trouble,
    VaultInfo,
    VaultOptions,
)
from vaultsync.daemon.traffic import TrafficSample, TransferInfo

__all__ = [
    "AttemptInfo",
    "ChangeApplied",
    "ChangeObserved",
    "ConflictInfo",
    "DeletionHeld",
    "DeviceConfig",
    "Event",
    "ExplanationInfo",
    "HeldInfo",
    "IndexesDiffer",
    "JoinInfo",
    "JoinPreview",
    "NewTicket",
    "NodeInfo",
    "PeerInfo",
    "PeerPaired",
    "PeerStateChanged",
    "PeerVaultInfo",
    "Places",
    "ProvenInSync",
    "RestoreInfo",
    "ScanProgressed",
    "Status",
    "SyncProgressed",
    "TicketInfo",
    "TimedEvent",
    "TrafficSample",
    "TransferInfo",
    "Trouble",
    "TroubleChanged",
    "VaultInfo",
    "VaultOptions",
    "VaultStateChanged",
    "VersionInfo",
]
