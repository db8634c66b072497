"""Numbers and states in the words that people read. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from vaultsync.client.times import local

if TYPE_CHECKING:
    from vaultsync.daemon.status import PeerInfo, PeerVaultInfo, VaultInfo

_UNITS: Final = ("bytes", "KB", "MB", "GB", "TB")


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `1,234 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size(count_bytes: int) -> str:
    """`340 bytes`, `3.4 MB`; decimal units, as file managers show."""
    amount, unit = float(count_bytes), 0
    while amount >= 999.5 and unit < len(_UNITS) - 1:
        amount, unit = amount / 1000, unit + 1
    if unit == 0:
        return count(count_bytes, "byte")
    return f"{amount:.1f} {_UNITS[unit]}" if amount < 9.95 else f"{amount:.0f} {_UNITS[unit]}"


def duration(seconds: float) -> str:
    """`40 seconds`, `10 minutes`, `2 hours`, `3 days`: the largest unit that fits, rounded."""
    for unit, name, up_to in ((1, "second", 90), (60, "minute", 120), (3600, "hour", 48)):
        amount = round(seconds / unit)
        if amount < up_to:
            return count(amount, name)
    return count(round(seconds / 86_400), "day")


def ago(then_ms: int | None, now_ms: int) -> str:
    """`just now`, `3 minutes ago`; `never` for no time."""
    if then_ms is None:
        return "never"
    seconds = (now_ms - then_ms) / 1000
    return "just now" if seconds < 10 else f"{duration(seconds)} ago"


def latency(milliseconds: float | None) -> str:
    """A round trip's time."""
    if milliseconds is None:
        return ""
    return "<1 ms" if milliseconds < 1 else f"{milliseconds:.0f} ms"


def short_digest(digest: str) -> str:
    """Enough of a digest to be compared by eye: 48 bits in three groups."""
    return " ".join((digest[0:4], digest[4:8], digest[8:12])) if digest else ""


def holdings(vault: VaultInfo) -> str:
    """What a vault holds."""
    return f"{count(vault.files, 'file')}, {count(vault.folders, 'folder')}, {size(vault.bytes)}"


def removal(vault: VaultInfo) -> str:
    """That another member has removed this device, in a sentence; empty if none has."""
    if not vault.removed_by or vault.removed_at is None:
        return ""
    when = local(vault.removed_at).strftime("%Y-%m-%d %H:%M")
    return f"This device was removed from {vault.name} by {vault.removed_by} on {when}; your notes stay here."


def shared_with(vault: VaultInfo, peers: Sequence[PeerInfo]) -> list[tuple[PeerInfo, PeerVaultInfo]]:
    """The peers that have this vault, with what is known of it there."""
    return [(peer, shared) for peer in peers for shared in peer.vaults if shared.id == vault.id]


def vault_state(vault: VaultInfo, peers: Sequence[PeerInfo]) -> str:
    """How a vault is, in one line."""
    match vault.state:
        case "opening":
            return "opening"
        case "offline" | "failed" | "stopped":
            return f"{vault.state}: {vault.reason}" if vault.reason else vault.state
    if vault.role == "solo":
        by = f": {vault.removed_by} removed this device" if vault.removed_by else ""
        return f"shared with nobody any more{by}"
    if not vault.sync:
        return "sync is switched off on this device"
    others = shared_with(vault, peers)
    in_sync = [peer for peer, shared in others if shared.in_sync]
    connected = [peer for peer, _ in others if is_connected(peer)]
    if vault.pending:
        rest = f", {size(vault.wanted_bytes)} to fetch" if vault.wanted_bytes else ""
        return f"syncing: {count(vault.pending, 'file')} to go{rest}"
    if vault.state == "scanning":
        return "looking through the folder"
    if not others:
        return "not on any other device yet"
    if len(in_sync) == len(others):
        return f"in sync with {in_sync[0].name}" if len(others) == 1 else f"in sync with {len(others)} devices"
    if not connected:
        return "no other device is connected"
    if not any(shared.exchanged for peer, shared in others if peer in connected):
        return "not exchanged now: its sync is switched off elsewhere, or the folder is not there"
    if in_sync:
        return f"in sync with {len(in_sync)} of {len(others)} devices"
    return "syncing" if any(shared.unsent for _, shared in others) else "comparing with the other device"


def is_connected(peer: PeerInfo) -> bool:
    """Whether the two devices talk to each other now."""
    return peer.state in ("connected", "syncing")


def peer_state(peer: PeerInfo) -> str:
    """How the connection to a peer is, in one line."""
    match peer.state:
        case "connected":
            return "connected"
        case "syncing":
            return "syncing"
        case "connecting":
            return "connecting"
        case _:
            if not peer.wanted:
                return "disconnected by hand"
            return f"not connected: {peer.reason}" if peer.reason else "not connected"


def shared_state(peer: PeerInfo, shared: PeerVaultInfo, now_ms: int) -> str:
    """How one vault is at one peer."""
    if shared.in_sync:
        return f"in sync, proven {ago(shared.proven, now_ms)}"
    if peer.state not in ("connected", "syncing"):
        return "waiting for a connection"
    if not shared.exchanged:
        return "not exchanged now: sync is switched off on one side, or the folder is not there"
    return f"{count(shared.unsent, 'change')} not confirmed yet" if shared.unsent else "comparing"
