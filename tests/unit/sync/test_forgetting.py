"""What a record of an unknown path means, by the join of the versions of what was forgotten."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.records import device
from vaultsync.model.changes import Author, Observation, record_change
from vaultsync.model.records import FileRecord, Kind
from vaultsync.model.versions import Version
from vaultsync.sync.forgetting import deleted_again, is_long_gone
from vaultsync.sync.reconcile import Ignore, Take, reconcile

A, B = device(1), device(2)
FORGOTTEN = Version.of({A: 10, B: 20})


def record(path: str, counters: dict[bytes, int], *, deleted: bool = False) -> FileRecord:
    made = record_change(None, Observation(path, Kind.FILE, b"h" * 32, 3), Author(A, "Laptop"), 1)
    assert made is not None
    bare = replace(made, version=Version.of(counters))
    return replace(bare, hash=b"", size=0, deleted=True) if deleted else bare


@pytest.mark.parametrize(
    ("path", "counters", "deleted", "gone", "why"),
    [
        ("n.md", {A: 10}, False, True, "all that it counts has been here"),
        ("n.md", {A: 3, B: 20}, False, True, "all that it counts has been here"),
        ("n.md", {A: 11}, False, False, "its device made it while it was away"),
        ("n.md", {A: 3, B: 21}, False, False, "edited since"),
        ("n.md", {device(3): 1}, False, False, "of a device that nothing was forgotten of"),
        ("n.md", {A: 10, B: 20}, False, False, "no deletion of it can have been forgotten: that would count more"),
        ("n.md", {A: 10, B: 20}, True, True, "a deletion that is forgotten already"),
        ("n.md", {A: 10, B: 21}, True, False, "a deletion that is news"),
        ("n (conflict 2026-11-20 1403 Laptop).md", {A: 3}, False, False, "a copy's version is another path's"),
    ],
)
def test_what_a_record_means(path: str, counters: dict[bytes, int], deleted: bool, gone: bool, why: str) -> None:
    assert is_long_gone(record(path, counters, deleted=deleted), FORGOTTEN) is gone, why


def test_where_nothing_was_forgotten_nothing_is_gone() -> None:
    assert not is_long_gone(record("n.md", {A: 1}), Version())
    assert not is_long_gone(record("n.md", {A: 1}, deleted=True), Version())


versions = st.dictionaries(st.sampled_from([A, B, device(3)]), st.integers(1, 30), min_size=1).map(Version.of)


@given(versions, versions)
def test_a_deletion_that_is_said_again_takes_exactly_what_was_here(forgotten: Version, version: Version) -> None:
    """The device that still has the file takes the deletion; one that has edited it since keeps its edit."""
    old = replace(record("n.md", {A: 1}), version=version)
    again = deleted_again(old, forgotten, Author(B, "Desk"), 5)
    decision = reconcile(old, again, mergeable=True)
    if is_long_gone(old, forgotten):
        assert isinstance(decision, Take)
        assert decision.record.deleted
        assert isinstance(reconcile(again, old, mergeable=True), Ignore)
    edited = old.with_version(version.join(forgotten).bump(A, 100))
    assert not is_long_gone(edited, forgotten)


def test_the_deletion_that_is_said_again_is_this_device_s_and_covers_all_that_was_known() -> None:
    old = replace(
        record("n.md", {A: 3}), mtime_ns=7, executable=True, modified_at=1, moved_to="other.md", moved_from="old.md"
    )
    assert deleted_again(old, FORGOTTEN, Author(B, "Desk"), 5) == FileRecord(
        path="n.md",
        kind=Kind.FILE,
        hash=b"",
        size=0,
        mtime_ns=0,
        executable=False,
        version=FORGOTTEN,
        deleted=True,
        modified_by=B,
        modified_name="Desk",
        modified_at=5,
    )
