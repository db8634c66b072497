"""`explain` and the log: why a path is as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.daemon.replica.explain import Explanation, explain
from vaultsync.model.filters import IGNORE_FILE, Category

BASE = "one\n\ntwo\n\nthree\n"


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    cluster = Cluster(tmp_path, 2)
    cluster.connect_all()
    return cluster


def told(device: Device, path: str) -> Explanation:
    others = tuple(other.node for other in device.cluster.devices if other is not device)
    return explain(device.replica.state, path, others)


def write(cluster: Cluster, device: Device, path: str, content: str | bytes) -> None:
    cluster.now_ms += 60_000
    device.write(path, content)
    device.scan()
    cluster.settle()


def log(device: Device) -> list[tuple[str, str | None]]:
    return [(entry.kind, entry.path) for entry in device.replica.state.store.audit.recent(50)]


def test_a_note_in_sync_tells_who_changed_it_and_who_has_it(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "note.md", BASE)
    for device, other in ((a, b), (b, a)):
        found = told(device, "note.md")
        assert found.state == "in sync with what this device knows"
        assert found.has_it == (str(other.node),)
        assert found.lacks_it == ()
        assert found.entry is not None
        assert found.entry.record.modified_name == "Device 1"
        assert [v.device_name for v in found.versions] == ["Device 1"]
        assert (found.rule, found.trouble, found.unblock) == ("", "", "")


def test_a_note_that_the_other_device_has_not_heard_of(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "note.md", BASE)
    pair.disconnect(a)
    write(pair, a, "note.md", BASE + "more\n")
    assert told(a, "note.md").lacks_it == (str(b.node),)
    assert told(b, "note.md").has_it == (str(a.node),)


def test_a_path_that_nobody_knows(pair: Cluster) -> None:
    found = told(pair.devices[0], "nothing.md")
    assert found.state.startswith("unknown")
    assert (found.entry, found.has_it, found.lacks_it, found.versions) == (None, (), (), ())


def test_a_path_that_no_vault_may_hold(pair: Cluster) -> None:
    found = told(pair.devices[0], "a/../b.md")
    assert "component" in found.trouble


def test_a_deleted_and_a_moved_note(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "gone.md", BASE)
    write(pair, a, "old.md", BASE + "more\n")
    (a.root / "gone.md").unlink()
    (a.root / "old.md").rename(a.root / "new.md")
    a.scan()
    pair.settle()
    assert told(b, "gone.md").state == "deleted"
    assert told(b, "old.md").state == "moved to new.md"
    assert told(b, "new.md").state == "in sync with what this device knows"


def test_a_note_that_a_rule_leaves_out_names_the_rule(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, IGNORE_FILE, "# mine\nprivate/\n")
    write(pair, a, "private/note.md", BASE)
    for device in (a, b):
        found = told(device, "private/note.md")
        assert f"{IGNORE_FILE} line 2: private/" in found.state
        assert found.rule == f"{IGNORE_FILE} line 2: private/"
        assert "nothing was deleted" in found.unblock
    state = b.replica.state
    selection = state.selection.with_categories(state.selection.categories - {Category.IMAGES})
    pair.carry_out(b, b.replica.select(selection, b.now_ms))
    assert "images are switched off on this device" in told(b, "cat.png").state
    assert "each device" in told(b, ".obsidian/workspace.json").state


def test_a_merged_note_tells_the_decision(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "note.md", BASE)
    pair.disconnect(a)
    write(pair, a, "note.md", BASE.replace("one", "ONE"))
    write(pair, b, "note.md", BASE.replace("three", "THREE"))
    pair.connect_all()
    pair.settle()
    merger = next(d for d in pair.devices if ("merged", "note.md") in log(d))
    found = told(merger, "note.md")
    assert found.log[0].text.startswith("edited on both devices: merged")
    assert found.log[0].peer in {d.node.raw for d in pair.devices if d is not merger}
    assert found.versions[0].note.startswith("edited on both devices: merged")


def test_a_conflict_copy_says_that_it_is_one_and_how_to_end_it(pair: Cluster) -> None:
    a, b = pair.devices
    pair.disconnect(a)
    write(pair, a, "cat.png", b"\x89PNG a")
    write(pair, b, "cat.png", b"\x89PNG b")
    pair.connect_all()
    pair.settle()
    copy = next(path for path in a.tree() if "conflict" in path)
    assert told(a, copy).state == "a conflict copy of cat.png"
    assert "vaultsync resolve" in told(a, copy).unblock
    assert any("cannot be merged" in entry.text for d in pair.devices for entry in told(d, "cat.png").log)


def test_a_held_deletion_says_what_to_do(pair: Cluster) -> None:
    a, b = pair.devices
    for number in range(60):
        a.write(f"{number}.md", f"{number}\n")
    a.scan()
    pair.settle()
    for number in range(60):
        (a.root / f"{number}.md").unlink()
    a.scan()
    pair.settle()
    found = told(a, "7.md")
    assert "60 of 60 files" in found.state
    assert "vaultsync approve" in found.unblock
    assert "vaultsync undo --deletions" in found.unblock
    assert told(b, "7.md").state == "in sync with what this device knows"
    _, effects = a.replica.undo_deletions(["7.md"], a.now_ms)
    pair.carry_out(a, effects)
    _, effects = a.replica.approve_deletions(None, a.now_ms)
    pair.carry_out(a, effects)
    pair.settle()
    kinds = [kind for kind, _ in log(a)]
    assert kinds == ["approved", "undone", "held"]
    assert told(b, "8.md").state == "deleted"


def test_what_is_on_its_way_says_so(pair: Cluster) -> None:
    a, b = pair.devices
    state = b.replica.state
    off = state.selection.with_categories(state.selection.categories - {Category.IMAGES})
    on = state.selection
    pair.carry_out(b, b.replica.select(off, b.now_ms))
    write(pair, a, "cat.png", b"\x89PNG a")
    pair.disconnect(b)
    pair.carry_out(b, b.replica.select(on, b.now_ms))
    b.look_at_dirty()
    assert told(b, "cat.png").state == "wanted: no connected device has its content"
    assert told(b, "cat.png").unblock == "Connect a device that has it."
    a.write("dog.png", b"\x89PNG dog" * 20_000)
    a.scan()
    pair.connect_all()
    seen = set()
    while "dog.png" not in b.tree():
        pair._step()
        seen.add(told(b, "dog.png").state)
    assert "on its way: its content is being fetched" in seen


def test_an_unreadable_note_tells_why(pair: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    a, _ = pair.devices
    fs = a.replica.state.fs

    def refuse(_self: object, _path: str) -> object:
        raise PermissionError(13, "Permission denied")

    a.write("note.md", BASE)
    monkeypatch.setattr(type(fs), "read", refuse)
    a.look({"note.md"})
    assert told(a, "note.md").state == "not synced now: permission denied"
    assert told(a, "note.md").unblock


def test_restoring_resolving_and_selecting_are_logged(pair: Cluster) -> None:
    a, _ = pair.devices
    write(pair, a, "note.md", BASE)
    write(pair, a, "note.md", BASE + "more\n")
    old = a.replica.state.store.history.versions("note.md")[1]
    pair.carry_out(a, a.replica.restore([old], [], a.now_ms))
    assert log(a)[0] == ("restored", "note.md")
    pair.carry_out(a, a.replica.restore([], ["note.md"], a.now_ms))
    assert log(a)[0] == ("restored", None)
    state = a.replica.state
    off = state.selection.with_categories(state.selection.categories - {Category.IMAGES})
    pair.carry_out(a, a.replica.select(off, a.now_ms))
    assert log(a)[0] == ("selection", None)
    assert "images" in state.store.audit.recent(1)[0].text
