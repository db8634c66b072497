"""What goes wrong, or is changed by somebody, beside edits and messages. Each returns what happened, in words; the
empty string for nothing."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Final

from tests.simulation.filemanager import copy_folder
from tests.support.cluster import Device
from vaultsync.daemon.events import DeletionHeld
from vaultsync.daemon.replica.replica import Replica
from vaultsync.model.filters import DEFAULT_CATEGORIES, IGNORE_FILE, Category
from vaultsync.model.paths import parents_of
from vaultsync.model.records import State

if TYPE_CHECKING:
    from tests.simulation.world import World

Fault = Callable[["World", Random], str]

MOST_MEMBERS = 5
NO_LIMIT = 2**32 - 2
"""Pages of a SQLite file."""


# Connections


def cut(world: World, random: Random) -> str:
    a, b = random.sample(world.cluster.devices, 2)
    if not world.cluster.are_connected(a, b):
        return ""
    world.cluster.disconnect(a, b)
    world.injected["connections lost"] += 1
    return f"{a.name} and {b.name} lose each other"


def part(world: World, random: Random) -> str:
    """Two groups cannot reach each other any more."""
    devices = world.cluster.devices
    group = random.sample(devices, random.randint(1, len(devices) - 1))
    numbers = sorted(device.number for device in group)
    world.parted = set(numbers)
    for a in group:
        for b in devices:
            if b not in group and world.cluster.are_connected(a, b):
                world.cluster.disconnect(a, b)
    world.injected["partitions"] += 1
    return f"nobody reaches {numbers} from outside"


def join_up(world: World, _random: Random) -> str:
    """The network is whole again."""
    if not world.parted:
        return ""
    world.parted = set()
    return "everybody can reach everybody"


# Disks


def fill(world: World, random: Random) -> str:
    device = random.choice(world.cluster.devices)
    world.disk(device).is_full = True
    if both := random.random() < 0.5:
        _limit_index(device.replica, 1)
    world.injected["disks full"] += 1
    return f"{device.name}'s disk is full{', with the index' if both else ''}"


def free(world: World, random: Random) -> str:
    full = [device for device in world.cluster.devices if world.disk(device).is_full]
    return make_room(world, random.choice(full)) if full else ""


def make_room(world: World, device: Device) -> str:
    world.disk(device).is_full = False
    _limit_index(device.replica, NO_LIMIT)
    return f"{device.name}'s disk has room again"


def _limit_index(replica: Replica, pages: int) -> None:
    """SQLite refuses to grow past so many pages, or past what it has now if that is more."""
    replica.state.store.index._database.run(f"PRAGMA max_page_count = {pages}")


def break_file(world: World, random: Random) -> str:
    """A file or a folder cannot be read any more."""
    device = random.choice(world.cluster.devices)
    paths = [path for path in device.tree() if path != IGNORE_FILE]
    if not paths:
        return ""
    path = random.choice(paths)
    world.disk(device).bad.add(path)
    world.injected["files that cannot be read"] += 1
    return f"{device.name} cannot read {path}"


def mend(world: World, random: Random) -> str:
    broken = [device for device in world.cluster.devices if world.disk(device).bad]
    if not broken:
        return ""
    device = random.choice(broken)
    world.disk(device).bad.clear()
    return f"{device.name} can read everything again"


# Settings


def select(world: World, random: Random) -> str:
    """Another selection on one device, which knows by then what its people have removed."""
    device = random.choice(world.cluster.devices)
    world.at_work(device, device.scan)
    some = random.sample([Category.NOTES, Category.IMAGES, Category.OTHER], random.choice((0, 1, 1, 2)))
    world.at_work(device, lambda: choose(device, some))
    # What is removed before the device has looked at what is selected now comes back.
    world.at_work(device, device.scan)
    world.injected["selections"] += 1
    return f"{device.name} syncs no {', '.join(some) or 'less than everything'}"


def choose(device: Device, without: list[Category]) -> None:
    device.categories = DEFAULT_CATEGORIES - set(without)
    selection = device.replica.state.selection.with_categories(device.categories)
    device.cluster.carry_out(device, device.replica.select(selection, device.now_ms))


# Deletions that are held


def answer(world: World, random: Random) -> str:
    holding = [device for device in world.cluster.devices if held(device)]
    return decide(world, random.choice(holding), random) if holding else ""


def held(device: Device) -> bool:
    return bool(device.replica.state.store.index.in_state(State.HELD))


def decide(world: World, device: Device, random: Random) -> str:
    """Say that all deletions were meant, or not. They were, if a file is now where their folder was."""
    replica, now_ms = device.replica, device.now_ms
    files = {path for path, content in device.tree().items() if content is not None}
    held_paths = [entry.record.path for entry in replica.state.store.index.in_state(State.HELD)]
    if random.random() < 0.5 or any(not files.isdisjoint(parents_of(path)) for path in held_paths):
        world.at_work(device, lambda: device.cluster.carry_out(device, replica.approve_deletions(None, now_ms)[1]))
        world.injected["deletions approved"] += 1
        return f"{device.name} means its deletions"
    world.ledger.spare(device.number)
    world.at_work(device, lambda: device.cluster.carry_out(device, replica.undo_deletions(None, now_ms)[1]))
    world.injected["deletions undone"] += 1
    return f"{device.name} takes its deletions back"


def notice_held(world: World, device: Device) -> None:
    """What is held, and what vanished shortly before it, is not deleted."""
    noticed = sum(isinstance(event, DeletionHeld) for event in device.events)
    if noticed > world.noticed.get(device.number, 0):
        world.noticed[device.number] = noticed
        world.injected["deletions held"] += 1
        world.ledger.spare(device.number)


# Members


def join(world: World, random: Random) -> str:
    """Another device becomes a member, with an empty folder or with a copy of somebody's."""
    if len(world.cluster.devices) >= MOST_MEMBERS:
        return ""
    other = random.choice(world.cluster.devices)
    device = world.cluster.add()
    world.welcome(device, random)
    world.injected["members joined"] += 1
    if random.random() < 0.5:
        return f"{device.name} joins"
    copy_folder(other, world.disk(other).manners, device, world.disk(device).manners)
    world.ledger.touch_all(device.tree())
    return f"{device.name} joins with a copy of what {other.name} has"


