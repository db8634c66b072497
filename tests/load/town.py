"""Many whole nodes in one process, on the memory transport and a virtual clock, with every message counted."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar, Final
from unittest.mock import patch

from tests.support.nodes import tree
from vaultsync.daemon import vaults
from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.service import Node
from vaultsync.daemon.wire import MessageWriter
from vaultsync.protocol.messages import ChangeSet, Message
from vaultsync.transport.identity import Identity
from vaultsync.transport.memory import MemoryNetwork
from vaultsync.vault.inotify import OnDirty

START_MS: Final = 1_800_000_000_000
LOOK_EVERY_S: Final = 0.05


class _Watcher:
    """Says what `Townsman.hint` says."""

    degraded = None
    all: ClassVar[dict[str, OnDirty]] = {}

    def __init__(self, root: str, on_dirty: OnDirty) -> None:
        self._root, self._on_dirty = root, on_dirty

    def start(self) -> None:
        self.all[self._root] = self._on_dirty

    def stop(self) -> None:
        self.all.pop(self._root, None)


class _NoSurroundings:
    async def run(self) -> None:
        await asyncio.Event().wait()


class Townsman:
    """A device, and the node on it."""

    def __init__(self, town: Town, number: int) -> None:
        self.name = f"Device {number}"
        self.root = town.base / f"device{number}"
        self.root.mkdir(parents=True)
        self._town = town
        self._places = Places(town.base / f"home{number}" / "config", town.base / f"home{number}" / "data")
        self._identity = Identity.from_raw(hashlib.sha256(self.name.encode()).digest())
        self._running: asyncio.Task[None] | None = None
        self.node: Node

    async def start(self) -> None:
        for folder in (self._places.config, self._places.data):
            folder.mkdir(parents=True)
        endpoint = self._town.network.endpoint(self._identity.node_id, host=self.name.replace(" ", "-").lower())
        database = await NodeDatabase.open(self._places.node_database)
        loop = asyncio.get_running_loop()
        self.node = Node(
            self._places,
            Config(self.name, mdns=False),
            self._identity,
            database,
            endpoint,
            command="load",
            now_ms=lambda: START_MS + int(loop.time() * 1000),
        )
        self.node.surroundings = _NoSurroundings()  # type: ignore[assignment]
        self._running = asyncio.create_task(self.node.run())

    async def stop(self) -> None:
        if self._running is None:
            return
        self.node.stopping.set()
        await self._running
        await self.node.endpoint.close()
        await self.node.database.close()

    @property
    def replica(self) -> Replica:
        (service,) = self.node.vaults.values()
        assert service.engine is not None
        return service.engine.replica

    @property
    def is_open(self) -> bool:
        return any(service.engine for service in self.node.vaults.values())

    @property
    def links(self) -> int:
        """To how many peers it is connected."""
        return sum(peer.link is not None for peer in self.node.peers.get_peers())

    def write(self, path: str, text: str) -> None:
        """A person saves a note."""
        (self.root / path).write_text(text)
        _Watcher.all[str(self.root)]([path])

    def tree(self) -> dict[str, bytes | None]:
        return tree(self.root)


class Town:
    """All devices, and what passes between them."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.network = MemoryNetwork()
        self.devices: list[Townsman] = []
        self.messages: Counter[str] = Counter()
        """How many of each kind have been sent."""
        self.contents = 0
        """How many contents went with change sets."""

    async def grow(self, count: int) -> None:
        """So many devices, all in the vault of the first; the others join one after the other."""
        for _ in range(count):
            device = Townsman(self, len(self.devices) + 1)
            self.devices.append(device)
            await device.start()
            if len(self.devices) == 1:
                await device.node.add_vault(device.root, "notes")
            else:
                await device.node.join(await self.ticket(), device.root)
            await self.until(lambda device=device: device.is_open, "the vault is open")  # type: ignore[misc]

    async def ticket(self) -> str:
        host = self.devices[0]
        text, _ = await host.node.make_ticket(
            host.node.find_vault(host.root), role="member", life_s=600, reusable=False
        )
        return text

    @property
    def bytes(self) -> int:
        """What all connections that are open have carried."""
        links = [peer.link for device in self.devices for peer in device.node.peers.get_peers()]
        return sum(link.connection.bytes_sent for link in links if link is not None)

    @property
    def all_linked(self) -> bool:
        return all(device.links == len(self.devices) - 1 for device in self.devices)

    @property
    def at_rest(self) -> bool:
        """Whether all hold the same, know it, and have nothing left to do."""
        first, *others = [device.replica.state for device in self.devices]
        return all(state.store.index.digest == first.store.index.digest for state in others) and all(
            not (state.offers or state.transfers or state.dirty or state.again or state.troubles)
            and all(session.in_sync for session in state.sessions.values())
            for state in (first, *others)
        )

    async def until(self, condition: Callable[[], bool], what: str, patience_s: float = 1_000) -> float:
        """Wait for `condition`, in virtual time. Returns how long that took, in seconds."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while not condition():
            assert loop.time() < began_s + patience_s, f"never: {what}"
            await asyncio.sleep(LOOK_EVERY_S)
        return loop.time() - began_s


@asynccontextmanager
async def town(base: Path) -> AsyncIterator[Town]:
    """An empty town; its devices are stopped at the end."""
    made = Town(base)
    write = MessageWriter.write

    async def count(self: MessageWriter, message: Message) -> None:
        made.messages[type(message).__name__] += 1
        if isinstance(message, ChangeSet):
            made.contents += len(message.contents)
        await write(self, message)

    with patch.object(MessageWriter, "write", count), patch.object(vaults, "Watcher", _Watcher):
        try:
            yield made
        finally:
            for device in made.devices:
                await device.stop()
