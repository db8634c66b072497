"""What a person asks of this device's peers and folders beyond connecting."""

from __future__ import annotations

from fastapi import APIRouter, Response

from vaultsync.server.access import TheNode, find_peer
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
