"""What an index knows of counters: never one twice, and never more than was proven."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.unit.store.conftest import MakeEntry
from vaultsync.model.versions import Version
from vaultsync.store.database import Database
from vaultsync.store.knowledge import BELIEVED
from vaultsync.store.migrations import migrations_of
from vaultsync.store.vault_store import SCHEMA, VaultStore

A = b"a" * 32


def put(store: VaultStore, *entries: object) -> None:
    with store.transaction():
        store.index.put(list(entries))  # type: ignore[arg-type]


def fail() -> None:
    raise KeyError


def test_a_counter_is_the_clocks_or_above_all_that_were_seen(store: VaultStore, entry: MakeEntry) -> None:
    knowledge = store.index.knowledge
    assert knowledge.next_counter(A, 100) == 100
    put(store, entry("a.md", counter=100))
    assert knowledge.next_counter(A, 100) == 101, "another commit in the same moment"
    assert knowledge.next_counter(A, 7) == 101, "the clock was set back"
    put(store, entry("b.md", counter=5_000, source=b"b" * 32))
    assert knowledge.next_counter(A, 200) == 5_001, "an index that was restored hears what it gave out"


def test_a_counter_of_no_clock_is_not_heeded(store: VaultStore, entry: MakeEntry) -> None:
    put(store, entry("a.md", counter=BELIEVED + 1))
    assert store.index.knowledge.next_counter(A, 100) == 100


def test_own_updates_are_known_until_one_came_from_elsewhere(store: VaultStore, entry: MakeEntry) -> None:
    knowledge = store.index.knowledge
    put(store, entry("a.md", counter=knowledge.next_counter(A, 100)))
    assert knowledge.knows(Version.of({A: 100}))
    put(store, entry("b.md", counter=300))
    put(store, entry("c.md", counter=knowledge.next_counter(A, 400)))
    assert not knowledge.knows(Version.of({A: 300})), "what lies between 100 and 300 may be missing here"
    assert not knowledge.knows(Version.of({A: 400}))


def test_what_is_proven_is_what_was_here_then(store: VaultStore, entry: MakeEntry) -> None:
    knowledge = store.index.knowledge
    put(store, entry("a.md", counter=100))
    knowledge.prove(A)
    put(store, entry("b.md", counter=200))
    unsaved = [knowledge.is_unsaved]
    with store.transaction():
        knowledge.save()
    assert [*unsaved, knowledge.is_unsaved] == [True, False]
    assert knowledge.knows(Version.of({A: 100}))
    assert not knowledge.knows(Version.of({A: 200}))
    assert not knowledge.knows(Version.of({A: 100, b"b" * 32: 1}))


def test_knowledge_outlives_the_process_and_falls_with_its_transaction(path: Path, entry: MakeEntry) -> None:
    store = VaultStore.open(path, new_index_id=b"i" * 16)
    put(store, entry("a.md", counter=100))
    with pytest.raises(KeyError), store.transaction():
        store.index.put([entry("b.md", counter=900)])
        fail()
    assert store.index.knowledge.next_counter(A, 1) == 101
    store.close()
    again = VaultStore.open(path, new_index_id=b"i" * 16)
    assert again.index.knowledge.next_counter(A, 1) == 101
    again.close()


def test_an_index_of_the_first_form_is_counted_anew(path: Path, entry: MakeEntry) -> None:
    """Its digest had tombstones in it, and it knew nothing of counters."""
    store = VaultStore.open(path, new_index_id=b"i" * 16)
    put(store, entry("a.md", counter=700), entry("b.md", counter=900, deleted=True))
    digest, sequence = store.index.digest, store.index.sequence
    store.close()
    connection = sqlite3.connect(path)
    connection.executescript(
        "DROP TABLE intents; DROP TABLE knowledge; DROP INDEX records_by_end; ALTER TABLE totals DROP COLUMN form;"
        "UPDATE totals SET digest = zeroblob(32); PRAGMA user_version = 1;"
    )
    connection.close()
    again = VaultStore.open(path, new_index_id=b"i" * 16)
    assert (again.index.digest, again.index.sequence) == (digest, sequence)
    assert again.index.knowledge.next_counter(A, 1) == 901
    assert not again.index.knowledge.knows(Version.of({A: 1})), "nobody has looked what may be missing"
    again.close()
    database = Database.open(path, SCHEMA)
    assert database.row("PRAGMA user_version") == (len(migrations_of(SCHEMA)),)
    database.close()
