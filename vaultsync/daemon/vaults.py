"""One vault in service: opened, watched, synced, and opened again when whatever stopped it is mended."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from vaultsync.daemon.engine import Engine
from vaultsync.daemon.events import Event, VaultStateChanged
from vaultsync.daemon.replica.leftovers import clean_up
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.replica.rules import load_rules
from vaultsync.daemon.replica.state import Effects, ReplicaState
from vaultsync.daemon.settings import CLASH_MERGE, VaultSettings
from vaultsync.errors import VaultError, VaultOfflineError, VaultsyncError
from vaultsync.model.changes import Author
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.store.vault_store import VaultStore
from vaultsync.store.vaults import VaultRecord
from vaultsync.sync.brakes import clock_went_back, other_tools
from vaultsync.vault.applier import Applier
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.folder import VaultFolder
from vaultsync.vault.lock import VaultLock
from vaultsync.vault.recognition import has_lost_its_marker, holds_the_files
from vaultsync.vault.scanner import Scanner
from vaultsync.vault.watcher import Watcher

_log = logging.getLogger(__name__)

OFFLINE_RETRY_S: Final = 2.0
"""How often a folder that is not there is looked for."""
MARKER_PUT_BACK: Final = (
    "The hidden folder .vaultsync had been deleted. As the files are the same ones as before, it was put back;"
    " `vaultsync leave` ends a vault."
)
FAILED_RETRY_S: Final = 10.0
PRUNE_AFTER_S: Final = 60.0
"""History is first looked through for what may go when the vault has been open for so long."""
PRUNE_EVERY_S: Final = 6 * 3600.0
WEIGH_EVERY_S: Final = 60.0
"""How often history is weighed: a large file that is saved again and again would fill the disk before that."""
GROWN_BYTES: Final = 256 << 20
"""Contents over what history may take, and over what the last pruning had to leave, that are let go at once."""


class VaultService:
    """Runs the engine of one vault for as long as the node runs."""

    def __init__(
        self,
        record: VaultRecord,
        database: Path,
        author: Author,
        *,
        command: str,
        now_ms: Callable[[], int],
        emit: Callable[[Event], None],
        on_engine: Callable[[VaultId, Engine | None], None],
        members: Callable[[], Collection[NodeId]],
    ) -> None:
        """`command` is what others are told holds the vault; `on_engine` is called with every new engine, and with
        None when it has ended; `members` are the vault's other members."""
        self.record = record
        self.engine: Engine | None = None
        self.state = "opening"
        """`opening`, `scanning`, `ready`, `offline`, `failed` or `stopped`."""
        self.reason = ""
        self.watching = ""
        """Why changes may be seen late, in words; empty if the folder is watched."""
        self.tried = asyncio.Event()
        """Set once opening the vault has worked, or has failed."""
        self.stopping = False
        """It is not to be opened again. Of a cancellation and a failure in one moment a task only hears of the failure
        (`asyncio.TaskGroup` raises that, until Python 3.13)."""
        self.notices: list[str] = []
        """What a person should know about this folder or device, in sentences."""
        self._database = database
        self._author = author
        self._lock = VaultLock(str(record.root))
        self._command = command
        self._now_ms = now_ms
        self._emit = emit
        self._on_engine = on_engine
        self._members = members

    @property
    def vault(self) -> VaultId:
        return self.record.vault_id

    def acquire(self) -> None:
        """Take the vault's lock. `VaultLockedError` says who has it; `VaultOfflineError`."""
        VaultFolder.open(str(self.record.root))
        try:
            self._lock.acquire(self._command)
        except OSError as error:
            raise VaultError(f"The disk says: {error}.") from error

    def release(self) -> None:
        """Give the vault's lock back, of a service that is not run."""
        self._lock.release()

    async def run(self) -> None:
        """Serve the vault until cancelled."""
        worker = ThreadPoolExecutor(1, thread_name_prefix=f"vault-{self.record.name}")
        try:
            while True:
                wait_s = FAILED_RETRY_S
                try:
                    await self._serve(worker)
                except VaultOfflineError as error:
                    self._set_state("offline", error.message)
                    wait_s = OFFLINE_RETRY_S
                except VaultsyncError as error:
                    self._set_state("failed", f"{error.title}: {error.message} {error.hint}".rstrip())
                except Exception as error:  # noqa: BLE001 - a fault in one vault must not stop the others
                    _log.critical("vault %s has failed", self.record.name, exc_info=error)
                    self._set_state("failed", f"There is a fault in vaultsync: {error!r}. The log has more.")
                if self.stopping:
                    return
                await asyncio.sleep(wait_s)
        finally:
            worker.shutdown(wait=False)
            self._lock.release()
            self._set_state("stopped")

    async def _serve(self, worker: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        told = set(self.notices)
        opening = loop.run_in_executor(worker, self._open)
        try:
            replica = await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The thread goes on: what it opens has to be closed, and its lock released, by this very service.
            await asyncio.wait([opening])
            if opening.exception() is None:
                await loop.run_in_executor(worker, opening.result().close)
            raise
        except OSError as error:
            raise VaultError(f"The disk says: {error}.") from error
        for notice in self.notices:
            if notice not in told:
                _log.warning("%s: %s", self.record.name, notice)
        try:
            engine = Engine(replica, worker=worker, now_ms=self._now_ms, emit=self._engine_event)

            def noticed(paths: Collection[str] | None, moves: Collection[tuple[str, str]] = ()) -> None:
                loop.call_soon_threadsafe(engine.notice, paths, moves)

            watcher = Watcher(replica.state.folder.root, noticed)
            await loop.run_in_executor(worker, watcher.start)
            try:
                self.watching = watcher.degraded or ""
                self.engine = engine
                self._on_engine(self.vault, engine)
                self.tried.set()
                async with asyncio.TaskGroup() as tasks:
                    pruning = tasks.create_task(self._prune_now_and_then(engine))
                    try:
                        await engine.run()
                    finally:
                        pruning.cancel()
            except* VaultsyncError as group:
                raise group.exceptions[0] from None
            finally:
                self.engine = None
                self._on_engine(self.vault, None)
                await asyncio.shield(loop.run_in_executor(worker, watcher.stop))
        except OSError as error:
            raise VaultError(f"The disk says: {error}.") from error
        finally:
            await asyncio.shield(loop.run_in_executor(worker, replica.close))

    def _folder(self) -> tuple[VaultFolder, bool]:
        """The vault's folder, and whether its marker had to be put back. `VaultOfflineError` if it is not there."""
        root = str(self.record.root)
        try:
            return VaultFolder.open(root), False
        except VaultOfflineError:
            if not has_lost_its_marker(root) or not self._database.exists():
                raise
            store = VaultStore.open(self._database, new_index_id=secrets.token_bytes(16))
            try:
                known = holds_the_files(DiskFileSystem(root), store.index.below(""))
            finally:
                store.close()
            if not known:
                raise VaultOfflineError(
                    f"{root} has no vault marker, and not the files that this device knows. If the vault is elsewhere"
                    " (another disk, another place), put it back."
                ) from None
            # The lock lay beside the marker, and nobody else would see one on a file without a name.
            self._lock.release()
            return VaultFolder.create(root, self.vault, self.record.name), True

    def _open(self) -> Replica:
        folder, mended = self._folder()
        if folder.vault != self.vault:
            raise VaultOfflineError(f"{self.record.root} is now another vault.")
        self._lock.acquire(self._command)
        fs = DiskFileSystem(folder.root)
        applier = Applier(fs)
        settings = self.settings
        store = VaultStore.open(self._database, new_index_id=secrets.token_bytes(16))
        try:
            clean_up(fs, applier, store, self._now_ms())
            selection = load_rules(fs, store.history, settings.categories)
        except BaseException:
            store.close()
            raise
        replica = Replica(
            ReplicaState(
                vault=self.vault,
                author=self._author,
                folder=folder,
                fs=fs,
                store=store,
                scanner=Scanner(fs, selection),
                applier=applier,
                selection=selection,
                merges=settings.clashes == CLASH_MERGE,
            )
        )
        self.notices = _notices(replica, self._now_ms()) + [MARKER_PUT_BACK] * mended
        return replica

    @property
    def settings(self) -> VaultSettings:
        return VaultSettings.from_json(self.record.settings_json)

    async def apply_settings(self, record: VaultRecord) -> None:
        """The vault's stored settings have changed: go by them from now on."""
        self.record = record
        if self.engine is None:
            return
        settings = self.settings

        def change(replica: Replica, now_ms: int) -> Effects:
            replica.state.merges = settings.clashes == CLASH_MERGE
            return replica.select(replica.state.selection.with_categories(settings.categories), now_ms)

        await self.engine.act(change)

    async def _prune_now_and_then(self, engine: Engine) -> None:
        """Let old history and old tombstones go, a little at a time, so that nothing else waits for it."""
        delay_s = PRUNE_AFTER_S
        while True:
            await asyncio.sleep(delay_s)
            delay_s = WEIGH_EVERY_S
            # An engine that ends meanwhile tells why by itself: told here too, it would take the place of a stop.
            with suppress(VaultsyncError):
                await self._prune(engine)
                with suppress(TimeoutError):
                    async with asyncio.timeout(PRUNE_EVERY_S):
                        await self._history_grows(engine)
                delay_s = 0.0

    async def _history_grows(self, engine: Engine) -> None:
        """Wait until history takes much more than it may."""
        left = await engine.read(_history_bytes)
        while True:
            await asyncio.sleep(WEIGH_EVERY_S)
            if await engine.read(_history_bytes) > max(left, self.settings.retention.max_bytes) + GROWN_BYTES:
                return

    async def _prune(self, engine: Engine) -> None:
        more = True
        while more:
            pruned = await engine.read(lambda replica: replica.prune(self.settings.retention, self._now_ms()))
            more = pruned.more
        while await engine.read(partial(_forget, tuple(self._members()), self._now_ms())):
            continue

    def _engine_event(self, event: Event) -> None:
        if isinstance(event, VaultStateChanged):
            self.state, self.reason = event.state, event.reason
        self._emit(event)

    def _set_state(self, state: str, reason: str = "") -> None:
        self.tried.set()
        if (state, reason) != (self.state, self.reason):
            self.state, self.reason = state, reason
            self._emit(VaultStateChanged(str(self.vault), state, reason))


def _history_bytes(replica: Replica) -> int:
    return replica.history_bytes


def _forget(members: Collection[NodeId], now_ms: int, replica: Replica) -> int:
    return replica.forget(members, now_ms)


def _notices(replica: Replica, now_ms: int) -> list[str]:
    state = replica.state
    newest = state.store.index.changes_after(max(state.store.index.sequence - 1, 0), 1)
    own = [entry.record.modified_at for entry in newest if entry.record.modified_by == state.author.node]
    found = [
        other_tools([item.name for item in state.fs.scan("")]),
        clock_went_back(now_ms, max(own, default=now_ms)),
    ]
    return [notice for notice in found if notice is not None]
