"""A folder that was brought back from a backup: what it lacks, what is older in it, what nobody has seen."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.support.cluster import START_MS, Cluster, Device
from vaultsync.model.records import State
from vaultsync.store.retention import DAY_MS, Retention

PICTURE = "picture.png"


@pytest.fixture
def alone(tmp_path: Path) -> Cluster:
    """A device with a few notes, and 60 more in a folder."""
    cluster = Cluster(tmp_path, 1)
    (a,) = cluster.devices
    for number in range(60):
        a.write(f"folder/{number}.md", f"note {number}\n")
    a.write("note.md", "old\n")
    a.write("gone.md", "to be deleted\n")
    a.scan()
    return cluster


def pair(cluster: Cluster) -> tuple[Device, Device]:
    cluster.add()
    cluster.connect_all()
    cluster.settle()
    a, b = cluster.devices
    return a, b


def back_up(device: Device) -> Path:
    backup = device.root.with_name("backup")
    shutil.copytree(device.root, backup)
    return backup


def edit(device: Device, path: str, content: str | bytes) -> None:
    device.cluster.now_ms += 10_000
    device.write(path, content)
    device.scan()
    device.cluster.settle()


def meet(cluster: Cluster) -> None:
    cluster.connect_all()
    cluster.settle()
    cluster.tick(6_000)
    cluster.settle()


def test_what_is_older_gives_way_and_what_is_missing_comes_from_the_others(alone: Cluster) -> None:
    a, b = pair(alone)
    backup = back_up(a)
    edit(a, "note.md", "new\n")
    edit(a, "later.md", "later\n")
    edit(b, PICTURE, b"\0picture")
    shutil.rmtree(backup / "folder")
    alone.disconnect(a)
    edit(b, "meanwhile.md", "meanwhile\n")
    before = b.tree()
    a.bring_back(backup)
    meet(alone)
    alone.assert_equal()
    assert b.tree() == before
    assert not a.replica.state.store.index.in_state(State.WANTED)
    assert a.replica.state.store.index.counts().held == 0


def test_what_is_missing_comes_from_history_where_there_are_no_others(alone: Cluster) -> None:
    (a,) = alone.devices
    backup = back_up(a)
    edit(a, "note.md", "new\n")
    edit(a, "later.md", "later\n")
    shutil.rmtree(backup / "folder")
    before = a.tree()
    a.bring_back(backup)
    assert a.tree() == before
    assert not a.replica.state.store.index.in_state(State.WANTED)


def test_what_is_the_same_is_not_asked_for(alone: Cluster) -> None:
    a, b = pair(alone)
    edit(a, "large.bin", os.urandom(400_000))
    backup = back_up(a)
    a.bring_back(backup)
    sent = alone.sent_bytes
    meet(alone)
    alone.assert_equal()
    assert alone.sent_bytes - sent < 100_000
    assert a.tree() == b.tree()


def test_what_was_deleted_since_the_backup_is_there_again(alone: Cluster) -> None:
    """Nothing is deleted because of a backup; it may have been brought back for just that note."""
    a, b = pair(alone)
    backup = back_up(a)
    (a.root / "gone.md").unlink()
    a.scan()
    alone.settle()
    assert "gone.md" not in b.tree()
    a.bring_back(backup)
    meet(alone)
    alone.assert_equal()
    assert b.read("gone.md") == "to be deleted\n"


def test_what_nobody_has_seen_is_merged_with_what_the_vault_knows(alone: Cluster) -> None:
    a, b = pair(alone)
    edit(a, "note.md", "one\n\ntwo\n\nthree\n")
    backup = back_up(a)
    edit(a, "note.md", "one\n\ntwo\n\nthree\n\nnewer than the backup\n")
    (backup / "note.md").write_text("one\n\nwritten while nobody looked\n\ntwo\n\nthree\n")
    a.bring_back(backup)
    meet(alone)
    alone.assert_equal()
    for word in ("written while nobody looked", "newer than the backup"):
        assert word in b.read("note.md")


@pytest.mark.parametrize("with_others", [True, False])
def test_an_old_note_that_history_no_longer_has_does_not_take_the_place_of_the_new_one(
    alone: Cluster, *, with_others: bool
) -> None:
    (a,) = alone.devices
    if with_others:
        pair(alone)
    edit(a, "note.md", "the middle\n")
    backup = back_up(a)
    os.utime(backup / "note.md", (1, 1))
    edit(a, "note.md", "the new text\n")
    alone.now_ms += 900 * DAY_MS
    while a.replica.prune(Retention(1, 1, 1), alone.now_ms).more:
        continue
    a.bring_back(backup)
    meet(alone)
    alone.assert_equal()
    assert "the new text" in a.read("note.md")


def test_a_picture_that_nobody_has_seen_stands_beside_the_newer_one(alone: Cluster) -> None:
    a, b = pair(alone)
    edit(a, PICTURE, b"\0new")
    backup = back_up(a)
    (backup / PICTURE).write_bytes(b"\0from the backup")
    os.utime(backup / PICTURE, (START_MS // 1000 - 1_000, START_MS // 1000 - 1_000))
    a.bring_back(backup)
    meet(alone)
    alone.assert_equal()
    assert b.tree()[PICTURE] == b"\0new"
    assert b"\0from the backup" in b.tree().values()


def test_held_deletions_come_back_with_the_folder(alone: Cluster) -> None:
    a, b = pair(alone)
    backup = back_up(a)
    shutil.rmtree(a.root / "folder")
    a.scan()
    alone.settle()
    assert a.replica.state.store.index.counts().held
    a.bring_back(backup)
    meet(alone)
    alone.assert_equal()
    assert len([path for path in b.tree() if path.startswith("folder/")]) == 60


def test_an_empty_folder_is_filled_again(alone: Cluster, tmp_path: Path) -> None:
    _, b = pair(alone)
    a = alone.devices[0]
    edit(a, PICTURE, b"\0picture")
    before = b.tree()
    empty = tmp_path / "empty"
    empty.mkdir()
    a.bring_back(empty)
    meet(alone)
    alone.assert_equal()
    assert b.tree() == before


def test_a_crash_before_the_folder_was_looked_through_changes_nothing(alone: Cluster, tmp_path: Path) -> None:
    """What is expected is written down first: the next start takes no old note for an edit, no gap for a deletion."""
    a, b = pair(alone)
    backup = back_up(a)
    edit(a, "note.md", "new\n")
    (backup / "folder/1.md").unlink()
    before = b.tree()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vaultsync.daemon.replica.replica.Replica.adopt", lambda self, now_ms: None)
        a.bring_back(backup)
    a.crash()
    a.scan()
    meet(alone)
    alone.assert_equal()
    assert b.tree() == before
