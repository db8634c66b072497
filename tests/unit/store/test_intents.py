"""What is about to be done in the folder is there at the next start, as it was put."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.unit.store.conftest import B, MakeEntry
from vaultsync.errors import StoreError
from vaultsync.store.vault_store import VaultStore


def test_what_is_intended_is_there_until_it_is_cleared(store: VaultStore, entry: MakeEntry) -> None:
    assert store.intents.all() == []
    first = [entry("b.md", source=B), entry("a.md", deleted=True)]
    store.intents.put([entry("older.md")])
    store.intents.put(first)

    found = store.intents.all()

    assert [(one.record, one.source) for one in found] == [(one.record, one.source) for one in first]
    with store.transaction():
        store.intents.clear()
    assert store.intents.all() == []


@pytest.mark.parametrize("rows", [b"", b"\xff", b"\x01", b"\x81\x01", b"\x81\x83\x01\x02\x03", b"\x81\xa0"])
def test_what_makes_no_sense_is_said_to_be_damage(store: VaultStore, path: Path, rows: bytes) -> None:
    with sqlite3.connect(path) as other:
        other.execute("INSERT INTO intents (only, rows) VALUES (1, ?)", (rows,))
    other.close()
    with pytest.raises(StoreError, match="damaged") as caught:
        store.intents.all()
    assert caught.value.hint, "it says what to do"
