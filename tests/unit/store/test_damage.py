"""Rows that hold what was never written: SQLite has no checksums, so a failing disk may change any cell."""

from __future__ import annotations

import sqlite3
import tracemalloc
from contextlib import closing
from pathlib import Path

import pytest
from blake3 import blake3

from tests.unit.store.conftest import INDEX_ID, A, make_entry
from vaultsync.errors import ContentError, StoreError
from vaultsync.model.versions import Version
from vaultsync.store.failures import explained
from vaultsync.store.history import Action, HistoryVersion
from vaultsync.store.packing import Packer
from vaultsync.store.vault_store import VaultStore

VERSION = HistoryVersion("note.md", Version.of({A: 1}), b"", 0, 1, A, "Laptop", Action.DELETED, 1)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE records SET kind = 'fime'",
        "UPDATE records SET state = ''",
        "UPDATE records SET version = x'00'",
        "UPDATE records SET signature = x'00'",
        "UPDATE records SET device = 99",
        "UPDATE versions SET action = 'deletee'",
        "UPDATE versions SET version = x'00'",
        "UPDATE versions SET device = 99",
    ],
)
def test_a_damaged_row_says_what_to_do(path: Path, change: str) -> None:
    store = VaultStore.open(path, new_index_id=INDEX_ID)
    with store.transaction():
        store.index.put([make_entry()])
        store.history.record([VERSION])
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(change)
    damaged = VaultStore.open(path, new_index_id=INDEX_ID)
    with pytest.raises(StoreError, match="is damaged") as caught:
        list(damaged.index.entries()), damaged.history.versions("note.md")
    assert "Move this file" in caught.value.hint
    damaged.close()


def test_whatever_is_wrong_with_a_database_a_person_is_told_what_to_do(tmp_path: Path) -> None:
    failing = sqlite3.OperationalError("disk I/O error")
    failing.sqlite_errorcode = sqlite3.SQLITE_IOERR
    assert "Check the disk" in _hint(explained(failing, tmp_path, "Move it."))
    odd = sqlite3.OperationalError("unsupported file format")
    odd.sqlite_errorcode = sqlite3.SQLITE_ERROR
    assert _hint(explained(odd, tmp_path, "Move it.")) == "Move it."


def _hint(error: Exception) -> str:
    assert isinstance(error, StoreError)
    return error.hint


def test_a_damaged_content_takes_no_more_memory_than_its_size(path: Path) -> None:
    """The header of a packed content may claim any size."""
    hash_ = blake3(b"words").digest()
    store = VaultStore.open(path, new_index_id=INDEX_ID)
    with store.transaction():
        store.index.put([make_entry(content=b"words")])
        store.history.keep(hash_, b"words")
        store.history.keep(blake3(b"").digest(), b"")
    assert store.history.read(blake3(b"").digest()) == b""
    store.close()
    (bomb,) = Packer().pack([bytes(64 << 20)])
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("UPDATE contents SET data = ? WHERE hash = ?", (bomb, hash_))
    damaged = VaultStore.open(path, new_index_id=INDEX_ID)
    tracemalloc.start()
    try:
        with pytest.raises(ContentError):
            damaged.history.read(hash_)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
        damaged.close()
