"""Histories that once went wrong, found by the simulator and made short."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.daemon.events import IndexesDiffer
from vaultsync.daemon.replica.bases import base_of
from vaultsync.model.filters import DEFAULT_CATEGORIES, Category
from vaultsync.model.versions import Version
from vaultsync.protocol.framing import StreamKind
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.vault.hashing import hash_bytes


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path, 2)


@pytest.fixture
def trio(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path, 3)


def agree(cluster: Cluster) -> None:
    """Everybody looks at everything and tells everything."""
    cluster.connect_all()
    for _ in range(3):
        for device in cluster.devices:
            device.scan()
            cluster.settle()
    cluster.assert_equal()


def share(cluster: Cluster, files: dict[str, str]) -> None:
    """All devices have these files, and each knows that the others have them."""
    for path, content in files.items():
        cluster.devices[0].write(path, content)
    agree(cluster)


def leftovers(device: Device) -> list[object]:
    state = device.replica.state
    return [
        len(state.offers),
        len(state.wants),
        state.contents,
        state.staged,
        state.transfers,
        list((device.root / ".vaultsync" / "tmp").glob("*")),
    ]


def test_a_file_that_nobody_has_seen_where_a_folder_should_be(pair: Cluster) -> None:
    """An edit came for a note in a folder that a person had just replaced by a file: it was tried again for ever."""
    a, b = pair.devices
    share(pair, {"f/n.md": "one\n"})
    a.write("f/n.md", "one\ntwo\n")
    shutil.rmtree(b.root / "f")
    b.write("f", "a file\n")
    a.scan()
    pair.settle(200)
    agree(pair)
    assert a.read("f/n.md") == "one\ntwo\n"
    (copy,) = [path for path in a.tree() if path.startswith("f (conflict ")]
    assert a.read(copy) == "a file\n"


def test_contents_that_nobody_needs_any_more_are_let_go(pair: Cluster) -> None:
    """The content of an edit stayed in memory when the next edit arrived before it was used."""
    a, b = pair.devices
    share(pair, {"n.md": "one\n"})
    a.write("n.md", "one\ntwo\n")
    a.scan()
    b.write("n.md", "one\nthree, and nobody has looked at it\n")
    assert pair.pull(a, b, StreamKind.CHANGES)
    (channel,) = [c for c in pair.deliverable() if c[2] is StreamKind.CHANGES]
    pair.deliver(channel)
    assert b.replica.state.contents, "kept for when the disk has been looked at"
    a.write("n.md", "one\ntwo\nfour\n")
    a.scan()
    agree(pair)
    assert leftovers(a) == leftovers(b) == [0, 0, {}, {}, {}, []]


def test_what_a_lost_peer_offered_first_does_not_hold_up_the_next(trio: Cluster) -> None:
    """Two peers offered one path; the first one left, and the offer of the second was never looked at."""
    a, b, c = trio.devices
    a.write("n.md", "one\n")
    a.scan()
    trio.connect(a, b)
    trio.settle()
    for other in (a, b):
        trio.connect(other, c)
        for channel in trio.deliverable():
            trio.deliver(channel)
        assert trio.pull(other, c, StreamKind.CHANGES)
        for channel in trio.deliverable():
            if channel[1] == c.node and channel[2] is StreamKind.CHANGES:
                trio.deliver(channel)
    assert len(c.replica.state.offers.of("n.md")) == 2
    trio.disconnect(a)
    trio.settle()
    assert c.tree() == b.tree()


def test_a_content_that_was_missing_for_a_moment_is_asked_for_again(pair: Cluster) -> None:
    """The peer could not read its file just then; it never said more, and the file never came."""
    a, b = pair.devices
    a.write("n.png", "one\n")
    a.scan()
    pair.connect(a, b)
    for channel in pair.deliverable():
        pair.deliver(channel)
    assert pair.pull(a, b, StreamKind.CHANGES)
    for channel in pair.deliverable():
        pair.deliver(channel)
    (a.root / "n.png").rename(a.root / "away")
    for channel in pair.deliverable():
        pair.deliver(channel)
    assert pair.pull(a, b, StreamKind.CONTENT) == "Contents"
    (a.root / "away").rename(a.root / "n.png")
    pair.settle()
    assert b.tree() == a.tree()
    assert leftovers(b) == [0, 0, {}, {}, {}, []]


def test_a_conflict_copy_of_what_was_deleted_meanwhile_is_not_waited_for(pair: Cluster) -> None:
    """The copy's content was asked of a peer that had deleted it, for ever."""
    a, b = pair.devices
    a.write("n.bin", "one\n")
    a.scan()
    pair.now_ms += 60_000
    b.write("n.bin", "two\n")
    b.scan()
    pair.connect(a, b)
    for channel in pair.deliverable():
        pair.deliver(channel)
    assert pair.pull(a, b, StreamKind.CHANGES)
    (channel,) = [c for c in pair.deliverable() if c[2] is StreamKind.CHANGES]
    (a.root / "n.bin").unlink()
    a.scan()
    pair.deliver(channel)
    assert len(b.replica.state.offers) == 2, "the note, and the copy that would be made of it"
    agree(pair)
    assert a.tree() == {"n.bin": b"two\n"}
    assert leftovers(b) == [0, 0, {}, {}, {}, []]


