"""One history of whole nodes: services, peer managers, mesh, links and engines over the memory transport, on a virtual
clock, everything from one seed."""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from tests.simulation import commands, nodefaults
from tests.simulation.chance import Watcher, one_source_of_chance
from tests.simulation.disk import Crash
from tests.simulation.host import Host
from tests.simulation.ledger import Ledger, OracleError
from tests.simulation.loop import InlineLoop
from tests.simulation.manners import some_manners
from tests.simulation.person import Person
from tests.simulation.swarm import Swarm
from vaultsync.daemon.bus import EventBus
from vaultsync.daemon.events import DeletionHeld, Event, IndexesDiffer, VaultStateChanged
from vaultsync.errors import DiskFullError
from vaultsync.sync import brakes
from vaultsync.transport.memory import MemoryNetwork

PATIENCE_S: Final = 2_000
"""So long, in virtual seconds, may nodes take to find each other (they dial every 300 s at least) and to agree."""
QUIET_S: Final = 15
AGREE_EVERY: Final = 50
EDIT_DURING_CALL: Final = 0.004
MOST_DURING_CALLS: Final = 12
"""Edits between calls in one step: each makes calls of its own, and they would never end."""

Verb = Callable[[Random], Awaitable[str]]


class NodesWorld:
    """2 or 3 nodes that share one vault, to which others may come. Each step draws its lots from the seed and its own
    number, so that leaving some steps out leaves the others as they were."""

    def __init__(self, base: Path, seed: int, say: Callable[[str], None], *, folding: bool = False) -> None:
        self._base = base
        self._seed = seed
        self._say = say
        self._random = random = Random(f"{seed} nodes")
        self.network = MemoryNetwork()
        self.swarm = Swarm(Random(f"{seed} swarm"), nodefaults.KINDS)
        self.injected: Counter[str] = Counter(dict.fromkeys((*nodefaults.COUNTED, *commands.COUNTED), 0))
        """How often what was done to the nodes."""
        self.rules = random.random() < 0.25
        self.large = Random(f"{seed} large files").random() < 0.1
        self.folding = folding or Random(f"{seed} folding disks").random() < 0.3
        """Whether some disks take names for one that differ only in case."""
        self.brake = random.choice((brakes.MASS_DELETION_FILES, brakes.MASS_DELETION_FILES, 2))
        self._asks = Random(f"{seed} commands").random() < 0.5
        self._commands = Swarm(Random(f"{seed} swarm of commands"), commands.KINDS)
        self.ledger = Ledger()
        self.people: dict[int, Person] = {}
        self.cuts: set[frozenset[int]] = set()
        """Numbers of devices between which nothing passes."""
        self.calls_to_kill: dict[int, int] = {}
        """After how many calls of its disk a device's node dies."""
        self.furthest: dict[int, int] = {}
        """How far ahead each device's clock has been, in ms."""
        self.restored: dict[int, int] = {}
        """How far ahead it was when the device forgot what it knew."""
        self._everybody: list[Host] = []
        self._problems: list[str] = []
        self._interruptions = 0
        self._repaired = 0
        self.hosts: list[Host] = []
        """The members."""
        self.gone: list[Host] = []
        """Who was a member once."""
        for _ in range(random.choice((2, 3, 3))):
            self.hosts.append(self.new_host(random))

    @property
    def repaired(self) -> int:
        """How often two indexes were found to differ, and everything was sent again."""
        return self._repaired

    def new_host(self, random: Random) -> Host:
        """Another device, with nothing on it."""
        number = len(self._everybody) + 1
        manners = some_manners(Random(f"{self._seed} device{number}"), folding=self.folding)
        host = Host(self.network, self._base, number, Watcher.all, manners)
        self._everybody.append(host)
        self.people[number] = Person(host, self.ledger, manners, large=self.large, rules=self.rules)
        self.furthest[number] = -(10**12)
        host.root.mkdir()
        host.skew_ms = random.choice((0, 0, -1_500, 40_000))
        host.interrupt_with(self.interrupting(host))
        self.injected[f"disks {manners.name}"] += 1
        return host

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
        """Let something happen."""
        self._random = random = Random(f"{self._seed} node step {number}")
        self._interruptions = 0
        await asyncio.sleep(random.choice((0.0, 0.001, 0.003, 0.01, 0.03, 0.2, 1, 20)))
        await self.bury()
        self._complain()
        verbs: list[tuple[float, Verb]] = [
            (60, self._edit),
            *((rate * self.swarm[kind], partial(verb, self)) for kind, rate, verb in nodefaults.RATES),
            *((rate * self._commands[kind] * self._asks, partial(verb, self)) for kind, rate, verb in commands.RATES),
        ]
        (verb,) = random.choices([verb for _, verb in verbs], [weight for weight, _ in verbs])
        try:
            async with asyncio.timeout(PATIENCE_S):
                said = await verb(random)
        except TimeoutError:
            name = getattr(verb, "func", verb).__name__
            raise OracleError(f"stuck: {name.strip('_')} never ends") from None
        self._complain()
        if said:
            self.say(said)

    def say(self, what: str) -> None:
        self._say(f"{asyncio.get_running_loop().time():9.3f} {what}")

    async def _edit(self, random: Random) -> str:
        up = [host for host in self.hosts if host.is_open]
        return f"{host.name} {self._act(host, random)}" if (host := random.choice(up) if up else None) else ""

    def _act(self, host: Host, random: Random) -> str:
        person = self.people[host.number]
        said = person.act(random)
        hints, person.hints[:] = [path for path in person.hints if random.random() < 0.95], []
        asyncio.get_running_loop().call_later(random.choice((0, 0.001, 0.05)), host.hint, hints)
        return said

    def interrupting(self, host: Host) -> Callable[[str, str], None]:
        """What may happen before any call of this device's disk."""

        def before_call(name: str, path: str) -> None:
            left = self.calls_to_kill.get(host.number)
            if left is not None and host.is_up:
                self.calls_to_kill[host.number] = left - 1
                if left <= 1:
                    self.die(host)
                    self.injected["kills in the middle of a call"] += 1
                    self.say(f"{host.name} is killed before {name} of {path}")
                    raise Crash
            often = EDIT_DURING_CALL * self.swarm["edits"]
            if self._interruptions < MOST_DURING_CALLS and host.is_open and self._random.random() < often:
                self._interruptions += 1
                self.injected["edits during a call"] += 1
                self.say(f"before {name} of {path}, {host.name} {self._act(host, self._random)}")

        return before_call

    # Devices and links

    def host_at(self, root: str) -> Host:
        return next(host for host in self._everybody if str(host.root) == root)

    def host_of(self, database: Path) -> Host:
        return next(host for host in self._everybody if host.keeps(database))

    def apart(self, a: Host, b: Host) -> None:
        """Nothing passes between two devices any more."""
        self.cuts.add(frozenset((a.number, b.number)))
        self.network.cut(a.node_id, b.node_id)

    def together(self, a: Host, b: Host) -> None:
        self.cuts.discard(frozenset((a.number, b.number)))
        self.network.heal(a.node_id, b.node_id)

    def die(self, host: Host) -> None:
        """A node's process is gone."""
        self.calls_to_kill.pop(host.number, None)
        host.die([other for other in self._everybody if other is not host])
        # What it had put in place and not entered in its index, it will take for an edit of its own.
        self.ledger.touch_all(host.tree())

    async def bury(self) -> None:
        """Make an end of the processes that have died."""
        for host in self.hosts:
            if host.is_dead:
                await host.bury()
                host.interrupt_with(self.interrupting(host))
                for other in self._everybody:
                    if other is not host and frozenset((host.number, other.number)) not in self.cuts:
                        self.network.heal(host.node_id, other.node_id)

    # What nodes tell

    def happened(self, bus: EventBus, event: Event) -> None:
        host = next((host for host in self.hosts if host.is_up and host.node.bus is bus), None)
        if host is None:
            return
        match event:
            case DeletionHeld():
                # What is held, and what vanished shortly before it, is not deleted.
                self.injected["deletions held"] += 1
                self.ledger.spare(host.number)
            case IndexesDiffer():
                self._repaired += 1
            case VaultStateChanged(state="failed", reason=reason):
                self.say(f"{host.name} stops: {reason}")
                self.injected["stops for lack of room"] += 1
                self.ledger.touch_all(host.tree())
                if not reason.startswith(DiskFullError.title):
                    self._problems.append(f"failed: {host.name}: {reason}")

    def fault(self, what: str) -> None:
        self._problems.append(f"fault: {what}")

    def _complain(self) -> None:
        if self._problems:
            raise OracleError("; ".join(self._problems))

    # Agreement

    async def agree(self) -> None:
        """Everything is mended and all nodes are up; within `PATIENCE_S` they must agree and come to rest."""
        loop = asyncio.get_running_loop()
        self._random = random = Random(f"{self._seed} agreement {loop.time()}")
        for host in self.hosts:
            # An edit in the middle of the last look, of which no watcher tells, would be found an hour later.
            host.interrupt_with(None)
        self.calls_to_kill.clear()
        await self.bury()
        for host in self.hosts:
            host.interrupt_with(None)
            host.limit(disk=False, index=False)
            host.disk.bad.clear()
            if not host.is_up:
                await host.start()
        for a, b in itertools.combinations(self.hosts, 2):
            self.together(a, b)
            commands.make_up(a, b)
        until_s = loop.time() + PATIENCE_S
        quiet_s = 0
        before: object = None
        while quiet_s < QUIET_S:
            if loop.time() > until_s:
                raise OracleError(f"restless: after {PATIENCE_S} s: {self._unrest() or 'records change'}")
            if quiet_s == 0:
                for host in self.hosts:
                    if (tell := Watcher.all.get(str(host.root))) is not None:
                        tell(None)
            await asyncio.sleep(5)
            self._complain()
            tidied = [await nodefaults.tidy(self, host, random) for host in self.hosts if host.is_open]
            now = self._state()
            at_rest = now == before and not self._unrest() and not any(tidied)
            quiet_s = quiet_s + 5 if at_rest else 0
            before = now
        self.ledger.check(self.hosts, [host.name for host in self.hosts if host.manners.folds_case])
        for host in self.hosts:
            host.interrupt_with(self.interrupting(host))
        self.say(f"all agree: {self.fingerprint()[:16]}")

    def _state(self) -> list[object]:
        return [host.replica.state.position if host.is_open else None for host in self.hosts]

    def _unrest(self) -> list[str]:
        """What is still to be done, and where."""
        found: list[str] = []
        for host in self.hosts:
            if not host.is_open:
                found.append(f"{host.name} is {host.service.state}: {host.service.reason}")
                continue
            state = host.replica.state
            left: dict[str, object] = {
                "looks later at": sorted({*state.again, *state.dirty}) or host.replica.next_look_ms(),
                "waits for": list(state.offers.paths()),
                "lacks": len(self.hosts) - 1 - len(state.sessions),
                "is unequal to": [peer[:2].hex() for peer, session in state.sessions.items() if not session.in_sync],
            }
            found += [f"{host.name} {what} {which}" for what, which in left.items() if which]
        return found

    def fingerprint(self) -> str:
        """Of everything that every device has."""
        seen = hashlib.sha256()
        for host in self.hosts:
            seen.update(repr(host.tree()).encode())
            for entry in host.replica.state.store.index.entries():
                seen.update(repr((entry.record, entry.state, entry.sequence)).encode())
        return seen.hexdigest()

    def count(self) -> Counter[str]:
        """How often each fault was injected, and what people did."""
        counted = Counter(self.injected)
        for host in self._everybody:
            for name, times in host.disk.refused.items():
                counted[f"calls refused with {name}"] += times
            counted.update(self.people[host.number].done)
        return counted

    async def end(self) -> None:
        """Stop what runs, however the history has ended."""
        for host in (*self.hosts, *self.gone):
            host.interrupt_with(None)
            if host.is_dead:
                await host.bury()
            elif host.is_up:
                await host.stop()


def run_nodes(
    seed: int,
    steps: int,
    *,
    without: Collection[int] = (),
    say: Callable[[str], None] = lambda _: None,
    folding: bool = False,
) -> NodesWorld:
    """Play a history of `steps` steps, without those of the given numbers. Raises `OracleError`, or what failed."""
    fast = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="vaultsync-", dir=fast if fast.is_dir() else None) as folder:
        world = NodesWorld(Path(folder).resolve(), seed, say, folding=folding)

        async def play() -> None:
            try:
                await world.begin()
                for number in range(1, steps + 1):
                    if number not in without:
                        await world.step(number)
                    if number % AGREE_EVERY == 0:
                        await world.agree()
                await world.agree()
            finally:
                await world.end()

        with (
            one_source_of_chance(seed, world),
            asyncio.Runner(loop_factory=lambda: InlineLoop(Random(f"{seed} work"))) as runner,
        ):
            runner.run(play())
    return world
