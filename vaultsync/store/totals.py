"""What an index is as a whole: its identity, its newest sequence, its digest and its counts."""

# ruff: noqa: S608 (what is put into the SQL is constant; values are bound)

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from vaultsync.model.records import Kind, State
from vaultsync.store.database import Database
from vaultsync.store.digest import EMPTY_DIGEST

FORM: Final = 2
"""1 counted tombstones in the digest too."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much an index holds."""

    files: int = 0
    """Present on this device."""
    folders: int = 0
    bytes: int = 0
    """Of the present files' contents."""
    deleted: int = 0
    """Tombstones, whatever their state."""
    blocked: int = 0
    """Live files and folders that this device can't hold."""
    unselected: int = 0
    """Live files and folders that a filter of this device leaves out."""
    wanted: int = 0
    """Live files and folders that this device is to have and does not have yet."""
    held: int = 0
    """Live files that are gone from this device's disk, and whose deletion waits for a person."""


@dataclass(frozen=True, slots=True)
class Totals:
    index_id: bytes
    sequence: int
    digest: bytes
    counts: Counts
    form: int
    """`FORM`, or less if an older version of this program counted it in its own way."""


class Tally:
    """Counts that are being changed."""

    def __init__(self, counts: Counts) -> None:
        self._files = counts.files
        self._folders = counts.folders
        self._bytes = counts.bytes
        self._deleted = counts.deleted
        self._blocked = counts.blocked
        self._unselected = counts.unselected
        self._wanted = counts.wanted
        self._held = counts.held

    def count(self, kind: str, size: int, deleted: bool, state: str, sign: int) -> None:
        """Add one entry (`sign` 1) or take it away (`sign` -1)."""
        if deleted:
            self._deleted += sign
        elif state == State.BLOCKED:
            self._blocked += sign
        elif state == State.UNSELECTED:
            self._unselected += sign
        elif state == State.WANTED:
            self._wanted += sign
        elif state == State.HELD:
            self._held += sign
        elif kind == Kind.DIR:
            self._folders += sign
        else:
            self._files += sign
            self._bytes += sign * size

    @property
    def counts(self) -> Counts:
        return Counts(
            self._files,
            self._folders,
            self._bytes,
            self._deleted,
            self._blocked,
            self._unselected,
            self._wanted,
            self._held,
        )


_COLUMNS: Final = "index_id, sequence, digest, form, files, folders, bytes, deleted, blocked, unselected, wanted, held"


def read_totals(database: Database) -> Totals | None:
    """None in a database that was only just made."""
    row = database.row(f"SELECT {_COLUMNS} FROM totals")
    return None if row is None else Totals(row[0], row[1], row[2], Counts(*row[4:]), row[3])


def create_totals(database: Database, index_id: bytes) -> None:
    database.run(
        f"INSERT INTO totals (only, {_COLUMNS}) VALUES (1, ?, 0, ?, ?, 0, 0, 0, 0, 0, 0, 0, 0)",
        (index_id, EMPTY_DIGEST, FORM),
    )


def write_totals(database: Database, totals: Totals) -> None:
    counts = totals.counts
    database.run(
        "UPDATE totals SET sequence = ?, digest = ?, form = ?, files = ?, folders = ?, bytes = ?, deleted = ?, "
        "blocked = ?, unselected = ?, wanted = ?, held = ?",
        (
            totals.sequence,
            totals.digest,
            totals.form,
            counts.files,
            counts.folders,
            counts.bytes,
            counts.deleted,
            counts.blocked,
            counts.unselected,
            counts.wanted,
            counts.held,
        ),
    )
