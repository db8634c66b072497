"""What history keeps of local and remote changes, and what it gives back."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.daemon.replica.execute import MERGE_INPUT
from vaultsync.daemon.replica.restore import RestorePlan, plan_restore
from vaultsync.errors import RequestError
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.store.retention import DAY_MS, Retention
from vaultsync.vault.hashing import hash_bytes

HOUR_MS = 3_600_000


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    cluster = Cluster(tmp_path, 2)
    cluster.connect_all()
    return cluster


def versions(device: Device, path: str) -> list[HistoryVersion]:
    return device.replica.state.store.history.versions(path)


def texts(device: Device, path: str) -> list[str]:
    """The contents of a note's versions that can be restored, newest first."""
    history = device.replica.state.store.history
    return [data.decode() for v in history.versions(path) if v.hash and (data := history.read(v.hash)) is not None]


def write(cluster: Cluster, device: Device, path: str, content: str | bytes, *, later_ms: int = HOUR_MS) -> None:
    cluster.now_ms += later_ms
    device.write(path, content)
    device.scan()
    cluster.settle()


def plan(device: Device, time_ms: int, prefix: str = "") -> RestorePlan:
    return plan_restore(device.replica.state, time_ms, prefix)


def carry_out(cluster: Cluster, device: Device, found: RestorePlan) -> None:
    effects = device.replica.restore([*found.bring_back, *found.change_back], found.remove, device.now_ms)
    cluster.carry_out(device, effects)
    cluster.settle()


def test_every_version_stays_restorable_on_both_devices(pair: Cluster) -> None:
    a, b = pair.devices
    for number in range(4):
        write(pair, (a, b)[number % 2], "note.md", f"version {number}\n")
    (a.root / "note.md").unlink()
    a.scan()
    pair.settle()
    expected = [f"version {number}\n" for number in (3, 2, 1, 0)]
    for device in pair.devices:
        assert texts(device, "note.md") == expected
        found = versions(device, "note.md")
        assert [v.action for v in found] == [
            Action.DELETED,
            Action.EDITED,
            Action.EDITED,
            Action.EDITED,
            Action.CREATED,
        ]
        assert [v.device_name for v in found] == ["Device 1", "Device 2", "Device 1", "Device 2", "Device 1"]


def test_both_inputs_of_a_merge_can_be_restored_where_it_was_made(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "note.md", "one\n\ntwo\n\nthree\n")
    pair.disconnect(a)
    write(pair, a, "note.md", "ONE\n\ntwo\n\nthree\n")
    write(pair, b, "note.md", "one\n\ntwo\n\nTHREE\n")
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert a.read("note.md") == "ONE\n\ntwo\n\nTHREE\n"
    merged_here = [d for d in pair.devices if versions(d, "note.md")[0].action is Action.MERGED]
    assert merged_here
    for device in merged_here:
        found = texts(device, "note.md")
        assert found[0] == "ONE\n\ntwo\n\nTHREE\n"
        assert {"ONE\n\ntwo\n\nthree\n", "one\n\ntwo\n\nTHREE\n"} <= set(found)
        assert [v.note for v in versions(device, "note.md")].count(MERGE_INPUT) == 1


def test_a_local_edit_and_a_local_deletion_are_in_history(pair: Cluster) -> None:
    a, _ = pair.devices
    pair.disconnect(a)
    write(pair, a, "note.md", "first\n")
    write(pair, a, "note.md", "second\n")
    (a.root / "note.md").unlink()
    a.scan()
    assert texts(a, "note.md") == ["second\n", "first\n"]
    assert [v.path for v in a.replica.state.store.history.deleted()] == ["note.md"]


def test_restoring_an_old_version_is_an_edit_that_reaches_the_other_device(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "note.md", "first\n")
    write(pair, b, "note.md", "second\n")
    old = versions(a, "note.md")[1]
    pair.carry_out(a, a.replica.restore([old], [], a.now_ms))
    pair.settle()
    pair.assert_equal()
    assert b.read("note.md") == "first\n"
    assert versions(a, "note.md")[0].action is Action.RESTORED
    assert texts(b, "note.md")[:2] == ["first\n", "second\n"]


