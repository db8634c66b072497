"""Joins that a person looks at before they go on."""

from __future__ import annotations

import asyncio
import logging
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from vaultsync.daemon.answers import OpenJoinInfo
from vaultsync.daemon.joining import OpenJoin
from vaultsync.daemon.service import Joined, Node
from vaultsync.errors import RequestError, VaultsyncError
from vaultsync.server.problems import NotFoundError

KEPT_S: Final = 600.0
"""How long a person may think; then it is left."""

MAX_OPEN: Final = 4
"""Each holds a connection and the lists of two folders."""

MAX_PATHS: Final = 100

_log = logging.getLogger(__name__)


class OpenJoins:
    """The joins of one node that wait for a person's word. Those that nobody decides are left in the end."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._open: dict[str, OpenJoin] = {}
        self._expiring: dict[str, asyncio.Task[None]] = {}

    async def begin(self, text: str, root: Path) -> OpenJoinInfo:
        """Use a ticket, and tell what would come together. Raises as `Node.open_join` and `OpenJoin.look` do."""
        if len(self._open) >= MAX_OPEN:
            raise RequestError("Other joins wait for an answer.", hint="Accept or leave one of them first.")
        found = await self._node.open_join(text, root)
        try:
            info = await looked_at(found, root, secrets.token_hex(8))
        except BaseException:
            await found.leave()
            raise
        self._open[info.id] = found
        self._expiring[info.id] = asyncio.create_task(self._expire(info.id))
        return info

    async def accept(self, name: str) -> Joined:
        """Go on with it. `NotFoundError`, or what `OpenJoin.accept` raises."""
        return await self._take(name).accept()

    async def leave(self, name: str) -> None:
        """Do not join after all. `NotFoundError`."""
        await self._take(name).leave()

    def _take(self, name: str) -> OpenJoin:
        found = self._open.pop(name, None)
        if found is None:
            raise NotFoundError("No such join waits for an answer.", hint="It is left after 10 minutes.")
        self._expiring.pop(name).cancel()
        return found

    async def _expire(self, name: str) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(KEPT_S):
                await self._node.stopping.wait()
        found = self._open.pop(name)
        try:
            await found.leave()
        except VaultsyncError as error:
            _log.info("a join that nobody answered could not be left: %s", error)
        finally:
            del self._expiring[name]


async def looked_at(found: OpenJoin, root: Path, name: str) -> OpenJoinInfo:
    """What an open join would bring together, under the name `name`. Raises as `OpenJoin.look` does."""
    preview = await found.look()
    return OpenJoinInfo(
        id=name,
        vault_name=found.vault_name,
        peer_name=found.peer_name,
        root=str(root),
        words=found.words,
        same=preview.same,
        only_here=len(preview.only_here),
        only_there=len(preview.only_there),
        differ=len(preview.differ),
        only_here_paths=preview.only_here[:MAX_PATHS],
        only_there_paths=preview.only_there[:MAX_PATHS],
        differ_paths=preview.differ[:MAX_PATHS],
    )
