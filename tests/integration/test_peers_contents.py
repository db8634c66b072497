"""Contents come from whoever has them, and a peer that vanishes halfway costs nothing but time."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.simulation.disk import SimulatedDisk
from tests.support.cluster import Cluster
from vaultsync.protocol.framing import StreamKind
from vaultsync.sync.wants import WantQueue


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 5])
def test_a_peer_that_vanishes_halfway_is_made_up_for_by_another(tmp_path: Path, steps: int) -> None:
    cluster = Cluster(tmp_path, 3)
    first, second, third = cluster.devices
    first.write("large.bin", random.Random(7).randbytes(3_000_000))
    for number in range(40):
        first.write(f"note {number}.md", f"note {number}\n" * 200)
    first.scan()
    cluster.connect(first, second)
    cluster.settle()
    cluster.connect(first, third)
    cluster.connect(second, third)
    for _ in range(steps):
        cluster._step()
    assert third.tree() != first.tree(), "it must be in the middle of it"
    cluster.disconnect(first)
    cluster.settle()
    assert third.tree() == second.tree() == first.tree()
    assert third.digest == second.digest


def test_the_fastest_of_several_gives_the_most(tmp_path: Path) -> None:
    """Two devices have all; one answers every step, the other every twentieth. Both are asked, the fast one mostly."""
    cluster = Cluster(tmp_path, 3)
    slow, fast, newcomer = cluster.devices
    newcomer.replica.state.wants = WantQueue(window_bytes=1 << 20)
    for number in range(600):
        slow.write(f"note {number}.md", f"note {number}\n" * 1_000)
    slow.scan()
    cluster.connect(slow, fast)
    cluster.settle()
    cluster.disconnect(slow)
    for giver in (slow, fast):
        cluster.connect(giver, newcomer)
    given = {slow.node: 0, fast.node: 0}
    for step in range(4_000):
        awake = [device for device in cluster.devices if device is not slow or step < 3 or step % 20 == 0]
        nodes = {device.node for device in awake}
        for sender, receiver in cluster.pullable():
            if sender in awake and receiver in awake:
                cluster.pull(sender, receiver, StreamKind.CHANGES)
                if cluster.pull(sender, receiver, StreamKind.CONTENT):
                    given[sender.node] += 1
        for channel in cluster.deliverable():
            if {channel[0], channel[1]} <= nodes:
                cluster.deliver(channel)
        for device in awake:
            device.look_at_dirty()
        cluster.now_ms += 10
        if step % 20 == 0 and newcomer.tree() == slow.tree():
            break
    assert newcomer.tree() == slow.tree()
    assert given[fast.node] > 2 * given[slow.node] > 0, given


def test_a_large_file_that_cannot_be_read_any_more_stops_nothing_else(tmp_path: Path) -> None:
    """The error ended the vault, and again whenever the peer asked."""
    cluster = Cluster(tmp_path, 2, file_system=SimulatedDisk)
    first, second = cluster.devices
    disk = first.replica.state.fs
    assert isinstance(disk, SimulatedDisk)
    first.write("large.bin", random.Random(7).randbytes(3_000_000))
    first.scan()
    cluster.connect(first, second)
    while not any(transfer.asked for transfer in second.replica.state.transfers.values()):
        cluster._step()
    disk.bad.add("large.bin")
    first.write("note.md", "a note\n")
    first.look(["note.md"])
    cluster.settle()
    assert second.tree() == {"note.md": b"a note\n"}
    disk.bad.clear()
    cluster.tick(61_000)
    cluster.settle()
    assert second.tree() == first.tree()


def test_what_an_older_version_held_comes_from_the_peer_if_that_has_just_gone(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, 2)
    first, second = cluster.devices
    content = random.Random(7).randbytes(3_000_000)
    first.write("large.bin", content)
    first.scan()
    cluster.connect(first, second)
    cluster.settle()
    first.write("large.bin", content + b"more")
    first.scan()
    while not second.replica.state.transfers:
        cluster._step()
    (second.root / "large.bin").rename(second.root / "moved.bin")
    cluster.settle()
    second.scan()
    cluster.settle()
    assert content + b"more" in second.tree().values()
