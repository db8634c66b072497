"""What people ask whole nodes for: versions of history, an end of conflicts, a pause, the way back into the vault. Each
returns what happened, in words; the empty string for nothing."""

from __future__ import annotations

from collections.abc import Callable, Collection
from random import Random
from typing import TYPE_CHECKING, Final

from tests.simulation.host import Host
from tests.simulation.nodefaults import Fault, forget, has_looked, stop_host
from vaultsync.daemon.replica.conflicts import Choice, copies, merges
from vaultsync.daemon.replica.replica import Replica
from vaultsync.daemon.replica.restore import plan_restore
from vaultsync.daemon.replica.state import Effects
from vaultsync.errors import VaultsyncError
from vaultsync.model.filters import IGNORE_FILE

if TYPE_CHECKING:
    from tests.simulation.nodes import NodesWorld


async def restore(world: NodesWorld, random: Random) -> str:
    """A person wants an old version of a note, which may have been deleted."""
    host = _somebody(world, random)
    if host is None:
        return ""
    history = host.replica.state.store.history
    paths = [path for path in history.paths_like("", 1_000) if not _is_left_out(host, path)]
    versions = history.versions(random.choice(paths)) if paths else []
    kept = [version for version in versions if version.hash and history.has(version.hash)]
    if not kept:
        return ""
    version = random.choice(kept)
    done = await _ask(world, host, {version.path}, lambda replica, now_ms: replica.restore([version], [], now_ms))
    return f"{host.name} restores {version.path} as of {version.version.counters}: {done}"


async def restore_to(world: NodesWorld, random: Random) -> str:
    """A person wants the whole vault as it was."""
    host = _somebody(world, random)
    if host is None:
        return ""
    time_ms = host.now_ms - random.choice((100, 2_000, 30_000, 300_000))
    plan = plan_restore(host.replica.state, time_ms)
    versions = [*plan.bring_back, *plan.change_back]
    paths = {version.path for version in versions} | set(plan.remove)
    done = await _ask(world, host, paths, lambda replica, now_ms: replica.restore(versions, plan.remove, now_ms))
    return f"{host.name} restores the vault, {sorted(paths)}: {done}"


async def resolve(world: NodesWorld, random: Random) -> str:
    """A person ends a conflict."""
    host = _somebody(world, random)
    if host is None:
        return ""
    state = host.replica.state
    open_ = {copy.path: copy.original for copy in copies(state)}
    open_ |= {note.path: note.path for note in merges(state, host.now_ms)}
    if not open_:
        return ""
    path = random.choice(sorted(open_))
    choice = random.choice((Choice.MINE, Choice.THEIRS, Choice.BOTH))
    done = await _ask(world, host, {path, open_[path]}, lambda replica, now_ms: replica.resolve(path, choice, now_ms))
    return f"{host.name} resolves {path}, {choice.value}: {done}"


async def _ask(world: NodesWorld, host: Host, paths: Collection[str], what: Callable[[Replica, int], Effects]) -> str:
    """Have a node do it, and tell the ledger what came of it at `paths`, and at new ones: a person has seen both."""

    def act(replica: Replica, now_ms: int) -> Effects:
        before = host.tree()
        try:
            return what(replica, now_ms)
        finally:
            after = host.tree()
            changed = {
                path for path in {*paths, *(after.keys() - before.keys())} if before.get(path) != after.get(path)
            }
            world.ledger.replace(host.number, _only(before, changed), _only(after, changed), after)

    engine = host.service.engine
    assert engine is not None
    try:
        await engine.act(act)
    except VaultsyncError as error:
        world.injected["commands refused"] += 1
        return error.message
    world.injected["commands carried out"] += 1
    return "done"


def _only(tree: dict[str, bytes | None], paths: Collection[str]) -> dict[str, bytes | None]:
    return {path: content for path, content in tree.items() if path in paths}


def _somebody(world: NodesWorld, random: Random) -> Host | None:
    up = [host for host in world.hosts if host.is_open]
    return random.choice(up) if up else None


def _is_left_out(host: Host, path: str) -> bool:
    return path == IGNORE_FILE or host.replica.state.selection.reason(path, is_folder=False) is not None


