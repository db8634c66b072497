"""Peers: the devices that this node is paired with."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from vaultsync.daemon.answers import AttemptInfo
from vaultsync.daemon.status import PeerInfo
from vaultsync.server.access import TheNode, find_peer
from vaultsync.server.problems import NotFoundError
from vaultsync.server.snapshot import status_of

router = APIRouter(prefix="/peers", tags=["peers"])


@router.get("")
async def peers(node: TheNode) -> list[PeerInfo]:
    """All peers, the longest known first."""
    return list((await status_of(node)).peers)


@router.get("/attempts")
async def attempts(
    node: TheNode, peer: str | None = None, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> list[AttemptInfo]:
    """The latest dials and how they ended, newest first: to one peer, or to all."""
    which = None if peer is None else find_peer(node, peer).record.node_id
    found = await node.database.run(lambda store: store.attempts.recent(limit, which))
    names = {known.record.node_id: known.record.name for known in node.peers.get_peers()}
    return [
        AttemptInfo(
            at=attempt.at_ms,
            peer=str(attempt.peer),
            peer_name=names.get(attempt.peer, ""),
            address=attempt.address,
            outcome=attempt.outcome,
            reason=attempt.reason,
        )
        for attempt in found
    ]


@router.delete("/{peer}", status_code=204)
async def remove(node: TheNode, peer: str) -> Response:
    """Forget a device. It keeps the notes that it has, and gets no new ones."""
    if not await node.peers.remove_peer(find_peer(node, peer).record.node_id):
        raise NotFoundError(f"No device has the id {peer[:60]}.")
    return Response(status_code=204)


@router.post("/{peer}/connect", status_code=202)
async def connect(node: TheNode, peer: str) -> Response:
    """Dial now, and keep the connection."""
    node.peers.connect_to_peer(find_peer(node, peer).record.node_id)
    return Response(status_code=202)


@router.post("/{peer}/disconnect", status_code=202)
async def disconnect(node: TheNode, peer: str) -> Response:
    """Close the connection, and dial no more until asked."""
    node.peers.disconnect_peer(find_peer(node, peer).record.node_id)
    return Response(status_code=202)
