# ruff: noqa: A001 (a content's hash is called a hash, here as everywhere)

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3

from vaultsync.errors import ContentError, DiskFullError
from vaultsync.model.records import Entry
from vaultsync.model.versions import Version
from vaultsync.store import history
from vaultsync.store.contents import INLINE_LIMIT
from vaultsync.store.encoding import unpack_version
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.store.vault_store import VaultStore

MakeEntry = Callable[..., Entry]
A, B = b"a" * 32, b"b" * 32
LARGE = random.Random(1).randbytes(INLINE_LIMIT // 2) * 3


def hash_of(data: bytes) -> bytes:
    return blake3(data).digest()


def version(
    path: str = "note.md",
    content: bytes = b"words",
    *,
    a: int = 1,
    b: int = 0,
    at: int = 1_000,
    action: Action = Action.EDITED,
) -> HistoryVersion:
    gone = action is Action.DELETED
    return HistoryVersion(
        path=path,
        version=Version.of({device: n for device, n in ((A, a), (B, b)) if n}),
        hash=b"" if gone else hash_of(content),
        size=0 if gone else len(content),
        modified_at=at,
        device=A,
        device_name="Laptop",
        action=action,
        kept_at=at,
    )


def files(path: Path) -> list[Path]:
    return [file for file in (path.parent / "history").rglob("*") if file.is_file()]


def large_version(path: str = "film.mp4") -> HistoryVersion:
    return version(path, LARGE)


class TestContents:
    @pytest.mark.parametrize("data", [b"", b"words", b"x" * INLINE_LIMIT, LARGE], ids=["empty", "few", "most", "large"])
    def test_a_kept_content_comes_back(self, path: Path, store: VaultStore, data: bytes) -> None:
        hash = hash_of(data)
        assert not store.history.has(hash)
        assert store.history.read(hash) is None
        assert store.history.open(hash) is None
        store.history.keep(hash, data)
        store.history.record([version(content=data)])
        store.close()
        again = VaultStore.open(path, new_index_id=b"i" * 16)
        assert again.history.has(hash)
        assert again.history.read(hash) == data
        stream = again.history.open(hash)
        assert stream is not None
        with stream:
            assert stream.read() == data
        again.close()

    def test_only_large_contents_have_a_file(self, path: Path, store: VaultStore) -> None:
        store.history.keep(hash_of(b"few"), b"few")
        assert files(path) == []
        store.history.keep(hash_of(LARGE), LARGE)
        [file] = files(path)
        name = hash_of(LARGE).hex()
        assert file == path.parent / "history" / name[:2] / f"{name}.zst"
        if os.name != "nt":
            assert file.stat().st_mode & 0o077 == file.parent.stat().st_mode & 0o077 == 0

    def test_what_is_held_is_stored_once(self, store: VaultStore) -> None:
        items = [(hash_of(data), data) for data in (b"one" * 99, b"two" * 99, LARGE)]
        store.history.keep_many(items)
        size = store.history.size()
        assert 0 < size < sum(len(data) for _, data in items)
        store.history.keep_many(items)
        store.history.keep(*items[0])
        store.history.keep_file(items[2][0], io.BytesIO(b"not even read"), len(LARGE))
        assert store.history.size() == size
        assert store.history.has_many([hash for hash, _ in items] + [b"?" * 32]) == {hash for hash, _ in items}

    @pytest.mark.parametrize("data", [b"words" * 9, LARGE], ids=["small", "large"])
    @pytest.mark.parametrize("wrong", ["hash", "short", "long"])
    def test_a_stream_that_is_not_what_was_said_is_not_kept(
        self, path: Path, store: VaultStore, data: bytes, wrong: str
    ) -> None:
        hash = hash_of(data)
        given = {"hash": b"!" + data[1:], "short": data[:-1], "long": data + b"!"}[wrong]
        with pytest.raises(ContentError, match="changed"):
            store.history.keep_file(hash, io.BytesIO(given), len(data))
        assert not store.history.has(hash)
        assert files(path) == []
        store.history.keep_file(hash, io.BytesIO(data), len(data))
        assert store.history.read(hash) == data

    def test_a_reader_that_fails_is_no_trouble_of_the_store(self, path: Path, store: VaultStore) -> None:
        class Failing:
            def read(self, size: int, /) -> bytes:
                raise OSError(5, "Input/output error")

        for size in (10, len(LARGE)):
            with pytest.raises(ContentError, match="Input/output"):
                store.history.keep_file(hash_of(LARGE), Failing(), size)
        assert files(path) == []

    def test_a_missing_file_is_noticed_and_can_be_kept_again(self, path: Path, store: VaultStore) -> None:
        hash = hash_of(LARGE)
        store.history.keep(hash, LARGE)
        size = store.history.size()
        files(path)[0].unlink()
        assert not store.history.has(hash)
        assert store.history.read(hash) is None
        store.history.keep(hash, LARGE)
        assert store.history.read(hash) == LARGE
        assert store.history.size() == size

    def test_a_damaged_content_is_never_given_out(self, path: Path, store: VaultStore) -> None:
        hash = hash_of(LARGE)
        store.history.keep(hash, LARGE)
        [file] = files(path)
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(content)
        with pytest.raises(ContentError, match="damaged"):
            store.history.read(hash)
        file.write_bytes(file.read_bytes()[:1000])
        with pytest.raises(ContentError, match="damaged"):
            store.history.read(hash)
        store.history.keep(hash_of(b"right"), b"wrong")
        with pytest.raises(ContentError, match="damaged"):
            store.history.read(hash_of(b"right"))

    def test_a_start_removes_what_nothing_refers_to(self, path: Path, store: VaultStore, entry: MakeEntry) -> None:
        orphans = [b"small", LARGE + b"!"]
        kept = [b"in history", LARGE]
        for data in orphans + kept + [b"in the index"]:
            store.history.keep(hash_of(data), data)
        store.history.record([version("a", data) for data in kept])
        with store.transaction():
            store.index.put([entry("b.md", content=b"in the index")])
        (files(path)[0].parent / "half.tmp").write_bytes(b"left by a crash")
        store.close()
        again = VaultStore.open(path, new_index_id=b"i" * 16)
        assert [again.history.has(hash_of(data)) for data in orphans] == [False, False]
        assert all(again.history.has(hash_of(data)) for data in [*kept, b"in the index"])
        assert len(files(path)) == 1
        again.close()

    def test_contents_go_with_their_transaction(self, path: Path, store: VaultStore) -> None:
        with pytest.raises(ValueError, match="boom"), store.transaction():
            store.history.keep_many([(hash_of(data), data) for data in (b"few", LARGE)])
            store.history.record([version()])
            raise ValueError("boom")
        assert store.history.has_many([hash_of(b"few"), hash_of(LARGE)]) == set()
        assert store.history.versions("note.md") == []
        assert store.history.size() == 0
        store.history.keep(hash_of(LARGE), LARGE)
        assert store.history.read(hash_of(LARGE)) == LARGE

    def test_a_full_disk_leaves_no_half_file(
        self, path: Path, store: VaultStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(descriptor: int) -> None:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("vaultsync.store.contents.os.fsync", full)
        with pytest.raises(DiskFullError):
            store.history.keep(hash_of(LARGE), LARGE)
        assert files(path) == []
        assert not store.history.has(hash_of(LARGE))


class TestVersions:
    def test_versions_come_back_whole_and_newest_first(self, store: VaultStore) -> None:
        first = replace(version(a=1, at=2_000), action=Action.CREATED, note="first scan")
        # The clock was set back: what was recorded last is newest all the same.
        second = replace(version(a=2, b=3, at=1_000), device=B, device_name="Phone")
        store.history.record([first])
        store.history.record([second, version("other.md")])
        assert store.history.versions("note.md") == [second, first]
        assert store.history.versions("note.md", limit=1) == [second]
        assert store.history.versions("none.md") == []

    def test_deleted_lists_deletions_that_still_stand(self, store: VaultStore) -> None:
        gone = version("a/gone.md", at=5, action=Action.DELETED)
        later = version("ab.md", at=6, action=Action.DELETED)
        store.history.record(
            [
                version("a/gone.md"),
                version("a/back.md", action=Action.DELETED),
                version("a/back.md", action=Action.RESTORED),
                version("a/here.md"),
                gone,
                later,
            ]
        )
        assert store.history.deleted() == [later, gone]
        assert store.history.deleted(limit=1) == [later]
        assert store.history.deleted(prefix="a") == [gone]
        assert store.history.deleted(prefix="a/gone.md") == [gone]

    def test_at_is_what_the_folder_held(self, store: VaultStore) -> None:
        a1, a2 = version("a.md", at=10), version("a.md", a=2, at=20)
        gone = version("d/b.md", a=2, at=20, action=Action.DELETED)
        b1, c1 = version("d/b.md", at=10), version("d/c.md", at=30)
        store.history.record([a1, b1, a2, gone, c1])
        assert store.history.at(9) == []
        assert store.history.at(10) == [a1, b1]
        assert store.history.at(25) == [a2, gone]
        assert store.history.at(30, prefix="d") == [gone, c1]
        assert store.history.at(30, prefix="a.md") == [a2]

    def test_find_as_you_type(self, store: VaultStore) -> None:
        names = ["Daily/2026-01-01.md", "Ideen/Über Täglich.md", "daily.md", "Notes daily/x.md", "My daily log.md"]
        store.history.record([version(name) for name in names] + [version("daily.md", a=2)])
        assert store.history.paths_like("DAILY") == [
            "daily.md",
            "My daily log.md",
            "Daily/2026-01-01.md",
            "Notes daily/x.md",
        ]
        assert store.history.paths_like("über ide") == ["Ideen/Über Täglich.md"]
        assert store.history.paths_like("%") == []
        assert len(store.history.paths_like("", limit=3)) == 3


class TestBase:
    def test_what_stood_before_a_deletion_that_both_know(self, store: VaultStore) -> None:
        note, gone = version(a=1), version(a=2, action=Action.DELETED)
        store.history.record([note, gone])
        ours, theirs = Version.of({A: 3}), Version.of({A: 2, B: 7})
        assert store.history.was_deleted("note.md", note.version, ours, theirs)
        assert not store.history.was_deleted("note.md", note.version, ours, Version.of({A: 1, B: 7}))
        assert not store.history.was_deleted("note.md", gone.version, ours, theirs)
        assert not store.history.was_deleted("other.md", note.version, ours, theirs)

    def test_the_newest_common_ancestor_whose_content_is_held(self, store: VaultStore) -> None:
        for data in (b"1", b"2", b"a", b"b"):
            store.history.keep(hash_of(data), data)
        v1, v2 = version(content=b"1", a=1), version(content=b"2", a=2)
        unheld = version(content=b"gone", a=3)
        ours, theirs = version(content=b"a", a=4), version(content=b"b", a=3, b=1)
        # Recorded out of order, as when an old version comes late.
        store.history.record([v2, v1, unheld, ours, theirs])
        assert store.history.base("note.md", ours.version, theirs.version) == v2
        assert store.history.base("note.md", theirs.version, ours.version) == v2
        assert store.history.base("note.md", ours.version, ours.version) == ours
        assert store.history.base("note.md", v1.version, theirs.version) == v1
        assert store.history.base("other.md", ours.version, theirs.version) is None
        assert store.history.base("note.md", Version.of({B: 9}), ours.version) is None

    def test_a_note_of_many_versions_is_not_looked_through_for_each_merge(
        self, store: VaultStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A note that is saved ten times a second has thousands of versions after an hour."""
        store.history.keep(hash_of(b"x"), b"x")
        store.history.record([version(content=b"x", a=count) for count in range(1, 2_001)])
        unpacked: list[bytes] = []

        def unpack(packed: bytes) -> Version:
            unpacked.append(packed)
            return unpack_version(packed)

        monkeypatch.setattr(history, "unpack_version", unpack)
        found = store.history.base("note.md", Version.of({A: 2_005}), Version.of({A: 1_990, B: 7}))
        assert found is not None
        assert found.version == Version.of({A: 1_990})
        assert len(unpacked) < 200
        found = store.history.base("note.md", Version.of({A: 2_005}), Version.of({A: 3, B: 7}))
        assert found is not None
        assert found.version == Version.of({A: 3}), "however long ago it was"

    def test_a_deletion_is_no_base(self, store: VaultStore) -> None:
        store.history.record([version(action=Action.DELETED)])
        assert store.history.base("note.md", Version.of({A: 5}), Version.of({A: 5})) is None

    def test_all_bases_of_which_none_descends_from_another(self, store: VaultStore) -> None:
        for content in (b"words", b"more", b"less"):
            store.history.keep(hash_of(content), content)
        both, more, less = version(a=1, b=1), version(content=b"more", a=2, b=1), version(content=b"less", a=1, b=2)
        store.history.record([both, more, less])
        sides = Version.of({A: 3, B: 2}), Version.of({A: 2, B: 3})
        assert [found.hash for found in store.history.bases("note.md", *sides)] == [less.hash, more.hash]
        assert store.history.base("note.md", *sides) == store.history.bases("note.md", *sides)[0]
        joined = version(content=b"words", a=2, b=2)
        store.history.record([joined])
        assert [found.version for found in store.history.bases("note.md", *sides)] == [joined.version]
        assert store.history.bases("other.md", *sides) == []
