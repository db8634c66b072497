"""What a history of whole nodes is made repeatable by: all that the product draws, its disks, its watchers, its faults
that it would only write to its log."""

from __future__ import annotations

import logging
import random as system_random
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import ClassVar, Protocol
from unittest.mock import patch

from tests.simulation.host import Host
from vaultsync.daemon import vaults
from vaultsync.daemon.bus import EventBus
from vaultsync.daemon.events import Event
from vaultsync.store.vault_store import VaultStore
from vaultsync.sync import brakes
from vaultsync.vault.inotify import OnDirty


class Watcher:
    """Says what the simulation wants it to say."""

    degraded = None
    all: ClassVar[dict[str, OnDirty]] = {}

    def __init__(self, root: str, on_dirty: OnDirty) -> None:
        self._root, self._on_dirty = root, on_dirty

    def start(self) -> None:
        self.all[self._root] = self._on_dirty

    def stop(self) -> None:
        self.all.pop(self._root, None)


class Stage(Protocol):
    """The world, as far as its nodes need it."""

    brake: int
    """More deletions at once than so many are held."""

    def host_at(self, root: str) -> Host: ...

    def host_of(self, database: Path) -> Host: ...

    def happened(self, bus: EventBus, event: Event) -> None:
        """A node has told of an event."""

    def fault(self, what: str) -> None:
        """The product says of itself that it has a fault."""


@contextmanager
def one_source_of_chance(seed: int, stage: Stage) -> Iterator[None]:
    random = Random(f"{seed} chance")
    Watcher.all.clear()
    emit, open_store = EventBus.emit, VaultStore.open

    def tell(self: EventBus, event: Event) -> None:
        emit(self, event)
        stage.happened(self, event)

    def open_limited(path: Path, *, new_index_id: bytes) -> VaultStore:
        store = open_store(path, new_index_id=new_index_id)
        stage.host_of(path).limit_index(store)
        return store

    log = logging.getLogger("vaultsync")
    listener = _Faults(stage.fault)
    log.addHandler(listener)
    try:
        with (
            patch.object(secrets, "token_bytes", random.randbytes),
            patch.object(secrets, "token_hex", lambda size: random.randbytes(size).hex()),
            patch.object(system_random, "random", random.random),
            patch.object(vaults, "Watcher", Watcher),
            patch.object(vaults, "DiskFileSystem", lambda root: stage.host_at(root).make_disk()),
            patch.object(VaultStore, "open", open_limited),
            patch.object(EventBus, "emit", tell),
            patch.object(brakes, "MASS_DELETION_FILES", stage.brake),
        ):
            yield
    finally:
        log.removeHandler(listener)


class _Faults(logging.Handler):
    """What the product goes on after, and should never meet."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__(logging.CRITICAL)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        self._tell(f"{record.getMessage()}: {error!r}")
