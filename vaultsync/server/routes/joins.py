"""Joining in two steps: look at what would come together, then accept or leave."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from vaultsync.daemon.answers import JoinInfo, OpenJoinInfo
from vaultsync.server.access import absolute
from vaultsync.server.models import UseTicket
from vaultsync.server.open_joins import OpenJoins

router = APIRouter(prefix="/joins", tags=["pairing"])


def _joins_of(request: Request) -> OpenJoins:
    joins = request.app.state.joins
    assert isinstance(joins, OpenJoins)
    return joins


TheJoins = Annotated[OpenJoins, Depends(_joins_of)]


@router.post("", status_code=201)
async def begin(joins: TheJoins, request: UseTicket) -> OpenJoinInfo:
    """Use a ticket, and tell how the folder and the vault compare. Nothing is written in the folder yet."""
    return await joins.begin(request.ticket, absolute(request.path))


@router.post("/{join}/accept", status_code=201)
async def accept(joins: TheJoins, join: str) -> JoinInfo:
    """Go on: sync the vault into the folder."""
    joined = await joins.accept(join)
    return JoinInfo(
        vault=str(joined.vault),
        vault_name=joined.vault_name,
        root=str(joined.root),
        role=joined.role,
        peer=str(joined.peer),
        peer_name=joined.peer_name,
        words=joined.words,
    )


@router.post("/{join}/leave", status_code=204)
async def leave(joins: TheJoins, join: str) -> Response:
    """Do not join after all. The other device is told; the ticket is spent."""
    await joins.leave(join)
    return Response(status_code=204)
