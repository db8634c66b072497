"""Conflicts: what two devices did at once, and how a person ends it."""

from __future__ import annotations

from fastapi import APIRouter

from vaultsync.daemon.pairing import unix_ms
from vaultsync.daemon.recovery import ConflictInfo, CountInfo
from vaultsync.daemon.replica import conflicts as rules
from vaultsync.daemon.replica.conflicts import Choice
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.replica.state import Effects
from vaultsync.server.access import TheNode, find_vault
from vaultsync.server.engines import act, engine_of
from vaultsync.server.past import copy_info, merge_info
from vaultsync.server.recovery_models import Resolve, UndoMerge

router = APIRouter(prefix="/vaults/{vault}", tags=["conflicts"])


@router.get("/conflicts")
async def conflicts(node: TheNode, vault: str) -> list[ConflictInfo]:
    """Conflict copies in path order, then the merges that this device made in the last seven days, newest first."""

    def query(replica: Replica) -> list[ConflictInfo]:
        copies = [copy_info(copy) for copy in rules.copies(replica.state)]
        return copies + [merge_info(replica, note) for note in rules.merges(replica.state, unix_ms())]

    return await engine_of(find_vault(node, vault)).read(query)


@router.post("/conflicts/resolve")
async def resolve(node: TheNode, vault: str, request: Resolve) -> CountInfo:
    """End one. Of a copy, `mine` is the note that it stands beside and `theirs` the copy."""
    content = None if request.text is None else request.text.encode()

    def step(replica: Replica, now_ms: int) -> tuple[CountInfo, Effects]:
        return CountInfo(1), replica.resolve(request.path, Choice(request.choice), now_ms, content)

    return await act(find_vault(node, vault), step)


@router.post("/merges/undo")
async def undo_merge(node: TheNode, vault: str, request: UndoMerge) -> CountInfo:
    """Put back what this device had before the newest merge of a note; that reaches all devices."""

    def step(replica: Replica, now_ms: int) -> tuple[CountInfo, Effects]:
        return CountInfo(1), replica.undo_merge(request.path, now_ms)

    return await act(find_vault(node, vault), step)
