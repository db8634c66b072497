"""Deletions that are taken back: which they are, and what comes back if nobody has what was deleted.

A picture is in no history before it is replaced.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.daemon.replica.fetch import ASK_AGAIN_MS
from vaultsync.model.records import State

FIRST, SECOND, THIRD = b"\0first", b"\0second", b"\0third"
PICTURE = "folder/picture.png"


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    """Two devices with 60 notes in a folder, and one note beside it."""
    cluster = Cluster(tmp_path, 2)
    cluster.connect_all()
    a = cluster.devices[0]
    for number in range(60):
        a.write(f"folder/{number}.md", f"note {number}\n")
    a.write("beside.md", "beside\n")
    a.scan()
    cluster.settle()
    return cluster


def paint(device: Device, content: bytes) -> None:
    device.cluster.now_ms += 10_000
    device.write(PICTURE, content)
    device.scan()


def lose_and_undo(device: Device) -> None:
    device.cluster.now_ms += 60_000
    shutil.rmtree(device.root / "folder")
    device.scan()
    count, effects = device.replica.undo_deletions(None, device.now_ms)
    assert count >= 60
    device.cluster.carry_out(device, effects)
    device.cluster.settle()


def ask_again(cluster: Cluster, times: int) -> None:
    for _ in range(times):
        cluster.tick(ASK_AGAIN_MS + 1_000)
        cluster.settle()


def nothing_is_wanted(device: Device) -> bool:
    state = device.replica.state
    return not state.store.index.in_state(State.WANTED) and not len(state.offers) and not state.again


def test_what_was_painted_anew_and_never_told_goes_back_to_what_the_others_have(pair: Cluster) -> None:
    a, b = pair.devices
    paint(a, FIRST)
    pair.settle()
    pair.disconnect(a)
    paint(a, SECOND)
    paint(a, THIRD)
    lose_and_undo(a)
    pair.connect_all()
    pair.settle()
    assert PICTURE not in a.tree(), "it is asked for once more before it is given up"
    ask_again(pair, 6)
    pair.assert_equal()
    assert a.tree()[PICTURE] == FIRST
    assert nothing_is_wanted(a)
    assert nothing_is_wanted(b)
    assert "no device has its last content" in a.replica.state.store.audit.recent(1)[0].text


def test_what_was_never_told_at_all_stays_deleted(pair: Cluster) -> None:
    a, b = pair.devices
    pair.disconnect(a)
    paint(a, FIRST)
    lose_and_undo(a)
    pair.connect_all()
    pair.settle()
    ask_again(pair, 4)
    pair.assert_equal()
    assert PICTURE not in a.tree()
    assert len(a.tree()) == 62, "the notes and their folder are back"
    assert nothing_is_wanted(a)
    assert nothing_is_wanted(b)


def test_it_is_waited_for_while_somebody_is_away_who_may_have_it(pair: Cluster) -> None:
    a, b = pair.devices
    c = pair.add()
    pair.connect_all()
    pair.settle()
    pair.disconnect(b)
    paint(a, FIRST)
    pair.settle()
    pair.disconnect(c)
    lose_and_undo(a)
    pair.connect(a, b)
    pair.settle()
    ask_again(pair, 4)
    assert [entry.record.path for entry in a.replica.state.store.index.in_state(State.WANTED)] == [PICTURE]
    pair.connect_all()
    ask_again(pair, 4)
    pair.assert_equal()
    assert a.tree()[PICTURE] == FIRST, "c had it"


def test_with_nobody_to_ask_it_is_settled_at_once(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, 1)
    (a,) = cluster.devices
    for number in range(60):
        a.write(f"folder/{number}.md", f"note {number}\n")
    paint(a, FIRST)
    lose_and_undo(a)
    assert len(a.tree()) == 61
    assert nothing_is_wanted(a)
    assert [version.action for version in a.replica.state.store.history.deleted()] == ["deleted"]


def test_after_the_clock_was_set_back_an_old_deletion_is_not_taken_back_with_new_ones(pair: Cluster) -> None:
    a, _ = pair.devices
    (a.root / "beside.md").unlink()
    a.scan()
    pair.settle()
    a.skew_ms -= 86_400_000
    lose_and_undo(a)
    pair.assert_equal()
    assert "beside.md" not in a.tree()
    assert "folder/0.md" in a.tree()
