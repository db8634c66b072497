# ruff: noqa: A001 (a content's hash is called a hash, here as everywhere)

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from blake3 import blake3

from vaultsync.errors import DiskFullError
from vaultsync.model.records import Entry, Kind, Signature, State
from vaultsync.model.versions import Version
from vaultsync.store.database import Database
from vaultsync.store.totals import Counts
from vaultsync.store.vault_store import SCHEMA, VaultStore

MakeEntry = Callable[..., Entry]
PEER = b"p" * 32


def put(store: VaultStore, *entries: Entry) -> list[Entry]:
    with store.transaction():
        return store.index.put(entries)


def paths(entries: list[Entry]) -> list[str]:
    return [entry.record.path for entry in entries]


def test_a_new_index_has_the_identity_that_it_was_given_and_nothing_else(store: VaultStore) -> None:
    assert store.index.index_id == b"i" * 16
    assert (store.index.sequence, store.index.digest, store.index.counts()) == (0, bytes(32), Counts())


def test_the_identity_is_given_once(path: Path) -> None:
    VaultStore.open(path, new_index_id=b"1" * 16).close()
    store = VaultStore.open(path, new_index_id=b"2" * 16)
    assert store.index.index_id == b"1" * 16
    store.close()


def test_every_field_comes_back_as_it_was_put(store: VaultStore, entry: MakeEntry) -> None:
    full = entry(
        "Ünïcode/日本 🎉.md",
        state=State.BLOCKED,
        reason="Windows cannot hold it",
        signature=Signature(inode=2**127 + 5, size=3, mtime_ns=-1, ctime_ns=2**62),
        source=PEER,
    )
    full = replace(
        full,
        record=replace(
            full.record,
            executable=True,
            version=Version.of({b"z" * 32: 2**53, b"\x00" * 32: 1}),
            moved_to="there.md",
            moved_from="here.md",
        ),
    )
    [placed] = put(store, full)
    assert placed == replace(full, sequence=1)
    assert store.index.get(full.record.path) == placed
    assert store.index.get("nothing.md") is None


def test_everything_is_there_after_a_restart(path: Path, store: VaultStore, entry: MakeEntry) -> None:
    placed = put(store, entry("a.md"), entry("b.md", source=PEER))
    before = (store.index.sequence, store.index.digest, store.index.counts())
    store.close()
    again = VaultStore.open(path, new_index_id=b"other index id!!")
    assert again.index.get_many(["a.md", "b.md"]) == {e.record.path: e for e in placed}
    assert (again.index.sequence, again.index.digest, again.index.counts()) == before
    again.close()


def test_an_update_moves_a_path_to_the_end_of_the_changes(store: VaultStore, entry: MakeEntry) -> None:
    put(store, entry("a.md"), entry("b.md"), entry("c.md"))
    put(store, entry("a.md", counter=2))
    changes = store.index.changes_after(0, 10)
    assert [(e.record.path, e.sequence) for e in changes] == [("b.md", 2), ("c.md", 3), ("a.md", 4)]
    assert store.index.changes_after(2, 1) == changes[1:2]
    assert store.index.changes_after(4, 10) == []


def test_what_a_peer_gave_is_left_out_of_the_changes_for_it_past_a_point(store: VaultStore, entry: MakeEntry) -> None:
    other = b"o" * 32
    put(store, entry("old.md", source=PEER), entry("ours.md"), entry("theirs.md", source=PEER))
    put(store, entry("others.md", source=other))
    assert paths(store.index.changes_after(0, 10, echo_of=PEER, echo_after=1)) == ["old.md", "ours.md", "others.md"]
    assert paths(store.index.changes_after(0, 2, echo_of=PEER)) == ["ours.md", "others.md"]
    assert len(store.index.changes_after(0, 10, echo_of=b"n" * 32)) == 4


def test_a_path_that_comes_twice_in_one_batch_counts_once(store: VaultStore, entry: MakeEntry) -> None:
    placed = put(store, entry("a.md", content=b"one"), entry("a.md", counter=2, content=b"longer"))
    assert [e.sequence for e in placed] == [1, 2]
    assert store.index.changes_after(0, 10) == placed[1:]
    assert store.index.counts() == Counts(files=1, bytes=6)
    assert store.index.digest == store.index.recompute_digest()


def test_thousands_of_paths_are_found_at_once(store: VaultStore, entry: MakeEntry) -> None:
    names = [f"note {i}.md" for i in range(1300)]
    put(store, *(entry(name) for name in names))
    assert store.index.get_many([*names, "missing.md"]).keys() == set(names)
    assert store.index.get_many([]) == {}


