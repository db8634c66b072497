"""The engine: the one task that owns a vault's state.

Whatever touches the replica is a step, and goes through one queue (`steps`), so that neither hashing nor SQLite nor
fsync ever blocks the event loop.
"""

from __future__ import annotations

import asyncio
import gc
from collections import deque
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from functools import partial
from typing import Final, TypeVar

from vaultsync.daemon.events import Event, VaultStateChanged
from vaultsync.daemon.replica.arrival import Arrival
from vaultsync.daemon.replica.replica import Replica, VaultMessage
from vaultsync.daemon.replica.state import Effects
from vaultsync.daemon.steps import SCAN, Steps
from vaultsync.daemon.vaultlink import VaultLink
from vaultsync.errors import (
    CloseCode,
    ContentError,
    DiskFullError,
    ProtocolError,
    StoreError,
    VaultOfflineError,
    VaultsyncError,
    one_of_a_group,
)
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.protocol.messages import ChangeSet, Chunks, Contents, ManifestPart, VaultHello
from vaultsync.vault.coalescer import Coalescer

T = TypeVar("T")

TICK_S: Final = 2.5
"""Half of the time between digests: a node that has nothing to do is to cost next to nothing."""
RESCAN_S: Final = 3600.0
"""A full stat scan this often, in case the watcher missed something."""

TOGETHER: Final = 4
"""Messages of contents, of about 1 MiB each, that are put in place in one step: one wait for the disk for all, and the
next ones are unpacked meanwhile."""

MAX_OPEN_OFFERS: Final = 100_000
"""Records that one peer may have offered and that could not be settled yet, before no more are read from it."""

COLLECT_EVERY: Final = 20_000
"""Values made, and not freed, between two searches for cycles among the young (Python's own: 700)."""

STUMBLED: Final = "sent something that this device stumbled over; there is a fault in vaultsync"


