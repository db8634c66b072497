"""From what the disk shows to what the index says."""

from __future__ import annotations

from dataclasses import replace

from tests.support.records import BASE_MS, a_file, a_folder, a_tombstone, device, version
from vaultsync.model.changes import Author, Observation, record_change
from vaultsync.model.ids import NodeId
from vaultsync.model.records import FileRecord, Kind
from vaultsync.model.versions import Version
from vaultsync.vault.hashing import hash_bytes

AUTHOR = Author(device(2), "Phone")
KNOWN = a_file("x", version(a=5), moved_from="old.md")


def seen(content: str, *, mtime_ns: int = 7, executable: bool = False) -> Observation:
    data = content.encode()
    return Observation("note.md", Kind.FILE, hash_bytes(data), len(data), mtime_ns, executable)


def change(known: FileRecord | None, observed: Observation) -> FileRecord | None:
    return record_change(known, observed, AUTHOR, BASE_MS)


def test_a_device_that_has_the_name_of_another_signs_with_its_id_too() -> None:
    node = NodeId(device(2))
    assert Author.among(node, "Phone", ["Laptop", "Phone 2"]) == AUTHOR
    assert Author.among(node, "Phone", ["Laptop", "Phone"]) == Author(device(2), f"Phone {str(node)[:4]}")


def test_a_new_file() -> None:
    assert change(None, seen("x")) == FileRecord(
        path="note.md",
        kind=Kind.FILE,
        hash=hash_bytes(b"x"),
        size=1,
        mtime_ns=7,
        executable=False,
        version=Version.of({device(2): BASE_MS}),
        deleted=False,
        modified_by=device(2),
        modified_name="Phone",
        modified_at=BASE_MS,
    )


def test_an_edit_continues_the_version_and_forgets_the_move() -> None:
    record = change(KNOWN, seen("y"))
    assert record is not None
    assert record.version == Version.of({device(1): 5, device(2): BASE_MS})
    assert record.moved_from is None


def test_another_mtime_is_no_edit() -> None:
    assert change(KNOWN, seen("x", mtime_ns=99)) is None


def test_another_mode_is_one() -> None:
    record = change(KNOWN, seen("x", executable=True))
    assert record is not None
    assert record.executable
    assert record.hash == KNOWN.hash


def test_a_deletion() -> None:
    record = change(replace(KNOWN, executable=True), Observation("note.md", None))
    assert record == replace(
        a_tombstone(Version.of({device(1): 5, device(2): BASE_MS}), by=2),
        modified_name="Phone",
        modified_at=BASE_MS,
    )


def test_the_deletion_of_a_folder_is_one_of_a_folder() -> None:
    record = change(a_folder(version(a=5)), Observation("note.md", None))
    assert record is not None
    assert record.kind is Kind.DIR


def test_nothing_where_nothing_was() -> None:
    nothing = Observation("note.md", None)
    assert change(None, nothing) is None
    assert change(a_tombstone(version(a=5)), nothing) is None


def test_what_comes_back_after_a_deletion_continues_its_version() -> None:
    stone = a_tombstone(version(a=5), moved_to="new.md")
    record = change(stone, seen("x"))
    assert record is not None
    assert not record.deleted
    assert record.version.includes(stone.version)
    assert record.moved_to is None


def test_a_folder_in_a_files_place_and_the_other_way_round() -> None:
    folder = Observation("note.md", Kind.DIR)
    made = change(KNOWN, folder)
    assert made is not None
    assert made.kind is Kind.DIR
    assert change(made, folder) is None
    back = change(made, seen("x"))
    assert back is not None
    assert back.kind is Kind.FILE


def test_a_counter_never_repeats_when_the_clock_stands_still() -> None:
    first = change(None, seen("x"))
    second = change(first, seen("y"))
    assert second is not None
    assert second.version == Version.of({device(2): BASE_MS + 1})
