"""Conflicts from their beginning to their end: copies, merges, and a person who decides."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.cluster import START_MS, Cluster, Device
from vaultsync.daemon.replica import conflicts
from vaultsync.daemon.replica.conflicts import Choice, ConflictCopy
from vaultsync.errors import RequestError
from vaultsync.protocol.framing import StreamKind

MINUTE_MS = 60_000
BASE = "one\n\ntwo\n\nthree\n"
LEFT, RIGHT, BOTH = "ONE\n\ntwo\n\nthree\n", "one\n\ntwo\n\nTHREE\n", "ONE\n\ntwo\n\nTHREE\n"


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    cluster = Cluster(tmp_path, 2)
    cluster.connect_all()
    return cluster


def clash(cluster: Cluster, path: str, first: str | bytes, second: str | bytes) -> None:
    """Device 1 writes `first`, device 2 a minute later `second`, and neither knows of the other."""
    a, b, *_ = cluster.devices
    for device in cluster.devices:
        cluster.disconnect(device)
    a.write(path, first)
    a.scan()
    cluster.now_ms += MINUTE_MS
    b.write(path, second)
    b.scan()
    cluster.connect_all()
    cluster.settle()
    cluster.assert_equal()


def pictures(cluster: Cluster) -> ConflictCopy:
    """Both devices have changed a picture; the newer one, of device 2, is in place."""
    clash(cluster, "pictures/cat.png", b"\x89PNG of device 1", b"\x89PNG of device 2")
    (copy,) = conflicts.copies(cluster.devices[0].replica.state)
    return copy


def merged(cluster: Cluster) -> Device:
    """Both devices have edited `note.md`, and it was merged. Gives a device that did it."""
    cluster.devices[0].write("note.md", BASE)
    cluster.devices[0].scan()
    cluster.settle()
    clash(cluster, "note.md", LEFT, RIGHT)
    assert cluster.devices[0].read("note.md") == BOTH
    return next(d for d in cluster.devices if conflicts.merges(d.replica.state, d.now_ms))


def resolve(cluster: Cluster, device: Device, path: str, choice: Choice, content: bytes | None = None) -> None:
    cluster.now_ms += MINUTE_MS
    cluster.carry_out(device, device.replica.resolve(path, choice, device.now_ms, content))
    cluster.settle()
    cluster.assert_equal()


def files(device: Device) -> dict[str, bytes]:
    return {path: content for path, content in device.tree().items() if content is not None}


def test_a_conflict_copy_is_listed_alike_on_both_devices(pair: Cluster) -> None:
    copy = pictures(pair)
    a, b = pair.devices
    assert conflicts.copies(b.replica.state) == [copy]
    assert copy.original == "pictures/cat.png"
    assert copy.device == "Device 1"
    assert copy.size == len(b"\x89PNG of device 1")
    assert (a.root / copy.path).read_bytes() == b"\x89PNG of device 1"
    assert (a.root / copy.original).read_bytes() == b"\x89PNG of device 2"


@pytest.mark.parametrize("device", [0, 1])
def test_mine_keeps_the_note_and_removes_the_copy(pair: Cluster, device: int) -> None:
    copy = pictures(pair)
    resolve(pair, pair.devices[device], copy.path, Choice.MINE)
    for each in pair.devices:
        assert files(each) == {"pictures/cat.png": b"\x89PNG of device 2"}
        assert [v.path for v in each.replica.state.store.history.deleted()] == [copy.path], "it stays in history"


def test_theirs_puts_the_copy_in_the_notes_place(pair: Cluster) -> None:
    copy = pictures(pair)
    resolve(pair, pair.devices[1], copy.path, Choice.THEIRS)
    for each in pair.devices:
        assert files(each) == {"pictures/cat.png": b"\x89PNG of device 1"}
        assert conflicts.copies(each.replica.state) == []
        store = each.replica.state.store
        kept = {store.history.read(v.hash) for v in store.history.versions("pictures/cat.png") if v.hash}
        assert b"\x89PNG of device 2" in kept


def test_both_keeps_two_files_with_names_of_their_own(pair: Cluster) -> None:
    copy = pictures(pair)
    pair.devices[0].write("pictures/cat (from Device 1).png", b"taken already")
    pair.devices[0].scan()
    pair.settle()
    resolve(pair, pair.devices[1], copy.path, Choice.BOTH)
    assert files(pair.devices[0]) == {
        "pictures/cat.png": b"\x89PNG of device 2",
        "pictures/cat (from Device 1).png": b"taken already",
        "pictures/cat (from Device 1 2).png": b"\x89PNG of device 1",
    }


def test_edit_puts_what_a_person_wrote_in_the_notes_place(pair: Cluster) -> None:
    copy = pictures(pair)
    resolve(pair, pair.devices[1], copy.path, Choice.EDIT, b"\x89PNG of both")
    assert files(pair.devices[0]) == {"pictures/cat.png": b"\x89PNG of both"}


def test_a_copy_whose_note_is_gone_can_take_its_place(pair: Cluster) -> None:
    copy = pictures(pair)
    a, b = pair.devices
    (a.root / "pictures/cat.png").unlink()
    a.scan()
    pair.settle()
    resolve(pair, b, copy.path, Choice.THEIRS)
    assert files(a) == {"pictures/cat.png": b"\x89PNG of device 1"}


def test_resolving_waits_for_a_person_who_is_editing_the_note(pair: Cluster) -> None:
    copy = pictures(pair)
    a, _ = pair.devices
    a.write("pictures/cat.png", b"\x89PNG drawn just now")
    with pytest.raises(RequestError):
        a.replica.resolve(copy.path, Choice.THEIRS, a.now_ms)
    assert files(a)["pictures/cat.png"] == b"\x89PNG drawn just now"
    assert files(a)[copy.path] == b"\x89PNG of device 1"


@pytest.mark.parametrize("choice", [Choice.THEIRS, Choice.BOTH])
@pytest.mark.parametrize("gone", [True, False], ids=["removed", "edited"])
def test_a_copy_that_has_just_changed_is_not_resolved(pair: Cluster, choice: Choice, gone: bool) -> None:
    copy = pictures(pair)
    a = pair.devices[0]
    if gone:
        (a.root / copy.path).unlink()
    else:
        a.write(copy.path, b"\x89PNG of a person who is painting")
    before = a.tree()
    with pytest.raises(RequestError, match="has just changed"):
        a.replica.resolve(copy.path, choice, a.now_ms)
    assert a.tree() == before


def test_a_copy_is_not_put_where_a_folder_is(pair: Cluster) -> None:
    copy = pictures(pair)
    a = pair.devices[0]
    (a.root / copy.original).unlink()
    a.write(f"{copy.original}/whiskers.md", "long\n")
    a.scan()
    pair.settle()
    with pytest.raises(RequestError, match="is a folder now"):
        a.replica.resolve(copy.path, Choice.THEIRS, a.now_ms)
    assert copy.path in files(a)


def test_what_is_no_conflict_cannot_be_resolved(pair: Cluster) -> None:
    a, _ = pair.devices
    a.write("note.md", BASE)
    a.scan()
    for path in ("note.md", "nothing.md", "nothing (conflict 2026-11-20 1403 Laptop).md"):
        with pytest.raises(RequestError):
            a.replica.resolve(path, Choice.MINE, a.now_ms)


def test_a_merge_is_listed_with_both_inputs(pair: Cluster) -> None:
    device = merged(pair)
    (note,) = conflicts.merges(device.replica.state, device.now_ms)
    assert note.path == "note.md"
    history = device.replica.state.store.history
    assert note.mine is not None
    assert note.theirs is not None
    sides = {history.read(note.mine.hash), history.read(note.theirs.hash)}
    assert sides == {LEFT.encode(), RIGHT.encode()}
    assert note.mine.device == device.node.raw
    assert note.theirs.device != device.node.raw


def test_undo_of_a_merge_reaches_every_device(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, 3)
    cluster.connect_all()
    device = merged(cluster)
    (note,) = conflicts.merges(device.replica.state, device.now_ms)
    assert note.mine is not None
    mine = device.replica.state.store.history.read(note.mine.hash)
    cluster.now_ms += MINUTE_MS
    cluster.carry_out(device, device.replica.undo_merge("note.md", device.now_ms))
    cluster.settle()
    cluster.assert_equal()
    assert {each.tree()["note.md"] for each in cluster.devices} == {mine}
    for each in cluster.devices:
        assert conflicts.merges(each.replica.state, each.now_ms) == []
    with pytest.raises(RequestError):
        device.replica.undo_merge("note.md", device.now_ms)


@pytest.mark.parametrize(
    ("choice", "content"), [(Choice.MINE, None), (Choice.THEIRS, None), (Choice.BOTH, None), (Choice.EDIT, b"mine\n")]
)
def test_each_way_to_end_a_merge_takes_it_off_the_list(pair: Cluster, choice: Choice, content: bytes | None) -> None:
    device = merged(pair)
    (note,) = conflicts.merges(device.replica.state, device.now_ms)
    history = device.replica.state.store.history
    assert note.mine is not None
    assert note.theirs is not None
    expected = {
        Choice.MINE: history.read(note.mine.hash),
        Choice.THEIRS: history.read(note.theirs.hash),
        Choice.BOTH: BOTH.encode(),
        Choice.EDIT: content,
    }[choice]
    resolve(pair, device, "note.md", choice, content)
    assert files(pair.devices[0]) == {"note.md": expected}
    assert conflicts.merges(device.replica.state, device.now_ms) == []


def test_a_merge_that_was_edited_since_is_no_longer_offered_for_undo(pair: Cluster) -> None:
    device = merged(pair)
    device.write("note.md", BOTH + "\nmore\n")
    device.scan()
    assert conflicts.merges(device.replica.state, device.now_ms) == []
    with pytest.raises(RequestError):
        device.replica.undo_merge("note.md", device.now_ms)


def test_a_conflict_on_a_conflict_copy_is_kept_too(pair: Cluster) -> None:
    copy = pictures(pair)
    clash(pair, copy.path, b"\x89PNG edited on 1", b"\x89PNG edited on 2")
    a, _ = pair.devices
    assert set(files(a).values()) == {b"\x89PNG of device 2", b"\x89PNG edited on 1", b"\x89PNG edited on 2"}
    found = conflicts.copies(a.replica.state)
    assert len(found) == 2
    nested = next(c for c in found if c.path != copy.path)
    assert nested.original == copy.path
    resolve(pair, a, nested.path, Choice.THEIRS)
    assert files(a)[copy.path] == b"\x89PNG edited on 1"
    resolve(pair, a, copy.path, Choice.MINE)
    assert files(a) == {"pictures/cat.png": b"\x89PNG of device 2"}


@pytest.mark.parametrize("devices", [2, 3])
def test_copies_of_one_note_device_and_minute_stand_side_by_side(tmp_path: Path, devices: int) -> None:
    cluster = Cluster(tmp_path, devices)
    a, b, *_ = cluster.devices
    rounds = ("first", "second", "third")
    for each in rounds:
        for device in cluster.devices:
            cluster.disconnect(device)
        for device in (a, b):
            device.write("cat.png", f"{each} of {device.name}")
            device.scan()
        cluster.connect_all()
        cluster.settle()
        cluster.assert_equal()
    assert a.now_ms < START_MS + MINUTE_MS
    assert set(files(a).values()) == {f"{each} of Device 1".encode() for each in rounds} | {b"third of Device 2"}
    listed = conflicts.copies(b.replica.state)
    assert [(copy.original, copy.device) for copy in listed] == [("cat.png", "Device 1")] * 3


@pytest.mark.parametrize("moved", [False, True])
@pytest.mark.parametrize("devices", [2, 3])
def test_a_copy_that_is_taken_away_takes_no_other_edit_along(tmp_path: Path, devices: int, moved: bool) -> None:
    """The next edit of that minute lost, too, and its copy passed for one that a person had just taken away."""
    cluster = Cluster(tmp_path, devices)
    a, b, *_ = cluster.devices
    for each in ("first", "second"):
        if each == "second":
            (copy,) = [path for path in a.tree() if "(conflict " in path]
            b.write(copy, "first of Device 1, edited")
            b.scan()
            cluster.settle()
        for device in cluster.devices:
            cluster.disconnect(device)
        a.write("cat.png", f"{each} of {a.name}")
        if each == "second":
            if moved:
                (a.root / copy).rename(a.root / "other.png")
            else:
                (a.root / copy).unlink()
        a.scan()
        b.write("cat.png", f"{each} of {b.name}")
        b.scan()
        cluster.connect_all()
        cluster.settle()
        cluster.assert_equal()
    assert a.now_ms < START_MS + MINUTE_MS
    first = {b"first of Device 1, edited"} if moved else set()
    assert set(files(b).values()) == first | {b"second of Device 1", b"second of Device 2"}


@pytest.mark.parametrize("devices", [2, 3])
def test_a_copy_that_both_have_edited_is_not_taken_for_the_next_one(tmp_path: Path, devices: int) -> None:
    """The edits count later than the second edit of that minute that loses, whose copy has the same name."""
    cluster = Cluster(tmp_path, devices)
    a, b, *_ = cluster.devices
    copy = ""
    for each in ("first", "second"):
        for device in cluster.devices:
            cluster.disconnect(device)
        a.write("cat.png", f"{each} of {a.name}")
        a.scan()
        if copy:
            a.write(copy, "edited on 2, and on 1")
            a.scan()
        b.write("cat.png", f"{each} of {b.name}")
        b.scan()
        cluster.connect(a, b)
        hear(cluster, a, b)
        cluster.connect_all()
        cluster.settle()
        if not copy:
            (copy,) = [path for path in a.tree() if "(conflict " in path]
            b.write(copy, "edited on 2")
            b.scan()
            cluster.settle()
        cluster.assert_equal()
    assert a.now_ms < START_MS + MINUTE_MS
    assert set(files(b).values()) == {b"edited on 2, and on 1", b"second of Device 1", b"second of Device 2"}


@pytest.mark.parametrize("path", ["note.md", "cat.png"])
@pytest.mark.parametrize("devices", [2, 3])
def test_devices_of_one_name_keep_each_others_copies(tmp_path: Path, devices: int, path: str) -> None:
    """The copy of the second edit that lost in that minute replaced that of the first, which was in history only."""
    cluster = Cluster(tmp_path, devices)
    a, b, *others = cluster.devices
    for device in (a, b):
        device.name = "Laptop"
        device.reopen()
    a.write(path, "first of 1\n")
    a.scan()
    b.write(path, "first of 2\n")
    b.scan()
    for device in (a, *others):
        cluster.connect(device, b)
        hear(cluster, device, b)
        cluster.disconnect(device)
    b.write(path, "written anew on 2\n")
    b.scan()
    cluster.connect_all()
    cluster.settle()
    cluster.assert_equal()
    assert set(files(a).values()) >= {b"first of 1\n", b"written anew on 2\n"}


def test_a_copy_that_a_device_of_that_name_edits_is_no_other_copy(pair: Cluster) -> None:
    a, b = pair.devices
    for device in pair.devices:
        device.name = "Laptop"
        device.reopen()
        device.write("note.md", f"{device.number} has written\nmuch that is\nits own {device.number}\n")
        device.scan()
    pair.connect_all()
    pair.settle()
    (copy,) = [path for path in a.tree() if "(conflict " in path]
    b.write(copy, b.read(copy) + "and one more\n")
    b.scan()
    pair.settle()
    pair.assert_equal()
    assert a.read(copy).endswith("and one more\n")
    assert len(a.tree()) == 2


def test_what_was_edited_further_makes_no_copy_of_what_it_was(pair: Cluster) -> None:
    """The other device had put it in the place of its own edit meanwhile."""
    a, b = pair.devices
    a.write("cat.png", "of device 1")
    a.scan()
    pair.now_ms += MINUTE_MS
    b.write("cat.png", "of device 2")
    b.scan()
    pair.disconnect(b)
    pair.connect(a, b)
    hear(pair, a, b)
    pair.disconnect(a)
    b.write("cat.png", "edited on 2")
    b.scan()
    pair.connect(a, b)
    pair.settle()
    pair.assert_equal()
    assert set(files(a).values()) == {b"of device 1", b"edited on 2"}


@pytest.mark.parametrize("hearer", [0, 1])
def test_a_note_of_its_own_that_outlived_a_deletion_removes_nothing(pair: Cluster, hearer: int) -> None:
    """What was deleted and written anew passed for removed by a note that never had a word of it."""
    a, b = pair.devices
    first = "".join(f"one {number}\n" for number in range(6))
    own = "".join(f"other {number}\n" for number in range(6))
    for device in pair.devices:
        pair.disconnect(device)
    a.write("note.md", first)
    a.scan()
    b.write("note.md", own)
    b.scan()
    (a.root / "note.md").unlink()
    a.scan()
    pair.connect(a, b)
    hear(pair, b, a)
    pair.disconnect(a)
    assert b.read("note.md") == own, "the edit stays"
    a.write("note.md", first + "one more\n")
    a.scan()
    pair.connect(a, b)
    hear(pair, pair.devices[hearer], pair.devices[1 - hearer])
    pair.settle()
    pair.assert_equal()
    there = b"".join(files(a).values()).decode().splitlines()
    assert set(there) >= {*first.splitlines(), *own.splitlines(), "one more"}


def test_a_note_that_a_program_saved_by_deleting_it_merges_on_what_it_was(pair: Cluster) -> None:
    a, b = pair.devices
    lines = [f"line {number}\n" for number in range(12)]
    a.write("note.md", "".join(lines))
    a.scan()
    pair.settle()
    pair.disconnect(a)
    b.write("note.md", "".join(["changed on 2\n", *lines[1:]]))
    b.scan()
    (a.root / "note.md").unlink()
    a.scan()
    pair.connect(a, b)
    hear(pair, b, a)
    pair.disconnect(a)
    a.write("note.md", "".join([*lines[:-1], "changed on 1\n"]))
    a.scan()
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert a.read("note.md") == "".join(["changed on 2\n", *lines[1:-1], "changed on 1\n"])


def hear(cluster: Cluster, hearer: Device, other: Device) -> None:
    """`hearer` learns all from `other`, and decides, before it has told anything."""
    while True:
        heard = [cluster.deliver(channel) for channel in cluster.deliverable()]
        heard += filter(None, (cluster.pull(other, hearer, kind) for kind in (StreamKind.CHANGES, StreamKind.CONTENT)))
        if not heard:
            return


@pytest.mark.parametrize("folder_on", [0, 1])
@pytest.mark.parametrize("existed", [False, True], ids=["new on both", "a note before"])
def test_a_note_here_and_a_folder_there_both_survive(pair: Cluster, folder_on: int, existed: bool) -> None:
    maker, writer = pair.devices[folder_on], pair.devices[1 - folder_on]
    if existed:
        writer.write("thing.md", BASE)
        writer.scan()
        pair.settle()
    pair.disconnect(writer)
    if existed:
        (maker.root / "thing.md").unlink()
    maker.write("thing.md/inside.md", "inside\n")
    maker.scan()
    writer.write("thing.md", LEFT)
    writer.scan()
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert (maker.root / "thing.md").is_dir()
    assert maker.read("thing.md/inside.md") == "inside\n"
    (copy,) = conflicts.copies(maker.replica.state)
    assert (copy.original, files(maker)[copy.path]) == ("thing.md", LEFT.encode())
    resolve(pair, writer, copy.path, Choice.BOTH)
    assert LEFT.encode() in files(maker).values()
    assert conflicts.copies(maker.replica.state) == []


def test_what_is_in_a_folder_comes_as_soon_as_the_folder_can_be(pair: Cluster) -> None:
    """It waited for ten seconds, since a note that had just been emptied was found in the folder's place."""
    a, b = pair.devices
    a.write("plan", "words\n")
    a.scan()
    pair.settle()
    pair.now_ms += MINUTE_MS
    (a.root / "plan").unlink()
    for number in range(3):
        a.write(f"plan/{number}.md", f"{number}\n")
    b.write("plan", "")
    os.utime(b.root / "plan", ns=(0, b.now_ms * 1_000_000))
    a.scan()
    pair.settle()
    pair.assert_equal()
    assert sorted(files(b).values()) == [b"", b"0\n", b"1\n", b"2\n"]


