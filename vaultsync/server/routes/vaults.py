"""Vaults, the tickets that lead to them, and joining."""

from __future__ import annotations

import time
from typing import Annotated

from fastapi import APIRouter, Path, Response

from vaultsync.daemon.answers import JoinInfo, NewTicket, TicketInfo
from vaultsync.daemon.status import VaultInfo
from vaultsync.server.access import TheNode, absolute, find_vault
from vaultsync.server.models import AddVault, MakeTicket, UseTicket
from vaultsync.server.problems import NotFoundError
from vaultsync.server.snapshot import vault_info

router = APIRouter()

TicketId = Annotated[int, Path(ge=0, lt=2**63)]


@router.post("/vaults", status_code=201, tags=["vaults"])
async def add_vault(node: TheNode, request: AddVault) -> VaultInfo:
    """Serve a folder: as the vault that it is, or as a new one. A folder that is served already is no error."""
    service = await node.add_vault(absolute(request.path), request.name)
    await service.tried.wait()
    return await vault_info(node, service)


@router.post("/vaults/{vault}/adopt", tags=["vaults"])
async def adopt_vault(node: TheNode, vault: str) -> VaultInfo:
    """Take the folder in the place of a vault that has lost its `.vaultsync`, as after a backup, for the vault.

    Nothing is deleted anywhere because the folder lacks something. What is older in it than what the vault knows gives
    way to that; what else differs is merged or kept beside; what the vault does not have comes into it.
    """
    service = find_vault(node, vault)
    await service.adopt()
    return await vault_info(node, service)


@router.post("/tickets", status_code=201, tags=["pairing"])
async def make_ticket(node: TheNode, request: MakeTicket) -> NewTicket:
    """Make a ticket. Its text is told this one time."""
    if request.path is not None:
        service = node.find_vault(absolute(request.path))
    else:
        assert request.vault is not None
        service = find_vault(node, request.vault)
    life_s = max(1, round(request.minutes * 60))
    text, ticket = await node.make_ticket(service, role=request.role, life_s=life_s, reusable=request.reusable)
    return NewTicket(
        id=await node.pairing.number_of(ticket),
        ticket=text,
        vault=str(ticket.vault),
        vault_name=ticket.vault_name,
        root=str(service.record.root),
        role=ticket.role,
        reusable=ticket.reusable,
        expires=ticket.expires_at * 1000,
    )


@router.get("/tickets", tags=["pairing"])
async def tickets(node: TheNode, vault: str | None = None, path: str | None = None) -> list[TicketInfo]:
    """The tickets that can still be used, newest first: of one vault, named by id or by folder, or of all."""
    which = None
    if path is not None:
        which = node.find_vault(absolute(path)).vault
    elif vault is not None:
        which = find_vault(node, vault).vault
    found = await node.database.run(lambda store: store.tickets.open(which, int(time.time())))
    names = {known: service.record.name for known, service in node.vaults.items()}
    return [
        TicketInfo(
            id=ticket.id,
            vault=str(ticket.vault),
            vault_name=names.get(ticket.vault, ticket.vault.short),
            role=ticket.role,
            reusable=ticket.reusable,
            created=ticket.created_at * 1000,
            expires=ticket.expires_at * 1000,
            uses=ticket.uses,
        )
        for ticket in found
    ]


@router.delete("/tickets/{number}", status_code=204, tags=["pairing"])
async def revoke_ticket(node: TheNode, number: TicketId) -> Response:
    """Make a ticket useless. Devices that used it before stay paired."""
    if not await node.database.run(lambda store: store.tickets.revoke(number)):
        raise NotFoundError(f"There is no open ticket {number}.", hint="`vaultsync ticket --list` lists them.")
    return Response(status_code=204)


@router.post("/join", status_code=201, tags=["pairing"])
async def join(node: TheNode, request: UseTicket) -> JoinInfo:
    """Use a ticket: pair with the device that made it, and sync its vault into a folder."""
    joined = await node.join(request.ticket, absolute(request.path))
    return JoinInfo(
        vault=str(joined.vault),
        vault_name=joined.vault_name,
        root=str(joined.root),
        role=joined.role,
        peer=str(joined.peer),
        peer_name=joined.peer_name,
        words=joined.words,
    )
