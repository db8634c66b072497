"""One history of whole nodes: services, peer managers, mesh, links and engines over the memory transport, on a virtual
clock, everything from one seed."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import random as system_random
import secrets
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import ClassVar, Final
from unittest.mock import patch

from tests.simulation.host import Host
from tests.simulation.ledger import Ledger, OracleError
from tests.simulation.loop import InlineLoop
from tests.simulation.person import Person
from vaultsync.daemon import vaults
from vaultsync.transport.memory import MemoryNetwork
from vaultsync.vault.inotify import OnDirty

PATIENCE_S: Final = 2_000
"""So long, in virtual seconds, may nodes take to find each other (they dial every 300 s at least) and to agree."""
QUIET_S: Final = 15
AGREE_EVERY: Final = 50
EDIT_DURING_CALL: Final = 0.004


class _Watcher:
    """Says what the simulation wants it to say."""

    degraded = None
    all: ClassVar[dict[str, OnDirty]] = {}

    def __init__(self, root: str, on_dirty: OnDirty) -> None:
        self._root, self._on_dirty = root, on_dirty

    def start(self) -> None:
        self.all[self._root] = self._on_dirty

    def stop(self) -> None:
        self.all.pop(self._root, None)


class NodesWorld:
    """2 or 3 nodes that share one vault."""

    def __init__(self, base: Path, seed: int, say: Callable[[str], None]) -> None:
        self._seed = seed
        self._say = say
        self._random = Random(f"{seed} nodes")
        self._network = MemoryNetwork()
        self.injected: Counter[str] = Counter()
        self.hosts = [Host(self._network, base, n, _Watcher.all) for n in range(1, self._random.choice((2, 3, 3)) + 1)]
        self._ledger = Ledger()
        self._people = {host.number: Person(host, self._ledger) for host in self.hosts}
        for host in self.hosts:
            host.root.mkdir()
            host.skew_ms = self._random.choice((0, 0, -1_500, 40_000))
            host.before_call = self._interrupting(host)

    async def begin(self) -> None:
        """All pair with the first."""
        first, *others = self.hosts
        await first.start()
        service = await first.node.add_vault(first.root, "notes")
        for other in others:
            await other.start()
            text, _ = await first.node.make_ticket(service, role="member", life_s=600, reusable=False)
            await other.node.join(text, other.root)

    async def step(self, number: int) -> None:
        self._random = random = Random(f"{self._seed} node step {number}")
        await asyncio.sleep(random.choice((0.0, 0.001, 0.003, 0.01, 0.03, 0.2, 1, 20)))
        verbs = {
            self._edit: 60,
            self._cut: 3,
            self._heal: 5,
            self._drop: 4,
            self._stop: 2,
            self._kill: 3,
            self._start: 6,
        }
        (verb,) = random.choices(list(verbs), list(verbs.values()))
        try:
            async with asyncio.timeout(PATIENCE_S):
                said = await verb(random)
        except TimeoutError:
            raise OracleError(f"stuck: {verb.__name__.strip('_')} never ends") from None
        if said:
            self._say(f"{asyncio.get_running_loop().time():9.3f} {said}")

    async def _edit(self, random: Random) -> str:
        up = [host for host in self.hosts if host.is_open]
        return f"{host.name} {self._act(host, random)}" if (host := random.choice(up) if up else None) else ""

    def _act(self, host: Host, random: Random) -> str:
        person = self._people[host.number]
        said = person.act(random)
        hints, person.hints[:] = [path for path in person.hints if random.random() < 0.95], []
        asyncio.get_running_loop().call_later(random.choice((0, 0.001, 0.05)), host.hint, hints)
        return said

    async def _cut(self, random: Random) -> str:
        a, b = random.sample(self.hosts, 2)
        self._network.cut(a.node_id, b.node_id)
        self.injected["links cut"] += 1
        return f"nothing passes between {a.name} and {b.name}"

    async def _heal(self, random: Random) -> str:
        a, b = random.sample(self.hosts, 2)
        self._network.heal(a.node_id, b.node_id)
        return f"everything passes between {a.name} and {b.name}"

    async def _drop(self, random: Random) -> str:
        a, b = random.sample(self.hosts, 2)
        self._network.drop(a.node_id, b.node_id)
        self.injected["connections lost"] += 1
        return f"{a.name} and {b.name} lose each other"

    async def _stop(self, random: Random) -> str:
        host = random.choice(self.hosts)
        if not host.is_up:
            return ""
        await host.stop()
        self.injected["nodes stopped"] += 1
        return f"{host.name} stops"

    async def _kill(self, random: Random) -> str:
        host = random.choice(self.hosts)
        if not host.is_up:
            return ""
        await host.kill([other for other in self.hosts if other is not host])
        host.before_call = self._interrupting(host)
        # What it had put in place and not entered in its index, it will take for an edit of its own.
        self._ledger.touch_all(host.tree())
        self.injected["nodes killed"] += 1
        return f"{host.name} is killed"

    async def _start(self, random: Random) -> str:
        down = [host for host in self.hosts if not host.is_up]
        if not down:
            return ""
        host = random.choice(down)
        await host.start()
        return f"{host.name} starts"

    def _interrupting(self, host: Host) -> Callable[[str, str], None]:
        def before_call(name: str, path: str) -> None:
            if host.is_open and self._random.random() < EDIT_DURING_CALL:
                self.injected["edits during a call"] += 1
                self._say(f"          before {name} of {path}, {host.name} {self._act(host, self._random)}")

        return before_call

    async def agree(self) -> None:
        """All links are whole and all nodes are up; within `PATIENCE_S` they must agree and come to rest."""
        loop = asyncio.get_running_loop()
        for host in self.hosts:
            # An edit in the middle of the last look, of which no watcher tells, would be found an hour later.
            host.interrupt_with(None)
            if not host.is_up:
                await host.start()
        for a, b in itertools.combinations(self.hosts, 2):
            self._network.heal(a.node_id, b.node_id)
        until_s = loop.time() + PATIENCE_S
        quiet_s = 0
        before: object = None
        while quiet_s < QUIET_S:
            if loop.time() > until_s:
                raise OracleError(f"restless: after {PATIENCE_S} s: {self._state()}")
            if quiet_s == 0:
                for host in self.hosts:
                    if (tell := _Watcher.all.get(str(host.root))) is not None:
                        tell(None)
            await asyncio.sleep(5)
            now = self._state()
            at_rest = now == before and all(host.is_open for host in self.hosts) and self._proven()
            quiet_s = quiet_s + 5 if at_rest else 0
            before = now
        self._ledger.check(self.hosts)
        for host in self.hosts:
            host.interrupt_with(self._interrupting(host))
        self._say(f"{loop.time():9.3f} all agree: {self.fingerprint()[:16]}")

    def _state(self) -> list[object]:
        return [(h.name, h.replica.state.position if h.is_open else None) for h in self.hosts]

    def _proven(self) -> bool:
        return all(
            host.replica.next_look_ms() is None
            and len(host.replica.state.sessions) == len(self.hosts) - 1
            and all(session.in_sync for session in host.replica.state.sessions.values())
            for host in self.hosts
        )

    def fingerprint(self) -> str:
        """Of everything that every device has."""
        seen = hashlib.sha256()
        for host in self.hosts:
            seen.update(repr(host.tree()).encode())
            for entry in host.replica.state.store.index.entries():
                seen.update(repr((entry.record, entry.state, entry.sequence)).encode())
        return seen.hexdigest()

    def count(self) -> Counter[str]:
        return sum((person.done for person in self._people.values()), self.injected)

    async def end(self) -> None:
        for host in self.hosts:
            if host.is_up:
                host.before_call = None
                await host.stop()


@contextmanager
def _one_source_of_chance(seed: int, hosts: dict[str, Host]) -> Iterator[None]:
    """Everything that the product draws, it draws from the seed; its disks and watchers are the simulation's."""
    random = Random(f"{seed} chance")
    _Watcher.all.clear()
    with (
        patch.object(secrets, "token_bytes", random.randbytes),
        patch.object(secrets, "token_hex", lambda size: random.randbytes(size).hex()),
        patch.object(system_random, "random", random.random),
        patch.object(vaults, "Watcher", _Watcher),
        patch.object(vaults, "DiskFileSystem", lambda root: hosts[root].make_disk(root)),
    ):
        yield


def run_nodes(seed: int, steps: int, *, say: Callable[[str], None] = lambda _: None) -> NodesWorld:
    """Play a history. Raises `OracleError`, or what failed."""
    fast = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="vaultsync-", dir=fast if fast.is_dir() else None) as folder:
        world = NodesWorld(Path(folder).resolve(), seed, say)

        async def play() -> None:
            try:
                await world.begin()
                for number in range(1, steps + 1):
                    await world.step(number)
                    if number % AGREE_EVERY == 0:
                        await world.agree()
                await world.agree()
            finally:
                await world.end()

        with (
            _one_source_of_chance(seed, {str(host.root): host for host in world.hosts}),
            asyncio.Runner(loop_factory=lambda: InlineLoop(Random(f"{seed} work"))) as runner,
        ):
            runner.run(play())
    return world
