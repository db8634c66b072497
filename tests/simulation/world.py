"""One history: a cluster, its people, and a seed that decides everything that happens."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final

from tests.simulation import faults
from tests.simulation.disk import Crash, SimulatedDisk
from tests.simulation.ledger import Ledger, OracleError
from tests.simulation.manners import some_manners
from tests.simulation.person import Person
from tests.simulation.swarm import Swarm
from tests.support.cluster import Cluster, Device
from vaultsync.daemon.events import IndexesDiffer
from vaultsync.errors import DiskFullError, VaultsyncError
from vaultsync.model.filters import DEFAULT_CATEGORIES, IGNORE_FILE
from vaultsync.protocol.framing import StreamKind
from vaultsync.sync import brakes
from vaultsync.sync.session import RESYNC_EVERY_MS

AGREE_EVERY: Final = 80
"""After so many steps everybody meets, and the promises are checked."""
ROUNDS: Final = 12
"""Meetings after which devices that have not agreed never will."""
EDIT_DURING_CALL: Final = 0.01


class World:
    """A cluster of 2 to 4 devices, to which others may come. Each step draws its lots from the seed and its own
    number, so that leaving some steps out (to find a shorter history) leaves the others as they were."""

    def __init__(self, base: Path, seed: int, say: Callable[[str], None], *, folding: bool = False) -> None:
        """`folding`: some disks take names for one that differ only in case; without it, in three histories of ten."""
        self._seed = seed
        self._folding = folding or Random(f"{seed} folding").random() < 0.3
        self._say = say
        self._random = random = Random(f"{seed} size")
        self.swarm = Swarm(Random(f"{seed} swarm"), faults.KINDS)
        self.injected: Counter[str] = Counter(dict.fromkeys(faults.COUNTED, 0))
        """How often what was done to the cluster."""
        self._large = random.random() < 0.1
        self._rules = random.random() < 0.25
        self.brake = random.choice((brakes.MASS_DELETION_FILES, brakes.MASS_DELETION_FILES, 2))
        """More deletions at once than so many are held."""
        self._disks: dict[str, SimulatedDisk] = {}
        self.cluster = Cluster(base, random.choice((2, 2, 3, 3, 4)), file_system=self._make_disk)
        self.ledger = Ledger()
        self._people: dict[int, Person] = {}
        self._calls_to_crash: int | None = None
        self._busy: Device | None = None
        self.parted: set[int] = set()
        """Numbers of the devices that the others cannot reach."""
        self.noticed: dict[int, int] = {}
        """Of how many deletions held we know."""
        self._furthest: dict[int, int] = {}
        """How far ahead each device's clock has been."""
        self._restored: dict[int, int] = {}
        """How far ahead it was when the device forgot what it knew."""
        self._agreements = 0
        for device in self.cluster.devices:
            self.welcome(device, random)

    @property
    def repaired(self) -> int:
        """How often two indexes were found to differ, and everything was sent again."""
        return sum(isinstance(event, IndexesDiffer) for device in self.cluster.devices for event in device.events)

    def welcome(self, device: Device, random: Random) -> None:
        """Somebody begins to work on a new device."""
        manners = self.disk(device).manners
        self._people[device.number] = Person(device, self.ledger, manners, large=self._large, rules=self._rules)
        self._furthest[device.number] = -(10**12)
        device.skew_ms = random.choice((0, 0, 3, -1_500, 40_000, -3_600_000))
        self.injected[f"disks {manners.name}"] += 1

    def disk(self, device: Device) -> SimulatedDisk:
        return self._disks[device.replica.state.folder.root]

    def _make_disk(self, root: str) -> SimulatedDisk:
        if root not in self._disks:
            name = Path(root).name
            manners = some_manners(Random(f"{self._seed} {name}"), folding=self._folding)
            self._disks[root] = SimulatedDisk(root, manners)
        return self._disks[root]

    # Steps

    def step(self, number: int) -> None:
        """Let something happen."""
        self._random = random = Random(f"{self._seed} {number}")
        self.cluster.now_ms += random.choice((1, 1, 2, 5, 20, 120, 700, 2_500, 70_000))
        verbs: list[tuple[float, Callable[[Random], str]]] = [
            (34, self._edit),
            (16, self._hints),
            (4, self._scan),
            (14, self._pull),
            (30, self._deliver),
            (8, self._settle_pair),
            (6, self._dirty),
            (6, self._connect),
            (2, self._tick),
            *((rate * self.swarm[kind], fault) for kind, rate, fault in self._faults()),
        ]
        (verb,) = random.choices([verb for _, verb in verbs], [weight for weight, _ in verbs])
        said = verb(random)
        if said:
            self._say(f"{number:4} {said}")

    def _faults(self) -> list[tuple[str, float, Callable[[Random], str]]]:
        """Kind (swarm.py; repairs are no faults), how often as against 34 edits, and what happens."""
        return [
            ("restarts", 0.8, self._reopen),
            ("crashes", 0.8, self._crash),
            ("crashes in calls", 1.2, self._crash_soon),
            ("restores", 0.5, self._back_up),
            ("restores", 0.5, self._restore),
            ("clocks", 0.4, self._turn_clock),
            ("selections", 0.7 if self._rules else 0, partial(faults.select, self)),
            *((kind, rate, partial(fault, self)) for kind, rate, fault in faults.RATES),
        ]

    def _edit(self, random: Random) -> str:
        device = random.choice(self.cluster.devices)
        return f"{device.name} {self._people[device.number].act(random)}"

    def _hints(self, random: Random) -> str:
        device = random.choice(self.cluster.devices)
        hints = self._people[device.number].hints
        seen = [path for path in hints if random.random() < 0.9]
        later = [path for path in hints if path not in seen and random.random() < 0.5]
        hints[:] = later
        if not seen:
            return ""
        self.at_work(device, lambda: device.look(seen))
        return f"{device.name} looks at {sorted(set(seen))}"

    def _scan(self, random: Random) -> str:
        device = random.choice(self.cluster.devices)
        self._people[device.number].hints.clear()
        self.at_work(device, device.scan)
        return f"{device.name} scans"

    def _pull(self, random: Random) -> str:
        pairs = self.cluster.pullable()
        if not pairs:
            return ""
        sender, receiver = random.choice(pairs)
        what = random.choice((StreamKind.CHANGES, StreamKind.CONTENT))
        said = self.at_work(sender, partial(self.cluster.pull, sender, receiver, what))
        return f"{sender.name} sends {said} to {receiver.name}" if said else ""

    def _deliver(self, random: Random) -> str:
        said = []
        for _ in range(random.choice((1, 1, 2, 4, 8))):
            channels = self.cluster.deliverable()
            if not channels:
                break
            channel = random.choice(channels)
            sender, receiver, _ = channel
            what = self.at_work(self.cluster.device(receiver), partial(self.cluster.deliver, channel))
            said.append(f"{what or 'a crash'} {sender.raw[0]}→{receiver.raw[0]}")
        return "delivers " + ", ".join(said) if said else ""

    def _settle_pair(self, random: Random) -> str:
        """Everything between all who are connected is sent and delivered; nobody scans."""
        said = []
        for _ in range(60):
            pulled = [
                self.at_work(a, partial(self.cluster.pull, a, b, what))
                for a, b in self.cluster.pullable()
                for what in (StreamKind.CHANGES, StreamKind.CONTENT)
                if self.cluster.are_connected(a, b)
            ]
            channels = self.cluster.deliverable()
            if not channels and not any(pulled):
                break
            random.shuffle(channels)
            for channel in channels:
                if channel in self.cluster.deliverable():
                    device = self.cluster.device(channel[1])
                    said.append(self.at_work(device, partial(self.cluster.deliver, channel)))
        return f"delivers everything ({len(said)} messages)" if said else ""

    def _dirty(self, random: Random) -> str:
        device = random.choice(self.cluster.devices)
        return f"{device.name} looks at what is dirty" if self.at_work(device, device.look_at_dirty) else ""

    def _connect(self, random: Random) -> str:
        a, b = random.sample(self.cluster.devices, 2)
        if self.cluster.are_connected(a, b) or (a.number in self.parted) != (b.number in self.parted):
            return ""
        self.cluster.connect(a, b)
        return f"{a.name} and {b.name} connect"

    def _tick(self, random: Random) -> str:
        self.cluster.tick(random.choice((1_000, 5_000, 61_000)))
        return "time passes"

    def _reopen(self, random: Random) -> str:
        device = random.choice(self.cluster.devices)
        device.reopen()
        self.injected["restarts"] += 1
        return f"{device.name} restarts"

    def _crash(self, random: Random) -> str:
        device = random.choice(self.cluster.devices)
        device.crash()
        self.injected["crashes"] += 1
        return f"{device.name} crashes"

    def _crash_soon(self, random: Random) -> str:
        self._calls_to_crash = random.randint(1, 30)
        return f"somebody will crash at the disk's call {self._calls_to_crash}"

    def _back_up(self, random: Random) -> str:
        device = random.choice(self.cluster.devices)
        device.back_up()
        return f"{device.name} restarts, its index is backed up"

    def _restore(self, random: Random) -> str:
        devices = [device for device in self.cluster.devices if device.has_backup]
        if not devices:
            return ""
        device = random.choice(devices)
        self.ledger.forget(device.number, device.tree())
        # Counters are the clock's where the index has forgotten the last: both may not go back at once.
        device.skew_ms = self._furthest[device.number] = max(self._furthest[device.number], device.skew_ms)
        self._restored[device.number] = device.skew_ms
        device.restore()
        self.injected["old indexes restored"] += 1
        return f"{device.name} restarts with its index of then"

    def _turn_clock(self, random: Random) -> str:
        device = random.choice(self.cluster.devices)
        self._furthest[device.number] = max(self._furthest[device.number], device.skew_ms)
        self.injected["clocks turned"] += 1
        skew_ms = random.choice((0, -86_400_000, 86_400_000, 60_000))
        device.skew_ms = max(skew_ms, self._restored.get(device.number, skew_ms))
        return f"{device.name}'s clock is now {device.skew_ms} ms off"

    # What happens in the middle of a step

    def at_work(self, device: Device, work: Callable[[], object]) -> str:
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
            self.injected["crashes in the middle"] += 1
            self._say(f"     {device.name} crashes in the middle")
            return ""
        except DiskFullError as error:
            disk.before_call = None
            self._say(f"     {device.name} stops: {error}")
            self.ledger.touch_all(device.tree())
            self.injected["stops for lack of room"] += 1
            self._start_again(device)
            return ""
        finally:
            disk.before_call = None
            self._busy = None
            faults.notice_held(self, device)
        return str(done) if done else ""

    def _start_again(self, device: Device) -> None:
        """As the service does with a vault whose disk is full."""
        try:
            device.reopen()
        except VaultsyncError:
            device.crash()

    def _before_call(self, name: str, path: str) -> None:
        assert self._busy is not None
        if self._calls_to_crash is not None:
            self._calls_to_crash -= 1
            if self._calls_to_crash <= 0:
                if self._calls_to_crash == 0:
                    self._say(f"     power fails before {name} of {path}")
                raise Crash
        if self._random.random() < EDIT_DURING_CALL * min(self.swarm["edits"], 3):
            self.injected["edits during a call"] += 1
            said = self._people[self._busy.number].act(self._random)
            self._say(f"     before {name} of {path}, {self._busy.name} {said}")

    # Agreement

    def agree(self) -> None:
        """Everybody meets, looks at everything and tells everything; then all promises must hold."""
        cluster = self.cluster
        self._agreements += 1
        self._random = random = Random(f"{self._seed} agreement {self._agreements}")
        self._calls_to_crash = None
        self.parted = set()
        for device in cluster.devices:
            self._people[device.number].hints.clear()
            self.disk(device).bad.clear()
            faults.make_room(self, device)
            if device.categories != DEFAULT_CATEGORIES:
                faults.choose(device, [])
        cluster.connect_all()
        for round_ in range(ROUNDS):
            before = [device.replica.state.position for device in cluster.devices]
            for device in cluster.devices:
                if device.tree().get(IGNORE_FILE):
                    self._people[device.number].set_rules(random, [])
                device.scan()
                cluster.settle()
                faults.notice_held(self, device)
                if faults.held(device):
                    self._say(f"     {faults.decide(self, device, random)}")
            cluster.tick(RESYNC_EVERY_MS + 1_000 if round_ > 1 else 5_000)
            cluster.settle()
            quiet = [device.replica.state.position for device in cluster.devices] == before
            proven = all(s.in_sync for device in cluster.devices for s in device.replica.state.sessions.values())
            waiting = any(device.replica.next_look_ms() is not None for device in cluster.devices)
            if round_ and quiet and ((proven and not waiting) or round_ > ROUNDS - 3):
                break
        else:
            raise OracleError("restless: records change in every round of meetings")
        self.ledger.check(cluster.devices, [d.name for d in cluster.devices if self.disk(d).folds_case])
        self._say(f"     all agree: {self.fingerprint()[:16]}")

    def fingerprint(self) -> str:
        """Of everything that every device has."""
        seen = sha256()
        for device in self.cluster.devices:
            seen.update(repr(device.tree()).encode())
            for entry in device.replica.state.store.index.entries():
                seen.update(repr((entry.record, entry.state, entry.sequence)).encode())
        seen.update(str(self.cluster.sent_bytes).encode())
        return seen.hexdigest()

    def count(self) -> Counter[str]:
        """How often each fault was injected, and what people did."""
        for disk in self._disks.values():
            self.injected.update({f"calls refused with {name}": times for name, times in disk.refused.items()})
            disk.refused = {}
        counted = Counter(self.injected)
        for person in self._people.values():
            counted.update(person.done)
        return counted

    def close(self) -> None:
        for device in self.cluster.devices:
            device.replica.close()


def run(
    seed: int,
    steps: int,
    *,
    without: Collection[int] = (),
    say: Callable[[str], None] = lambda _: None,
    folding: bool = False,
) -> World:
    """Play a history of `steps` steps, without those of the given numbers. Raises `OracleError`, or what failed."""
    fast = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="vaultsync-", dir=fast if fast.is_dir() else None) as folder:
        world = World(Path(folder), seed, say, folding=folding)
        held_above, brakes.MASS_DELETION_FILES = brakes.MASS_DELETION_FILES, world.brake  # type: ignore[misc]
        try:
            for number in range(1, steps + 1):
                if number not in without:
                    world.step(number)
                if number % AGREE_EVERY == 0:
                    world.agree()
            world.agree()
        finally:
            brakes.MASS_DELETION_FILES = held_above  # type: ignore[misc]
            world.close()
    return world
