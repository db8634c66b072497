"""Badges: what a state is called, its symbol and its colour. No colour says what the word does not say too."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from vaultsync.client import words
from vaultsync.client.values import PeerInfo, VaultInfo


class Tone(StrEnum):
    """What a colour stands for; the values are the theme's names."""

    PLAIN = "$foreground"
    DIM = "$text-muted"
    GOOD = "$text-success"
    BUSY = "$text-warning"
    BAD = "$text-error"


@dataclass(frozen=True, slots=True)
class Badge:
    symbol: str
    word: str
    tone: Tone


SYNCED = Badge("●", "synced", Tone.GOOD)
SYNCING = Badge("◐", "syncing", Tone.BUSY)
PENDING = Badge("◌", "pending", Tone.BUSY)
CONNECTING = Badge("◌", "connecting", Tone.BUSY)
FAILING = Badge("✖", "failing", Tone.BAD)
OFF = Badge("○", "off", Tone.DIM)
AWAY = Badge("◌", "away", Tone.BUSY)


def peer_badge(peer: PeerInfo) -> Badge:
    """Green synced, yellow pending or syncing, red failing."""
    match peer.state:
        case "connected" | "syncing":
            if all(vault.in_sync for vault in peer.vaults):
                return SYNCED
            return PENDING if any(vault.unsent for vault in peer.vaults) else SYNCING
        case "connecting":
            return FAILING if peer.reason else CONNECTING
    if not peer.wanted:
        return OFF
    return FAILING if peer.reason else AWAY


def vault_badge(vault: VaultInfo, peers: Sequence[PeerInfo]) -> Badge:
    """The same for a vault; a vault on this device alone is not synced with anything."""
    match vault.state:
        case "offline" | "failed":
            return Badge("✖", vault.state, Tone.BAD)
        case "opening" | "stopped":
            return Badge("○", vault.state, Tone.DIM)
        case "scanning":
            return Badge("◌", "scanning", Tone.BUSY)
    if not vault.sync:
        return Badge("○", "sync off", Tone.BUSY)
    others = words.shared_with(vault, peers)
    if vault.pending:
        return SYNCING
    if not others:
        return Badge("○", "alone", Tone.DIM)
    if all(shared.in_sync for _, shared in others):
        return SYNCED
    if any(peer.state in ("connected", "syncing") and not shared.in_sync for peer, shared in others):
        return SYNCING
    return PENDING


_LOCAL: Final = tuple(
    ipaddress.ip_network(network)
    # RFC 1918, RFC 6598 (also what overlay networks use) and RFC 4193.
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)


def route(address: str) -> str:
    """Over what kind of path a peer is reached: `this computer`, `LAN` or `direct`; empty for no address."""
    host = address.rpartition(":")[0].strip("[]").partition("%")[0]
    if not host:
        return ""
    try:
        found = ipaddress.ip_address(host)
    except ValueError:
        return "direct"
    if found.is_loopback:
        return "this computer"
    near = found.is_link_local or any(found in network for network in _LOCAL if network.version == found.version)
    return "LAN" if near else "direct"
