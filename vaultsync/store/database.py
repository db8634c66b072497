"""One SQLite file: opened safely, migrated, with transactions and errors in words for a person."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from vaultsync.errors import StoreError
from vaultsync.store.failures import explained, explaining
from vaultsync.store.migrations import Schema, migrate

Row = tuple[Any, ...]
"""What SQLite returns; the STRICT tables vouch for the types."""

Cell = int | str | bytes | None

BUSY_TIMEOUT_S: Final = 5.0
STATEMENTS: Final = 256
"""Prepared statements kept; `rows_in` makes up to ten of each of its queries."""
LARGEST_IN: Final = 512
"""Values bound to one IN (…); SQLite's own limit is 32,766."""

_PRAGMAS: Final = (
    # Only an empty file takes this one: what retention frees can be given back to the disk.
    "PRAGMA auto_vacuum = INCREMENTAL",
    "PRAGMA journal_mode = WAL",
    # An acknowledged change must survive a power cut, which NORMAL does not promise in WAL mode.
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -8192",
    "PRAGMA wal_autocheckpoint = 8000",
    "PRAGMA journal_size_limit = 33554432",
)


class Database:
    """A connection that one thread at a time uses. Every `sqlite3.Error` leaves it as a `VaultsyncError`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, schema: Schema) -> None:
        self._connection = connection
        self._schema = schema
        self.path = path
        self.on_rollback: list[Callable[[], None]] = []
        """Called when a transaction is undone: what is remembered of it in memory is wrong from then on."""

    @classmethod
    def open(cls, path: Path, schema: Schema) -> Database:
        """Open or create the database, 0600 in a 0700 folder, and migrate it.

        Raises `StoreError` if it is damaged, newer than this code, another program's, or can't be written.
        """
        with explaining(path, schema.advice):
            private_folder(path.parent)
            # SQLite gives its -wal and -shm files the mode of the database.
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            os.close(descriptor)
            os.chmod(path, 0o600)
            connection = sqlite3.connect(
                path,
                timeout=BUSY_TIMEOUT_S,
                isolation_level=None,
                check_same_thread=False,
                cached_statements=STATEMENTS,
            )
            try:
                for pragma in _PRAGMAS:
                    connection.execute(pragma)
                migrate(connection, schema, path)
            except BaseException:
                connection.close()
                raise
        return cls(connection, path, schema)

    def close(self) -> None:
        with explaining(self.path, self._schema.advice):
            self._connection.close()

    @property
    def changes(self) -> int:
        """Rows that were written since it was opened."""
        return self._connection.total_changes

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    @contextmanager
    def transaction(self, *, durable: bool = True) -> Iterator[None]:
        """Everything inside happens, or nothing. `RuntimeError` if one is open already.

        Not `durable`: it does not wait for the disk. It is durable once a later one is.
        """
        if self.in_transaction:
            raise RuntimeError("a transaction is open already; they do not nest")
        if not durable:
            with self._not_waiting(), self.transaction():
                yield
            return
        self.run("BEGIN IMMEDIATE")
        try:
            yield
            self.run("COMMIT")
        except BaseException:
            for undo in self.on_rollback:
                undo()
            # SQLite has rolled back by itself after some errors, a full disk among them.
            if self._connection.in_transaction:
                self.run("ROLLBACK")
            raise

    @contextmanager
    def _not_waiting(self) -> Iterator[None]:
        """In WAL mode, NORMAL leaves out the wait for the log at each commit."""
        self.run("PRAGMA synchronous = NORMAL")
        try:
            yield
        finally:
            self.run("PRAGMA synchronous = FULL")

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Part of the open transaction, or else one of its own."""
        if self._connection.in_transaction:
            yield
        else:
            with self.transaction():
                yield

    def run(self, sql: str, cells: Sequence[Cell] = ()) -> int:
        """Execute one statement that returns nothing; gives the number of rows that it changed."""
        try:
            return self._connection.execute(sql, cells).rowcount
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def run_many(self, sql: str, rows: Iterable[Sequence[Cell]]) -> int:
        try:
            return self._connection.executemany(sql, rows).rowcount
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def insert(self, sql: str, cells: Sequence[Cell]) -> int:
        """Execute an INSERT; gives the new row's id."""
        try:
            row_id = self._connection.execute(sql, cells).lastrowid
        except sqlite3.Error as error:
            raise self._explained(error) from error
        assert row_id is not None
        return row_id

    def rows(self, sql: str, cells: Sequence[Cell] = ()) -> list[Row]:
        try:
            return self._connection.execute(sql, cells).fetchall()
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def row(self, sql: str, cells: Sequence[Cell] = ()) -> Row | None:
        rows = self.rows(sql, cells)
        return rows[0] if rows else None

    def rows_in(self, sql: str, values: Sequence[Cell]) -> list[Row]:
        """The rows of `sql`, in which `IN (*)` stands for any of `values`, in no order.

        The list is padded to a power of two with a repeated value, so that few statements have to be prepared.
        """
        found: list[Row] = []
        for start in range(0, len(values), LARGEST_IN):
            part = list(values[start : start + LARGEST_IN])
            size = 1 << (len(part) - 1).bit_length()
            part += part[-1:] * (size - len(part))
            found += self.rows(sql.replace("IN (*)", f"IN ({','.join('?' * size)})"), part)
        return found

    def give_back(self, pages: int) -> None:
        """Return up to `pages` unused pages to the disk. Not inside a transaction."""
        assert not self.in_transaction
        try:
            # SQLite frees one page at each step; `execute` takes only the first step of what returns no columns.
            self._connection.executescript(f"PRAGMA incremental_vacuum({pages})")
        except sqlite3.Error as error:
            raise self._explained(error) from error

    def give_back_memory(self) -> None:
        """Free the page cache; what is needed is read again."""
        self.run("PRAGMA shrink_memory")

    def damaged(self, why: str) -> StoreError:
        """The error to raise where what was read makes no sense."""
        return StoreError(f"The database {self.path} is damaged ({why}).", hint=self._schema.advice)

    def _explained(self, error: sqlite3.Error) -> Exception:
        return explained(error, self.path, self._schema.advice)


def private_folder(folder: Path) -> None:
    """Make `folder`, or close it to other users if it is there."""
    os.makedirs(folder, mode=0o700, exist_ok=True)
    if os.stat(folder).st_mode & 0o077:
        os.chmod(folder, 0o700)
