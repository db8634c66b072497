"""What a node tells of itself: one snapshot, made by `server/`, read by everybody who asks it.

These values are the API's answers. Times are Unix ms; ids are in their text form; absent times are None.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MDNS_OFF: Final = "Switched off in the configuration."
"""The `mdns_problem` that is none: a person wants it so."""


@dataclass(frozen=True, slots=True)
class NodeInfo:
    id: str
    name: str
    """What other devices call this one."""
    version: str
    pid: int
    started: int
    addresses: tuple[str, ...]
    """Where it listens, `host:port`, best first."""
    mdns_problem: str = ""
    """Why devices on the local network are not found by themselves, in words; empty if they are."""
    database_problem: str = ""
    """Why what this device learns of the others can't be stored, in words; empty if it can."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A path that can't be synced now."""

    path: str
    reason: str


@dataclass(frozen=True, slots=True)
class RefusedInfo:
    """Changes of a device that only receives, which this one has not taken. They stay on it."""

    peer: str
    peer_name: str
    count: int
    paths: tuple[str, ...]
    """The first few of them."""
    at: int
    """When it sent them last."""


@dataclass(frozen=True, slots=True)
class VaultInfo:
    id: str
    name: str
    root: str
    role: str
    """This device's own: member, observer or solo."""
    state: str
    """`opening`, `scanning`, `ready`, `offline`, `failed` or `stopped`."""
    reason: str
    """Why it is offline or has failed, in words."""
    watching: str
    """Why changes may be seen late, in words; empty if the folder is watched."""
    files: int
    folders: int
    bytes: int
    deleted: int
    """Deleted paths that are remembered."""
    blocked: int
    unselected: int
    digest: str
    """Of the whole index, hex: equal on two devices exactly if both have the same; empty while it is offline."""
    sequence: int
    pending: int
    """Paths offered by peers and not applied yet."""
    wanted_bytes: int
    """Contents still to be fetched."""
    trouble_count: int
    troubles: tuple[Trouble, ...]
    """The first of them by path, at most 100."""
    held: int = 0
    """Deletions of files and folders that wait for a person's word."""
    held_cause: str = ""
    """What makes them wait, in words."""
    notices: tuple[str, ...] = ()
    """What a person should know about this folder or device, in sentences."""
    withheld_count: int = 0
    """Notes that this device has changed and, being an observer, keeps to itself; at most 1,000."""
    withheld: tuple[str, ...] = ()
    """The first of them, at most 100."""
    refused: tuple[RefusedInfo, ...] = ()
    """Observers whose changes were not taken here lately, since this node was started."""
    sync: bool = True
    """Whether this device exchanges anything of it with others; false: a person has switched it off."""
    removed_by: str = ""
    """The member that has removed this device from it, until a person has taken note or it is let in again."""
    removed_at: int | None = None
    """When that was, by that member's clock."""


@dataclass(frozen=True, slots=True)
class PeerVaultInfo:
    """One vault that is shared with a peer."""

    id: str
    name: str
    role: str
    """The peer's."""
    in_sync: bool
    """Both indexes were compared, are equal, and nothing has happened since."""
    proven: int | None
    """When they were last proven equal."""
    unsent: int
    """Updates of this device's index that the peer has not confirmed yet; 0 while it is not connected."""
    exchanged: bool = True
    """Whether the present connection is about this vault: false if one side has switched its sync off, or can't."""


@dataclass(frozen=True, slots=True)
class PeerInfo:
    id: str
    name: str
    hostname: str
    state: str
    """`disconnected`, `connecting`, `connected` or `syncing`."""
    reason: str
    """Why it is not connected, in words."""
    wanted: bool
    """Whether a connection is kept up."""
    address: str
    """Where it is connected, or empty."""
    latency_ms: float | None
    added: int
    last_seen: int | None
    last_sync: int | None
    addresses: tuple[str, ...]
    vaults: tuple[PeerVaultInfo, ...]


@dataclass(frozen=True, slots=True)
class Status:
    node: NodeInfo
    vaults: tuple[VaultInfo, ...]
    peers: tuple[PeerInfo, ...]
