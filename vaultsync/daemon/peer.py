"""A paired device, as this node sees it now."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from vaultsync.daemon.link import Link
from vaultsync.errors import CloseCode
from vaultsync.store.peers import PeerRecord
from vaultsync.sync.reconnect import ReconnectPolicy

MAX_SIGHTINGS: Final = 8
"""Addresses at which a peer was seen on the local network and that are tried."""


class PeerState(StrEnum):
    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    SYNCING = "syncing"


@dataclass(slots=True)
class Peer:
    """A paired device, and the connection to it that is kept or sought."""

    record: PeerRecord
    state: PeerState = PeerState.DISCONNECTED
    reason: str = ""
    """Why it is not connected, in words."""
    link: Link | None = None
    since_s: float = 0.0
    """Loop time at which the link came to be."""
    joined: bool = False
    """Whether a ticket was used on the link's connection."""
    synced_ms: int | None = None
    """When nothing was left to exchange, in Unix ms, if that was during this conversation; stored at its end."""
    policy: ReconnectPolicy = field(default_factory=ReconnectPolicy)
    wanted: bool = True
    """Whether a connection is to be kept: auto-connect, or asked for by a person."""
    paused: bool = False
    """A person has disconnected it: nor is it let in, until they connect it or the node starts anew."""
    removed: bool = False
    dialing: bool = False
    """Whether it is being dialed, or talked to over the connection that came of that."""
    ended: CloseCode = CloseCode.NORMAL
    """How the last conversation ended."""
    hurry: bool = False
    """Whether to dial at once when the link, which is being ended, is gone."""
    shunned_until_s: float = 0.0
    """Loop time until which it is not talked to."""
    sightings: tuple[str, ...] = ()
    """Where it was last seen on the local network; not stored, since it means nothing on another network."""
    sighted_s: float = float("-inf")
    """Loop time at which it was last dialed for being seen there."""
    nudge: asyncio.Event = field(default_factory=asyncio.Event)
    """Set to dial now."""
    free: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while there is no link."""
    task: asyncio.Task[None] | None = None

    def hurry_up(self) -> None:
        """The link is about to be ended: dial again as soon as it is gone."""
        self.hurry = True
        self.nudge.set()

    def dial_now(self) -> None:
        """Something has changed: the next dial, if one is wanted, is at once."""
        self.policy.reset()
        if self.link is None:
            self.nudge.set()