def test_the_setting_copy_keeps_both_notes_instead_of_merging(pair: Cluster) -> None:
    for device in pair.devices:
        device.replica.state.merges = False
    a, b = pair.devices
    a.write("note.md", BASE)
    a.scan()
    pair.settle()
    clash(pair, "note.md", LEFT, RIGHT)
    assert set(files(a).values()) == {LEFT.encode(), RIGHT.encode()}
    assert conflicts.merges(b.replica.state, b.now_ms) == []


def test_names_of_conflict_copies_are_read_back() -> None:
    cases = {
        "a/Note (conflict 2026-11-20 1403 Laptop).md": ("a/Note.md", "Laptop"),
        "Note (conflict 2026-11-20 1403 My (old) Mac).md": ("Note.md", "My (old) Mac"),
        "Makefile (conflict 2026-11-20 1403 Laptop)": ("Makefile", "Laptop"),
        "Draw (conflict 2026-11-20 1403 Laptop).excalidraw.md": ("Draw.excalidraw.md", "Laptop"),
        "Note (conflict 2026-11-20 1403 Laptop) (1f2e3d4c).md": ("Note.md", "Laptop"),
        "Note.md": None,
        "Note (conflict of interest).md": None,
    }
    for path, expected in cases.items():
        assert conflicts.original_of(path) == expected, path
