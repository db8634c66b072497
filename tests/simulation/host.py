"""A device with a whole node on it: started, stopped, and killed at any await."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.simulation.disk import SimulatedDisk
from tests.support.nodes import tree
from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.service import Node
from vaultsync.model.ids import NodeId
from vaultsync.transport.identity import Identity
from vaultsync.transport.memory import MemoryNetwork
from vaultsync.vault.inotify import OnDirty

START_MS: Final = 1_800_000_000_000


class _NoSurroundings:
    """The network that a simulated node is in changes only as the simulation says."""

    async def run(self) -> None:
        await asyncio.Event().wait()


class Host:
    def __init__(self, network: MemoryNetwork, base: Path, number: int, watchers: dict[str, OnDirty]) -> None:
        self.number = number
        self.name = f"Device {number}"
        self.root = base / f"device{number}"
        self.skew_ms = 0
        self.identity = Identity.from_raw(hashlib.sha256(self.name.encode()).digest())
        self.before_call: Callable[[str, str], None] | None = None
        """For the disk of each start (disk.py)."""
        self._network = network
        self._watchers = watchers
        self._places = Places(base / f"home{number}" / "config", base / f"home{number}" / "data")
        self._disks: list[SimulatedDisk] = []
        self._node: Node | None = None
        self._running: asyncio.Task[None] | None = None

    @property
    def node_id(self) -> NodeId:
        return self.identity.node_id

    @property
    def now_ms(self) -> int:
        return START_MS + int(asyncio.get_running_loop().time() * 1000) + self.skew_ms

    @property
    def is_up(self) -> bool:
        return self._node is not None

    @property
    def is_open(self) -> bool:
        """Whether its vault is in service."""
        return self._node is not None and any(service.engine for service in self._node.vaults.values())

    @property
    def node(self) -> Node:
        assert self._node is not None
        return self._node

    @property
    def replica(self) -> Replica:
        (service,) = self.node.vaults.values()
        assert service.engine is not None
        return service.engine.replica

    @property
    def digest(self) -> bytes:
        return self.replica.state.store.index.digest

    def tree(self) -> dict[str, bytes | None]:
        return tree(self.root)

    def interrupt_with(self, before_call: Callable[[str, str], None] | None) -> None:
        """Call this before each call of the disk from now on."""
        self.before_call = before_call
        for disk in self._disks:
            disk.before_call = before_call

    def make_disk(self, root: str) -> SimulatedDisk:
        disk = SimulatedDisk(root)
        disk.before_call = self.before_call
        self._disks.append(disk)
        return disk

    async def start(self) -> None:
        for folder in (self._places.config, self._places.data):
            folder.mkdir(parents=True, exist_ok=True)
        endpoint = self._network.endpoint(self.node_id, host=f"host-{self.number}")
        database = await NodeDatabase.open(self._places.node_database)
        config = Config(self.name, mdns=False)
        node = Node(
            self._places,
            config,
            self.identity,
            database,
            endpoint,
            command="simulation",
            now_ms=lambda: self.now_ms,
        )
        node.surroundings = _NoSurroundings()  # type: ignore[assignment]
        await node.load_vaults()
        self._running = asyncio.create_task(node.run())
        self._node = node

    async def stop(self) -> None:
        """As a person stops it."""
        node, self._node = self.node, None
        assert self._running is not None
        node.stopping.set()
        try:
            await self._running
        finally:
            await node.endpoint.close()
            await node.database.close()

    async def kill(self, others: list[Host]) -> None:
        """Its process is gone: what it does from here on, while it is stopped, is undone."""
        self.before_call = None
        kept = [(place, place.with_name(place.name + "-kept")) for place in (self.root, self._places.data)]
        for place, copy in kept:
            shutil.copytree(place, copy, ignore=shutil.ignore_patterns("*.lock"))
        for other in others:
            self._network.drop(self.node_id, other.node_id)
        await self.stop()
        for place, copy in kept:
            shutil.rmtree(place)
            copy.rename(place)

    def hint(self, paths: list[str]) -> None:
        """What a watcher would say."""
        if (tell := self._watchers.get(str(self.root))) is not None:
            tell(paths)