def test_a_clock_that_is_set_back_puts_nothing_off(pair: Cluster) -> None:
    """What was to be looked at again in a moment waited for a day."""
    a, b = pair.devices
    share(pair, {"n.md": "one\n"})
    a.write("n.md", "")
    os.utime(a.root / "n.md", ns=(a.now_ms * 1_000_000,) * 2)
    a.scan()
    assert a.replica.next_look_ms() is not None, "an empty file is not believed at once"
    a.skew_ms = -86_400_000
    assert a.look_at_dirty()
    a.skew_ms = 0
    agree(pair)
    a.skew_ms = -86_400_000
    sent = pair.sent_bytes
    pair.tick()
    assert pair.sent_bytes > sent, "digests are still compared"
    assert b.tree() == {"n.md": b""}


def test_sequences_that_a_restored_index_gives_out_again_are_heard(pair: Cluster) -> None:
    """The peer had heard of the same numbers before, and missed what was new under them."""
    a, b = pair.devices
    share(pair, {"n.md": "one\n"})
    a.back_up()
    pair.connect_all()
    for number in range(5):
        a.write(f"more {number}.md", f"{number}\n")
    a.scan()
    pair.settle()
    a.restore()
    for number in range(9):
        (a.root / f"more {number}.md").unlink(missing_ok=True)
        a.write(f"other {number}.md", f"{number}\n")
    a.scan()
    assert a.replica.state.position.sequence > b.replica.state.store.index.cursor(a.node.raw)[1]
    pair.connect_all()
    pair.settle()
    assert b.tree() == a.tree()
    assert not any(isinstance(event, IndexesDiffer) for event in (*a.events, *b.events))


def test_a_copy_of_an_edit_that_followed_a_move_is_not_waited_for_either(pair: Cluster) -> None:
    """As above, one step further: the edit had followed a move before it became a conflict copy."""
    a, b = pair.devices
    share(pair, {"d/n.bin": "one\n"})
    a.write("d/n.bin", "two\n")
    a.scan()
    (b.root / "d").rename(b.root / "e")
    b.write("e/n.bin", "three\n")
    b.scan()
    shutil.rmtree(a.root / "d")
    pair.connect_all()
    agree(pair)
    pair.now_ms += 60_000
    agree(pair)
    assert leftovers(a) == leftovers(b) == [0, 0, {}, {}, {}, []]


