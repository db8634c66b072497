"""This device's key: what it is known by, and changing it."""

from __future__ import annotations

import asyncio
import os

from fastapi import APIRouter, Depends

from vaultsync.daemon.answers import IdentityInfo
from vaultsync.daemon.service import Node
from vaultsync.server.access import TheNode
from vaultsync.server.callers import only_owner
from vaultsync.transport.keychange import next_identity, prepare_rotation, refuse_given_key

router = APIRouter(prefix="/identity", tags=["identity"])


@router.get("")
async def identity(node: TheNode) -> IdentityInfo:
    """This device's id, and the one that takes over at the next start, if the key is being changed."""
    return await _identity(node)


@router.post("/rotate", dependencies=[Depends(only_owner)])
async def rotate(node: TheNode) -> IdentityInfo:
    """Make a new key, which takes over at the next start; the other devices follow. Asked again: the same one.

    An exported copy of the present key is worth nothing afterwards.
    """
    refuse_given_key(os.environ)
    await asyncio.to_thread(prepare_rotation, node.places.config)
    return await _identity(node)


async def _identity(node: Node) -> IdentityInfo:
    coming = await asyncio.to_thread(next_identity, node.places.config)
    return IdentityInfo(str(node.node_id), None if coming is None else str(coming.node_id))
