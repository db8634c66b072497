"""Looking at a ticket before it is used."""

from __future__ import annotations

import time

from fastapi import APIRouter

from vaultsync.daemon.answers import JoinPreview
from vaultsync.server.access import TheNode, absolute
from vaultsync.server.models import CheckTicket
from vaultsync.server.preview import preview_of

router = APIRouter(prefix="/tickets", tags=["pairing"])


@router.post("/check")
async def check_ticket(node: TheNode, request: CheckTicket) -> JoinPreview:
    """What a ticket grants, and what joining with it in a folder would mean. Nothing is changed, nobody is asked.

    A ticket that can't be used here is refused as joining with it would be.
    """
    root = None if request.path is None else absolute(request.path)
    return await preview_of(node, request.ticket, root, now_s=int(time.time()))
