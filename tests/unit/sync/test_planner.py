"""Steps on disk, in an order in which each finds what it needs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.records import a_file, a_folder, a_tombstone, device, version
from vaultsync.model.records import Entry, FileRecord, Kind, State
from vaultsync.sync.offers import Offer
from vaultsync.sync.planner import Do, Target, needs_content, plan

OLD, NEW = version(a=1), version(a=2)


def target(record: FileRecord, there: FileRecord | None = None, state: State = State.PRESENT) -> Target:
    return Target(record, Entry(there, state) if there is not None else None, Offer(record, device(2)), "newer")


SINGLE = {
    "a new file is written": (a_file("x", NEW), None, Do.WRITE_FILE),
    "a changed file is written": (a_file("y", NEW), a_file("x", OLD), Do.WRITE_FILE),
    "the same content under a new version touches nothing": (a_file("x", NEW), a_file("x", OLD), Do.NOTHING),
    "another mode alone is set": (a_file("x", NEW, executable=True), a_file("x", OLD), Do.SET_MODE),
    "a deleted file is removed": (a_tombstone(NEW), a_file("x", OLD), Do.REMOVE_FILE),
    "a deleted folder is removed": (a_tombstone(NEW, kind=Kind.DIR), a_folder(OLD), Do.REMOVE_FOLDER),
    "a tombstone removes what is there, of whatever kind": (
        a_tombstone(NEW),
        a_folder(OLD),
        Do.REMOVE_FOLDER,
    ),
    "a tombstone of nothing touches nothing": (a_tombstone(NEW), None, Do.NOTHING),
    "a tombstone after a tombstone touches nothing": (a_tombstone(NEW), a_tombstone(OLD), Do.NOTHING),
    "a new folder is made": (a_folder(NEW), None, Do.MAKE_FOLDER),
    "a folder that is there stays": (a_folder(NEW), a_folder(OLD), Do.NOTHING),
    "a folder takes a file's place": (a_folder(NEW), a_file("x", OLD), Do.CLEAR_FILE),
    "a file takes a folder's place": (a_file("x", NEW), a_folder(OLD), Do.REPLACE_FOLDER),
}


@pytest.mark.parametrize("says", SINGLE)
def test_one_target(says: str) -> None:
    record, there, do = SINGLE[says]
    (step,) = plan([target(record, there)])
    assert step.do is do
    assert needs_content(step.target) is (do in (Do.WRITE_FILE, Do.REPLACE_FOLDER))


@pytest.mark.parametrize("state", [State.UNSELECTED, State.BLOCKED, State.WANTED, State.HELD])
def test_what_is_only_in_the_index_is_not_on_disk(state: State) -> None:
    (step,) = plan([target(a_file("x", NEW), a_file("x", OLD), state)])
    assert step.do is Do.WRITE_FILE


def at(path: str, content: str = "x") -> FileRecord:
    return a_file(content, OLD, path=path)


def gone(path: str, content: str = "x", moved_to: str | None = None) -> Target:
    return target(a_tombstone(NEW, path=path, moved_to=moved_to), at(path, content))


def arrived(path: str, content: str = "x", moved_from: str | None = None) -> Target:
    return target(a_file(content, NEW, path=path, moved_from=moved_from))


def test_a_removed_file_whose_content_appears_is_moved() -> None:
    (step,) = plan([gone("old.md"), arrived("new.md")])
    assert (step.do, step.target.record.path) == (Do.MOVE_FILE, "new.md")
    assert step.source is not None
    assert step.source.record.path == "old.md"


def test_of_several_sources_the_one_that_the_record_names_is_moved() -> None:
    steps = plan([gone("a.md"), gone("b.md"), arrived("new.md", moved_from="b.md")])
    assert [(step.do, step.target.record.path) for step in steps] == [
        (Do.MOVE_FILE, "new.md"),
        (Do.REMOVE_FILE, "a.md"),
    ]


def test_one_source_is_moved_once() -> None:
    steps = plan([gone("old.md"), arrived("one.md"), arrived("two.md")])
    assert [step.do for step in steps] == [Do.MOVE_FILE, Do.WRITE_FILE]


def test_nothing_is_moved_onto_a_file_that_is_there() -> None:
    steps = plan([gone("old.md"), target(a_file("x", NEW, path="new.md"), at("new.md", "y"))])
    assert [step.do for step in steps] == [Do.WRITE_FILE, Do.REMOVE_FILE]


def test_the_order_of_a_renamed_folder() -> None:
    """Folders before what goes into them, moves before removals, and the deepest folder goes first."""
    targets = [
        target(a_tombstone(NEW, path="old", kind=Kind.DIR), a_folder(OLD, path="old")),
        target(a_tombstone(NEW, path="old/in", kind=Kind.DIR), a_folder(OLD, path="old/in")),
        gone("old/in/n.md"),
        arrived("new/in/n.md"),
        arrived("new/other.md", "other"),
        target(a_folder(NEW, path="new/in")),
        target(a_folder(NEW, path="new")),
    ]
    assert [(step.do, step.target.record.path) for step in plan(targets)] == [
        (Do.MAKE_FOLDER, "new"),
        (Do.MAKE_FOLDER, "new/in"),
        (Do.MOVE_FILE, "new/in/n.md"),
        (Do.WRITE_FILE, "new/other.md"),
        (Do.REMOVE_FOLDER, "old/in"),
        (Do.REMOVE_FOLDER, "old"),
    ]


def test_file_and_folder_change_places() -> None:
    """The file goes before the folder is made in its place; the folder is emptied before a file takes its place."""
    targets = [
        target(a_file("f", NEW, path="was folder"), a_folder(OLD, path="was folder")),
        gone("was folder/in.md", "in"),
        target(a_folder(NEW, path="was file"), at("was file", "old")),
        arrived("was file/new.md", "new"),
    ]
    assert [(step.do, step.target.record.path) for step in plan(targets)] == [
        (Do.CLEAR_FILE, "was file"),
        (Do.WRITE_FILE, "was file/new.md"),
        (Do.REMOVE_FILE, "was folder/in.md"),
        (Do.REPLACE_FOLDER, "was folder"),
    ]


def test_the_order_of_targets_does_not_matter() -> None:
    targets = [gone("a.md", "1"), arrived("b.md", "2"), target(a_folder(NEW, path="c")), gone("d.md", "3")]
    assert plan(targets) == plan(targets[::-1])
    assert plan([]) == []


def test_a_version_alone_moves_nothing() -> None:
    there = at("n.md")
    (step,) = plan([target(replace(there, version=NEW), there)])
    assert step.do is Do.NOTHING


def test_each_of_several_files_is_moved_once() -> None:
    steps = plan([gone("a.md", "1"), gone("b.md", "2"), arrived("c.md", "1"), arrived("d.md", "2")])
    assert [(step.do, step.target.record.path) for step in steps] == [
        (Do.MOVE_FILE, "c.md"),
        (Do.MOVE_FILE, "d.md"),
    ]