def test_a_deleted_note_in_a_deleted_folder_comes_back(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "folder/deep/note.md", "words\n")
    (a.root / "folder/deep/note.md").unlink()
    (a.root / "folder/deep").rmdir()
    (a.root / "folder").rmdir()
    a.scan()
    pair.settle()
    assert b.tree() == {}
    assert [v.path for v in b.replica.state.store.history.deleted() if "note" in v.path] == ["folder/deep/note.md"]
    content = next(v for v in versions(b, "folder/deep/note.md") if v.hash)
    pair.carry_out(b, b.replica.restore([content], [], b.now_ms))
    pair.settle()
    pair.assert_equal()
    assert a.read("folder/deep/note.md") == "words\n"
    assert not [v for v in a.replica.state.store.history.deleted() if v.path == "folder/deep/note.md"]


def test_a_note_that_is_being_edited_is_not_restored_over(pair: Cluster) -> None:
    a, _ = pair.devices
    write(pair, a, "note.md", "first\n")
    write(pair, a, "note.md", "second\n")
    a.write("note.md", "third, not seen yet\n")
    with pytest.raises(RequestError):
        a.replica.restore([versions(a, "note.md")[1]], [], a.now_ms)
    assert a.read("note.md") == "third, not seen yet\n"
    a.look_at_dirty()
    assert texts(a, "note.md")[0] == "third, not seen yet\n"


def test_the_whole_vault_as_of_a_time_is_shown_first_and_then_restored(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "stays.md", "same\n")
    write(pair, a, "edited.md", "before\n")
    write(pair, a, "folder/gone.md", "before\n")
    write(pair, a, "empty.md", "")
    write(pair, a, "picture.png", b"\x89PNG before")
    then = pair.now_ms
    tree_then = a.tree()
    write(pair, b, "edited.md", "after\n")
    write(pair, b, "picture.png", b"\x89PNG after")
    write(pair, b, "new.md", "after\n")
    (b.root / "folder/gone.md").unlink()
    (b.root / "empty.md").unlink()
    b.scan()
    pair.settle()

    before = (a.tree(), a.digest)
    found = plan(a, then)
    assert (a.tree(), a.digest) == before, "a preview changes nothing"
    assert [v.path for v in found.bring_back] == ["empty.md", "folder/gone.md"]
    assert [v.path for v in found.change_back] == ["edited.md", "picture.png"]
    assert found.remove == ("new.md",)
    assert found.lost == ()

    pair.now_ms += HOUR_MS
    carry_out(pair, a, found)
    pair.assert_equal()
    assert b.tree() == tree_then
    assert "after\n" in texts(b, "edited.md")
    assert texts(b, "new.md") == ["after\n"]


def test_a_folder_as_of_a_time_leaves_the_rest_alone(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "in/note.md", "before\n")
    write(pair, a, "in side.md", "before\n")
    then = pair.now_ms
    write(pair, a, "in/note.md", "after\n")
    write(pair, a, "in side.md", "after\n")
    found = plan(b, then, "in")
    assert [v.path for v in found.change_back] == ["in/note.md"]
    assert (found.remove, found.bring_back) == ((), ())
    carry_out(pair, b, found)
    pair.assert_equal()
    assert (a.read("in/note.md"), a.read("in side.md")) == ("before\n", "after\n")


def test_a_restore_that_removes_many_notes_is_no_mass_deletion(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "first.md", "first\n")
    then = pair.now_ms
    pair.now_ms += HOUR_MS
    for number in range(80):
        a.write(f"import/{number}.md", f"{number}\n")
    a.scan()
    pair.settle()
    found = plan(a, then)
    assert len(found.remove) == 80
    pair.now_ms += HOUR_MS
    carry_out(pair, a, found)
    pair.assert_equal()
    assert [p for p, content in b.tree().items() if content is not None] == ["first.md"]
    assert a.replica.state.store.index.counts().held == 0


