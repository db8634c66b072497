"""Renames, and edits that follow them, over real folders."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.model.filters import DEFAULT_CATEGORIES, Category
from vaultsync.model.records import State
from vaultsync.protocol.framing import StreamKind
from vaultsync.store.history import Action
from vaultsync.vault import scanner
from vaultsync.vault.selection import Selection

NOTE = "# A note\n\nfirst paragraph\n\nsecond paragraph\n\nthird paragraph\n"


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    cluster = Cluster(tmp_path, 2)
    cluster.connect_all()
    return cluster


def share(cluster: Cluster, **notes: str) -> None:
    """Both devices have these notes."""
    a = cluster.devices[0]
    for name, content in notes.items():
        a.write(f"{name}.md", content)
    a.scan()
    cluster.settle()
    cluster.assert_equal()


def rename(device: Device, old: str, new: str) -> None:
    target = device.root / new
    target.parent.mkdir(parents=True, exist_ok=True)
    (device.root / old).rename(target)


def inode(device: Device, path: str) -> int:
    return (device.root / path).stat().st_ino


def test_a_folder_of_more_than_fits_into_one_look_is_renamed_as_one(
    pair: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second half of what was moved passed for deleted, and waited for a person's word."""
    a, _ = pair.devices
    share(pair, **{f"old/{number}": f"{number}\n" * 500 for number in range(80)})
    monkeypatch.setattr(scanner, "_BATCH_BYTES", 20_000)
    pair.now_ms += 10_000
    sent = pair.sent_bytes
    rename(a, "old", "new")
    a.look(["old", "new"])
    pair.settle()
    pair.assert_equal()
    states = {entry.state for entry in a.replica.state.store.index.entries()}
    assert states == {State.PRESENT}, "nothing passes for deleted"
    assert pair.sent_bytes - sent < 80 * 300, "no content crosses the network again"


def test_a_rename_is_recorded_as_one_and_happens_as_one(pair: Cluster) -> None:
    a, b = pair.devices
    share(pair, old=NOTE)
    before = inode(b, "old.md")
    rename(a, "old.md", "sub/new.md")
    a.scan()
    index = a.replica.state.store.index
    gone, arrived = index.get("old.md"), index.get("sub/new.md")
    assert gone is not None
    assert arrived is not None
    assert (gone.record.deleted, gone.record.moved_to) == (True, "sub/new.md")
    assert arrived.record.moved_from == "old.md"
    pair.settle()
    pair.assert_equal()
    assert inode(b, "sub/new.md") == before
    assert [v.action for v in b.replica.state.store.history.versions("sub/new.md")] == [Action.MOVED]


def test_a_rename_seen_in_one_look_at_both_names_is_a_rename(pair: Cluster) -> None:
    a, b = pair.devices
    share(pair, old=NOTE)
    rename(a, "old.md", "new.md")
    a.look({"old.md", "new.md"})
    pair.settle()
    pair.assert_equal()
    entry = b.replica.state.store.index.get("new.md")
    assert entry is not None
    assert entry.record.moved_from == "old.md"


def test_of_two_files_with_one_content_the_inode_tells_which_was_renamed(pair: Cluster) -> None:
    a, _ = pair.devices
    share(pair, one=NOTE, two=NOTE)
    rename(a, "two.md", "three.md")
    a.scan()
    entry = a.replica.state.store.index.get("three.md")
    assert entry is not None
    assert entry.record.moved_from == "two.md"
    rename(a, "three.md", "four.md")
    rename(a, "one.md", "five.md")
    a.scan()
    origins = {}
    for path in ("four.md", "five.md"):
        found = a.replica.state.store.index.get(path)
        assert found is not None
        origins[path] = found.record.moved_from
    assert origins == {"four.md": "three.md", "five.md": "one.md"}


def test_a_copy_that_replaces_its_original_is_found_by_its_content(pair: Cluster) -> None:
    a, b = pair.devices
    share(pair, old=NOTE)
    a.write("new.md", NOTE)
    (a.root / "old.md").unlink()
    a.scan()
    pair.settle()
    pair.assert_equal()
    entry = b.replica.state.store.index.get("new.md")
    assert entry is not None
    assert entry.record.moved_from == "old.md"


