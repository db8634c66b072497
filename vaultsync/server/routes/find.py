"""Finding notes by what one remembers of their names."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from vaultsync.daemon.replica.replica import Replica
from vaultsync.server.access import TheNode, find_vault
from vaultsync.server.engines import engine_of

router = APIRouter(prefix="/vaults/{vault}", tags=["history"])


@router.get("/find")
async def find(
    node: TheNode,
    vault: str,
    text: Annotated[str, Query(max_length=200)] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 50,
) -> list[str]:
    """Paths with all words of `text` in them, in any case, those that begin with it first. Deleted notes too."""

    def query(replica: Replica) -> list[str]:
        return replica.state.store.history.paths_like(text, limit)

    return await engine_of(find_vault(node, vault)).read(query)
