"""Renames among what vanished and what appeared in one look."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.support.records import a_file, a_folder, a_tombstone, version
from vaultsync.model.records import Entry, FileRecord, Kind, Signature
from vaultsync.sync.moves import link_moves


def gone(path: str, content: str, inode: int) -> tuple[Entry, FileRecord]:
    signature = Signature(inode, len(content), 0, 0)
    return Entry(a_file(content, version(a=5), path=path), signature=signature), a_tombstone(version(a=9), path=path)


def new(path: str, content: str, inode: int) -> tuple[int, FileRecord]:
    return inode, a_file(content, version(a=9), path=path)


Vanished = list[tuple[Entry, FileRecord]]
Appeared = list[tuple[int, FileRecord]]

CASES: dict[str, tuple[Vanished, Appeared, list[str | None], list[str | None]]] = {
    "one file under a new name": ([gone("a", "x", 1)], [new("b", "x", 1)], ["b"], ["a"]),
    "another inode, as after a move between disks": ([gone("a", "x", 1)], [new("b", "x", 2)], ["b"], ["a"]),
    "another content is no move": ([gone("a", "x", 1)], [new("b", "y", 1)], [None], [None]),
    "of two alike, the inode tells": (
        [gone("a", "x", 1), gone("b", "x", 2)],
        [new("c", "x", 2)],
        [None, "c"],
        ["b"],
    ),
    "each source moves once": ([gone("a", "x", 1)], [new("b", "x", 1), new("c", "x", 3)], ["b"], ["a", None]),
    "empty files say nothing": ([gone("a", "", 1)], [new("b", "", 2)], [None], [None]),
    "but the inode does": ([gone("a", "", 1)], [new("b", "", 1)], ["b"], ["a"]),
}


@pytest.mark.parametrize("case", CASES)
def test_moves(case: str) -> None:
    vanished, appeared, to, from_ = CASES[case]
    tombstones, arrived = link_moves(vanished, appeared)
    assert [stone.moved_to for stone in tombstones] == to
    assert [record.moved_from for record in arrived] == from_


def test_the_order_stays_and_versions_are_not_mixed() -> None:
    tombstones, arrived = link_moves(
        [gone("a", "x", 1), gone("b", "y", 2)], [new("c", "y", 2), new("d", "z", 3), new("e", "x", 1)]
    )
    assert [stone.path for stone in tombstones] == ["a", "b"]
    assert [record.path for record in arrived] == ["c", "d", "e"]
    assert {record.version for record in (*tombstones, *arrived)} == {version(a=9)}


def test_folders_are_not_moved() -> None:
    folder = Entry(a_folder(version(a=5), path="a"))
    stone = a_tombstone(version(a=9), path="a", kind=Kind.DIR)
    _, arrived = link_moves([(folder, stone)], [(0, a_folder(version(a=9), path="b"))])
    assert arrived[0].moved_from is None


def test_an_entry_without_a_signature_matches_by_content() -> None:
    entry, stone = gone("a", "x", 1)
    _, arrived = link_moves([(replace(entry, signature=None), stone)], [new("b", "x", 1)])
    assert arrived[0].moved_from == "a"
