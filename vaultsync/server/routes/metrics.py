"""Figures for whoever watches over many nodes."""

from __future__ import annotations

from fastapi import APIRouter, Response

from vaultsync.server.access import TheNode
from vaultsync.server.metrics import render
from vaultsync.server.snapshot import status_of

router = APIRouter(tags=["node"])


@router.get("/metrics", response_class=Response)
async def metrics(node: TheNode) -> Response:
    """The node's figures in the text format of Prometheus: devices, vaults, and what was refused to whom."""
    from prometheus_client import CONTENT_TYPE_LATEST

    text = render(await status_of(node), node.peers.get_peers(), node.peers.refusals)
    return Response(text, headers={"Content-Type": CONTENT_TYPE_LATEST})
