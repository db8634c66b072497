"""Tombstones go when everybody has them, and what was deleted stays deleted all the same."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.store.history import Action
from vaultsync.sync.forgetting import KEPT_MS

DAY_MS = 86_400_000


@pytest.fixture
def trio(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path, 3)


def agree(cluster: Cluster, *devices: Device) -> None:
    """These (or all) look at everything and tell everything, and hear that the others have it."""
    chosen = devices or tuple(cluster.devices)
    for a in chosen:
        for b in chosen:
            if a.number < b.number and not cluster.are_connected(a, b):
                cluster.connect(a, b)
    for _ in range(3):
        for device in chosen:
            device.scan()
            cluster.settle()
        cluster.tick()
        cluster.settle()
    cluster.tick()
    first, *others = chosen
    for other in others:
        assert other.tree() == first.tree()
        assert other.digest == first.digest


def forget(device: Device, *members: Device) -> int:
    return device.replica.forget([member.node for member in members], device.now_ms)


def tombstones(device: Device) -> int:
    return device.replica.state.store.index.counts().deleted


def known(device: Device, path: str) -> bool:
    return device.replica.state.store.index.get(path) is not None


def test_a_tombstone_goes_when_all_have_it_and_a_month_has_passed(trio: Cluster) -> None:
    a, b, c = trio.devices
    a.write("n.md", "one\n")
    agree(trio)
    (a.root / "n.md").unlink()
    agree(trio)
    assert forget(a, b, c) == 0, "a month has not passed"
    trio.now_ms += KEPT_MS
    assert forget(a, b, c) == 1
    assert tombstones(a) == 0
    assert tombstones(b) == 1
    agree(trio)
    assert tombstones(a) == 0, "a device that still has it does not bring it back"
    assert a.digest == b.digest


def test_a_tombstone_stays_while_one_member_lacks_it(trio: Cluster) -> None:
    a, b, c = trio.devices
    a.write("n.md", "one\n")
    agree(trio)
    trio.disconnect(c)
    (a.root / "n.md").unlink()
    agree(trio, a, b)
    trio.now_ms += 400 * DAY_MS
    assert forget(a, b, c) == 0
    agree(trio)
    assert "n.md" not in c.tree()
    assert forget(a, b, c) == 1


def test_a_member_that_was_never_met_has_acknowledged_nothing(trio: Cluster) -> None:
    a, b, c = trio.devices
    a.write("n.md", "one\n")
    agree(trio, a, b)
    (a.root / "n.md").unlink()
    agree(trio, a, b)
    trio.now_ms += KEPT_MS
    assert forget(a, b, c) == 0
    assert forget(a, b) == 1, "a member that was removed no longer counts"


def test_what_an_author_has_said_that_this_device_may_not_have_heard_is_not_forgotten(trio: Cluster) -> None:
    """c is gone before a ever met it: b may have had only a part of what c said before the file that a deletes."""
    a, b, c = trio.devices
    c.write("n.md", "one\n")
    agree(trio, b, c)
    trio.disconnect(c)
    agree(trio, a, b)
    (a.root / "n.md").unlink()
    agree(trio, a, b)
    trio.now_ms += KEPT_MS
    assert forget(a, b) == 0
    assert forget(b, a) == 1
    agree(trio, a, b)


def test_a_device_back_after_a_year_deletes_what_was_deleted_and_keeps_what_it_made(trio: Cluster) -> None:
    a, b, c = trio.devices
    for path in ("old.md", "c's.md", "kept.md", "folder/old.md"):
        (c if path == "c's.md" else a).write(path, f"{path}\n")
    agree(trio)
    trio.disconnect(c)
    for path in ("old.md", "c's.md", "folder/old.md"):
        (a.root / path).unlink()
    (a.root / "folder").rmdir()
    agree(trio, a, b)
    trio.now_ms += 365 * DAY_MS
    assert forget(a, b) == forget(b, a) == 4
    c.write("new.md", "made while away\n")
    c.scan()
    agree(trio)
    assert sorted(c.tree()) == ["kept.md", "new.md"]
    versions = c.replica.state.store.history.versions("old.md")
    assert versions[0].action is Action.DELETED
    assert c.replica.state.store.history.read(versions[1].hash) == b"old.md\n"
    trio.now_ms += KEPT_MS
    assert forget(a, b, c) == 4, "said again, they go again"
    agree(trio)


def test_a_device_that_forgot_nothing_passes_an_old_file_on(trio: Cluster) -> None:
    """c comes back to b, which joined later and knows nothing of it; a knows."""
    a, b, c = trio.devices
    a.write("n.md", "one\n")
    agree(trio, a, c)
    trio.disconnect(c)
    (a.root / "n.md").unlink()
    a.scan()
    trio.now_ms += 100 * DAY_MS
    assert forget(a) == 1
    agree(trio, a, b)
    trio.disconnect(a)
    agree(trio, b, c)
    assert "n.md" in b.tree()
    agree(trio)
    assert all("n.md" not in device.tree() for device in trio.devices)


def test_an_edit_made_while_away_brings_the_file_back(trio: Cluster) -> None:
    a, b, c = trio.devices
    a.write("n.md", "one\n")
    agree(trio)
    trio.disconnect(c)
    (a.root / "n.md").unlink()
    agree(trio, a, b)
    trio.now_ms += 365 * DAY_MS
    forget(a, b)
    c.write("n.md", "one\ntwo\n")
    agree(trio)
    assert a.read("n.md") == "one\ntwo\n"


def test_a_file_made_anew_at_a_forgotten_path_is_a_file_of_its_own(trio: Cluster) -> None:
    """The old one was moved away; c still has that tombstone, and b the old file."""
    a, b, c = trio.devices
    a.write("n.md", "old words, and enough of them\n")
    agree(trio)
    trio.disconnect(b)
    a.write("m.md", a.read("n.md"))
    (a.root / "n.md").unlink()
    agree(trio, a, c)
    trio.now_ms += 365 * DAY_MS
    assert forget(a, c) == 1
    a.write("n.md", "a new note under the old name\n")
    agree(trio, a, c)
    agree(trio)
    for device in trio.devices:
        assert device.tree() == {
            "m.md": b"old words, and enough of them\n",
            "n.md": b"a new note under the old name\n",
        }


def test_conflict_copies_are_not_judged_by_what_was_forgotten(trio: Cluster) -> None:
    """A copy takes the version of what it holds along, which may be older than much that was forgotten."""
    a, b, c = trio.devices
    a.write("p.png", "one")
    agree(trio)
    trio.now_ms += DAY_MS
    for device in (a, b, c):
        device.write(f"{device.number}.md", "soon gone\n")
    agree(trio)
    trio.disconnect(c)
    a.write("p.png", "of a")
    c.write("p.png", "of c")
    c.scan()
    trio.now_ms += DAY_MS
    agree(trio, a, b)
    for device in (a, b):
        (device.root / f"{device.number}.md").unlink()
    agree(trio, a, b)
    trio.now_ms += 100 * DAY_MS
    assert forget(a, b) == 2
    assert forget(b, a) == 2
    agree(trio)
    assert sorted(a.tree().values(), key=str) == [b"of a", b"of c", b"soon gone\n"]


def test_an_older_index_has_not_acknowledged_what_the_newer_one_had(trio: Cluster) -> None:
    a, b, c = trio.devices
    a.write("n.md", "one\n")
    agree(trio)
    c.back_up()
    agree(trio)
    (a.root / "n.md").unlink()
    agree(trio)
    c.restore()
    trio.now_ms += KEPT_MS
    trio.connect(a, c)
    trio.settle()
    agree(trio)
    assert forget(a, b, c) == 1
    assert all("n.md" not in device.tree() for device in trio.devices)


@pytest.mark.parametrize("seed", [*range(9), 27, 30, 31, 38, 39])
def test_whatever_is_forgotten_no_file_is_lost_and_none_returns(tmp_path: Path, seed: int) -> None:
    history(tmp_path, seed)


@pytest.mark.long
@pytest.mark.parametrize("first", range(1_000, 5_000, 100))
def test_whatever_is_forgotten_at_length(tmp_path: Path, first: int) -> None:
    for seed in range(first, first + 100):
        history(tmp_path / str(seed), seed)


def history(base: Path, seed: int) -> None:
    """Devices come, go and return for months, forget at different times, and have wrong clocks.

    Each file is made once, by one device, and may be deleted later by any that has it, which is what tells at the
    end which must be there. `members` are those that each device counts on; who has left is away until the end.
    """
    random = Random(seed)
    cluster = Cluster(base, random.choice((2, 3, 4)))
    devices = cluster.devices
    away: set[int] = set()
    made: set[str] = set()
    deleted: set[str] = set()
    for step in range(random.choice((30, 50))):
        device = random.choice(devices)
        verbs = {"make": 10, "delete": 8, "meet": 6, "gather": 6, "apart": 3, "time": 5, "clock": 1, "forget": 7}
        verbs |= {"leave": 3, "return": 2, "restart": 1}
        match random.choices(list(verbs), list(verbs.values()))[0]:
            case "make":
                folder = random.choice(("", "f/", "g/"))
                made.add(path := f"{folder}{step}.{random.choice(('md', 'png'))}")
                device.write(path, f"made at step {step}\n")
                device.scan()
            case "delete":
                held = [path for path in sorted(made) if (device.root / path).is_file()]
                if held:
                    deleted.add(path := random.choice(held))
                    (device.root / path).unlink()
                    device.scan()
            case "meet":
                other = random.choice(devices)
                together = {device.number, other.number}
                if other is not device and together.isdisjoint(away) and not cluster.are_connected(device, other):
                    cluster.connect(device, other)
                if random.random() < 0.8:
                    settle(cluster)
            case "gather":
                members = [d for d in devices if d.number not in away]
                for a, b in combinations(members, 2):
                    if not cluster.are_connected(a, b):
                        cluster.connect(a, b)
                settle(cluster)
                cluster.now_ms += 40 * DAY_MS
                for one in random.sample(members, random.randrange(len(members) + 1)):
                    forget(one, *[d for d in members if d is not one])
            case "apart":
                cluster.disconnect(device)
            case "time":
                cluster.now_ms += random.choice((1_000, DAY_MS, 40 * DAY_MS))
                settle(cluster)
                cluster.tick()
            case "clock":
                device.skew_ms = random.choice((0, -100 * DAY_MS, 60_000, 5 * DAY_MS))
            case "forget":
                settle(cluster)
                forget(device, *[d for d in devices if d is not device and d.number not in away])
            case "leave":
                if len(away) < len(devices) - 1:
                    away.add(device.number)
                    cluster.disconnect(device)
            case "return":
                away.discard(device.number)
            case "restart":
                device.reopen()
    for _ in range(3):
        cluster.connect_all()
        for device in devices:
            device.scan()
            cluster.settle()
        cluster.tick(61_000)
        cluster.settle()
    cluster.assert_equal()
    files = {path for path, content in devices[0].tree().items() if content is not None}
    assert made - deleted <= files, "a file that nobody deleted is gone"
    assert files <= made - deleted, "a file that was deleted is back"


def settle(cluster: Cluster) -> None:
    cluster.settle()
    cluster.tick()
    cluster.settle()
