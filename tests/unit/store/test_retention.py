# ruff: noqa: A001, A002 (a content's hash is called a hash, here as everywhere)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3

from vaultsync.model.records import Entry
from vaultsync.model.versions import Version
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.store.retention import DAY_MS, Retention
from vaultsync.store.vault_store import VaultStore

MakeEntry = Callable[..., Entry]
A = b"a" * 32
NOW = 20_000 * DAY_MS
NO_LIMIT = 1 << 50


def keep(store: VaultStore, path: str, *ages: float, size: int = 50, deleted_at: float | None = None) -> None:
    """Versions of `path` as old as `ages` (in days), the oldest first, each with a content of its own."""
    for age in ages:
        data = f"{path} {age} ".encode() + bytes(blake3(f"{path}{age}".encode()).digest(size))
        hash = blake3(data).digest()
        at = NOW - int(age * DAY_MS)
        store.history.keep(hash, data)
        version = Version.of({A: at})
        store.history.record([HistoryVersion(path, version, hash, len(data), at, A, "Laptop", Action.EDITED, at)])
    if deleted_at is not None:
        at = NOW - int(deleted_at * DAY_MS)
        store.history.record([HistoryVersion(path, Version.of({A: at}), b"", 0, at, A, "L", Action.DELETED, at)])


def ages(store: VaultStore, path: str) -> list[float]:
    return [round((NOW - v.kept_at) / DAY_MS, 3) for v in reversed(store.history.versions(path)) if v.hash]


def held(store: VaultStore, path: str) -> bool:
    return all(store.history.has(v.hash) for v in store.history.versions(path) if v.hash)


def test_everything_stays_for_the_first_days(store: VaultStore) -> None:
    keep(store, "a.md", 29.9, 29.8, 5, 4.9, 0)
    assert store.history.prune(Retention(), NOW).count == 0
    assert held(store, "a.md")


def test_then_the_last_of_each_day_and_then_only_the_newest(store: VaultStore) -> None:
    keep(store, "a.md", 400, 399, 100.9, 100.5, 100.1, 99.5, 40.6, 40.5, 10.2, 10.1)
    size = store.history.size()
    pruned = store.history.prune(Retention(), NOW)
    assert ages(store, "a.md") == [100.1, 99.5, 40.5, 10.2, 10.1]
    assert held(store, "a.md")
    assert (pruned.count, pruned.bytes, pruned.more) == (5, size - store.history.size(), False)
    assert pruned.bytes > 0
    assert store.history.prune(Retention(), NOW).count == 0


def test_the_newest_of_a_path_stays_for_ever(store: VaultStore) -> None:
    keep(store, "old.md", 3000, 2000)
    store.history.prune(Retention(max_bytes=0), NOW)
    assert ages(store, "old.md") == [2000]
    assert held(store, "old.md")


def test_a_deleted_path_keeps_its_last_content_and_its_deletion(store: VaultStore) -> None:
    keep(store, "gone.md", 3000, 2000, deleted_at=1999)
    store.history.prune(Retention(max_bytes=NO_LIMIT), NOW)
    assert ages(store, "gone.md") == [2000]
    assert held(store, "gone.md")
    assert [v.path for v in store.history.deleted()] == ["gone.md"]


def test_what_the_index_holds_stays_even_if_a_newer_version_was_set_aside(store: VaultStore, entry: MakeEntry) -> None:
    keep(store, "a.md", 500, 450, 400)
    middle = store.history.versions("a.md")[1]
    with store.transaction():
        live = entry("a.md", content=b"?")
        store.index.put([replace_hash(live, middle.hash)])
    store.history.prune(Retention(max_bytes=0), NOW)
    assert ages(store, "a.md") == [450, 400]


def replace_hash(entry: Entry, hash: bytes) -> Entry:
    return replace(entry, record=replace(entry.record, hash=hash))


def test_a_content_that_another_live_path_has_stays(store: VaultStore, entry: MakeEntry) -> None:
    keep(store, "a.md", 500, 450)
    old = store.history.versions("a.md")[-1]
    with store.transaction():
        store.index.put([replace_hash(entry("copy.md"), old.hash)])
    assert store.history.prune(Retention(), NOW).count == 1
    assert store.history.has(old.hash)


def test_a_content_that_the_caller_names_stays_with_its_version(store: VaultStore) -> None:
    keep(store, "a.md", 500, 450, 400)
    named = store.history.versions("a.md")[-1].hash
    store.history.prune(Retention(), NOW, {named})
    assert ages(store, "a.md") == [500, 400]
    assert store.history.has(named)


def test_a_content_goes_with_the_last_version_that_has_it(store: VaultStore) -> None:
    keep(store, "a.md", 500, 10)
    shared = store.history.versions("a.md")[-1]
    store.history.record(
        [HistoryVersion("b.md", Version.of({A: 1}), shared.hash, 1, NOW, A, "Laptop", Action.MOVED, NOW)]
    )
    store.history.prune(Retention(), NOW)
    assert store.history.has(shared.hash)
    keep(store, "b.md", -1)
    store.history.prune(Retention(), NOW + 400 * DAY_MS)
    assert not store.history.has(shared.hash)


def test_over_the_size_the_oldest_go_and_no_more_than_must(store: VaultStore) -> None:
    keep(store, "a.md", 9, 8, 7, 6, size=1000)
    keep(store, "b.md", 8.5, size=1000)
    one = store.history.size() // 5
    pruned = store.history.prune(Retention(max_bytes=3 * one + one // 2), NOW)
    assert pruned.count == 2
    assert ages(store, "a.md") == [7, 6]
    assert ages(store, "b.md") == [8.5]


def test_over_the_size_what_was_just_deleted_is_not_lost(store: VaultStore) -> None:
    keep(store, "just deleted.md", 100, size=1000, deleted_at=1)
    keep(store, "deleted long ago.md", 100, size=1000, deleted_at=40)
    pruned = store.history.prune(Retention(max_bytes=0), NOW)
    assert pruned.count == 1
    assert ages(store, "just deleted.md") == [100]
    assert ages(store, "deleted long ago.md") == []
    assert len(store.history.deleted()) == 2


def test_a_bounded_call_says_that_there_is_more(store: VaultStore) -> None:
    keep(store, "a.md", *range(460, 400, -1))
    first = store.history.prune(Retention(), NOW, limit=50)
    assert (first.count, first.more) == (50, True)
    second = store.history.prune(Retention(), NOW, limit=50)
    assert (second.count, second.more) == (9, False)


def test_files_go_with_their_contents(path: Path, store: VaultStore) -> None:
    keep(store, "film.mp4", 500, 400, size=1 << 20)
    names = {v.hash.hex() for v in store.history.versions("film.mp4")}
    assert {file.stem for file in (path.parent / "history").rglob("*.zst")} == names
    store.history.prune(Retention(), NOW)
    [left] = store.history.versions("film.mp4")
    assert [file.stem for file in (path.parent / "history").rglob("*.zst")] == [left.hash.hex()]


def test_the_database_gives_its_room_back(path: Path, store: VaultStore) -> None:
    keep(store, "a.md", *range(500, 400, -1), size=20_000)
    store.close()
    full = path.stat().st_size
    again = VaultStore.open(path, new_index_id=b"i" * 16)
    again.history.prune(Retention(), NOW)
    again.close()
    assert path.stat().st_size < full / 4


def test_pruning_inside_a_transaction_is_refused(store: VaultStore) -> None:
    with store.transaction(), pytest.raises(AssertionError):
        store.history.prune(Retention(), NOW)
