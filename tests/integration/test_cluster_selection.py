"""Selective sync: what one device leaves out concerns nobody else, and comes when it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cluster import Cluster, Device
from vaultsync.daemon.replica import conflicts
from vaultsync.errors import ConfigError
from vaultsync.model.filters import DEFAULT_CATEGORIES, IGNORE_FILE, Category
from vaultsync.model.records import State
from vaultsync.vault.selection import Selection

MINUTE_MS = 60_000
BASE = "one\n\ntwo\n\nthree\n"
PNG = b"\x89PNG\r\n"


@pytest.fixture
def pair(tmp_path: Path) -> Cluster:
    cluster = Cluster(tmp_path, 2)
    cluster.connect_all()
    return cluster


def write(cluster: Cluster, device: Device, path: str, content: str | bytes) -> None:
    cluster.now_ms += MINUTE_MS
    device.write(path, content)
    device.scan()
    cluster.settle()


def select(
    cluster: Cluster, device: Device, *, on: set[Category] | None = None, off: set[Category] | None = None
) -> None:
    """Switch categories of one device."""
    cluster.now_ms += MINUTE_MS
    state = device.replica.state
    categories = (state.selection.categories | (on or set())) - (off or set())
    cluster.carry_out(device, device.replica.select(Selection.load(state.fs, categories), device.now_ms))
    cluster.settle()


def ignore(cluster: Cluster, device: Device, text: str) -> None:
    write(cluster, device, IGNORE_FILE, text)


def state_of(device: Device, path: str) -> State:
    entry = device.replica.state.store.index.get(path)
    assert entry is not None
    return entry.state


def assert_same_index(cluster: Cluster) -> None:
    first, *others = cluster.devices
    for other in others:
        assert other.digest == first.digest


def test_a_category_that_is_off_is_known_and_not_fetched(pair: Cluster) -> None:
    a, b = pair.devices
    select(pair, b, off={Category.IMAGES})
    write(pair, a, "cat.png", PNG)
    write(pair, a, "note.md", BASE)
    assert b.tree() == {"note.md": BASE.encode()}
    assert state_of(b, "cat.png") is State.UNSELECTED
    assert_same_index(pair)


@pytest.mark.parametrize("rule", ["category", "ignore file"])
def test_deselecting_deletes_nothing_anywhere(pair: Cluster, rule: str) -> None:
    a, b = pair.devices
    write(pair, a, "pictures/cat.png", PNG)
    if rule == "category":
        select(pair, b, off={Category.IMAGES})
    else:
        ignore(pair, b, "pictures/\n")
    b.scan()
    pair.settle()
    for device in pair.devices:
        assert (device.root / "pictures/cat.png").read_bytes() == PNG
    (b.root / "pictures/cat.png").unlink()
    b.scan()
    pair.settle()
    assert (a.root / "pictures/cat.png").exists(), "what happens here to what is left out stays here"
    assert_same_index(pair)


def test_a_category_that_is_switched_on_is_fetched(pair: Cluster) -> None:
    a, b = pair.devices
    select(pair, b, off={Category.IMAGES})
    write(pair, a, "cat.png", PNG)
    write(pair, a, "cat.png", PNG + b"edited meanwhile")
    large = PNG + bytes(range(256)) * 8192
    write(pair, a, "large.png", large)
    select(pair, b, on={Category.IMAGES})
    pair.assert_equal()
    assert (b.root / "cat.png").read_bytes() == PNG + b"edited meanwhile"
    assert (b.root / "large.png").read_bytes() == large


def test_what_is_selected_while_alone_comes_with_the_next_device(pair: Cluster) -> None:
    a, b = pair.devices
    select(pair, b, off={Category.IMAGES})
    write(pair, a, "cat.png", PNG)
    pair.disconnect(b)
    select(pair, b, on={Category.IMAGES})
    assert state_of(b, "cat.png") is State.WANTED
    b.reopen()
    b.scan()
    assert not (b.root / "cat.png").exists()
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert (b.root / "cat.png").read_bytes() == PNG


def test_an_edit_made_while_it_was_left_out_is_merged_though_it_was_selected_while_alone(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "note.md", BASE)
    select(pair, b, off={Category.NOTES})
    write(pair, a, "note.md", "ONE\n\ntwo\n\nthree\n")
    write(pair, b, "note.md", "one\n\ntwo\n\nTHREE\n")
    pair.disconnect(b)
    select(pair, b, on={Category.NOTES})
    b.scan()
    pair.connect_all()
    pair.settle()
    pair.assert_equal()
    assert a.tree() == {"note.md": b"ONE\n\ntwo\n\nTHREE\n"}


def test_a_stale_file_is_replaced_by_what_was_written_meanwhile(pair: Cluster) -> None:
    """The old file is no edit: lines that were deleted elsewhere must not come back with it."""
    a, b = pair.devices
    write(pair, a, "in/note.md", BASE)
    ignore(pair, a, "")
    select(pair, b, off={Category.NOTES})
    write(pair, a, "in/note.md", "one\n\nthree\n")
    assert b.read("in/note.md") == BASE
    select(pair, b, on={Category.NOTES})
    pair.assert_equal()
    assert a.read("in/note.md") == "one\n\nthree\n"
    kept = b.replica.state.store.history
    assert BASE.encode() in [kept.read(v.hash) for v in kept.versions("in/note.md") if v.hash]


def test_a_stale_picture_is_replaced_and_makes_no_conflict_copy(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "cat.png", PNG)
    select(pair, b, off={Category.IMAGES})
    write(pair, a, "cat.png", PNG + b"newer")
    select(pair, b, on={Category.IMAGES})
    pair.assert_equal()
    assert a.tree() == {"cat.png": PNG + b"newer"}


def test_an_edit_made_while_it_was_left_out_is_merged_with_the_others(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "note.md", BASE)
    select(pair, b, off={Category.NOTES})
    write(pair, a, "note.md", "ONE\n\ntwo\n\nthree\n")
    write(pair, b, "note.md", "one\n\ntwo\n\nTHREE\n")
    assert a.read("note.md") == "ONE\n\ntwo\n\nthree\n"
    select(pair, b, on={Category.NOTES})
    pair.assert_equal()
    assert a.tree() == {"note.md": b"ONE\n\ntwo\n\nTHREE\n"}


def test_an_edit_made_while_it_was_left_out_goes_out_if_nobody_else_edited(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "note.md", BASE)
    select(pair, b, off={Category.NOTES})
    write(pair, b, "note.md", "one\n\nthree\n")
    select(pair, b, on={Category.NOTES})
    pair.assert_equal()
    assert a.tree() == {"note.md": b"one\n\nthree\n"}


def test_a_picture_changed_here_and_there_meanwhile_stays_in_both_forms(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "cat.png", PNG)
    select(pair, b, off={Category.IMAGES})
    write(pair, a, "cat.png", PNG + b"of a")
    write(pair, b, "cat.png", PNG + b"of b")
    select(pair, b, on={Category.IMAGES})
    pair.assert_equal()
    assert {content for content in a.tree().values() if content} == {PNG + b"of a", PNG + b"of b"}
    assert len(conflicts.copies(a.replica.state)) == 1


def test_a_file_that_was_only_here_while_left_out_is_new_when_selected(pair: Cluster) -> None:
    a, b = pair.devices
    select(pair, b, off={Category.IMAGES})
    write(pair, b, "only here.png", PNG)
    assert a.tree() == {}
    select(pair, b, on={Category.IMAGES})
    pair.assert_equal()
    assert a.tree() == {"only here.png": PNG}


def test_two_different_files_of_one_name_meet_when_selected(pair: Cluster) -> None:
    a, b = pair.devices
    select(pair, b, off={Category.IMAGES})
    write(pair, a, "cat.png", PNG + b"of a")
    write(pair, b, "cat.png", PNG + b"of b")
    select(pair, b, on={Category.IMAGES})
    pair.assert_equal()
    assert {content for content in a.tree().values() if content} == {PNG + b"of a", PNG + b"of b"}


def test_what_was_deleted_elsewhere_meanwhile_goes_when_it_is_selected_again(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "cat.png", PNG)
    select(pair, b, off={Category.IMAGES})
    (a.root / "cat.png").unlink()
    a.scan()
    pair.settle()
    assert (b.root / "cat.png").exists(), "while it is left out, nothing is done to it"
    select(pair, b, on={Category.IMAGES})
    pair.assert_equal()
    assert b.tree() == {}
    history = b.replica.state.store.history
    assert PNG in [history.read(v.hash) for v in history.versions("cat.png") if v.hash]


def test_an_edit_made_while_left_out_survives_a_deletion_made_elsewhere(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "cat.png", PNG)
    select(pair, b, off={Category.IMAGES})
    (a.root / "cat.png").unlink()
    a.scan()
    pair.settle()
    write(pair, b, "cat.png", PNG + b"edited")
    select(pair, b, on={Category.IMAGES})
    pair.assert_equal()
    assert a.tree() == {"cat.png": PNG + b"edited"}


def test_selecting_again_at_once_changes_nothing_and_sends_nothing(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "cat.png", PNG * 2000)
    select(pair, b, off={Category.IMAGES})
    before = pair.sent_bytes
    inode = (b.root / "cat.png").stat().st_ino
    select(pair, b, on={Category.IMAGES})
    pair.assert_equal()
    assert (b.root / "cat.png").stat().st_ino == inode
    assert pair.sent_bytes - before < 2_000


# Ignore rules


def test_an_ignore_rule_holds_on_every_device_that_has_the_file(pair: Cluster) -> None:
    a, b = pair.devices
    ignore(pair, a, "private/\n*.log\n")
    write(pair, a, "private/diary.md", BASE)
    write(pair, a, "x.log", "x")
    write(pair, b, "y.log", "y")
    write(pair, b, "note.md", BASE)
    assert set(b.tree()) == {IGNORE_FILE, "y.log", "note.md"}
    assert set(a.tree()) == {IGNORE_FILE, "x.log", "note.md", "private", "private/diary.md"}


def test_taking_a_rule_out_fetches_what_it_left_out(pair: Cluster) -> None:
    a, b = pair.devices
    ignore(pair, a, "private/\n")
    write(pair, a, "private/diary.md", BASE)
    assert not (b.root / "private").exists()
    ignore(pair, b, "# nothing\n")
    pair.assert_equal()
    assert b.read("private/diary.md") == BASE


def test_a_deleted_ignore_file_ends_its_rules(pair: Cluster) -> None:
    a, b = pair.devices
    ignore(pair, a, "private/\n")
    write(pair, a, "private/diary.md", BASE)
    (b.root / IGNORE_FILE).unlink()
    b.scan()
    pair.settle()
    pair.assert_equal()
    assert b.read("private/diary.md") == BASE


@pytest.mark.parametrize("broken", ["private/\n\n!\n", b"private/\n\xff\xfe\n"], ids=["no pattern", "no text"])
def test_a_broken_ignore_file_keeps_the_rules_of_before(pair: Cluster, broken: str | bytes) -> None:
    a, b = pair.devices
    ignore(pair, a, "private/\n")
    write(pair, a, "private/diary.md", BASE)
    write(pair, a, IGNORE_FILE, broken)
    for device in pair.devices:
        trouble = device.replica.state.troubles[IGNORE_FILE]
        assert ("line 3" in trouble) if isinstance(broken, str) else ("not UTF-8" in trouble)
    write(pair, a, "private/more.md", BASE)
    assert not (b.root / "private").exists()
    ignore(pair, b, "private/\n")
    for device in pair.devices:
        assert device.replica.state.troubles == {}


def test_a_device_starts_with_a_broken_ignore_file_and_goes_on_without_losing_anything(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "note.md", BASE)
    a.write(IGNORE_FILE, "!\n")
    a.scan()
    assert IGNORE_FILE in a.replica.state.troubles
    write(pair, b, "other.md", BASE)
    assert a.read("other.md") == BASE


def test_a_restart_with_a_broken_ignore_file_keeps_the_rules_of_before(pair: Cluster) -> None:
    a, b = pair.devices
    ignore(pair, a, "private/\n")
    write(pair, a, "private/diary.md", BASE)
    write(pair, a, IGNORE_FILE, "private/\n!\n")
    a.reopen()
    a.scan()
    pair.connect_all()
    pair.settle()
    assert "line 2" in a.replica.state.troubles[IGNORE_FILE]
    assert not (b.root / "private").exists()


def test_a_vault_whose_rules_nobody_knows_does_not_start(pair: Cluster) -> None:
    a, _ = pair.devices
    a.write(IGNORE_FILE, "private/\n!\n")
    with pytest.raises(ConfigError, match="line 2"):
        a.reopen()


def test_what_was_deleted_just_before_it_was_left_out_does_not_come_back(pair: Cluster) -> None:
    a, b = pair.devices
    write(pair, a, "h/note.md", BASE)
    write(pair, a, "h/other.md", BASE)
    (b.root / "h/note.md").unlink()
    ignore(pair, a, "h/\n")
    assert "h/note.md" in a.tree(), "it is left out there, too"
    ignore(pair, a, "")
    pair.assert_equal()
    assert set(b.tree()) == {"h", "h/other.md", IGNORE_FILE}


def test_new_rules_do_not_swallow_what_else_is_due(pair: Cluster) -> None:
    """The look that finds new rules also acknowledges, asks for contents and tells what happened."""
    a, b = pair.devices
    a.write(IGNORE_FILE, "*.log\n")
    a.write("note.md", BASE)
    a.scan()
    pair.settle()
    b.write(IGNORE_FILE, "*.tmp\n")
    b.write("x.log", "x")
    b.scan()
    pair.settle()
    pair.assert_equal()
    for device in pair.devices:
        for session in device.replica.state.sessions.values():
            assert session.in_sync


# Obsidian's settings


def test_obsidians_settings_sync_by_category(pair: Cluster) -> None:
    a, b = pair.devices
    files = {
        ".obsidian/app.json": Category.APP,
        ".obsidian/appearance.json": Category.APPEARANCE,
        ".obsidian/themes/Dark/theme.css": Category.THEMES,
        ".obsidian/snippets/mine.css": Category.THEMES,
        ".obsidian/hotkeys.json": Category.HOTKEYS,
        ".obsidian/core-plugins.json": Category.CORE_PLUGINS,
        ".obsidian/community-plugins.json": Category.COMMUNITY_PLUGINS,
        ".obsidian/plugins/dataview/main.js": Category.COMMUNITY_PLUGINS,
    }
    never = [".obsidian/workspace.json", ".obsidian/workspace-mobile.json"]
    for path in (*files, *never):
        a.write(path, "{}")
    a.scan()
    pair.settle()
    there = {path for path, content in b.tree().items() if content is not None}
    assert there == {path for path, category in files.items() if category in DEFAULT_CATEGORIES}
    assert not (b.root / ".obsidian/plugins").exists(), "code comes only when it is asked for, on both sides"
    select(pair, a, on={Category.COMMUNITY_PLUGINS})
    assert not (b.root / ".obsidian/plugins").exists()
    select(pair, b, on={Category.COMMUNITY_PLUGINS}, off={Category.HOTKEYS})
    there = {path for path, content in b.tree().items() if content is not None}
    assert there == set(files)
    write(pair, a, ".obsidian/hotkeys.json", '{"x": []}')
    assert b.read(".obsidian/hotkeys.json") == "{}"
    write(pair, b, ".obsidian/workspace.json", '{"mine": 1}')
    assert a.read(".obsidian/workspace.json") == "{}"


@pytest.mark.parametrize("hearer", [0, 1])
@pytest.mark.parametrize("rule", ["h*\n", "h\n"], ids=["and its copy", "alone"])
def test_a_file_here_and_a_folder_there_that_all_leave_out_are_one_in_every_index(
    pair: Cluster, hearer: int, rule: str
) -> None:
    a, b = pair.devices
    pair.disconnect(a)
    write(pair, a, "h", "a file\n")
    write(pair, b, "h/note.md", "in a folder\n")
    for device in (a, b):
        write(pair, device, IGNORE_FILE, rule)
    pair.connect(*((a, b) if hearer else (b, a)))
    pair.settle()
    assert_same_index(pair)
    assert a.read("h") == "a file\n", "what a rule leaves out stays where it is"
    assert b.read("h/note.md") == "in a folder\n"
    for device in (a, b):
        device.scan()
    pair.settle()
    assert_same_index(pair)
    write(pair, b, IGNORE_FILE, "")
    for _ in range(3):
        pair.tick(MINUTE_MS)
        pair.settle()
    pair.assert_equal()
    files = [content for content in a.tree().values() if content]
    assert sorted(files) == [b"a file\n", b"in a folder\n"]


def test_who_leaves_a_file_out_ends_it_for_nobody_where_another_made_a_folder(tmp_path: Path) -> None:
    cluster = Cluster(tmp_path, 3)
    a, b, c = cluster.devices
    select(cluster, b, off={Category.IMAGES})
    cluster.connect(a, b)
    write(cluster, a, "cat.png", PNG)
    cluster.disconnect(a)
    write(cluster, c, "cat.png/note.md", BASE)
    cluster.connect(b, c)
    cluster.settle()
    assert b.read("cat.png/note.md") == BASE
    cluster.disconnect(c)
    cluster.connect(a, b)
    cluster.settle()
    cluster.connect(a, c)
    cluster.connect(b, c)
    for _ in range(3):
        cluster.tick(MINUTE_MS)
        cluster.settle()
    assert_same_index(cluster)
    assert a.tree() == c.tree()
    assert sorted(content for content in a.tree().values() if content) == sorted([PNG, BASE.encode()])


def test_two_files_of_one_name_that_all_leave_out_are_one_in_every_index(pair: Cluster) -> None:
    a, b = pair.devices
    pair.disconnect(a)
    write(pair, a, "cat.png", PNG)
    write(pair, b, "cat.png", PNG + b"2")
    for device in (a, b):
        select(pair, device, off={Category.IMAGES})
    pair.connect(a, b)
    for _ in range(3):
        pair.tick(MINUTE_MS)
        pair.settle()
    assert_same_index(pair)
