"""The node's state as values, read between the engines' steps."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from itertools import islice
from typing import Final

from vaultsync import __version__
from vaultsync.daemon.events import ChangesRefused
from vaultsync.daemon.peers import Peer
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.service import Node
from vaultsync.daemon.status import NodeInfo, PeerInfo, PeerVaultInfo, RefusedInfo, Status, Trouble, VaultInfo
from vaultsync.daemon.vaults import VaultService
from vaultsync.errors import VaultsyncError
from vaultsync.model.ids import VaultId
from vaultsync.model.records import State
from vaultsync.store.totals import Counts

MAX_TROUBLES: Final = 100
_NO_COUNTS: Final = Counts()


@dataclass(frozen=True, slots=True)
class _Exchange:
    """A vault's conversation with one connected peer."""

    in_sync: bool
    proven: int | None
    unsent: int


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one vault's engine says of itself."""

    counts: Counts = _NO_COUNTS
    digest: str = ""
    sequence: int = 0
    pending: int = 0
    wanted_bytes: int = 0
    trouble_count: int = 0
    troubles: tuple[Trouble, ...] = ()
    exchanges: tuple[tuple[bytes, _Exchange], ...] = ()
    held: int = 0
    held_cause: str = ""


async def status_of(node: Node) -> Status:
    """Everything about the node at one moment; each vault at one moment of its own."""
    readings = {vault: await _read(service) for vault, service in list(node.vaults.items())}
    return Status(
        NodeInfo(
            id=str(node.node_id),
            name=node.config.name,
            version=__version__,
            pid=os.getpid(),
            started=node.started_ms,
            addresses=tuple(str(address) for address in node.endpoint.addresses),
            mdns_problem=node.surroundings.mdns_problem,
            database_problem=node.database.problem,
        ),
        tuple([await _with_sharing(node, node.vaults[vault], reading) for vault, reading in readings.items()]),
        tuple(_peer_info(node, peer, readings) for peer in node.peers.get_peers()),
    )


async def vault_info(node: Node, service: VaultService) -> VaultInfo:
    """One vault."""
    return await _with_sharing(node, service, await _read(service))


async def _with_sharing(node: Node, service: VaultService, reading: _Reading) -> VaultInfo:
    try:
        withheld = await node.withheld(service)
    except VaultsyncError:
        # The engine ended while it was asked: the vault's state tells why.
        withheld = []
    return replace(
        _vault_info(service, reading),
        notices=tuple(filter(None, (*service.notices, node.database.problem))),
        withheld_count=len(withheld),
        withheld=tuple(withheld[:MAX_TROUBLES]),
        refused=_refused(node, service.vault),
    )


def _refused(node: Node, vault: VaultId) -> tuple[RefusedInfo, ...]:
    """What observers have sent last, of those that still are observers."""
    observers = {
        str(peer.record.node_id): peer.record.name
        for peer in node.peers.get_peers()
        if peer.record.role_in(vault) == "observer"
    }
    latest = {
        event.peer: (number, event)
        for number, event in (node.bus.kept() if observers else ())
        if isinstance(event, ChangesRefused) and event.vault == str(vault) and event.peer in observers
    }
    return tuple(
        RefusedInfo(peer, observers[peer], event.count, event.paths, node.bus.time_of(number) or 0)
        for peer, (number, event) in latest.items()
    )


async def _read(service: VaultService) -> _Reading:
    engine = service.engine
    if engine is None:
        return _Reading()
    try:
        return await engine.read(_reading)
    except VaultsyncError:
        # The engine ended while it was asked: the vault's state tells why.
        return _Reading()


def _reading(replica: Replica) -> _Reading:
    state = replica.state
    sequence = state.store.index.sequence
    held = state.store.index.in_state(State.HELD) if state.store.index.counts().held else []
    return _Reading(
        counts=state.store.index.counts(),
        digest=state.store.index.digest.hex(),
        sequence=sequence,
        pending=len(state.offers),
        wanted_bytes=state.wants.total_bytes,
        trouble_count=len(state.troubles),
        troubles=tuple(Trouble(path, why) for path, why in islice(sorted(state.troubles.items()), MAX_TROUBLES)),
        exchanges=tuple(
            (peer, _Exchange(session.in_sync, session.proven_at_ms, max(0, sequence - session.acked)))
            for peer, session in state.sessions.items()
        ),
        held=len(held),
        held_cause=held[0].reason if held else "",
    )


def _vault_info(service: VaultService, reading: _Reading) -> VaultInfo:
    record, counts = service.record, reading.counts
    return VaultInfo(
        id=str(record.vault_id),
        name=record.name,
        root=str(record.root),
        role=record.role,
        state=service.state,
        reason=service.reason,
        watching=service.watching,
        files=counts.files,
        folders=counts.folders,
        bytes=counts.bytes,
        deleted=counts.deleted,
        blocked=counts.blocked,
        unselected=counts.unselected,
        digest=reading.digest,
        sequence=reading.sequence,
        pending=reading.pending,
        wanted_bytes=reading.wanted_bytes,
        trouble_count=reading.trouble_count,
        troubles=reading.troubles,
        held=reading.held,
        held_cause=reading.held_cause,
        notices=tuple(service.notices),
        sync=service.settings.sync,
        removed_by=record.removed_by or "",
        removed_at=record.removed_at,
    )


def _peer_info(node: Node, peer: Peer, readings: dict[VaultId, _Reading]) -> PeerInfo:
    record, link = peer.record, peer.link
    shared = tuple(
        _shared_vault(node, peer, membership.vault, membership.role, readings.get(membership.vault))
        for membership in record.memberships
    )
    proven = max((vault.proven for vault in shared if vault.proven is not None), default=None)
    return PeerInfo(
        id=str(record.node_id),
        name=record.name,
        hostname=record.hostname,
        state=peer.state.value,
        reason=peer.reason,
        wanted=peer.wanted,
        address="" if link is None else str(link.connection.address),
        latency_ms=None if link is None else link.connection.latency_ms,
        added=record.added_at,
        last_seen=record.last_seen,
        last_sync=proven if proven is not None else record.last_sync_at,
        addresses=tuple(address.address for address in record.addresses),
        vaults=shared,
    )


def _shared_vault(node: Node, peer: Peer, vault: VaultId, role: str, reading: _Reading | None) -> PeerVaultInfo:
    service = node.vaults.get(vault)
    link = peer.link
    exchanged = link is None or link.theirs is None or vault in link.shared
    found = dict(reading.exchanges).get(peer.record.node_id.raw) if reading is not None and exchanged else None
    return PeerVaultInfo(
        id=str(vault),
        name=service.record.name if service is not None else vault.short,
        role=role,
        in_sync=found is not None and found.in_sync,
        proven=None if found is None else found.proven,
        unsent=0 if found is None else found.unsent,
        exchanged=exchanged,
    )
