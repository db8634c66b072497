"""The vaults that a node serves: how they come to it, run, and go."""

from __future__ import annotations

import asyncio
import os
import secrets
import shlex
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final

from vaultsync.daemon.bus import EventBus
from vaultsync.daemon.config import Places
from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.engine import Engine
from vaultsync.daemon.tasks import start_in
from vaultsync.daemon.vaults import VaultService
from vaultsync.errors import NodeError, VaultError, VaultOfflineError, VaultsyncError
from vaultsync.model.changes import Author
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.store.vaults import VaultRecord
from vaultsync.vault import marker
from vaultsync.vault.folder import VaultFolder
from vaultsync.vault.placing import check_place, presentable, resolved

OPENING_S: Final = 2.0
"""How long peers wait for vaults to open; one on a slow disk joins its conversations later."""


class Shelf:
    """All vaults of one node.

    `author`: as this device signs its edits; `members`: the other members of a vault; `found`: makes this device a
    vault's member; `on_engine`: the engine of a vault came, or went.
    """

    def __init__(
        self,
        places: Places,
        database: NodeDatabase,
        bus: EventBus,
        *,
        command: str,
        now_ms: Callable[[], int],
        author: Callable[[], Awaitable[Author]],
        members: Callable[[VaultId], list[NodeId]],
        found: Callable[[VaultId], Awaitable[None]],
        on_engine: Callable[[VaultId, Engine | None], None],
    ) -> None:
        self.services: dict[VaultId, VaultService] = {}
        self._places = places
        self._database = database
        self._bus = bus
        self._command = command
        self._now_ms = now_ms
        self._author = author
        self._members = members
        self._found = found
        self._on_engine = on_engine
        self._tasks: asyncio.TaskGroup | None = None
        self._running: dict[VaultId, asyncio.Task[None]] = {}

    async def start(self, tasks: asyncio.TaskGroup) -> None:
        """Run the vaults in `tasks`; wait until they are open, but not for long."""
        self._tasks = tasks
        for service in self.services.values():
            self._start(service)
        # A conversation that begins before the vaults are open would have to begin again.
        opening = [asyncio.create_task(service.tried.wait()) for service in self.services.values()]
        if opening:
            await asyncio.wait(opening, timeout=OPENING_S)
            for waiting in opening:
                waiting.cancel()

    def stop(self) -> None:
        for service in self.services.values():
            service.stopping = True
        for task in list(self._running.values()):
            task.cancel()

    async def add(self, root: Path, name: str | None = None) -> VaultService:
        """Serve the folder at `root`: as the vault that it is, or as a new one.

        Raises `VaultError` if it can't be one, `VaultLockedError` if another node holds it, `VaultOfflineError` if
        it was one and its marker is gone.
        """
        root = await asyncio.to_thread(resolved, root)
        known = await self._database.run(lambda store: store.vaults.by_root(root))
        if known is not None:
            return self.services.get(known.vault_id) or self._serve(known)
        self.check_place(root)
        try:
            found = marker.read(str(root))
        except VaultOfflineError:
            vault = VaultId(secrets.token_bytes(VaultId.SIZE))
            folder = VaultFolder.create(str(root), vault, presentable(name or root.name))
            found = marker.Marker(folder.vault, folder.name)
        await self._found(found.vault)
        return await self.register(root, found.vault, found.name, "member")

    def check_place(self, root: Path) -> None:
        """Raise `VaultError` if `root` can't be a vault beside those that are served."""
        vaults = [service.record.root for service in self.services.values()]
        check_place(root, vaults=vaults, own=(self._places.data, self._places.config))

    async def load(self) -> None:
        """Serve the vaults of last time; what can't be had now is tried again and again."""
        for record in await self._database.run(lambda store: store.vaults.all()):
            self._serve(record, may_wait=True)

    async def register(self, root: Path, vault: VaultId, name: str, role: str) -> VaultService:
        """Serve, from now on and after each start, a vault that is new to this node. `VaultError` if it is not new."""
        other = self.services.get(vault)
        if other is not None:
            there = other.record.root
            if not await asyncio.to_thread(there.exists):
                raise VaultError(
                    f"{root} is the vault that was at {there}.",
                    hint=f"Move it back, or put a link to it there: ln -s {shlex.quote(str(root))}"
                    f" {shlex.quote(str(there))}",
                )
            raise VaultError(
                f"{root} is a copy of the vault at {there}.",
                hint="Remove the copy's folder `.vaultsync`, then add it again: it becomes a vault of its own.",
            )
        record = VaultRecord(vault, root, name, self._now_ms(), role)
        record = await self._database.run(lambda store: store.vaults.add(record))
        try:
            return self._serve(record)
        except (VaultError, OSError):
            await self._database.run(lambda store: store.vaults.remove(vault))
            raise

    def _serve(self, record: VaultRecord, *, may_wait: bool = False) -> VaultService:
        """Serve a vault; `may_wait`: if it can't be had now, again and again."""
        service = VaultService(
            record,
            self._places.vault_database(str(record.vault_id)),
            self._author,
            command=self._command,
            now_ms=self._now_ms,
            emit=self._bus.emit,
            on_engine=self._on_engine,
            members=partial(self._members, record.vault_id),
        )
        try:
            service.acquire()
        except (VaultsyncError, OSError):
            if not may_wait:
                raise
        if self._tasks is not None:
            self._start(service)
        self.services[record.vault_id] = service
        return service

    async def put_away(self, vault: VaultId) -> None:
        """Serve a vault no more, and put its index and history aside."""
        service = self.services.pop(vault, None)
        if service is None:
            return
        service.stopping = True
        if (task := self._running.get(vault)) is not None:
            task.cancel()
            await asyncio.wait([task])
        await asyncio.to_thread(self._places.put_aside, str(vault), self._now_ms())
        await self._database.run(lambda store: store.vaults.remove(vault))

    def find(self, root: Path) -> VaultService:
        """The service of the vault at `root`. `NodeError` if this node does not serve it."""
        real = Path(os.path.realpath(root))
        for service in self.services.values():
            if service.record.root == real:
                return service
        raise NodeError(f"{root} is not a vault of the running node.", hint=f"Add it with `vaultsync run {root}`.")

    def _start(self, service: VaultService) -> None:
        assert self._tasks is not None
        task = start_in(self._tasks, service.run())
        if task is None:
            service.release()
            raise NodeError("This node is stopping.", hint="Start it again, then try once more.")
        self._running[service.vault] = task
        task.add_done_callback(lambda _: self._running.pop(service.vault, None))
