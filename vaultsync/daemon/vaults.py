"""One vault in service: opened, watched, synced, and opened again when whatever stopped it is mended."""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import shlex
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from vaultsync.daemon.engine import Engine
from vaultsync.daemon.events import Event, VaultStateChanged
from vaultsync.daemon.replica.adopt import expect_nothing
from vaultsync.daemon.replica.leftovers import clean_up
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.replica.rules import load_rules
from vaultsync.daemon.replica.state import Effects, ReplicaState
from vaultsync.daemon.settings import CLASH_MERGE, VaultSettings
from vaultsync.errors import VaultError, VaultOfflineError, VaultsyncError, one_of_a_group
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
ADOPTED: Final = (
    "This folder was brought back and taken for the vault. What it lacked comes from history or from the other devices;"
    " what had been deleted or renamed since its backup may be there again."
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
        author: Callable[[], Awaitable[Author]],
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
        self._adoption: asyncio.Future[None] | None = None
        """A person has said that the folder is this vault, and waits for what comes of it."""
        self._again = asyncio.Event()
        """Opening is to be tried at once."""
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

    async def adopt(self) -> None:
        """Take the folder that is in the vault's place, as it was brought back, for the vault.

        Nothing is deleted anywhere because it lacks something. Raises `VaultError` if there is nothing to adopt,
        `VaultOfflineError` if there is no folder, and why opening it failed.
        """
        await asyncio.to_thread(self._check_adoptable)
        adoption = self._adoption = self._adoption or asyncio.get_running_loop().create_future()
        self._again.set()
        await asyncio.shield(adoption)

    def _check_adoptable(self) -> None:
        root = str(self.record.root)
        if not os.path.isdir(root):
            raise VaultOfflineError(f"There is no folder at {root}.", hint="Bring it back first, or make it.")
        if self.engine is not None or not has_lost_its_marker(root):
            raise VaultError(
                f"{root} has its hidden folder .vaultsync: there is nothing to adopt.",
                hint="If that came with a backup, remove .vaultsync from the folder first.",
            )

    async def run(self) -> None:
        """Serve the vault until cancelled."""
        worker = ThreadPoolExecutor(1, thread_name_prefix=f"vault-{self.record.name}")
        try:
            while True:
                wait_s = FAILED_RETRY_S
                try:
                    # A task group that fails leaves its task marked as being cancelled, and before Python 3.11.4 each
                    # `asyncio.timeout` in that task then ends in a cancellation. So it gets a task of its own.
                    await asyncio.create_task(self._serve(worker))
                except VaultOfflineError as error:
                    self._set_state("offline", f"{error.message} {error.hint}".rstrip())
                    wait_s = OFFLINE_RETRY_S
                except VaultsyncError as error:
                    self._set_state("failed", f"{error.title}: {error.message} {error.hint}".rstrip())
                except Exception as error:  # noqa: BLE001 - a fault in one vault must not stop the others
                    _log.critical("vault %s has failed", self.record.name, exc_info=error)
                    self._set_state("failed", f"There is a fault in vaultsync: {error!r}. The log has more.")
                if self.stopping:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait_s):
                        await self._again.wait()
                self._again.clear()
        finally:
            self._answer_adoption(VaultError("The vault has stopped."))
            worker.shutdown(wait=False)
            self._lock.release()
            self._set_state("stopped")

    async def _serve(self, worker: ThreadPoolExecutor) -> None:
        loop = asyncio.get_running_loop()
        told = set(self.notices)
        adoption = self._adoption
        if adoption is not None:
            self._set_state("opening")
        try:
            replica = await self._opened(worker, adopting=adoption is not None)
        except BaseException as error:
            if adoption is not None:
                self._answer_adoption(error)
            raise
        # Whoever asked while it was being opened has what was asked for.
        self._answer_adoption(None)
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
                with one_of_a_group():
                    async with asyncio.TaskGroup() as tasks:
                        pruning = tasks.create_task(self._prune_now_and_then(engine))
                        try:
                            await engine.run()
                        finally:
                            pruning.cancel()
            finally:
                self.engine = None
                self._on_engine(self.vault, None)
                await asyncio.shield(loop.run_in_executor(worker, watcher.stop))
        except OSError as error:
            raise VaultError(f"The disk says: {error}.") from error
        finally:
            await asyncio.shield(loop.run_in_executor(worker, replica.close))

    async def _opened(self, worker: ThreadPoolExecutor, *, adopting: bool) -> Replica:
        """The vault, opened in its thread. Raises a `VaultsyncError`."""
        loop = asyncio.get_running_loop()
        opening = loop.run_in_executor(worker, self._open, adopting, await self._author())
        try:
            return await asyncio.shield(opening)
        except asyncio.CancelledError:
            # The thread goes on: what it opens has to be closed, and its lock released, by this very service.
            await asyncio.wait([opening])
            if opening.exception() is None:
                await loop.run_in_executor(worker, opening.result().close)
            raise
        except OSError as error:
            raise VaultError(f"The disk says: {error}.") from error

    def _answer_adoption(self, error: BaseException | None) -> None:
        adoption, self._adoption = self._adoption, None
        if adoption is None:
            return
        if error is None:
            adoption.set_result(None)
        else:
            known = isinstance(error, VaultsyncError)
            adoption.set_exception(error if known else VaultError("The vault has stopped."))

    def _folder(self, *, adopting: bool) -> tuple[VaultFolder, str]:
        """The vault's folder, and what to tell if its marker had to be put back; `adopting`: whatever is there is it.

        `VaultOfflineError` if it is not there.
        """
        root = str(self.record.root)
        try:
            return VaultFolder.open(root), ""
        except VaultOfflineError:
            if not has_lost_its_marker(root) or not (adopting or self._database.exists()):
                raise
            store = VaultStore.open(self._database, new_index_id=secrets.token_bytes(16))
            try:
                if adopting:
                    expect_nothing(store)
                elif not holds_the_files(DiskFileSystem(root), store.index.below("")):
                    raise VaultOfflineError(
                        f"{root} has no vault marker, and not the files that this device knows. If the vault is"
                        " elsewhere (another disk, another place), put it back. If you brought this folder back from a"
                        f" backup: `vaultsync adopt {shlex.quote(root)}`.",
                        hint="Nothing is deleted anywhere meanwhile.",
                    ) from None
            finally:
                store.close()
            # The lock lay beside the marker, and nobody else would see one on a file without a name.
            self._lock.release()
            return VaultFolder.create(root, self.vault, self.record.name), ADOPTED if adopting else MARKER_PUT_BACK

    def _open(self, adopting: bool, author: Author) -> Replica:
        folder, mended = self._folder(adopting=adopting)
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
                author=author,
                folder=folder,
                fs=fs,
                store=store,
                scanner=Scanner(fs, selection),
                applier=applier,
                selection=selection,
                merges=settings.clashes == CLASH_MERGE,
            )
        )
        if adopting:
            try:
                replica.adopt(self._now_ms())
            except BaseException:
                replica.close()
                raise
        self.notices = [*_notices(replica, self._now_ms()), *filter(None, [mended])]
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