async def hang_up(world: NodesWorld, random: Random) -> str:
    """A person wants nothing to do with another device for a while."""
    host, other = random.sample(world.hosts, 2)
    if not host.is_up or host.node.peers.get_peer(other.node_id) is None:
        return ""
    host.node.peers.disconnect_peer(other.node_id)
    world.injected["peers disconnected by hand"] += 1
    return f"{host.name} disconnects {other.name}"


async def call(world: NodesWorld, random: Random) -> str:
    host, other = random.sample(world.hosts, 2)
    if not host.is_up or host.node.peers.get_peer(other.node_id) is None:
        return ""
    host.node.peers.connect_to_peer(other.node_id)
    return f"{host.name} connects to {other.name}"


def make_up(a: Host, b: Host) -> None:
    """Whoever disconnected the other by hand connects to it again."""
    for one, other in ((a, b), (b, a)):
        peer = one.node.peers.get_peer(other.node_id)
        if peer is not None and peer.paused:
            one.node.peers.connect_to_peer(other.node_id)


async def pause(world: NodesWorld, random: Random) -> str:
    """A vault is not synced for a while."""
    host = _somebody(world, random)
    if host is None:
        return ""
    syncs = host.service.settings.sync
    await host.node.change_vault_settings(host.service, {"sync": not syncs})
    world.injected["vaults paused"] += syncs
    return f"{host.name} {'pauses' if syncs else 'goes on'}"


async def lose(world: NodesWorld, random: Random) -> str:
    """A device's index is gone."""
    host = random.choice(world.hosts)
    if host.is_up:
        await stop_host(world, host)
    forget(world, host)
    host.lose()
    world.injected["indexes lost"] += 1
    return f"{host.name} stops and loses its index"


async def image(world: NodesWorld, random: Random) -> str:
    """All that a device has is put aside. Its index knows by then what is in its folder: of what it learned only after
    it was set back, it could not tell that others had removed it."""
    host = _somebody(world, random)
    if host is None:
        return ""
    host.interrupt_with(None)
    if done := await has_looked(host):
        await stop_host(world, host)
        host.image()
    host.interrupt_with(world.interrupting(host))
    return f"{host.name} stops, all that it has is backed up" if done else ""


async def rewind(world: NodesWorld, random: Random) -> str:
    """A device is set back to what it was: its folder, and all that its node knew."""
    hosts = [host for host in world.hosts if host.can_rewind]
    if not hosts or not all(other.is_open for other in world.hosts):
        return ""
    host = random.choice(hosts)
    await stop_host(world, host)
    forget(world, host)
    now = host.tree()
    host.rewind()
    world.ledger.leave(now, [other.tree() for other in world.hosts])
    world.ledger.touch_all(host.tree())
    world.injected["devices set back"] += 1
    return f"{host.name} stops and is set back to then"


async def come_back(world: NodesWorld, random: Random) -> str:
    """Who was a member once is invited again, with the folder that it had."""
    able = [host for host in world.hosts if host.is_open and not host.disk.is_full]
    if not world.gone or not able:
        return ""
    giver, host = random.choice(able), random.choice(world.gone)
    world.calls_to_kill.clear()
    for other in world.hosts:
        world.together(host, other)
    if not host.is_up:
        await host.start()
    world.ledger.bring_back(host.tree())
    life_s = 3 * 86_400  # clocks may be a day off, either way
    text, _ = await giver.node.make_ticket(giver.service, role="member", life_s=life_s, reusable=False)
    await host.node.join(text, host.root)
    world.gone.remove(host)
    world.hosts.append(host)
    world.injected["members come back"] += 1
    return f"{host.name} comes back by {giver.name}"


RATES: Final[tuple[tuple[str, float, Fault], ...]] = (
    ("restore", 3, restore),
    ("restore", 0.7, restore_to),
    ("resolve", 3, resolve),
    ("hang up", 1.5, hang_up),
    ("hang up", 3, call),
    ("pause", 1.5, pause),
    ("lose", 0.5, lose),
    ("rewind", 0.8, image),
    ("rewind", 0.8, rewind),
    ("come back", 2, come_back),
)
"""Kind, how often as against 60 edits, and what to do."""
KINDS: Final = tuple(sorted({kind for kind, _, _ in RATES}))
COUNTED: Final = (
    "commands carried out",
    "commands refused",
    "peers disconnected by hand",
    "vaults paused",
    "indexes lost",
    "devices set back",
    "members come back",
)