class Engine:
    """Runs one replica. `run` is its only task; everything else asks it."""

    def __init__(
        self,
        replica: Replica,
        *,
        worker: Executor,
        now_ms: Callable[[], int],
        emit: Callable[[Event], None],
    ) -> None:
        self.replica = replica
        self._now_ms = now_ms
        self._emit = emit
        self._steps = Steps(worker, carry_out=self._carry_out, afterwards=self._see_what_is_left)
        self._links: dict[NodeId, VaultLink] = {}
        self._arrived: dict[NodeId, deque[Arrival]] = {}
        self._coalescer = Coalescer()
        self._looked = asyncio.Event()
        self._rescan = asyncio.Event()
        self._unread = asyncio.Event()
        self.state = "opening"
        """`opening`, `scanning` or `ready`."""
        self.scanned = asyncio.Event()
        """Set once the vault has been looked through for the first time."""

    @property
    def vault(self) -> VaultId:
        return self.replica.vault

    async def run(self) -> None:
        """Own the replica until cancelled.

        Raises the `VaultsyncError` that makes the vault unusable for now: its folder is gone, the disk is full, the
        index refuses. Connections are dropped then; whoever runs the engine opens a new one when it is mended.
        """
        # A batch of notes makes tens of thousands of small values, none of them in a cycle.
        gc.set_threshold(COLLECT_EVERY, 10, 10)
        try:
            with one_of_a_group():
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._steps.run())
                    tasks.create_task(self._look_when_due())
                    tasks.create_task(self._scan_when_asked())
                    tasks.create_task(self._read_large_files())
                    tasks.create_task(self._tick())
        finally:
            ended = self._steps.end()
            for link in list(self._links.values()):
                link.drop(ended)

    # What others ask of it

    async def attach(self, link: VaultLink) -> VaultHello:
        """A connection opens. Returns what to say of this vault."""
        older = self._links.get(link.peer)
        assert older is None or older is link
        hello: list[VaultHello] = []
        self._links[link.peer] = link
        try:
            await self._steps.do(lambda: hello.append(self.replica.connect(link.peer)))
        except BaseException:
            del self._links[link.peer]
            raise
        return hello[0]

    async def opened(self, peer: NodeId, theirs: VaultHello) -> None:
        """The peer has said the same of its side."""
        await self._steps.do(lambda: self.replica.opened(peer, theirs, self._now_ms()))

    async def detach(self, link: VaultLink) -> None:
        """The connection is gone. Never raises."""
        if self._links.get(link.peer) is link:
            del self._links[link.peer]
            self._arrived.pop(link.peer, None)
            # An engine that has ended, or ends meanwhile, has no conversations any more.
            with suppress(VaultsyncError):
                await self._steps.do(lambda: self.replica.disconnect(link.peer))

    async def receive(self, peer: NodeId, message: VaultMessage) -> None:
        """A message came. Returns when it has been dealt with, which is what holds the sender back.

        Raises `ProtocolError` if the connection is to be closed: the message breaks the rules, or (INTERNAL) a fault
        of ours comes to light by it, which ends the engine too.
        """
        await self._steps.do(
            lambda: self.replica.receive(peer, message, self._now_ms()),
            on_fault=ProtocolError(CloseCode.INTERNAL, STUMBLED),
        )

    async def receive_contents(self, peer: NodeId, message: Arrival) -> None:
        """As `receive`; what has come by the time the disk is free is put in place together."""
        arrived = self._arrived.setdefault(peer, deque())
        arrived.append(message)

        def take() -> Effects | None:
            messages: list[Arrival] = []
            while arrived and len(messages) < TOGETHER:
                messages.append(arrived.popleft())
            # Nothing: a message before this one has taken it along.
            return self.replica.receive_contents(peer, messages, self._now_ms()) if messages else None

        await self._steps.do(take, on_fault=ProtocolError(CloseCode.INTERNAL, STUMBLED))

    async def room_for(self, peer: NodeId) -> None:
        """Wait while `peer` has offered much and not delivered it: open offers take memory, about 1.6 KB each."""
        while self._steps.ended is None and self.replica.open_offers(peer) > MAX_OPEN_OFFERS:
            await self._steps.wait_for_next()

    async def next_changes(self, peer: NodeId) -> ChangeSet | None:
        """The next change set for `peer`, or None if it has all."""
        pulled: list[ChangeSet | None] = []

        def pull() -> Effects:
            message, effects = self.replica.next_changes(peer, self._now_ms())
            pulled.append(message)
            return effects

        await self._steps.do(pull)
        return pulled[0] if pulled else None

    async def next_contents(self, peer: NodeId) -> Contents | ManifestPart | Chunks | None:
        """The next answer to what `peer` asked for, or None if nothing is open."""
        pulled: list[Contents | ManifestPart | Chunks | None] = []

        def pull() -> Effects:
            message, effects = self.replica.next_contents(peer, self._now_ms())
            pulled.append(message)
            return effects

        await self._steps.do(pull)
        return pulled[0] if pulled else None

    async def read(self, query: Callable[[Replica], T]) -> T:
        """Run `query` on the replica between steps, in the worker thread. Raises what `query` raises, as `act` does.

        A fault of ours in a query, which changes nothing, is raised to who asked, and the vault goes on.
        """
        answers: list[T] = []
        faults: list[Exception] = []

        def step(replica: Replica, _now_ms: int) -> None:
            try:
                answers.append(query(replica))
            except VaultsyncError:
                raise
            except Exception as error:  # noqa: BLE001 - it is raised below, where it was asked
                faults.append(error)

        await self.act(step)
        if faults:
            raise faults[0]
        return answers[0]

    async def act(self, step: Callable[[Replica, int], Effects | None]) -> None:
        """Run a step that somebody asked for (a restore, a new setting), with the time in ms.

        What it refuses to do is raised here and concerns nobody else; only what makes the vault unusable ends the
        engine too.
        """
        refused: list[VaultsyncError] = []

        def tried() -> Effects | None:
            now_ms = self._now_ms()
            try:
                return step(self.replica, now_ms)
            except VaultsyncError as error:
                if _is_fatal(error):
                    raise
                refused.append(error)
                return self.replica.tick(now_ms)

        await self._steps.do(tried)
        if refused:
            raise refused[0]

    def notice(self, paths: Collection[str] | None, moves: Collection[tuple[str, str]] = ()) -> None:
        """The watcher saw something at `paths`; None: it lost track. `moves` are pairs of them, from and to.

        Call in the event loop.
        """
        if paths is None:
            self._rescan.set()
        else:
            self._coalescer.add(paths, self._now_ms(), moves)
            self._looked.set()

    # Its own tasks

    def _see_what_is_left(self) -> None:
        if dirty := self.replica.take_dirty(self._now_ms()):
            self._coalescer.add(dirty, self._now_ms())
            self._looked.set()
        if self.replica.has_unread:
            self._unread.set()

    def _carry_out(self, effects: Effects) -> None:
        for peer, message in effects.control:
            if (link := self._links.get(peer)) is not None:
                link.send_control(message)
        # In an order of their own, so that a simulated history can be played again.
        for peer in sorted(effects.changes_for | effects.contents_for, key=lambda peer: peer.raw):
            if (link := self._links.get(peer)) is not None:
                link.wake(changes=peer in effects.changes_for, contents=peer in effects.contents_for)
        for peer, error in effects.broken.items():
            if (link := self._links.get(peer)) is not None:
                link.drop(error)
        for event in effects.events:
            self._emit(event)
        for peer, whether in effects.at_rest.items():
            if (link := self._links.get(peer)) is not None:
                link.at_rest(self.vault, whether)

    def _set_state(self, state: str) -> None:
        self.state = state
        self._emit(VaultStateChanged(str(self.vault), state))

    async def _look_when_due(self) -> None:
        while True:
            next_ms = self._coalescer.next_due_ms()
            later_ms = self.replica.next_look_ms()
            if next_ms is None or (later_ms is not None and later_ms < next_ms):
                next_ms = later_ms
            self._looked.clear()
            if next_ms is None or next_ms > self._now_ms():
                delay_s = None if next_ms is None else (next_ms - self._now_ms()) / 1000
                with suppress(TimeoutError):
                    async with asyncio.timeout(delay_s):
                        await self._looked.wait()
                        continue
            await self._steps.do(partial(self._look, self._coalescer.due(self._now_ms())))

    def _look(self, paths: set[str]) -> Effects | None:
        """A step: what the replica has put off changes with every other one."""
        now_ms = self._now_ms()
        paths = paths | self.replica.take_dirty(now_ms)
        return self.replica.look(paths, now_ms) if paths else None

    async def _scan_when_asked(self) -> None:
        while True:
            self._rescan.clear()
            self._set_state("scanning")
            await self._sweep()
            self._set_state("ready")
            self.scanned.set()
            with suppress(TimeoutError):
                async with asyncio.timeout(RESCAN_S):
                    await self._rescan.wait()

    async def _sweep(self) -> None:
        """One look through the whole vault, in steps between which live work goes first."""
        steps: Iterator[Effects] = self.replica.sweep(self._now_ms())
        more = True

        def step() -> Effects | None:
            nonlocal more
            effects = next(steps, None)
            more = effects is not None
            return effects

        while more:
            await self._steps.do(step, SCAN)

    async def _read_large_files(self) -> None:
        """See what is in large files, a slice at a time: a note never waits for more than one."""
        while True:
            await self._unread.wait()
            self._unread.clear()
            while self.replica.has_unread:
                await self._steps.do(lambda: self.replica.read_on(self._now_ms()), SCAN)

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if self._links:
                await self._steps.do(lambda: self.replica.tick(self._now_ms()))


def _is_fatal(error: VaultsyncError) -> bool:
    """Whether the vault cannot go on after this, whoever caused it."""
    if isinstance(error, ContentError):
        return False
    return isinstance(error, VaultOfflineError | DiskFullError | StoreError)