def test_an_edit_follows_a_move_to_a_path_that_its_device_has_used_itself(pair: Cluster) -> None:
    """The edit's version was taken for part of what its device wrote at the new path, and the edit went to history."""
    a, b = pair.devices
    share(pair, {"old.md": "one\n"})
    (a.root / "old.md").rename(a.root / "new.md")
    b.write("old.md", "one\nedited\n")
    b.write("new.md", "something else\n")
    agree(pair)
    kept = b"".join(content or b"" for content in a.tree().values())
    for line in (b"one\n", b"edited\n", b"something else\n"):
        assert line in kept
    assert leftovers(a) == leftovers(b) == [0, 0, {}, {}, {}, []]


def test_what_was_moved_is_no_base_for_what_was_written_there(pair: Cluster) -> None:
    """Lines that had been moved were missing in the merge, as if the other side had deleted them."""
    b, a = pair.devices
    share(pair, {"old.md": "moved\n"})
    (a.root / "old.md").rename(a.root / "new.md")
    pair.now_ms += 1_000
    b.write("new.md", "written there\n")
    b.scan()
    agree(pair)
    kept = b"".join(content or b"" for content in b.tree().values())
    assert b"moved\n" in kept
    assert b"written there\n" in kept


def test_an_edit_of_a_picture_follows_its_move_without_a_conflict(pair: Cluster) -> None:
    """What was moved unchanged is what the edit was made of: nothing clashes."""
    a, b = pair.devices
    share(pair, {"old.png": "one\n"})
    (a.root / "old.png").rename(a.root / "new.png")
    b.write("old.png", "two\n")
    agree(pair)
    assert a.tree() == {"new.png": b"two\n"}


def test_an_edit_follows_a_move_once_however_many_bring_it(trio: Cluster) -> None:
    a, b, c = trio.devices
    share(trio, {"old.md": "one\n"})
    for device in trio.devices:
        trio.disconnect(device)
    (a.root / "old.md").rename(a.root / "new.md")
    a.scan()
    b.write("old.md", "one\nedited\n")
    b.scan()
    trio.connect(a, c)
    trio.settle()
    trio.connect(b, c)
    trio.connect(a, b)
    agree(trio)
    assert c.tree() == {"new.md": b"one\nedited\n"}


def test_a_move_does_not_end_where_nothing_is_any_more(pair: Cluster) -> None:
    """Two moves went opposite ways, and of one only the new place had been seen: the note was in history only."""
    a, b = pair.devices
    share(pair, {"old.md": "one\n"})
    a.back_up()
    pair.connect_all()
    (b.root / "old.md").rename(b.root / "new.md")
    agree(pair)
    a.restore()
    pair.now_ms += 10_000
    (b.root / "new.md").rename(b.root / "old.md")
    b.look(["old.md"])
    pair.connect_all()
    a.scan()
    pair.settle()
    agree(pair)
    assert b"one\n" in a.tree().values()
    assert leftovers(a) == leftovers(b) == [0, 0, {}, {}, {}, []]


def test_a_note_put_where_another_was_moved_away_is_no_edit_of_that(pair: Cluster) -> None:
    """It went after the other and replaced it, whose lines were in history only."""
    a, b = pair.devices
    share(pair, {"old.md": "one\n", "other.md": "two\n"})
    a.back_up()
    pair.connect_all()
    (b.root / "old.md").rename(b.root / "new.md")
    agree(pair)
    a.restore()
    pair.now_ms += 10_000
    (b.root / "other.md").rename(b.root / "old.md")
    agree(pair)
    assert a.tree() == {"new.md": b"one\n", "old.md": b"two\n"}


def test_an_index_restored_while_the_clock_is_set_back_gives_out_no_counter_twice(pair: Cluster) -> None:
    """The edit that was made then counted less than one that the device had made before: everybody ignored it."""
    a, b = pair.devices
    share(pair, {"n.md": "one\n", "other.md": "one\n"})
    a.back_up()
    agree(pair)
    for number in range(3):
        a.write("n.md", f"one\nversion {number}\n")
        agree(pair)
    a.restore()
    a.skew_ms = -86_400_000
    agree(pair)
    pair.disconnect(a)
    a.write("other.md", "one\nby a clock of yesterday\n")
    a.scan()
    agree(pair)
    assert b.read("other.md") == "one\nby a clock of yesterday\n"
    record = b.replica.state.store.index.get("other.md")
    last = b.replica.state.store.index.get("n.md")
    assert record is not None
    assert last is not None
    counter = dict(record.record.version.counters)[a.node.raw]
    assert counter > dict(last.record.version.counters)[a.node.raw], "one order over all paths"


