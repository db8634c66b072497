"""Who belongs to a vault: roles, devices that ask to be let in, and leaving."""

from __future__ import annotations

from fastapi import APIRouter, Response

from vaultsync.daemon.answers import RequestInfo
from vaultsync.server.access import TheNode, find_peer, find_vault
from vaultsync.server.models import AnswerRequest, ChangeRole
from vaultsync.server.problems import NotFoundError

router = APIRouter()


@router.post("/peers/{peer}/role", status_code=204, tags=["peers"])
async def change_role(node: TheNode, peer: str, request: ChangeRole) -> Response:
    """Make a device a member or an observer, for everyone: in one vault, or in all that are shared with it."""
    record = find_peer(node, peer).record
    vaults = [membership.vault for membership in record.memberships]
    if request.vault is not None:
        vault = find_vault(node, request.vault).vault
        if vault not in vaults:
            raise NotFoundError(f"{record.name} does not belong to that vault.")
        vaults = [vault]
    for vault in vaults:
        await node.mesh.set_role(vault, record.node_id, request.role)
    return Response(status_code=204)


@router.get("/requests", tags=["pairing"])
async def requests(node: TheNode) -> list[RequestInfo]:
    """The devices that wait to be let in, the longest waiting first."""
    names = {vault: service.record.name for vault, service in node.vaults.items()}
    return [
        RequestInfo(
            vault=str(request.vault),
            vault_name=names.get(request.vault, request.vault.short),
            peer=str(request.node),
            name=request.name,
            hostname=request.hostname,
            address=request.address,
            asked=request.asked_at,
        )
        for request in await node.pairing.requests()
    ]


@router.post("/requests/answer", status_code=204, tags=["pairing"])
async def answer(node: TheNode, request: AnswerRequest) -> Response:
    """Let a device that asked in, or deny it. One that is let in has a day to come, with the same ticket as before."""
    vault = find_vault(node, request.vault).vault
    waiting = await node.pairing.requests(vault)
    asked = next((each.node for each in waiting if str(each.node) == request.peer), None)
    if asked is None or not await node.pairing.answer(vault, asked, request.role):
        raise NotFoundError("No such device waits to be let in.", hint="`vaultsync requests` lists those that do.")
    return Response(status_code=204)


@router.post("/vaults/{vault}/leave", status_code=204, tags=["vaults"])
async def leave(node: TheNode, vault: str) -> Response:
    """Take this device out of a vault. Its folder and its notes stay, shared with nobody.

    Of one from which another member has removed it: take note of that, so that the vault tells it no more.
    """
    await node.leave_vault(find_vault(node, vault))
    return Response(status_code=204)


@router.delete("/vaults/{vault}", status_code=204, tags=["vaults"])
async def forget(node: TheNode, vault: str) -> Response:
    """Take a vault that no other device has off this one. The folder and its notes stay.

    Their history goes to `forgotten` in the data folder.
    """
    await node.forget_vault(find_vault(node, vault))
    return Response(status_code=204)
