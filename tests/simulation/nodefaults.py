"""What goes wrong with whole nodes, or is changed by somebody, beside edits. Each returns what happened, in words; the
empty string for nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import TYPE_CHECKING, Final

from tests.simulation.filemanager import copy_folder
from tests.simulation.host import Host
from vaultsync.errors import VaultsyncError
from vaultsync.model.filters import DEFAULT_CATEGORIES, IGNORE_FILE, Category
from vaultsync.model.paths import parents_of
from vaultsync.model.records import State

if TYPE_CHECKING:
    from tests.simulation.nodes import NodesWorld

MOST_MEMBERS: Final = 5

Fault = Callable[["NodesWorld", Random], Awaitable[str]]


# Links


async def cut(world: NodesWorld, random: Random) -> str:
    a, b = random.sample(world.hosts, 2)
    world.apart(a, b)
    world.injected["links cut"] += 1
    return f"nothing passes between {a.name} and {b.name}"


async def heal(world: NodesWorld, random: Random) -> str:
    a, b = random.sample(world.hosts, 2)
    world.together(a, b)
    return f"everything passes between {a.name} and {b.name}"


async def drop(world: NodesWorld, random: Random) -> str:
    a, b = random.sample(world.hosts, 2)
    world.network.drop(a.node_id, b.node_id)
    world.injected["connections lost"] += 1
    return f"{a.name} and {b.name} lose each other"


# Processes


async def stop(world: NodesWorld, random: Random) -> str:
    host = random.choice(world.hosts)
    if not host.is_up:
        return ""
    await stop_host(world, host)
    world.injected["nodes stopped"] += 1
    return f"{host.name} stops"


async def stop_host(world: NodesWorld, host: Host) -> None:
    """As a person does; whoever stops it is not killed at the same time."""
    world.calls_to_kill.pop(host.number, None)
    await host.stop()


async def start(world: NodesWorld, random: Random) -> str:
    down = [host for host in world.hosts if not host.is_up]
    if not down:
        return ""
    host = random.choice(down)
    await host.start()
    return f"{host.name} starts"


async def kill(world: NodesWorld, random: Random) -> str:
    host = random.choice(world.hosts)
    if not host.is_up:
        return ""
    world.die(host)
    await world.bury()
    world.injected["nodes killed"] += 1
    return f"{host.name} is killed"


async def kill_soon(world: NodesWorld, random: Random) -> str:
    host = random.choice(world.hosts)
    calls = random.randint(1, 40)
    if not host.is_up:
        return ""
    world.calls_to_kill[host.number] = calls
    return f"{host.name} will be killed at its disk's call {calls}"


# What a device remembers


async def back_up(world: NodesWorld, random: Random) -> str:
    host = random.choice(world.hosts)
    if host.is_up:
        await stop_host(world, host)
    host.back_up()
    return f"{host.name} stops, its index is backed up"


async def restore(world: NodesWorld, random: Random) -> str:
    hosts = [host for host in world.hosts if host.has_backup]
    if not hosts:
        return ""
    host = random.choice(hosts)
    if host.is_up:
        await stop_host(world, host)
    forget(world, host)
    host.restore()
    world.injected["old indexes restored"] += 1
    return f"{host.name} stops and gets its index of then"


def forget(world: NodesWorld, host: Host) -> None:
    """A device is about to forget what it knew. Counters are the clock's where the index has forgotten the last: both
    may not go back at once."""
    world.ledger.forget(host.number, host.tree())
    host.skew_ms = world.furthest[host.number] = max(world.furthest[host.number], host.skew_ms)
    world.restored[host.number] = host.skew_ms


async def turn_clock(world: NodesWorld, random: Random) -> str:
    host = random.choice(world.hosts)
    world.furthest[host.number] = max(world.furthest[host.number], host.skew_ms)
    skew_ms = random.choice((0, -86_400_000, 86_400_000, 60_000))
    host.skew_ms = max(skew_ms, world.restored.get(host.number, skew_ms))
    world.injected["clocks turned"] += 1
    return f"{host.name}'s clock is now {host.skew_ms} ms off"


# Disks


async def fill(world: NodesWorld, random: Random) -> str:
    host = random.choice(world.hosts)
    with_index = random.random() < 0.5
    host.limit(disk=True, index=with_index)
    world.injected["disks full"] += 1
    return f"{host.name}'s disk is full{', with the index' if with_index else ''}"


async def free(world: NodesWorld, random: Random) -> str:
    full = [host for host in world.hosts if host.disk.is_full]
    if not full:
        return ""
    host = random.choice(full)
    host.limit(disk=False, index=False)
    return f"{host.name}'s disk has room again"


async def break_file(world: NodesWorld, random: Random) -> str:
    """A file or a folder cannot be read any more."""
    host = random.choice(world.hosts)
    paths = [path for path in host.tree() if path != IGNORE_FILE]
    if not paths:
        return ""
    path = random.choice(paths)
    host.disk.bad.add(path)
    world.injected["files that cannot be read"] += 1
    return f"{host.name} cannot read {path}"


async def mend(world: NodesWorld, random: Random) -> str:
    broken = [host for host in world.hosts if host.disk.bad]
    if not broken:
        return ""
    host = random.choice(broken)
    host.disk.bad.clear()
    return f"{host.name} can read everything again"


# Settings, and what waits for a person


async def select(world: NodesWorld, random: Random) -> str:
    """Another selection on one device, which knows by then what its people have removed."""
    host = random.choice([host for host in world.hosts if host.is_open] or [None])
    some = random.sample([Category.NOTES, Category.IMAGES, Category.OTHER], random.choice((0, 1, 1, 2)))
    if host is None or not await has_looked(host):
        return ""
    await _choose(host, some)
    # What is removed before the device has looked at what is selected now comes back.
    await has_looked(host)
    world.injected["selections"] += 1
    return f"{host.name} syncs no {', '.join(some) or 'less than everything'}"


async def has_looked(host: Host) -> bool:
    """Let a device look through its whole vault. Whether it could."""
    service = host.service
    engine = service.engine
    # The first look may have begun before now.
    for _ in range(2):
        if engine is not None:
            engine.scanned.clear()
            engine.notice(None)
        while engine is not None and not engine.scanned.is_set():
            await asyncio.sleep(0.05)
            engine = service.engine if service.engine is engine and host.is_up else None
    return engine is not None


async def _choose(host: Host, without: list[Category]) -> None:
    # A node whose vault stops meanwhile has stored the setting, and goes by it when it opens the vault.
    with suppress(VaultsyncError):
        categories = sorted(DEFAULT_CATEGORIES - set(without))
        await host.node.change_vault_settings(host.service, {"categories": categories})


async def answer(world: NodesWorld, random: Random) -> str:
    holding = [host for host in world.hosts if host.is_open and _held(host)]
    return await _decide(world, random.choice(holding), random) if holding else ""


def _held(host: Host) -> bool:
    return bool(host.replica.state.store.index.in_state(State.HELD))


async def _decide(world: NodesWorld, host: Host, random: Random) -> str:
    """Say that all deletions were meant, or not. They were, if a file is now where their folder was."""
    engine = host.service.engine
    assert engine is not None
    files = {path for path, content in host.tree().items() if content is not None}
    held = host.replica.state.store.index.in_state(State.HELD)
    meant = random.random() < 0.5 or any(not files.isdisjoint(parents_of(entry.record.path)) for entry in held)
    if not meant:
        world.ledger.spare(host.number)
    with suppress(VaultsyncError):
        await engine.act(
            lambda replica, now_ms: (replica.approve_deletions if meant else replica.undo_deletions)(None, now_ms)[1]
        )
    world.injected[f"deletions {'approved' if meant else 'undone'}"] += 1
    return f"{host.name} {'means its deletions' if meant else 'takes its deletions back'}"


async def tidy(world: NodesWorld, host: Host, random: Random) -> str:
    """Whatever waits for a person on this device is answered, and everything is synced again."""
    said = []
    if host.service.settings.categories != DEFAULT_CATEGORIES:
        await _choose(host, [])
        said.append(f"{host.name} syncs everything")
    if not host.service.settings.sync:
        await host.node.change_vault_settings(host.service, {"sync": True})
        said.append(f"{host.name} goes on")
    if host.is_open and host.tree().get(IGNORE_FILE):
        said.append(f"{host.name} {world.people[host.number].set_rules(random, [])}")
    if host.is_open and _held(host):
        said.append(await _decide(world, host, random))
    for what in said:
        world.say(what)
    return "; ".join(said)


# Members


async def join(world: NodesWorld, random: Random) -> str:
    """Another device uses a ticket of some member's, with an empty folder or with a copy of somebody's."""
    able = [host for host in world.hosts if host.is_open and not host.disk.is_full]
    if len(world.hosts) >= MOST_MEMBERS or not able:
        return ""
    giver, other = random.choice(able), random.choice(world.hosts)
    world.calls_to_kill.clear()
    host = world.new_host(random)
    if copies := random.random() < 0.5:
        copy_folder(other, other.manners, host, host.manners)
        world.ledger.touch_all(host.tree())
    await host.start()
    life_s = 3 * 86_400  # clocks may be a day off, either way
    text, _ = await giver.node.make_ticket(giver.service, role="member", life_s=life_s, reusable=random.random() < 0.5)
    await host.node.join(text, host.root)
    world.hosts.append(host)
    world.injected["members joined"] += 1
    return f"{host.name} joins by {giver.name}{f' with a copy of what {other.name} has' if copies else ''}"


async def leave(world: NodesWorld, random: Random) -> str:
    """A device leaves the vault, and its person gives it away."""
    host = _one_too_many(world, random)
    if host is None or not host.is_open:
        return ""
    await host.node.leave_vault(host.service)
    await _give_away(world, host)
    world.injected["members left"] += 1
    return f"{host.name} leaves"


async def expel(world: NodesWorld, random: Random) -> str:
    """Somebody removes another device, whatever that is about to do."""
    host = _one_too_many(world, random)
    others = [other for other in world.hosts if other is not host and other.is_open]
    if host is None or not others:
        return ""
    other = random.choice(others)
    if not await other.node.peers.remove_peer(host.node_id):
        return f"{other.name} does not know {host.name} yet"
    await _give_away(world, host)
    world.injected["members removed"] += 1
    return f"{other.name} removes {host.name}"


def _one_too_many(world: NodesWorld, random: Random) -> Host | None:
    """Nobody goes while a disk is full or bad: contents that only they have would be nowhere. Nor before the others
    have heard of one another: who else could tell them?"""
    if len(world.hosts) <= 2 or any(host.disk.is_full or host.disk.bad for host in world.hosts):
        return None
    host = random.choice(world.hosts)
    stay = [other for other in world.hosts if other is not host]
    strangers = any(a.node.peers.get_peer(b.node_id) is None for a in stay if a.is_up for b in stay if b is not a)
    return None if strangers or not all(other.is_up for other in stay) else host


async def _give_away(world: NodesWorld, host: Host) -> None:
    await world.bury()
    world.hosts.remove(host)
    world.gone.append(host)
    world.ledger.leave(host.tree(), [other.tree() for other in world.hosts])
    if host.is_up:
        await stop_host(world, host)


RATES: Final[tuple[tuple[str, float, Fault], ...]] = (
    ("links", 3, cut),
    ("repairs", 5, heal),
    ("losses", 4, drop),
    ("stops", 2, stop),
    ("repairs", 6, start),
    ("kills", 3, kill),
    ("kills in calls", 2, kill_soon),
    ("restores", 1, back_up),
    ("restores", 1, restore),
    ("clocks", 1, turn_clock),
    ("full disks", 1, fill),
    ("repairs", 3, free),
    ("bad disks", 1.5, break_file),
    ("repairs", 3, mend),
    ("selections", 1.5, select),
    ("repairs", 3, answer),
    ("members", 0.6, join),
    ("members", 0.4, leave),
    ("members", 0.4, expel),
)
"""Kind of fault (swarm.py; repairs are none), how often as against 60 edits, and what to do."""

KINDS: Final = ("edits", *sorted({kind for kind, _, _ in RATES} - {"repairs"}))

COUNTED: Final = (
    "links cut",
    "connections lost",
    "nodes stopped",
    "nodes killed",
    "kills in the middle of a call",
    "edits during a call",
    "old indexes restored",
    "clocks turned",
    "disks full",
    "calls refused with ENOSPC",
    "stops for lack of room",
    "files that cannot be read",
    "calls refused with EIO",
    "members joined",
    "members left",
    "members removed",
    "selections",
    "deletions held",
    "deletions approved",
    "deletions undone",
)
"""What the summary tells of even if it never happened."""
