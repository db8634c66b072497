"""Looking at a database without changing it, also while a node uses it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from vaultsync.model.records import Kind
from vaultsync.store.digest import EMPTY_DIGEST, moved_digest, term
from vaultsync.store.migrations import Schema, migrations_of


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """What came of looking."""

    fault: str = ""
    """Why it can't be trusted, in words; empty if it can."""
    newer: bool = False
    """It was written by a newer version of this program, and nothing more is known of it."""


def look_at(path: Path, schema: Schema) -> DatabaseHealth:
    """Let SQLite check a database (`PRAGMA quick_check`). Takes seconds for a large one. Never raises."""
    try:
        with _reading(path) as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            (program,) = connection.execute("PRAGMA application_id").fetchone()
            if program != schema.application_id:
                return DatabaseHealth("it is not a database of vaultsync")
            if version > len(migrations_of(schema)):
                return DatabaseHealth(newer=True)
            found = [str(row[0]) for row in connection.execute("PRAGMA quick_check(3)")]
            return DatabaseHealth("" if found == ["ok"] else "; ".join(found))
    except sqlite3.Error as error:
        return DatabaseHealth(str(error))


def digest_is_right(path: Path) -> bool:
    """Whether a vault's database has the digest that its records come to. `sqlite3.Error`."""
    with _reading(path) as connection:
        connection.execute("BEGIN")
        (stored,) = connection.execute("SELECT digest FROM totals").fetchone()
        digest = EMPTY_DIGEST
        for name, kind, content, version in connection.execute(
            "SELECT path, kind, hash, version FROM records WHERE deleted = 0"
        ):
            digest = moved_digest(digest, term(name, Kind(kind), content, version))
        return bool(digest == stored)


def folder_count(path: Path) -> int:
    """How many folders a vault's index holds. `sqlite3.Error`."""
    with _reading(path) as connection:
        (folders,) = connection.execute("SELECT folders FROM totals").fetchone()
        return int(folders)


def edits_from_the_future(path: Path, now_ms: int) -> list[tuple[str, int]]:
    """Devices whose edits bear a time after `now_ms`, by name, each with the latest (Unix ms). `sqlite3.Error`."""
    with _reading(path) as connection:
        found = connection.execute(
            "SELECT devices.name, max(modified_at) FROM records JOIN devices ON devices.id = records.device "
            "WHERE modified_at > ? GROUP BY devices.name ORDER BY devices.name",
            (now_ms,),
        )
        return [(str(name), int(at_ms)) for name, at_ms in found]


def vault_roots(path: Path) -> list[tuple[str, Path, str]]:
    """Of a node's database: id in hex, folder and name of each vault. `sqlite3.Error`."""
    with _reading(path) as connection:
        found = connection.execute("SELECT vault, root, name FROM vaults ORDER BY added_at")
        return [(bytes(vault).hex(), Path(root), str(name)) for vault, root, name in found]


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5.0)) as connection:
        yield connection