def test_vanished_empty_files_are_not_taken_for_new_ones(pair: Cluster) -> None:
    a, _ = pair.devices
    share(pair, empty="")
    (a.root / "unrelated").mkdir()
    (a.root / "empty.md").unlink()
    keep = a.root / "keeps the inode busy.md"
    keep.write_text("x")
    (a.root / "other.md").write_text("")
    a.scan()
    entry = a.replica.state.store.index.get("other.md")
    assert entry is not None
    # On some file systems the new empty file gets the inode that has become free.
    if entry.signature is not None and entry.record.moved_from is not None:
        pytest.skip("the inode was used again")
    gone = a.replica.state.store.index.get("empty.md")
    assert gone is not None
    assert gone.record.moved_to is None


@pytest.mark.parametrize("renamer", [0, 1], ids=["the renamer is device 1", "the renamer is device 2"])
@pytest.mark.parametrize("first", [0, 1], ids=["device 1 looks first", "device 2 looks first"])
def test_an_edit_made_elsewhere_follows_the_rename(pair: Cluster, renamer: int, first: int) -> None:
    share(pair, old=NOTE)
    mover, editor = pair.devices[renamer], pair.devices[1 - renamer]
    pair.disconnect(mover)
    rename(mover, "old.md", "sub/new.md")
    editor.write("old.md", NOTE.replace("second", "second, edited,"))
    for device in (pair.devices[first], pair.devices[1 - first]):
        device.scan()
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert [p for p, content in mover.tree().items() if content is not None] == ["sub/new.md"]
    assert mover.read("sub/new.md") == NOTE.replace("second", "second, edited,")


@pytest.mark.parametrize("renamer", [0, 1])
def test_edits_on_both_sides_of_a_rename_are_merged_at_the_new_place(pair: Cluster, renamer: int) -> None:
    share(pair, old=NOTE)
    mover, editor = pair.devices[renamer], pair.devices[1 - renamer]
    pair.disconnect(mover)
    rename(mover, "old.md", "new.md")
    mover.scan()
    mover.write("new.md", NOTE.replace("first", "FIRST"))
    mover.scan()
    editor.write("old.md", NOTE.replace("third", "THIRD"))
    editor.scan()
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert mover.tree() == {"new.md": NOTE.replace("first", "FIRST").replace("third", "THIRD").encode()}


def test_a_third_device_that_hears_of_the_edit_before_the_rename_ends_up_the_same(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, 3)
    a, b, c = cluster.devices
    cluster.connect_all()
    share(cluster, old=NOTE)
    for device in cluster.devices:
        cluster.disconnect(device)
    rename(a, "old.md", "new.md")
    a.scan()
    b.write("old.md", NOTE.replace("second", "SECOND"))
    b.scan()
    cluster.connect(b, c)
    cluster.settle()
    assert c.read("old.md") == NOTE.replace("second", "SECOND")
    cluster.connect(a, c)
    cluster.settle()
    cluster.connect(a, b)
    cluster.settle()
    cluster.assert_equal()
    assert c.tree() == {"new.md": NOTE.replace("second", "SECOND").encode()}


def test_one_note_renamed_to_two_names_stays_under_both(pair: Cluster) -> None:
    a, b = pair.devices
    share(pair, old=NOTE)
    pair.disconnect(a)
    rename(a, "old.md", "from a.md")
    rename(b, "old.md", "from b.md")
    a.scan()
    b.scan()
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert a.tree() == {"from a.md": NOTE.encode(), "from b.md": NOTE.encode()}


def test_a_renamed_folder_of_a_thousand_notes_moves_without_any_content(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, 2)
    a, b = cluster.devices
    contents = {f"note {number:04}.md": f"# {number}\n" + f"words of note {number} " * 200 for number in range(1000)}
    for name, content in contents.items():
        a.write(f"old folder/deep/{name}", content)
        b.write(f"old folder/deep/{name}", content)
    a.scan()
    b.scan()
    cluster.connect_all()
    cluster.settle()
    cluster.assert_equal()
    inodes = {name: inode(b, f"old folder/deep/{name}") for name in contents}

    (a.root / "old folder").rename(a.root / "new folder")
    a.scan()
    sent: list[str] = []
    before = cluster.sent_bytes
    post = cluster._post

    def watched(sender: object, receiver: object, message: object) -> None:
        sent.append(type(message).__name__)
        assert not getattr(message, "contents", None), "a content crossed"
        post(sender, receiver, message)  # type: ignore[arg-type]

    cluster._post = watched  # type: ignore[method-assign]
    cluster.settle()
    cluster.assert_equal()
    assert {name: inode(b, f"new folder/deep/{name}") for name in contents} == inodes
    assert not (b.root / "old folder").exists()
    assert "Contents" not in sent
    assert "Want" not in sent
    assert cluster.sent_bytes - before < sum(map(len, contents.values())) / 5