def test_two_devices_that_wait_for_each_other_ask_the_third(trio: Cluster) -> None:
    """Each asked only the first that had offered the note, which lacked it too."""
    a, b, c = trio.devices
    share(trio, {"first.md": "one\n"})
    for device in trio.devices:
        trio.disconnect(device)
    trio.carry_out(a, a.replica.select(a.replica.state.selection.with_categories(frozenset()), a.now_ms))
    trio.connect(a, c)
    trio.connect(a, b)
    b.write("note.md", "two\n")
    b.scan()
    trio.settle()
    assert "note.md" not in c.tree()
    trio.carry_out(a, a.replica.select(a.replica.state.selection.with_categories(DEFAULT_CATEGORIES), a.now_ms))
    agree(trio)
    assert c.read("note.md") == "two\n"


@pytest.mark.parametrize("edited", [True, False])
def test_what_came_after_a_wanted_record_does_not_wait_for_it(pair: Cluster, edited: bool) -> None:
    """The old content was asked for and nobody had it any more; the newer record waited behind that."""
    a, b = pair.devices
    share(pair, {"picture.png": "one\n"})
    everything = a.replica.state.selection
    pair.carry_out(a, a.replica.select(everything.with_categories(frozenset()), a.now_ms))
    (a.root / "picture.png").unlink()
    if edited:
        b.write("picture.png", "two\n")
    else:
        (b.root / "picture.png").unlink()
    pair.now_ms += 10_000
    pair.carry_out(a, a.replica.select(everything, a.now_ms))
    pair.settle()
    agree(pair)
    assert leftovers(a) == leftovers(b) == [0, 0, {}, {}, {}, []]


def test_an_edit_that_could_not_be_brought_has_not_arrived(pair: Cluster) -> None:
    """The file at the new place was emptied meanwhile; that was taken for the edit, which was in history only."""
    a, b = pair.devices
    share(pair, {"old.png": "one\n"})
    pair.disconnect(a)
    pair.now_ms += 10_000
    (a.root / "old.png").rename(a.root / "new.png")
    a.scan()
    pair.now_ms += 10_000
    a.write("new.png", "")
    os.utime(a.root / "new.png", ns=(a.now_ms * 1_000_000,) * 2)
    b.write("old.png", "two\n")
    b.scan()
    pair.connect_all()
    pair.settle()
    agree(pair)
    assert b"two\n" in a.tree().values()
    assert leftovers(a) == leftovers(b) == [0, 0, {}, {}, {}, []]


def test_nobody_is_asked_for_what_only_this_device_offers_itself(pair: Cluster) -> None:
    """What was wanted while nobody was connected stayed wanted after something else had come to its place."""
    a, b = pair.devices
    share(pair, {"picture.png": "one\n"})
    everything = a.replica.state.selection
    pair.disconnect(a)
    pair.carry_out(a, a.replica.select(everything.with_categories(frozenset()), a.now_ms))
    (a.root / "picture.png").unlink()
    pair.carry_out(a, a.replica.select(everything, a.now_ms))
    pair.now_ms += 10_000
    (b.root / "picture.png").unlink()
    b.scan()
    agree(pair)
    assert leftovers(a) == [0, 0, {}, {}, {}, []]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nobody else tells who writes")
