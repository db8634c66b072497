"""What a person asks of this device's peers and folders beyond connecting."""

from __future__ import annotations

from fastapi import APIRouter, Response

from vaultsync.server.access import TheNode, find_peer, find_vault
from vaultsync.server.engines import engine_of
from vaultsync.server.models import ChangePeer

router = APIRouter()


@router.post("/sync-now", status_code=202, tags=["node"])
async def sync_now(node: TheNode) -> Response:
    """Look through every folder and dial every wanted peer, now."""
    for service in list(node.vaults.values()):
        if service.engine is not None:
            service.engine.notice(None)
    node.peers.connect_all()
    return Response(status_code=202)


@router.post("/vaults/{vault}/sync-now", status_code=202, tags=["vaults"])
async def sync_vault_now(node: TheNode, vault: str) -> Response:
    """Look through one folder, and dial the devices that share it, now."""
    service = find_vault(node, vault)
    engine_of(service).notice(None)
    for peer in node.peers.get_peers():
        if peer.wanted and peer.record.role_in(service.vault) is not None:
            node.peers.connect_to_peer(peer.record.node_id)
    return Response(status_code=202)


@router.post("/peers/{peer}/sync-now", status_code=202, tags=["peers"])
async def sync_peer_now(node: TheNode, peer: str) -> Response:
    """Look through the folders that are shared with a device, and dial it, now."""
    record = find_peer(node, peer).record
    for vault, service in list(node.vaults.items()):
        if record.role_in(vault) is not None and service.engine is not None:
            service.engine.notice(None)
    node.peers.connect_to_peer(record.node_id)
    return Response(status_code=202)


@router.patch("/peers/{peer}", status_code=204, tags=["peers"])
async def change_peer(node: TheNode, peer: str, request: ChangePeer) -> Response:
    """Rename a device, or change whether a connection to it is kept up."""
    found = find_peer(node, peer).record.node_id
    await node.peers.update_peer(found, name=request.name, auto_connect=request.auto_connect)
    return Response(status_code=204)


@router.post("/peers/{peer}/resync", status_code=202, tags=["peers"])
async def resync(node: TheNode, peer: str) -> Response:
    """Begin the conversation anew: both indexes are exchanged from where they differ, and compared."""
    found = find_peer(node, peer).record.node_id
    node.peers.refresh(found)
    node.peers.connect_to_peer(found)
    return Response(status_code=202)
