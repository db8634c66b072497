"""What moves over the network, as values: the API's answers about it. Times are Unix ms."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TransferInfo:
    """A large file on its way here."""

    vault: str
    path: str
    peer: str
    """Whom it is fetched from: a node id."""
    size: int
    """In bytes."""
    done: int
    """Bytes of it that are here."""


@dataclass(frozen=True, slots=True)
class TrafficSample:
    """What has moved since the sample before."""

    at: int
    elapsed_ms: int
    sent: int
    """Bytes to all peers together."""
    received: int
    """Bytes from all peers together."""
    transfers: tuple[TransferInfo, ...]