def leave(world: World, random: Random) -> str:
    """A device is a member no more."""
    if len(world.cluster.devices) <= 2:
        return ""
    device = random.choice(world.cluster.devices)
    if world.disk(device).bad or any(world.disk(each).is_full for each in world.cluster.devices) or world.parted:
        return ""
    # Else the others know of contents that nobody has.
    world.cluster.connect_all()
    world.cluster.settle()
    world.cluster.remove(device)
    world.ledger.leave(device.tree(), [other.tree() for other in world.cluster.devices])
    world.injected["members left"] += 1
    return f"{device.name} leaves"


RATES: Final[tuple[tuple[str, float, Fault], ...]] = (
    ("losses", 2, cut),
    ("partitions", 0.7, part),
    ("repairs", 1.5, join_up),
    ("full disks", 0.5, fill),
    ("repairs", 3, free),
    ("bad disks", 0.7, break_file),
    ("repairs", 1.5, mend),
    ("repairs", 1.5, answer),
    ("members", 0.2, join),
    ("members", 0.15, leave),
)
"""Kind of fault (swarm.py; repairs are none), how often as against 34 edits, and what to do."""
KINDS: Final = (
    "edits",
    "losses",
    "restarts",
    "crashes",
    "crashes in calls",
    "restores",
    "clocks",
    "partitions",
    "full disks",
    "bad disks",
    "selections",
    "members",
)
"""Of faults (swarm.py)."""
COUNTED: Final = (
    "connections lost",
    "restarts",
    "crashes",
    "crashes in the middle",
    "edits during a call",
    "old indexes restored",
    "clocks turned",
    "partitions",
    "disks full",
    "calls refused with ENOSPC",
    "stops for lack of room",
    "files that cannot be read",
    "calls refused with EIO",
    "selections",
    "deletions held",
    "members joined",
    "members left",
)
"""What the summary tells of even if it never happened."""