def test_what_moved_away_goes_back_to_its_old_place(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "old.md", "words\n")
    then = pair.now_ms
    pair.now_ms += HOUR_MS
    (a.root / "old.md").rename(a.root / "new.md")
    a.scan()
    pair.settle()
    found = plan(b, then)
    assert ([v.path for v in found.bring_back], found.remove) == (["old.md"], ("new.md",))
    carry_out(pair, b, found)
    pair.assert_equal()
    assert a.tree() == {"old.md": b"words\n"}


def test_what_this_device_leaves_out_is_not_restored_here(pair: Cluster) -> None:
    a, _ = pair.devices
    write(pair, a, "secret/note.md", "before\n")
    then = pair.now_ms
    write(pair, a, ".vaultsyncignore", "secret/\n")
    write(pair, a, "secret/note.md", "local only\n")
    found = plan(a, then)
    assert [v.path for v in (*found.bring_back, *found.change_back)] == []
    assert a.read("secret/note.md") == "local only\n"


def test_the_executable_bit_survives_a_restore(pair: Cluster) -> None:
    a, b = pair.devices
    a.write("script.sh", "first\n")
    (a.root / "script.sh").chmod(0o755)
    a.scan()
    pair.settle()
    write(pair, a, "script.sh", "second\n")
    pair.carry_out(b, b.replica.restore([versions(b, "script.sh")[1]], [], b.now_ms))
    pair.settle()
    pair.assert_equal()
    assert a.read("script.sh") == "first\n"
    assert (a.root / "script.sh").stat().st_mode & 0o100


def test_one_content_in_many_notes_is_kept_once(pair: Cluster) -> None:
    a, _ = pair.devices
    content = "the same long text " * 500
    a.write("one.md", content)
    a.scan()
    size = a.replica.state.store.history.size()
    for number in range(50):
        a.write(f"copy {number}.md", content)
    a.scan()
    assert size > 0
    assert a.replica.state.store.history.size() == size


def test_pruning_thins_old_versions_and_keeps_what_restores_the_present(pair: Cluster) -> None:
    a, b = pair.devices
    for number in range(5):
        write(pair, a, "note.md", f"version {number}\n")
    write(pair, a, "gone.md", "words\n")
    (a.root / "gone.md").unlink()
    a.scan()
    pair.settle()
    pair.now_ms += 400 * DAY_MS
    write(pair, a, "note.md", "today\n")
    pruned = a.replica.prune(Retention(), a.now_ms)
    assert pruned.count == 5
    assert texts(a, "note.md") == ["today\n"]
    assert texts(a, "gone.md") == ["words\n"]
    assert texts(b, "note.md")[0] == "today\n"
    assert len(texts(b, "note.md")) == 6, "each device prunes its own"


def test_a_merge_after_pruning_still_has_its_base(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "note.md", "one\n\ntwo\n\nthree\n")
    pair.now_ms += 1000 * DAY_MS
    for device in pair.devices:
        device.replica.prune(Retention(keep_all_days=0, daily_days=0, max_bytes=0), device.now_ms)
    pair.disconnect(a)
    write(pair, a, "note.md", "ONE\n\ntwo\n\nthree\n")
    write(pair, b, "note.md", "one\n\ntwo\n\nTHREE\n")
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert a.tree() == {"note.md": b"ONE\n\ntwo\n\nTHREE\n"}


def test_an_attachment_that_a_peer_replaced_or_deleted_is_kept(pair: Cluster) -> None:
    a, b = pair.devices
    first, second = b"\x89PNG" + bytes(range(256)), b"\x89PNG" + bytes(range(255, -1, -1))
    large = bytes(range(256)) * 8192
    write(pair, a, "picture.png", first)
    write(pair, a, "large.bin", large)
    write(pair, a, "picture.png", second)
    (a.root / "picture.png").unlink()
    (a.root / "large.bin").unlink()
    a.scan()
    pair.settle()
    history = b.replica.state.store.history
    assert history.read(hash_bytes(first)) == first
    assert history.read(hash_bytes(second)) == second
    stored = history.open(hash_bytes(large))
    assert stored is not None
    with stored:
        assert stored.read() == large
    pair.carry_out(b, b.replica.restore([v for v in versions(b, "large.bin") if v.hash], [], b.now_ms))
    pair.settle()
    pair.assert_equal()
    assert (a.root / "large.bin").read_bytes() == large