@pytest.mark.parametrize("path", ["NOTE.md", "Note.md"])
def test_a_rename_of_case_only_is_a_rename(pair: Cluster, path: str) -> None:
    a, b = pair.devices
    share(pair, note=NOTE)
    before = inode(b, "note.md")
    rename(a, "note.md", path)
    a.scan()
    pair.settle()
    pair.assert_equal()
    assert b.tree() == {path: NOTE.encode()}
    assert inode(b, path) == before


def test_a_folder_renamed_by_case_only_moves_as_a_folder(pair: Cluster) -> None:
    a, b = pair.devices
    a.write("projects/one.md", NOTE)
    a.write("projects/two.md", NOTE + "more\n")
    a.scan()
    pair.settle()
    (a.root / "projects").rename(a.root / "Projects")
    a.scan()
    pair.settle()
    pair.assert_equal()
    assert set(b.tree()) == {"Projects", "Projects/one.md", "Projects/two.md"}


def test_names_that_are_swapped_swap_on_the_other_device(pair: Cluster) -> None:
    a, b = pair.devices
    share(pair, one="one\n", two="two\n")
    rename(a, "one.md", "aside.md")
    rename(a, "two.md", "one.md")
    rename(a, "aside.md", "two.md")
    a.scan()
    pair.settle()
    pair.assert_equal()
    assert (b.read("one.md"), b.read("two.md")) == ("two\n", "one\n")


def test_a_file_in_place_of_a_folder_survives_a_device_that_leaves_it_out_and_keeps_the_folder(pair: Cluster) -> None:
    a, b = pair.devices
    a.write("h/note.md", "one\n")
    a.scan()
    pair.settle()
    selection = Selection.load(b.replica.state.fs, DEFAULT_CATEGORIES - {Category.OTHER})
    pair.carry_out(b, b.replica.select(selection, b.now_ms))
    pair.disconnect(a)
    pair.now_ms += 60_000
    b.write("h/note.md", "one\ntwo\n")
    b.scan()
    shutil.rmtree(a.root / "h")
    a.write("h", "a file now\n")
    a.scan()
    pair.connect_all()
    pair.settle()
    assert a.digest == b.digest
    assert a.read("h/note.md") == "one\ntwo\n"
    assert b"a file now\n" in a.tree().values(), "beside the folder"


@pytest.mark.parametrize("hearer", [0, 1])
def test_a_new_note_under_a_name_that_was_given_up_is_no_edit_of_the_note_that_had_it(
    pair: Cluster, hearer: int
) -> None:
    """It took the place of the note that was moved back and away meanwhile, whose lines were in history only."""
    a, b = pair.devices
    share(pair, untitled=NOTE)
    rename(a, "untitled.md", "walk.md")
    a.scan()
    pair.settle()
    pair.assert_equal()
    pair.disconnect(a)
    b.write("untitled.md", "another note\n")
    b.scan()
    rename(a, "walk.md", "untitled.md")
    a.scan()
    rename(a, "untitled.md", "hike.md")
    a.scan()
    first, second = (a, b) if hearer else (b, a)
    pair.connect(first, second)
    pair.settle()
    pair.assert_equal()
    assert b.read("hike.md") == NOTE
    assert b.read("untitled.md") == "another note\n"


@pytest.mark.parametrize("back", [False, True], ids=["a rename", "a rename back"])
def test_a_new_note_under_a_name_that_a_restored_device_gives_up_again_is_no_edit(pair: Cluster, back: bool) -> None:
    """It has forgotten that it renamed the note, and does so once more: whoever began a note since knew of that."""
    a, b = pair.devices
    share(pair, old=NOTE)
    if back:
        rename(a, "old.md", "new.md")
        a.scan()
        pair.settle()
    source, target = ("new.md", "old.md") if back else ("old.md", "new.md")
    a.back_up()
    pair.connect_all()
    pair.settle()
    pair.now_ms += 10_000
    rename(a, source, target)
    a.scan()
    pair.settle()
    pair.disconnect(a)
    b.write(source, "begun anew\n")
    b.scan()
    pair.now_ms += 10_000
    a.restore()
    a.scan()
    pair.connect_all()
    for _ in range(10):
        # The other, which knows what was deleted, would hear of it too early.
        for what in (StreamKind.CHANGES, StreamKind.CONTENT):
            pair.pull(b, a, what)
        for channel in pair.deliverable():
            pair.deliver(channel)
    pair.settle()
    pair.assert_equal()
    assert a.read(target) == NOTE
    assert a.read(source) == "begun anew\n"
