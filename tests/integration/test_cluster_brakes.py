"""Brakes on real folders: what makes a device stop and ask, and how it goes on."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.daemon.events import DeletionHeld
from vaultsync.errors import VaultOfflineError
from vaultsync.model.records import State
from vaultsync.store.history import Action
from vaultsync.vault.scanner import EMPTY_WAIT_MS

PICTURE = b"\x89PNG"


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    cluster = Cluster(tmp_path, 2)
    cluster.connect_all()
    return cluster


def fill(cluster: Cluster, count: int = 100) -> None:
    """Both devices have `count` notes and pictures in a folder, and one note beside it."""
    a = cluster.devices[0]
    for number in range(count):
        a.write(f"folder/sub{number % 3}/{number}.md", f"note {number}\n")
    a.write("folder/picture.png", PICTURE)
    a.write("beside.md", "beside\n")
    a.scan()
    cluster.settle()
    cluster.assert_equal()
    cluster.now_ms += 3_600_000


def lose(device: Device, folder: str = "folder") -> None:
    """The folder and all in it disappears from the disk."""
    for item in sorted((device.root / folder).rglob("*"), reverse=True):
        item.rmdir() if item.is_dir() else item.unlink()
    (device.root / folder).rmdir()
    device.scan()


def held(device: Device) -> list[str]:
    return [entry.record.path for entry in device.replica.state.store.index.in_state(State.HELD)]


def approve(cluster: Cluster, device: Device, paths: list[str] | None = None) -> int:
    count, effects = device.replica.approve_deletions(paths, device.now_ms)
    cluster.carry_out(device, effects)
    cluster.settle()
    return count


def undo(cluster: Cluster, device: Device, paths: list[str] | None = None) -> int:
    count, effects = device.replica.undo_deletions(paths, device.now_ms)
    cluster.carry_out(device, effects)
    cluster.settle()
    return count


# A folder that is not there


@pytest.mark.parametrize("what", ["root", "marker"])
def test_a_missing_folder_or_marker_deletes_nothing_anywhere(pair: Cluster, what: str) -> None:
    a, b = pair.devices
    fill(pair, 3)
    tree = b.tree()
    aside = a.root.with_name("aside")
    if what == "root":
        a.root.rename(aside)
    else:
        (a.root / ".vaultsync").rename(aside)
        (a.root / "beside.md").unlink()
    for look in (a.scan, lambda: a.look({"beside.md"})):
        with pytest.raises(VaultOfflineError):
            look()
    pair.settle()
    assert b.tree() == tree
    aside.rename(a.root if what == "root" else a.root / ".vaultsync")
    a.scan()
    pair.settle()
    pair.assert_equal()
    assert len(b.tree()) == len(tree) - (what == "marker")


def test_an_empty_mount_point_deletes_nothing(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair, 3)
    tree = b.tree()
    a.root.rename(a.root.with_name("unmounted"))
    a.root.mkdir()
    with pytest.raises(VaultOfflineError):
        a.scan()
    pair.settle()
    assert b.tree() == tree


def test_another_device_under_the_mount_point_takes_the_vault_offline(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair, 3)
    tree = b.tree()
    state = a.replica.state
    state.folder = replace(state.folder, device=state.folder.device + 1)
    (a.root / "beside.md").unlink()
    with pytest.raises(VaultOfflineError, match="Another disk"):
        a.scan()
    b.write("new.md", "new\n")
    b.scan()
    with pytest.raises(VaultOfflineError, match="Another disk"):
        pair.settle()
    assert not (a.root / "new.md").exists()
    assert b.tree() == {**tree, "new.md": b"new\n"}


# Mass deletion


def test_a_mass_deletion_is_held_where_it_happened_with_its_cause(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    tree = b.tree()
    lose(a)
    pair.settle()
    assert b.tree() == tree
    assert len(held(a)) == 101 + 4, "files and folders"
    (event,) = [event for event in a.events if isinstance(event, DeletionHeld)]
    assert event.cause == "101 of 102 files (99 %) disappeared from this device's folder, all of “folder”"
    assert [entry.kind for entry in a.replica.state.store.audit.recent(5)] == ["held"]


def test_a_few_deletions_and_a_small_share_are_believed(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair, 40)
    lose(a)
    pair.settle()
    pair.assert_equal()
    assert set(b.tree()) == {"beside.md"}
    fill(pair, 400)
    for number in range(60):
        (a.root / f"folder/sub{number % 3}/{number}.md").unlink()
    a.scan()
    pair.settle()
    pair.assert_equal()
    assert not (b.root / "folder/sub0/0.md").exists()


def test_what_vanished_first_comes_back_with_the_rest(pair: Cluster) -> None:
    """A folder empties over some moments: the first notes are gone everywhere before it is clear how many they are."""
    a, b = pair.devices
    fill(pair)
    tree = b.tree()
    for first in range(0, 100, 20):
        paths = [f"folder/sub{number % 3}/{number}.md" for number in range(first, first + 20)]
        for path in paths:
            (a.root / path).unlink()
        a.look(paths)
        pair.settle()
    assert b.tree() == tree
    assert len(held(a)) == 100
    causes = {entry.reason for entry in a.replica.state.store.index.in_state(State.HELD)}
    assert causes == {"100 of 102 files (98 %) disappeared from this device's folder"}
    told = [event.cause.split(" ")[0] for event in a.events if isinstance(event, DeletionHeld)]
    assert told == ["60", "80"], "when it is noticed, and when it has doubled from 32 and from 64"
    pair.tick()
    pair.settle()
    assert a.digest == b.digest
    undo(pair, a)
    pair.assert_equal()
    assert a.tree() == tree


def test_what_vanished_long_before_is_not_held_with_the_rest(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    (a.root / "beside.md").unlink()
    a.scan()
    pair.settle()
    pair.now_ms += 60_000
    lose(a)
    pair.settle()
    assert "beside.md" not in held(a)
    assert not (b.root / "beside.md").exists()


def test_what_was_made_anew_meanwhile_is_not_held(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    (a.root / "beside.md").unlink()
    a.scan()
    pair.settle()
    b.write("beside.md", "made anew\n")
    b.scan()
    pair.settle()
    lose(a)
    pair.settle()
    assert "beside.md" not in held(a)
    assert a.read("beside.md") == "made anew\n"


def test_what_others_do_goes_on_while_deletions_are_held(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    lose(a)
    a.write("new on a.md", "a\n")
    b.write("new on b.md", "b\n")
    a.scan()
    b.scan()
    pair.settle()
    assert b.read("new on a.md") == "a\n"
    assert a.read("new on b.md") == "b\n"
    assert len(held(a)) == 105


def test_held_deletions_survive_a_restart(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    tree = b.tree()
    lose(a)
    pair.settle()
    before = held(a)
    a.reopen()
    a.scan()
    pair.connect_all()
    pair.settle()
    pair.tick()
    pair.settle()
    assert held(a) == before
    assert b.tree() == tree


def test_approved_deletions_reach_every_device_and_stay_in_history(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    lose(a)
    pair.settle()
    assert approve(pair, a) == 105
    pair.assert_equal()
    assert set(b.tree()) == {"beside.md"}
    history = b.replica.state.store.history
    assert len([v for v in history.deleted() if v.path.endswith(".md")]) == 100
    newest = a.replica.state.store.history.versions("folder/sub0/0.md")[0]
    assert newest.action is Action.DELETED
    assert approve(pair, a) == 0


def test_undone_deletions_come_back_even_if_only_others_have_the_contents(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    tree = b.tree()
    lose(a)
    pair.settle()
    store = a.replica.state.store
    picture = store.index.get("folder/picture.png")
    assert picture is not None
    assert not store.history.has(picture.record.hash), "so that it must come from the other device"
    assert undo(pair, a) == 105
    pair.assert_equal()
    assert a.tree() == tree


def test_undo_while_alone_brings_back_the_rest_when_a_device_comes(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    tree = b.tree()
    lose(a)
    pair.disconnect(a)
    undo(pair, a)
    assert (a.root / "folder/sub0/0.md").exists(), "history has the notes"
    assert not (a.root / "folder/picture.png").exists()
    a.reopen()
    a.scan()
    assert not [entry for entry in a.events if isinstance(entry, DeletionHeld)][1:]
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert a.tree() == tree == b.tree()


def test_some_are_approved_and_the_others_undone(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    lose(a)
    pair.settle()
    assert approve(pair, a, ["folder/sub0/0.md"]) == 1
    assert approve(pair, a, ["folder/sub0/3.md"]) == 1
    assert not (b.root / "folder/sub0/0.md").exists()
    assert undo(pair, a) == 103
    told = [entry.text for entry in a.replica.state.store.audit.recent(10) if entry.kind in ("approved", "undone")]
    assert told == ["103 held deletions were undone.", *["1 held deletion was approved."] * 2]
    pair.assert_equal()
    assert "folder/sub0/0.md" not in a.tree()
    assert "folder/sub0/6.md" in a.tree()


def test_some_are_undone_and_the_others_approved(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    lose(a)
    pair.settle()
    assert undo(pair, a, ["folder/sub0/0.md"]) == 1
    assert a.read("folder/sub0/0.md") == "note 0\n"
    approve(pair, a)
    pair.assert_equal()
    assert set(b.tree()) == {"beside.md", "folder", "folder/sub0", "folder/sub0/0.md"}
    assert held(a) == []


def test_a_folder_named_for_undo_or_approval_means_all_in_it(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    lose(a)
    pair.settle()
    assert undo(pair, a, ["folder/sub0"]) == 35
    assert approve(pair, a, ["folder"]) == 70
    pair.assert_equal()
    assert {p for p, content in b.tree().items() if content} == {
        "beside.md",
        *(f"folder/sub0/{number}.md" for number in range(0, 100, 3)),
    }


def test_an_edit_made_elsewhere_to_a_held_note_is_not_lost(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    lose(a)
    pair.settle()
    b.write("folder/sub0/0.md", "edited elsewhere\n")
    b.scan()
    pair.settle()
    approve(pair, a)
    pair.assert_equal()
    assert b.read("folder/sub0/0.md") == "edited elsewhere\n"
    assert "folder/sub1/1.md" not in b.tree()


def test_an_edit_made_elsewhere_before_the_approval_was_heard_of_stays(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    lose(a)
    pair.settle()
    pair.disconnect(a)
    approve(pair, a)
    b.write("folder/sub0/0.md", "edited elsewhere\n")
    b.scan()
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert a.read("folder/sub0/0.md") == "edited elsewhere\n"


def test_a_moved_folder_is_no_mass_deletion(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    (a.root / "folder").rename(a.root / "renamed")
    a.scan()
    pair.settle()
    pair.assert_equal()
    assert held(a) == []
    assert "renamed/picture.png" in b.tree()


def test_what_comes_back_by_itself_is_held_no_more(pair: Cluster) -> None:
    a, b = pair.devices
    fill(pair)
    tree = b.tree()
    aside = a.root.with_name("aside")
    (a.root / "folder").rename(aside)
    a.scan()
    pair.settle()
    assert len(held(a)) == 105
    aside.rename(a.root / "folder")
    a.scan()
    pair.settle()
    pair.assert_equal()
    assert held(a) == []
    assert b.tree() == tree


def test_a_mass_deletion_that_was_meant_elsewhere_arrives_here_unasked(pair: Cluster) -> None:
    """Who deleted has approved; nobody is asked twice."""
    a, b = pair.devices
    fill(pair)
    lose(a)
    pair.settle()
    approve(pair, a)
    assert not [event for event in b.events if isinstance(event, DeletionHeld)]
    b.scan()
    assert held(b) == []


# Emptied files, unreadable files, restored indexes


def test_a_note_that_is_suddenly_empty_waits_two_seconds(pair: Cluster) -> None:
    a, b = pair.devices
    a.write("note.md", "words\n")
    a.scan()
    pair.settle()
    pair.now_ms += 60_000
    a.write("note.md", "")
    os.utime(a.root / "note.md", ns=(0, a.now_ms * 1_000_000))
    emptied_at = a.now_ms
    a.look({"note.md"})
    assert a.replica.next_look_ms() == emptied_at + EMPTY_WAIT_MS
    assert b.read("note.md") == "words\n"
    a.write("note.md", "words\nmore words\n")
    pair.settle()
    pair.assert_equal()
    assert b.read("note.md") == "words\nmore words\n"
    sizes = [v.size for v in b.replica.state.store.history.versions("note.md")]
    assert 0 not in sizes


def test_a_note_that_stays_empty_is_believed_and_kept_in_history(pair: Cluster) -> None:
    a, b = pair.devices
    a.write("note.md", "words\n")
    a.scan()
    pair.settle()
    pair.now_ms += 60_000
    a.write("note.md", "")
    os.utime(a.root / "note.md", ns=(0, a.now_ms * 1_000_000))
    a.look({"note.md"})
    pair.settle()
    pair.assert_equal()
    assert b.read("note.md") == ""
    history = b.replica.state.store.history
    assert b"words\n" in [history.read(v.hash) for v in history.versions("note.md")]


def test_an_emptied_note_that_was_edited_elsewhere_waits_no_longer(pair: Cluster) -> None:
    """Each try to put the edit in its place found the disk changed, and the third put the look off for ten seconds."""
    a, b = pair.devices
    a.write("note.md", "words\n")
    a.scan()
    pair.settle()
    pair.now_ms += 60_000
    a.write("note.md", "")
    os.utime(a.root / "note.md", ns=(0, a.now_ms * 1_000_000))
    emptied_at = a.now_ms
    a.look({"note.md"})
    b.write("note.md", "words\nmore words\n")
    b.look({"note.md"})
    pair.settle()
    pair.assert_equal()
    assert "more words" in a.read("note.md")
    assert pair.now_ms < emptied_at + 2 * EMPTY_WAIT_MS


def test_an_unreadable_folder_is_a_trouble_and_no_deletion(pair: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = pair.devices
    fill(pair, 6)
    tree = b.tree()
    fs = a.replica.state.fs
    scan = fs.scan

    def refusing(folder: str) -> object:
        if folder.startswith("folder/sub"):
            raise PermissionError(13, "Permission denied")
        return scan(folder)

    monkeypatch.setattr(type(fs), "scan", lambda _self, folder: refusing(folder))
    a.scan()
    pair.settle()
    assert b.tree() == tree
    assert a.replica.state.troubles["folder/sub0"] == "permission denied"
    monkeypatch.undo()
    a.scan()
    pair.settle()
    assert a.replica.state.troubles == {}
    pair.assert_equal()


def test_an_index_from_an_old_backup_brings_nothing_back_and_loses_nothing(pair: Cluster) -> None:
    a, b = pair.devices
    for name in ("kept", "edited", "deleted"):
        a.write(f"{name}.md", f"{name}, first\n")
    a.scan()
    pair.settle()
    a.back_up()
    pair.connect_all()
    pair.settle()
    pair.now_ms += 86_400_000
    a.write("edited.md", "edited, second\n")
    a.write("new.md", "new\n")
    (a.root / "deleted.md").unlink()
    a.scan()
    pair.settle()
    b.write("edited.md", "edited, third\n")
    b.scan()
    pair.settle()
    pair.now_ms += 86_400_000
    a.restore()
    a.scan()
    pair.connect_all()
    pair.settle()
    pair.tick()
    pair.settle()
    pair.assert_equal()
    assert a.tree() == {"kept.md": b"kept, first\n", "edited.md": b"edited, third\n", "new.md": b"new\n"}
