"""A device with a whole node on it: started, stopped, and killed at any await and at any call of its disk."""

from __future__ import annotations

import asyncio
import hashlib
import shutil
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tests.simulation.disk import Crash, SimulatedDisk
from tests.simulation.manners import PLAIN, Manners
from tests.support.nodes import tree
from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.service import Node
from vaultsync.daemon.vaults import VaultService
from vaultsync.model.ids import NodeId
from vaultsync.store.vault_store import VaultStore
from vaultsync.transport.identity import Identity
from vaultsync.transport.memory import MemoryNetwork
from vaultsync.vault.inotify import OnDirty

START_MS: Final = 1_800_000_000_000
NO_LIMIT: Final = 2**32 - 2
"""Pages of a SQLite file."""


class _NoSurroundings:
    """The network that a simulated node is in changes only as the simulation says."""

    async def run(self) -> None:
        await asyncio.Event().wait()


def _refuse(_name: str, _path: str) -> None:
    raise Crash


class Host:
    def __init__(
        self,
        network: MemoryNetwork,
        base: Path,
        number: int,
        watchers: dict[str, OnDirty],
        manners: Manners = PLAIN,
    ) -> None:
        self.number = number
        self.name = f"Device {number}"
        self.root = base / f"device{number}"
        self.skew_ms = 0
        self.identity = Identity.from_raw(hashlib.sha256(self.name.encode()).digest())
        self.before_call: Callable[[str, str], None] | None = None
        """For the disk of each start (disk.py)."""
        self.manners = manners
        self.is_dead = False
        """Its process is gone; `bury` is to follow."""
        self._network = network
        self._watchers = watchers
        self._places = Places(base / f"home{number}" / "config", base / f"home{number}" / "data")
        self._index_is_full = False
        self._node: Node | None = None
        self._running: asyncio.Task[None] | None = None
        self.disk = SimulatedDisk(str(self.root), manners)

    @property
    def node_id(self) -> NodeId:
        return self.identity.node_id

    @property
    def now_ms(self) -> int:
        return START_MS + int(asyncio.get_running_loop().time() * 1000) + self.skew_ms

    @property
    def is_up(self) -> bool:
        return self._node is not None and not self.is_dead

    @property
    def is_open(self) -> bool:
        """Whether its vault is in service."""
        return self.is_up and any(service.engine for service in self.node.vaults.values())

    @property
    def node(self) -> Node:
        assert self._node is not None
        return self._node

    @property
    def service(self) -> VaultService:
        (service,) = self.node.vaults.values()
        return service

    @property
    def replica(self) -> Replica:
        assert self.service.engine is not None
        return self.service.engine.replica

    @property
    def digest(self) -> bytes:
        return self.replica.state.store.index.digest

    def tree(self) -> dict[str, bytes | None]:
        return {unicodedata.normalize("NFC", path): content for path, content in tree(self.root).items()}

    def interrupt_with(self, before_call: Callable[[str, str], None] | None) -> None:
        """Call this before each call of the disk from now on."""
        self.before_call = self.disk.before_call = before_call

    def make_disk(self) -> SimulatedDisk:
        """The same disk, seen by a new process."""
        before, self.disk = self.disk, SimulatedDisk(str(self.root), self.manners)
        self.disk.is_full, self.disk.bad, self.disk.refused = before.is_full, before.bad, before.refused
        self.disk.before_call = self.before_call
        return self.disk

    def limit(self, *, disk: bool, index: bool) -> None:
        """Whether nothing new fits on the disk, and into the index."""
        self.disk.is_full, self._index_is_full = disk, index
        if self.is_open:
            self.limit_index(self.replica.state.store)

    def limit_index(self, store: VaultStore) -> None:
        """SQLite refuses to grow past one page, or past what it has now if that is more."""
        store.index._database.run(f"PRAGMA max_page_count = {1 if self._index_is_full else NO_LIMIT}")

    def keeps(self, database: Path) -> bool:
        """Whether this device's index is at that path."""
        return database.is_relative_to(self._places.data)

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
        await node.shelf.load()
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

    def die(self, others: Sequence[Host]) -> None:
        """Its process is gone at this very moment: nobody hears of what it does from here on, and it changes no file.
        `bury` is to follow."""
        self.is_dead = True
        self.disk.before_call = _refuse
        shutil.copytree(self._places.data, self._kept, ignore=shutil.ignore_patterns("*.lock"))
        for other in others:
            self._network.cut(self.node_id, other.node_id)
            self._network.drop(self.node_id, other.node_id)

    async def bury(self) -> None:
        """Let what is left of a process that died come to its end, and undo what it did to its databases meanwhile.
        The links to the others stay cut."""
        try:
            await self.stop()
        except BaseExceptionGroup as group:
            # What else is in it went wrong on the way out.
            if group.subgroup(Crash) is None:
                raise
        shutil.rmtree(self._places.data)
        self._kept.rename(self._places.data)
        self.is_dead = False

    @property
    def _kept(self) -> Path:
        return self._places.data.with_name("kept")

    @property
    def has_backup(self) -> bool:
        return self._backup.exists()

    def back_up(self) -> None:
        """Put a copy of the index aside; the node is not running."""
        shutil.rmtree(self._backup, ignore_errors=True)
        shutil.copytree(self._places.data / "vaults", self._backup)

    def restore(self) -> None:
        """Take the index that was put aside; the folder, and what the node knows of its peers, stay as they are."""
        shutil.rmtree(self._places.data / "vaults")
        shutil.copytree(self._backup, self._places.data / "vaults")

    def lose(self) -> None:
        """The index is gone, with history; the folder, and what the node knows of its peers, stay as they are."""
        shutil.rmtree(self._places.data / "vaults")
        (self._places.data / "vaults").mkdir()

    @property
    def can_rewind(self) -> bool:
        return self._image.exists()

    def image(self) -> None:
        """Put a copy of all that the device has aside; the node is not running."""
        shutil.rmtree(self._image, ignore_errors=True)
        shutil.copytree(self.root, self._image / "root")
        shutil.copytree(self._places.data, self._image / "data")

    def rewind(self) -> None:
        """Be as the image is."""
        for now, then in ((self.root, "root"), (self._places.data, "data")):
            shutil.rmtree(now)
            shutil.copytree(self._image / then, now)

    @property
    def _image(self) -> Path:
        return self._places.data.with_name("image")

    @property
    def _backup(self) -> Path:
        return self._places.data.with_name("backup")

    def hint(self, paths: list[str]) -> None:
        """What a watcher would say."""
        if (tell := self._watchers.get(str(self.root))) is not None:
            tell(paths)