def test_below_is_what_is_in_a_folder_and_not_what_sorts_beside_it(store: VaultStore, entry: MakeEntry) -> None:
    inside = ["a/b.md", "a/b/c.md", "a/🎉.md", "a/\U0010ffff.md"]
    beside = ["a", "a-b.md", "a.md", "a0.md", "aa/b.md", "A/b.md", "b/a/c.md", "\U0010ffff.md"]
    put(store, *(entry(p) for p in inside + beside), entry("a/deleted.md", deleted=True))
    put(store, entry("a/blocked.md", state=State.BLOCKED), entry("a/left out.md", state=State.UNSELECTED))
    assert paths(list(store.index.below("a"))) == inside
    assert set(paths(list(store.index.below("")))) == {*inside, *beside}
    assert set(paths(list(store.index.live_below("a")))) == {*inside, "a/blocked.md", "a/left out.md"}
    assert len(list(store.index.entries())) == len(inside) + len(beside) + 3


def test_a_walk_goes_on_while_the_index_changes_under_it(store: VaultStore, entry: MakeEntry) -> None:
    names = [f"{i:04}.md" for i in range(1100)]
    put(store, *(entry(name) for name in names))
    walked = []
    for seen in store.index.below(""):
        walked.append(seen.record.path)
        if len(walked) % 100 == 0:
            put(store, replace(seen, reason="seen"))
    assert walked == names


def test_one_file_is_found_for_each_content_that_is_present(store: VaultStore, entry: MakeEntry) -> None:
    put(store, entry("a.md", content=b"a"), entry("again.md", content=b"a"), entry("b.md", content=b"b"))
    put(store, entry("c.md", content=b"c", state=State.WANTED), entry("d.md", content=b"d"))
    put(store, entry("d.md", counter=2, deleted=True))
    wanted = [blake3(text).digest() for text in (b"a", b"b", b"c", b"d", b"nowhere")]
    found = store.index.one_with_each(wanted)
    assert {hash: e.record.path for hash, e in found.items()} == {wanted[0]: "a.md", wanted[1]: "b.md"}
    assert store.index.one_with_each([]) == {}


def test_with_hash_finds_present_files_only(store: VaultStore, entry: MakeEntry) -> None:
    put(
        store,
        entry("a.md"),
        entry("b.md"),
        entry("other.md", content=b"other"),
        entry("blocked.md", state=State.BLOCKED),
        entry("folder", kind=Kind.DIR),
    )
    hash = entry("a.md").record.hash
    assert paths(store.index.with_hash(hash)) == ["a.md", "b.md"]
    assert len(store.index.with_hash(hash, limit=1)) == 1
    put(store, entry("a.md", counter=2, deleted=True))
    assert paths(store.index.with_hash(hash)) == ["b.md"]
    assert store.index.with_hash(b"") == []


def test_folded_finds_live_paths_that_a_case_insensitive_disk_confuses(store: VaultStore, entry: MakeEntry) -> None:
    put(store, entry("Note.md"), entry("STRASSE.md"), entry("gone.MD", deleted=True), entry("ﬁle.md"))
    found = store.index.folded(["note.md", "Note.md", "straße.md", "gone.md", "other.md"])
    assert {path: paths(entries) for path, entries in found.items()} == {
        "note.md": ["Note.md"],
        "Note.md": [],
        "straße.md": ["STRASSE.md"],
        "gone.md": [],
        "other.md": [],
    }


def test_counts_follow_every_change_of_state(store: VaultStore, entry: MakeEntry) -> None:
    put(
        store,
        entry("a.md", content=b"four"),
        entry("b.md", content=b"sixsix"),
        entry("d", kind=Kind.DIR),
        entry("blocked.md", state=State.BLOCKED),
        entry("unselected.md", state=State.UNSELECTED),
        entry("gone.md", deleted=True),
    )
    assert store.index.counts() == Counts(files=2, folders=1, bytes=10, deleted=1, blocked=1, unselected=1)
    put(store, entry("a.md", deleted=True), entry("blocked.md", content=b"xx"), entry("unselected.md", deleted=True))
    assert store.index.counts() == Counts(files=2, folders=1, bytes=8, deleted=3, blocked=0, unselected=0)


def test_new_signatures_are_no_news_for_peers(store: VaultStore, entry: MakeEntry) -> None:
    put(store, entry("a.md"))
    digest = store.index.digest
    store.index.put_signatures([("a.md", Signature(1, 2, 3, 4)), ("unknown.md", Signature(1, 2, 3, 4))])
    found = store.index.get("a.md")
    assert found is not None
    assert (found.signature, found.sequence) == (Signature(1, 2, 3, 4), 1)
    assert (store.index.sequence, store.index.digest) == (1, digest)


def test_what_a_device_has_of_a_record_is_not_in_the_digest(tmp_path: Path, entry: MakeEntry) -> None:
    here = VaultStore.open(tmp_path / "1" / "index.db", new_index_id=b"1" * 16)
    there = VaultStore.open(tmp_path / "2" / "index.db", new_index_id=b"2" * 16)
    put(here, entry("a.md"), entry("b.md"))
    put(there, entry("b.md", state=State.BLOCKED, reason="why", source=PEER))
    put(there, entry("a.md", counter=7))
    assert here.index.digest != there.index.digest
    put(there, entry("a.md", signature=Signature(1, 2, 3, 4)))
    assert here.index.digest == there.index.digest
    here.close()
    there.close()


