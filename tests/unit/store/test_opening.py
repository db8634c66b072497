from __future__ import annotations

import os
import sqlite3
import stat
from pathlib import Path

import pytest

from vaultsync.errors import StoreError
from vaultsync.store.database import Database
from vaultsync.store.migrations import Migration, Schema, migrate, migrations_of, statements
from vaultsync.store.node_store import SCHEMA as NODE
from vaultsync.store.node_store import NodeStore
from vaultsync.store.vault_store import SCHEMA, VaultStore

ID = b"i" * 16


def pragma(path: Path, name: str) -> object:
    connection = sqlite3.connect(path)
    value = connection.execute(f"PRAGMA {name}").fetchone()[0]
    connection.close()
    return value


@pytest.mark.skipif(os.name == "nt", reason="modes are POSIX")
def test_nobody_else_can_read_what_is_stored(path: Path) -> None:
    path.parent.mkdir(mode=0o755)
    store = VaultStore.open(path, new_index_id=ID)
    with store.transaction():
        store.history.keep(b"h" * 32, b"words")
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    assert modes == {"index.db": 0o600, "index.db-wal": 0o600, "index.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    store.close()


@pytest.mark.parametrize("schema", [SCHEMA, NODE], ids=lambda schema: schema.name)
def test_a_new_database_is_at_the_newest_migration_and_strict(tmp_path: Path, schema: Schema) -> None:
    path = tmp_path / "new.db"
    database = Database.open(path, schema)
    loose = database.rows("SELECT name FROM pragma_table_list WHERE NOT strict AND name NOT LIKE 'sqlite_%'")
    assert loose == []
    assert database.row("PRAGMA journal_mode") == ("wal",)
    assert database.row("PRAGMA synchronous") == (2,)
    assert database.row("PRAGMA foreign_keys") == (1,)
    database.close()
    assert pragma(path, "user_version") == len(migrations_of(schema))
    assert pragma(path, "application_id") == schema.application_id
    assert pragma(path, "auto_vacuum") == 2


def test_a_database_of_a_newer_version_is_left_alone(path: Path) -> None:
    VaultStore.open(path, new_index_id=ID).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StoreError, match="newer") as caught:
        VaultStore.open(path, new_index_id=ID)
    assert "Update" in caught.value.hint
    assert pragma(path, "user_version") == 99


def test_a_file_that_is_no_database_says_what_to_do(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database at all, but long enough to look at" * 100)
    with pytest.raises(StoreError, match="damaged") as caught:
        VaultStore.open(path, new_index_id=ID)
    assert "Move this file" in caught.value.hint


def test_a_database_with_a_hole_says_what_to_do(path: Path) -> None:
    store = VaultStore.open(path, new_index_id=ID)
    with store.transaction():
        store.history.keep_many([(bytes([i]) * 32, os.urandom(3000)) for i in range(100)])
    store.close()
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="damaged"):
        VaultStore.open(path, new_index_id=ID)


@pytest.mark.parametrize("prepare", ["CREATE TABLE other (a)", "PRAGMA application_id = 7"])
def test_another_program_s_database_is_left_alone(path: Path, prepare: str) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute(prepare)
    connection.close()
    with pytest.raises(StoreError, match="not a vaultsync"):
        VaultStore.open(path, new_index_id=ID)


def test_the_node_s_database_is_no_vault_s(path: Path) -> None:
    NodeStore.open(path).close()
    with pytest.raises(StoreError, match="not a vaultsync vault"):
        VaultStore.open(path, new_index_id=ID)


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError):
        VaultStore.open(tmp_path / "file" / "index.db", new_index_id=ID)


def test_a_database_that_another_program_holds_is_a_clear_error(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaultsync.store.database.BUSY_TIMEOUT_S", 0.0)
    store = VaultStore.open(path, new_index_id=ID)
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="Another program"), store.transaction():
        pass
    other.close()
    with store.transaction():
        pass
    store.close()


def test_a_migration_that_fails_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    schema = Schema("none", 7, "")
    first = Migration(1, "PRAGMA application_id = 7;\nCREATE TABLE a (x INTEGER) STRICT;\n")
    broken = Migration(2, "CREATE TABLE b (x INTEGER) STRICT;\nINSERT INTO missing VALUES (1);\n")
    connection = sqlite3.connect(path, isolation_level=None)
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, schema, path, [first, broken])
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("a",)]
    fixed = Migration(2, "CREATE TABLE b (x INTEGER) STRICT;")
    migrate(connection, schema, path, [first, fixed])
    migrate(connection, schema, path, [first, fixed])
    assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("a",), ("b",)]
    connection.close()


def test_triggers_stay_whole_when_a_script_is_split() -> None:
    script = "-- a; b\nCREATE TRIGGER t AFTER INSERT ON a BEGIN\n  DELETE FROM b;\n  DELETE FROM c;\nEND;\nSELECT 1;\n"
    assert len(list(statements(script))) == 2


def test_every_table_is_explained() -> None:
    for schema in (SCHEMA, NODE):
        for migration in migrations_of(schema):
            assert migration.sql.startswith("-- ")
