"""Numbered migrations: each `.sql` file of a schema is applied once, in order, in a transaction of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from vaultsync.errors import StoreError


@dataclass(frozen=True, slots=True)
class Schema:
    """A kind of database."""

    name: str
    """The folder under `store/sql/` that holds its migrations, `NNNN_what_it_does.sql`."""
    application_id: int
    """What `PRAGMA application_id` gives in such a file: 'VS' and two letters more, in ASCII."""
    advice: str
    """What a person should do when the file is damaged."""


@dataclass(frozen=True, slots=True)
class Migration:
    number: int
    sql: str


def migrations_of(schema: Schema) -> list[Migration]:
    """All migrations of `schema`, numbered 1, 2, 3 … without gaps."""
    folder = files("vaultsync.store") / "sql" / schema.name
    found = [
        Migration(int(entry.name.split("_", 1)[0]), entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if entry.name.endswith(".sql")
    ]
    found.sort(key=lambda migration: migration.number)
    assert [m.number for m in found] == list(range(1, len(found) + 1)), schema.name
    return found


def migrate(
    connection: sqlite3.Connection, schema: Schema, path: Path, migrations: list[Migration] | None = None
) -> None:
    """Bring the database up to the newest migration.

    Raises `StoreError` if it is newer than this code or belongs to another program. A migration that fails leaves
    the database as it was before it.
    """
    steps = migrations_of(schema) if migrations is None else migrations
    version = _check(connection, schema, path, len(steps))
    for step in steps[version:]:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Another process may have done the work while this one waited for the lock.
            if _check(connection, schema, path, len(steps)) < step.number:
                for statement in statements(step.sql):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {step.number}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def statements(sql: str) -> Iterator[str]:
    """Split a script; `executescript` would commit before it starts."""
    pending = ""
    for line in sql.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    assert not pending.strip() or all(line.startswith("--") for line in pending.split("\n") if line), pending


def _check(connection: sqlite3.Connection, schema: Schema, path: Path, newest: int) -> int:
    """The database's version, if it is one of ours and not too new."""
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    application: int = connection.execute("PRAGMA application_id").fetchone()[0]
    tables: int = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
    if application != schema.application_id and (application or version or tables):
        raise StoreError(f"{path} is not a vaultsync {schema.name} database.", hint="Move it to another place.")
    if version > newest:
        raise StoreError(
            f"{path} was written by a newer vaultsync (its format is {version}, this one knows {newest}).",
            hint="Update vaultsync on this device.",
        )
    return version