@pytest.mark.parametrize(
    "changed",
    [
        {"path": "b.md"},
        {"kind": Kind.DIR},
        {"hash": b"h" * 32},
        {"deleted": True},
        {"version": Version.of({b"a" * 32: 2})},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_each_field_that_makes_a_record_is_in_the_digest(
    tmp_path: Path, entry: MakeEntry, changed: dict[str, object]
) -> None:
    one = entry("a.md")
    other = replace(one, record=replace(one.record, **changed))  # type: ignore[arg-type]
    digests = set()
    for i, put_entry in enumerate((one, other)):
        store = VaultStore.open(tmp_path / str(i) / "index.db", new_index_id=b"1" * 16)
        put(store, put_entry)
        digests.add(store.index.digest)
        store.close()
    assert len(digests) == 2


def test_the_digest_is_the_one_that_is_written_down(store: VaultStore, entry: MakeEntry) -> None:
    """Made by hand from the description in store/digest.py: another implementation must come to the same."""
    put(store, entry("a.md"), entry("ä", kind=Kind.DIR))
    version = b"a" * 32 + bytes(7) + b"\x01"
    note = b"vaultsync record 2" + b"\0\0\0\x04a.md" + b"\0" + b"\x20" + blake3(b"words").digest() + version
    folder = b"vaultsync record 2" + b"\0\0\0\x02\xc3\xa4" + b"\x01" + b"\0" + version
    total = sum(int.from_bytes(blake3(encoded).digest(), "big") for encoded in (note, folder))
    assert store.index.digest == (total % 2**256).to_bytes(32, "big")
    assert store.index.digest.hex() == "bdcdac1e3c6793a252993ac687c7dfce0773af7ccee38298fcbdfba9333f175c"


def test_cursors_are_kept_for_each_peer(path: Path, store: VaultStore) -> None:
    index = store.index
    assert (index.cursor(PEER), index.acked(PEER)) == ((b"", 0), 0)
    index.set_acked(PEER, 5)
    assert (index.cursor(PEER), index.acked(PEER)) == ((b"", 0), 5)
    index.set_cursor(PEER, b"x" * 16, 7)
    index.set_cursor(PEER, b"y" * 16, 9)
    index.set_cursor(b"q" * 32, b"z" * 16, 1)
    assert (index.cursor(PEER), index.acked(PEER)) == ((b"y" * 16, 9), 5)
    store.close()
    again = VaultStore.open(path, new_index_id=b"n" * 16)
    assert again.index.cursor(PEER) == (b"y" * 16, 9)
    again.index.forget_peer(PEER)
    assert (again.index.cursor(PEER), again.index.acked(PEER)) == ((b"", 0), 0)
    assert again.index.cursor(b"q" * 32) == (b"z" * 16, 1)
    again.close()


def test_put_outside_a_transaction_is_refused(store: VaultStore, entry: MakeEntry) -> None:
    with pytest.raises(AssertionError):
        store.index.put([entry()])


def test_transactions_do_not_nest(store: VaultStore) -> None:
    with store.transaction(), pytest.raises(RuntimeError), store.transaction():
        pass
    with store.transaction():
        pass


def test_after_an_exception_everything_is_as_before(store: VaultStore, entry: MakeEntry) -> None:
    put(store, entry("a.md"))
    before = (store.index.sequence, store.index.digest, store.index.counts())
    stranger = replace(entry("b.md"), source=b"s" * 32)
    with pytest.raises(ValueError, match="boom"), store.transaction():
        store.index.put([entry("a.md", counter=2), stranger])
        store.index.set_cursor(PEER, b"x" * 16, 7)
        raise ValueError("boom")
    assert (store.index.sequence, store.index.digest, store.index.counts()) == before
    assert store.index.recompute_digest() == before[1]
    assert store.index.get("b.md") is None
    assert store.index.cursor(PEER) == (b"", 0)
    # The stranger's number was undone with the rest: it must be given anew.
    [placed] = put(store, stranger)
    assert (placed.sequence, store.index.get("b.md")) == (2, placed)


def test_a_full_disk_undoes_the_batch_and_says_so(path: Path, store: VaultStore, entry: MakeEntry) -> None:
    put(store, entry("a.md"))
    before = (store.index.sequence, store.index.digest)
    store.close()
    database = Database.open(path, SCHEMA)
    pages = database.row("PRAGMA page_count")
    assert pages is not None
    database.run(f"PRAGMA max_page_count = {pages[0] + 2}")
    small = VaultStore(database)
    with pytest.raises(DiskFullError), small.transaction():
        small.index.put([entry(f"{i}.md") for i in range(1000)])
    assert (small.index.sequence, small.index.digest) == before
    assert small.index.get("1.md") is None
    put(small, entry("b.md"))
    assert small.index.digest == small.index.recompute_digest()
    small.close()
