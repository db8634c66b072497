"""Deletions that were held because there were so many: a person's word ends them."""

from __future__ import annotations

from fastapi import APIRouter

from vaultsync.daemon.recovery import CountInfo, HeldInfo
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.replica.state import Effects
from vaultsync.model.records import State
from vaultsync.server.access import TheNode, find_vault
from vaultsync.server.engines import act, engine_of
from vaultsync.server.recovery_models import SomeDeletions

router = APIRouter(prefix="/vaults/{vault}/deletions", tags=["deletions"])

MAX_SHOWN = 1_000


@router.get("")
async def held(node: TheNode, vault: str) -> HeldInfo:
    """What is held, and why."""

    def query(replica: Replica) -> HeldInfo:
        entries = replica.state.store.index.in_state(State.HELD)
        cause = entries[0].reason if entries else ""
        return HeldInfo(len(entries), cause, tuple(entry.record.path for entry in entries[:MAX_SHOWN]))

    return await engine_of(find_vault(node, vault)).read(query)


@router.post("/approve")
async def approve(node: TheNode, vault: str, request: SomeDeletions) -> CountInfo:
    """They were meant: delete on every device. What is deleted stays in history."""

    def step(replica: Replica, now_ms: int) -> tuple[CountInfo, Effects]:
        count, effects = replica.approve_deletions(request.paths, now_ms)
        return CountInfo(count), effects

    return await act(find_vault(node, vault), step)


@router.post("/undo")
async def undo(node: TheNode, vault: str, request: SomeDeletions) -> CountInfo:
    """They were not meant: bring the files back to this device."""

    def step(replica: Replica, now_ms: int) -> tuple[CountInfo, Effects]:
        count, effects = replica.undo_deletions(request.paths, now_ms)
        return CountInfo(count), effects

    return await act(find_vault(node, vault), step)
