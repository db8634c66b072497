"""A disk that takes names for one that differ in case, beside disks that do not: what cannot be there waits."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.disk import Crash, SimulatedDisk
from tests.simulation.manners import FOLDING, PLAIN, Manners
from tests.support.cluster import Cluster, Device
from vaultsync.daemon.replica.explain import explain
from vaultsync.model.records import State
from vaultsync.vault.words import is_about_twins

REAL_DISK = os.environ.get("FOLDING_DISK")
"""A folder on a disk of this machine that folds case, for a run by hand."""


@pytest.fixture(params=[*FOLDING, *([None] if REAL_DISK else [])], ids=lambda manners: getattr(manners, "name", "real"))
def mixed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cluster]:
    """The first device's disk tells case apart, the second's does not."""
    if request.param is None:
        with tempfile.TemporaryDirectory(dir=REAL_DISK) as real:
            (tmp_path / "device2").symlink_to(real)
            cluster = Cluster(tmp_path, 2)
            assert [device.replica.state.fs.folds_case for device in cluster.devices] == [False, True]
            cluster.connect_all()
            yield cluster
        return
    disks = {str(tmp_path / f"device{number}"): manners for number, manners in ((1, PLAIN), (2, request.param))}
    cluster = Cluster(tmp_path, 2, file_system=lambda root: SimulatedDisk(root, disks[root]))
    cluster.connect_all()
    yield cluster


def sync(cluster: Cluster) -> None:
    """Everybody looks at everything and tells it; the indexes must be equal, and nobody may have work left."""
    for device in cluster.devices:
        device.scan()
        cluster.settle()
    assert len({device.digest for device in cluster.devices}) == 1
    assert all(not device.replica.state.offers and not device.replica.state.dirty for device in cluster.devices)


def texts(device: Device) -> dict[str, str]:
    return {path: content.decode() for path, content in device.tree().items() if content is not None}


def blocked(device: Device) -> list[str]:
    return [entry.record.path for entry in device.replica.state.store.index.in_state(State.BLOCKED)]


def inodes(device: Device) -> dict[int, str]:
    return {path.stat().st_ino: path.name for path in device.root.rglob("*.md")}


def test_a_name_that_is_taken_is_blocked_and_shown(mixed: Cluster) -> None:
    a, b = mixed.devices
    a.write("note.md", "lower\n")
    sync(mixed)
    a.write("Note.md", "upper\n")
    sync(mixed)
    assert texts(b) == {"note.md": "lower\n"}
    assert texts(a) == {"note.md": "lower\n", "Note.md": "upper\n"}
    assert blocked(b) == ["Note.md"]
    (words,) = b.replica.state.troubles.values()
    assert is_about_twins(words)
    told = explain(b.replica.state, "Note.md", ())
    assert "“Note.md” and “note.md” for one name" in told.state
    assert "Rename one of the two." in told.unblock


def test_what_is_in_a_folder_whose_name_is_taken_does_not_go_into_the_other(mixed: Cluster) -> None:
    a, b = mixed.devices
    b.write("f/one.md", "one\n")
    sync(mixed)
    a.write("F/two.md", "two\n")
    a.write("F/deep/three.md", "three\n")
    sync(mixed)
    assert texts(b) == {"f/one.md": "one\n"}
    assert blocked(b) == ["F", "F/deep", "F/deep/three.md", "F/two.md"]
    assert list(b.replica.state.troubles) == ["F"], "one name stands for all that is in it"
    assert len(texts(a)) == 3


@pytest.mark.parametrize("where", [0, 1], ids=["on the other device", "here"])
@pytest.mark.parametrize("how", ["removed", "renamed"])
def test_what_was_blocked_comes_when_the_other_name_goes(mixed: Cluster, where: int, how: str) -> None:
    a, b = mixed.devices
    a.write("f/one.md", "one\n")
    a.write("note.md", "lower\n")
    sync(mixed)
    a.write("F/two.md", "two\n")
    a.write("Note.md", "upper\n")
    sync(mixed)
    assert blocked(b) == ["F", "F/two.md", "Note.md"]
    there = mixed.devices[where]
    if how == "removed":
        (there.root / "note.md").unlink()
        (there.root / "f/one.md").unlink()
        (there.root / "f").rmdir()
    else:
        (there.root / "note.md").rename(there.root / "other.md")
        (there.root / "f").rename(there.root / "g")
    sync(mixed)
    assert blocked(b) == []
    assert b.replica.state.troubles == {}
    mixed.assert_equal()
    assert texts(b)["F/two.md"] == "two\n"
    assert texts(b)["Note.md"] == "upper\n"


def test_a_hint_is_enough_to_bring_what_was_blocked(mixed: Cluster) -> None:
    a, b = mixed.devices
    a.write("note.md", "lower\n")
    a.write("Note.md", "upper\n")
    a.scan()
    mixed.settle()
    (here,) = texts(b)
    (b.root / here).unlink()
    b.look([here])
    mixed.settle()
    mixed.assert_equal()
    assert set(texts(b)) == {"note.md", "Note.md"} - {here}


@pytest.mark.parametrize("where", [0, 1], ids=["to a disk that folds case", "from a disk that folds case"])
def test_a_rename_of_case_only_is_no_deletion(mixed: Cluster, where: int) -> None:
    a, b = mixed.devices
    a.write("note.md", "a note\n")
    a.write("folder/deep/one.md", "one\n")
    a.write("folder/two.md", "two\n")
    sync(mixed)
    there, other = mixed.devices[where], mixed.devices[1 - where]
    before = inodes(other)
    (there.root / "note.md").rename(there.root / "Note.md")
    (there.root / "folder").rename(there.root / "Folder")
    sync(mixed)
    mixed.assert_equal()
    assert blocked(b) == []
    assert b.replica.state.troubles == {}
    assert set(texts(b)) == {"Note.md", "Folder/deep/one.md", "Folder/two.md"}
    assert inodes(other).keys() == before.keys(), "moved on disk, not written anew"


def test_a_rename_of_case_only_with_an_edit(mixed: Cluster) -> None:
    a, b = mixed.devices
    a.write("note.md", "a note\n")
    a.write("folder/one.md", "one\n")
    a.write("folder/two.md", "two\n")
    sync(mixed)
    (a.root / "note.md").unlink()
    a.write("Note.md", "another text\n")
    (a.root / "folder").rename(a.root / "Folder")
    a.write("Folder/one.md", "one, and more\n")
    (a.root / "Folder/two.md").unlink()
    sync(mixed)
    mixed.assert_equal()
    assert texts(b) == {"Note.md": "another text\n", "Folder/one.md": "one, and more\n"}


@pytest.mark.parametrize("where", [0, 1], ids=["to a disk that folds case", "from a disk that folds case"])
def test_a_note_that_becomes_a_folder_of_its_name_in_other_case(mixed: Cluster, where: int) -> None:
    a = mixed.devices[0]
    a.write("note.md", "a note\n")
    sync(mixed)
    there = mixed.devices[where]
    (there.root / "note.md").unlink()
    there.write("Note.md/one.md", "one\n")
    sync(mixed)
    mixed.assert_equal()
    assert texts(a) == {"Note.md/one.md": "one\n"}


def test_what_was_not_seen_yet_goes_along_with_its_folder(mixed: Cluster) -> None:
    a, b = mixed.devices
    a.write("folder/one.md", "one\n")
    sync(mixed)
    (a.root / "folder").rename(a.root / "Folder")
    b.write("folder/mine.md", "mine\n")
    a.scan()
    mixed.settle()
    sync(mixed)
    mixed.assert_equal()
    assert texts(a) == {"Folder/one.md": "one\n", "Folder/mine.md": "mine\n"}


def test_an_edit_of_what_is_blocked_waits_with_it(mixed: Cluster) -> None:
    a, b = mixed.devices
    a.write("note.md", "lower\n")
    sync(mixed)
    a.write("Note.md", "upper\n")
    sync(mixed)
    a.write("Note.md", "upper, and more\n")
    sync(mixed)
    assert blocked(b) == ["Note.md"]
    assert not b.replica.state.wants
    (a.root / "Note.md").unlink()
    sync(mixed)
    mixed.assert_equal()
    assert b.replica.state.troubles == {}


def test_what_is_blocked_is_shown_after_a_restart(mixed: Cluster) -> None:
    a, b = mixed.devices
    a.write("f/one.md", "one\n")
    sync(mixed)
    a.write("F/two.md", "two\n")
    sync(mixed)
    b.reopen()
    mixed.connect(a, b)
    assert b.replica.state.troubles == {}
    sync(mixed)
    assert list(b.replica.state.troubles) == ["F"]
    b.look(["F", "f", "F/two.md"])
    assert list(b.replica.state.troubles) == ["F"]
    sequence = b.replica.state.store.index.sequence
    sync(mixed)
    assert b.replica.state.store.index.sequence == sequence, "a look changes nothing"


def test_a_name_that_something_unsynced_takes(mixed: Cluster) -> None:
    a, b = mixed.devices
    try:
        (b.root / "note.md").symlink_to("nowhere")
    except OSError:
        pytest.skip("no links on this disk")
    b.scan()
    a.write("Note.md", "upper\n")
    sync(mixed)
    assert blocked(b) == ["Note.md"]
    (b.root / "note.md").unlink()
    b.look(["note.md"])
    mixed.settle()
    assert texts(b) == {"Note.md": "upper\n"}


def test_two_disks_that_fold_case_keep_each_what_they_have(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, 3, file_system=lambda root: SimulatedDisk(root, FOLDING[0]))
    a, b, c = cluster.devices
    a.write("note.md", "lower\n")
    b.write("Note.md", "upper\n")
    for device in cluster.devices:
        device.scan()
    cluster.connect_all()
    sync(cluster)
    assert (texts(a), texts(b)) == ({"note.md": "lower\n"}, {"Note.md": "upper\n"})
    assert len(texts(c)) == 1
    (b.root / "Note.md").rename(b.root / "other.md")
    sync(cluster)
    sync(cluster)
    cluster.assert_equal()
    assert texts(c) == {"note.md": "lower\n", "other.md": "upper\n"}


@pytest.mark.parametrize("deletes", [False, True], ids=["replaced", "removed"])
def test_a_crash_in_the_middle_of_a_replacement_removes_nothing(tmp_path: Path, deletes: bool) -> None:
    """Where no two names can be exchanged, a file is away for a moment while it is replaced."""
    cluster = Cluster(tmp_path, 2, file_system=lambda root: SimulatedDisk(root, Manners(swaps=False)))
    a, b = cluster.devices
    cluster.connect_all()
    a.write("note.md", "one\n")
    sync(cluster)
    if deletes:
        (a.root / "note.md").unlink()
    else:
        a.write("note.md", "one\ntwo\n")
    disk = b.replica.state.fs
    assert isinstance(disk, SimulatedDisk)

    def die(_name: str, _path: str) -> None:
        if not (b.root / "note.md").exists():
            raise Crash

    disk.before_call = die
    a.scan()
    with pytest.raises(Crash):
        cluster.settle()
    disk.before_call = None
    assert texts(b) == {}
    b.crash()
    assert texts(b) == ({} if deletes else {"note.md": "one\n"})
    cluster.connect(a, b)
    sync(cluster)
    cluster.assert_equal()
    assert texts(a) == ({} if deletes else {"note.md": "one\ntwo\n"})
    assert not list((b.root / ".vaultsync" / "tmp").iterdir())


def test_a_deletion_against_a_blocked_edit_asks_for_the_edit(tmp_path: Path) -> None:
    """It comes together with that of the other name; the edit is on a device that is away."""
    disks = {
        str(tmp_path / f"device{number}"): manners for number, manners in ((1, PLAIN), (2, FOLDING[0]), (3, PLAIN))
    }
    cluster = Cluster(tmp_path, 3, file_system=lambda root: SimulatedDisk(root, disks[root]))
    a, b, c = cluster.devices
    cluster.connect_all()
    a.write("f/one.md", "one\n")
    sync(cluster)
    a.write("F/note.md", "a note\n")
    sync(cluster)
    cluster.disconnect(c)
    a.write("F/note.md", "a note, and more\n")
    a.scan()
    cluster.settle()
    cluster.disconnect(a)
    shutil.rmtree(c.root / "f")
    (c.root / "F/note.md").unlink()
    c.scan()
    cluster.connect(b, c)
    cluster.settle()
    assert texts(b) == {}, "nobody who is here has it"
    cluster.connect(a, b)
    cluster.connect(a, c)
    sync(cluster)
    cluster.assert_equal()
    assert texts(c) == {"F/note.md": "a note, and more\n"}
