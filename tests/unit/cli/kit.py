"""Values as a node would give them, with only what a test cares about."""

from __future__ import annotations

import io

from rich.console import Console

from vaultsync.daemon.status import NodeInfo, PeerInfo, PeerVaultInfo, Status, VaultInfo

NOW_MS = 1_800_000_000_000
VAULT = "v" * 26
PEER = "p" * 52


class Names:
    """Everything has the name that a test gave it."""

    def vault(self, vault_id: str) -> str:
        return {VAULT: "notes"}.get(vault_id, vault_id)

    def peer(self, node_id: str) -> str:
        return {PEER: "Phone"}.get(node_id, node_id)


def vault(
    *, state: str = "ready", reason: str = "", pending: int = 0, wanted_bytes: int = 0, digest: str = "ab12" * 16
) -> VaultInfo:
    return VaultInfo(
        id=VAULT,
        name="notes",
        root="/home/me/notes",
        role="member",
        state=state,
        reason=reason,
        watching="",
        files=1234,
        folders=12,
        bytes=3_400_000,
        deleted=0,
        blocked=0,
        unselected=0,
        digest=digest,
        sequence=1246,
        pending=pending,
        wanted_bytes=wanted_bytes,
        trouble_count=0,
        troubles=(),
    )


def peer(
    name: str = "Phone",
    *,
    state: str = "connected",
    reason: str = "",
    wanted: bool = True,
    in_sync: bool = True,
    unsent: int = 0,
) -> PeerInfo:
    return PeerInfo(
        id=PEER,
        name=name,
        hostname="phone.local",
        state=state,
        reason=reason,
        wanted=wanted,
        address="192.0.2.7:4444" if state == "connected" else "",
        latency_ms=3.4 if state == "connected" else None,
        added=NOW_MS - 10_000_000,
        last_seen=NOW_MS - 7_200_000,
        last_sync=NOW_MS - 7_200_000,
        addresses=("192.0.2.7:4444",),
        vaults=(PeerVaultInfo(VAULT, "notes", "member", in_sync, NOW_MS - 2_000 if in_sync else None, unsent),),
    )


def status(*vaults: VaultInfo, peers: tuple[PeerInfo, ...] = ()) -> Status:
    node = NodeInfo("n" * 52, "Laptop", "0.1.0", 4711, NOW_MS - 3_600_000, ("192.0.2.5:4444",))
    return Status(node, vaults, peers)


def printer(width: int = 80) -> tuple[Console, io.StringIO]:
    """A console without colours, and what it has printed."""
    out = io.StringIO()
    return Console(file=out, width=width, highlight=False, markup=False, emoji=False), out
