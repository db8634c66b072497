"""Asking a vault's engine, and the members' names."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from vaultsync.daemon.engine import Engine
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.replica.state import Effects
from vaultsync.daemon.service import Node
from vaultsync.daemon.vaults import VaultService
from vaultsync.errors import VaultOfflineError
from vaultsync.model.ids import NodeId

T = TypeVar("T")


def engine_of(service: VaultService) -> Engine:
    """`VaultOfflineError` if the vault cannot be asked now."""
    if service.engine is None:
        why = service.reason or f"it is {service.state}"
        raise VaultOfflineError(f"The vault {service.record.name} cannot be asked now: {why}")
    return service.engine


async def act(service: VaultService, step: Callable[[Replica, int], tuple[T, Effects]]) -> T:
    """Do what a person asked for, and give what came of it."""
    results: list[T] = []

    def noted(replica: Replica, now_ms: int) -> Effects:
        result, effects = step(replica, now_ms)
        results.append(result)
        return effects

    await engine_of(service).act(noted)
    return results[0]


def members(node: Node, service: VaultService) -> dict[NodeId, str]:
    """The other devices that share the vault, with their names."""
    known = [peer.record for peer in node.peers.get_peers()]
    return {record.node_id: record.name for record in known if record.role_in(service.vault) is not None}


def names(node: Node) -> dict[bytes, str]:
    """The names of all devices that this node knows, itself included, by node id."""
    found = {peer.record.node_id.raw: peer.record.name for peer in node.peers.get_peers()}
    return {**found, node.node_id.raw: node.config.name}
