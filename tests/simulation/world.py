"""One history: a cluster, its people, and a seed that decides everything that happens."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Collection
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

from tests.simulation.disk import Crash, SimulatedDisk
from tests.simulation.ledger import Ledger, OracleError
from tests.simulation.person import Person
from tests.support.cluster import Cluster, Device
from vaultsync.daemon.events import IndexesDiffer
from vaultsync.protocol.framing import StreamKind
from vaultsync.sync.session import RESYNC_EVERY_MS

AGREE_EVERY: Final = 80
"""After so many steps everybody meets, and the promises are checked."""
ROUNDS: Final = 12
"""Meetings after which devices that have not agreed never will."""
EDIT_DURING_CALL: Final = 0.01


class World:
    """A cluster of 2 to 4 devices. Each step draws its lots from the seed and its own number, so that leaving some
    steps out (to find a shorter history) leaves the others as they were."""

    def __init__(self, base: Path, seed: int, say: Callable[[str], None]) -> None:
        self._seed = seed
        self._say = say
        self._random = Random(f"{seed} size")
        self._cluster = Cluster(base, self._random.choice((2, 2, 3, 3, 4)), file_system=SimulatedDisk)
        self.ledger = Ledger()
        self._people = {d.number: Person(d, self.ledger) for d in self._cluster.devices}
        self._calls_to_crash: int | None = None
        self._busy: Device | None = None
        self._furthest = {device.number: -(10**12) for device in self._cluster.devices}
        """How far ahead each device's clock has been."""
        self._restored: dict[int, int] = {}
        """How far ahead it was when the device forgot what it knew."""
        self.repaired = 0
        """How often two indexes were found to differ, and everything was sent again."""
        for device in self._cluster.devices[1:]:
            device.skew_ms = self._random.choice((0, 0, 3, -1_500, 40_000, -3_600_000))

    # Steps

    def step(self, number: int) -> None:
        """Let something happen."""
        self._random = random = Random(f"{self._seed} {number}")
        self._cluster.now_ms += random.choice((1, 1, 2, 5, 20, 120, 700, 2_500, 70_000))
        verbs: list[tuple[float, Callable[[Random], str]]] = [
            (34, self._edit),
            (16, self._hints),
            (4, self._scan),
            (14, self._pull),
            (30, self._deliver),
            (8, self._settle_pair),
            (6, self._dirty),
            (2, self._cut),
            (6, self._connect),
            (2, self._tick),
            (0.8, self._reopen),
            (0.8, self._crash),
            (1.2, self._crash_soon),
            (0.5, self._back_up),
            (0.5, self._restore),
            (0.4, self._turn_clock),
        ]
        (verb,) = random.choices([verb for _, verb in verbs], [weight for weight, _ in verbs])
        said = verb(random)
        if said:
            self._say(f"{number:4} {said}")

    def _edit(self, random: Random) -> str:
        device = random.choice(self._cluster.devices)
        return f"{device.name} {self._people[device.number].act(random)}"

    def _hints(self, random: Random) -> str:
        device = random.choice(self._cluster.devices)
        hints = self._people[device.number].hints
        seen = [path for path in hints if random.random() < 0.9]
        later = [path for path in hints if path not in seen and random.random() < 0.5]
        hints[:] = later
        if not seen:
            return ""
        self._at_work(device, lambda: device.look(seen))
        return f"{device.name} looks at {sorted(set(seen))}"

    def _scan(self, random: Random) -> str:
        device = random.choice(self._cluster.devices)
        self._people[device.number].hints.clear()
        self._at_work(device, device.scan)
        return f"{device.name} scans"

    def _pull(self, random: Random) -> str:
        pairs = self._cluster.pullable()
        if not pairs:
            return ""
        sender, receiver = random.choice(pairs)
        what = random.choice((StreamKind.CHANGES, StreamKind.CONTENT))
        said = self._at_work(sender, partial(self._cluster.pull, sender, receiver, what))
        return f"{sender.name} sends {said} to {receiver.name}" if said else ""

    def _deliver(self, random: Random) -> str:
        said = []
        for _ in range(random.choice((1, 1, 2, 4, 8))):
            channels = self._cluster.deliverable()
            if not channels:
                break
            channel = random.choice(channels)
            sender, receiver, _ = channel
            what = self._at_work(self._device(receiver.raw), partial(self._cluster.deliver, channel))
            said.append(f"{what or 'a crash'} {sender.raw[0]}→{receiver.raw[0]}")
        return "delivers " + ", ".join(said) if said else ""

    def _settle_pair(self, random: Random) -> str:
        """Everything between all who are connected is sent and delivered; nobody scans."""
        said = []
        for _ in range(60):
            pulled = [
                self._at_work(a, partial(self._cluster.pull, a, b, what))
                for a, b in self._cluster.pullable()
                for what in (StreamKind.CHANGES, StreamKind.CONTENT)
                if self._cluster.are_connected(a, b)
            ]
            channels = self._cluster.deliverable()
            if not channels and not any(pulled):
                break
            random.shuffle(channels)
            for channel in channels:
                if channel in self._cluster.deliverable():
                    device = self._device(channel[1].raw)
                    said.append(self._at_work(device, partial(self._cluster.deliver, channel)))
        return f"delivers everything ({len(said)} messages)" if said else ""

    def _dirty(self, random: Random) -> str:
        device = random.choice(self._cluster.devices)
        return f"{device.name} looks at what is dirty" if self._at_work(device, device.look_at_dirty) else ""

    def _cut(self, random: Random) -> str:
        a, b = random.sample(self._cluster.devices, 2)
        if not self._cluster.are_connected(a, b):
            return ""
        self._cluster.disconnect(a, b)
        return f"{a.name} and {b.name} lose each other"

    def _connect(self, random: Random) -> str:
        a, b = random.sample(self._cluster.devices, 2)
        if self._cluster.are_connected(a, b):
            return ""
        self._cluster.connect(a, b)
        return f"{a.name} and {b.name} connect"

    def _tick(self, random: Random) -> str:
        self._cluster.tick(random.choice((1_000, 5_000, 61_000)))
        return "time passes"

    def _reopen(self, random: Random) -> str:
        device = random.choice(self._cluster.devices)
        device.reopen()
        return f"{device.name} restarts"

    def _crash(self, random: Random) -> str:
        device = random.choice(self._cluster.devices)
        device.crash()
        return f"{device.name} crashes"

    def _crash_soon(self, random: Random) -> str:
        self._calls_to_crash = random.randint(1, 30)
        return f"somebody will crash at the disk's call {self._calls_to_crash}"

    def _back_up(self, random: Random) -> str:
        device = random.choice(self._cluster.devices)
        device.back_up()
        return f"{device.name} restarts, its index is backed up"

    def _restore(self, random: Random) -> str:
        device = random.choice(self._cluster.devices)
        self.ledger.forget(device.number, device.tree())
        # Counters are the clock's where the index has forgotten the last: both may not go back at once.
        device.skew_ms = self._furthest[device.number] = max(self._furthest[device.number], device.skew_ms)
        self._restored[device.number] = device.skew_ms
        device.restore()
        return f"{device.name} restarts with its index of then"

    def _turn_clock(self, random: Random) -> str:
        device = random.choice(self._cluster.devices)
        self._furthest[device.number] = max(self._furthest[device.number], device.skew_ms)
        skew_ms = random.choice((0, -86_400_000, 86_400_000, 60_000))
        device.skew_ms = max(skew_ms, self._restored.get(device.number, skew_ms))
        return f"{device.name}'s clock is now {device.skew_ms} ms off"

    # What happens in the middle of a step

    def _at_work(self, device: Device, work: Callable[[], object]) -> str:
        """The device works; a person may edit under its hands, and the power may fail."""
        disk = device.replica.state.fs
        assert isinstance(disk, SimulatedDisk)
        self._busy = device
        disk.before_call = self._before_call
        try:
            done = work()
        except Crash:
            self._calls_to_crash = None
            # What it had put in place and not entered in its index, it will take for an edit of its own.
            self.ledger.touch_all(device.tree())
            device.crash()
            self._say(f"     {device.name} crashes in the middle")
            return ""
        finally:
            disk.before_call = None
            self._busy = None
        return str(done) if done else ""

    def _before_call(self, name: str, path: str) -> None:
        assert self._busy is not None
        if self._calls_to_crash is not None:
            self._calls_to_crash -= 1
            if self._calls_to_crash <= 0:
                if self._calls_to_crash == 0:
                    self._say(f"     power fails before {name} of {path}")
                raise Crash
        if self._random.random() < EDIT_DURING_CALL:
            said = self._people[self._busy.number].act(self._random)
            self._say(f"     before {name} of {path}, {self._busy.name} {said}")

    def _device(self, node: bytes) -> Device:
        return self._cluster.devices[node[0] - 1]

    # Agreement

    def agree(self) -> None:
        """Everybody meets, looks at everything and tells everything; then all promises must hold."""
        cluster = self._cluster
        self._calls_to_crash = None
        for person in self._people.values():
            person.hints.clear()
        cluster.connect_all()
        for round_ in range(ROUNDS):
            before = [device.replica.state.position for device in cluster.devices]
            for device in cluster.devices:
                device.scan()
                cluster.settle()
            cluster.tick(RESYNC_EVERY_MS + 1_000 if round_ > 1 else 5_000)
            cluster.settle()
            quiet = [device.replica.state.position for device in cluster.devices] == before
            proven = all(s.in_sync for device in cluster.devices for s in device.replica.state.sessions.values())
            waiting = any(device.replica.next_look_ms() is not None for device in cluster.devices)
            if round_ and quiet and ((proven and not waiting) or round_ > ROUNDS - 3):
                break
        else:
            raise OracleError("restless: records change in every round of meetings")
        self.ledger.check(cluster.devices)
        self.repaired = sum(isinstance(event, IndexesDiffer) for d in cluster.devices for event in d.events)
        self._say(f"     all agree: {self.fingerprint()[:16]}")

    def fingerprint(self) -> str:
        """Of everything that every device has."""
        seen = sha256()
        for device in self._cluster.devices:
            seen.update(repr(device.tree()).encode())
            for entry in device.replica.state.store.index.entries():
                seen.update(repr((entry.record, entry.state, entry.sequence)).encode())
        seen.update(str(self._cluster.sent_bytes).encode())
        return seen.hexdigest()

    def close(self) -> None:
        for device in self._cluster.devices:
            device.replica.close()


def run(seed: int, steps: int, *, without: Collection[int] = (), say: Callable[[str], None] = lambda _: None) -> World:
    """Play a history of `steps` steps, without those of the given numbers. Raises `OracleError`, or what failed."""
    fast = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="vaultsync-", dir=fast if fast.is_dir() else None) as folder:
        world = World(Path(folder), seed, say)
        try:
            for number in range(1, steps + 1):
                if number not in without:
                    world.step(number)
                if number % AGREE_EVERY == 0:
                    world.agree()
            world.agree()
        finally:
            world.close()
    return world