def test_a_note_that_is_replaced_while_a_program_writes_it(pair: Cluster) -> None:
    """What the program had not written yet went with the old file, and was nowhere."""
    a, b = pair.devices
    share(pair, {"n.md": "one\ntwo\nthree\n"})
    with (b.root / "n.md").open("w") as program:
        program.write("one\n")
        program.flush()
        b.look(["n.md"])
        pair.now_ms += 3_000
        b.look(["n.md"])
        a.write("n.md", "zero\none\ntwo\nthree\n")
        a.look(["n.md"])
        pair.settle()
        program.write("two\nthree\nfour\n")
    agree(pair)
    assert sorted(a.read("n.md").split()) == ["four", "one", "three", "two", "zero"]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="nobody else tells who writes")
@pytest.mark.parametrize("deleted", [False, True])
def test_a_note_that_a_program_keeps_open(pair: Cluster, deleted: bool) -> None:
    a, b = pair.devices
    share(pair, {"n.md": "one\n"})
    with (b.root / "n.md").open("a"):
        if deleted:
            (a.root / "n.md").unlink()
        else:
            a.write("n.md", "one\ntwo\n")
        a.scan()
        for _ in range(8):
            pair.settle()
            pair.now_ms += 10_000
            b.look_at_dirty()
        assert b.read("n.md") == "one\n"
        assert "open for writing" in b.replica.state.troubles["n.md"]
    pair.now_ms += 10_000
    b.look_at_dirty()
    agree(pair)
    assert not b.replica.state.troubles
    assert b.tree() == ({} if deleted else {"n.md": b"one\ntwo\n"})


def test_a_look_at_the_whole_vault_in_place_of_one_at_a_path(pair: Cluster) -> None:
    """What had come for a place that was to be looked at first stayed away, if the whole vault was looked at then."""
    a, b = pair.devices
    share(pair, {"n.md": "one\n"})
    a.write("f/n.md", "two\n")
    a.scan()
    b.write("f", "a file\n")
    while pair.deliverable() or any(pair.pull(*each, what) for each in pair.pullable() for what in StreamKind):
        for channel in pair.deliverable():
            pair.deliver(channel)
    assert b.replica.take_dirty(b.now_ms) == {"f", "f/n.md"}
    b.look([""])
    pair.settle()
    assert b.read("f/n.md") == "two\n"
    agree(pair)


def test_a_deletion_that_meets_what_was_left_out_until_now_does_not_return(pair: Cluster) -> None:
    a, b = pair.devices
    share(pair, {"note.md": "one\n"})
    without_notes = b.replica.state.selection.with_categories(DEFAULT_CATEGORIES - {Category.NOTES})
    pair.carry_out(b, b.replica.select(without_notes, b.now_ms))
    pair.settle()
    (a.root / "note.md").unlink()
    b.categories = DEFAULT_CATEGORIES
    pair.carry_out(b, b.replica.select(b.replica.state.selection.with_categories(DEFAULT_CATEGORIES), b.now_ms))
    a.scan()
    pair.settle()
    agree(pair)
    assert a.tree() == {}


def test_lines_that_were_removed_and_brought_back_while_another_device_merged(pair: Cluster) -> None:
    """Two bases, neither of which knows of the other: in one of them alone the lines passed for removed for good."""
    a, b = pair.devices
    state, one, other = a.replica.state, a.node.raw, b.node.raw
    lines = "".join(f"line {number}\n" for number in range(12))
    half = lines[: len(lines) // 2]
    known = {(1, 1): lines, (2, 1): "added\n" + lines, (1, 2): half}
    for (own, theirs), text in known.items():
        version = Version.of({one: own, other: theirs})
        hash_ = hash_bytes(text.encode())
        state.store.history.keep(hash_, text.encode())
        state.store.history.record(
            [HistoryVersion("n.md", version, hash_, len(text), 0, one, "", Action.EDITED, kept_at=0)]
        )
    a.write("n.md", lines)
    a.scan()
    entry = state.store.index.get("n.md")
    assert entry is not None
    here = entry.record.with_version(Version.of({one: 2, other: 3}))
    there = entry.record.with_version(Version.of({one: 3, other: 2}))
    for sides in ((here, there), (there, here)):
        assert base_of(state, *sides) == b"added\n" + half.encode()
