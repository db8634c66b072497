"""Devices under the names that they bore, each stored once."""

from __future__ import annotations

from typing import Final

from vaultsync.errors import StoreError
from vaultsync.store.database import Database

_REMEMBERED: Final = 4_096
"""Pairs held in memory; a peer that invents names can't make it more."""


class Devices:
    """Gives `(node, name)` pairs small numbers."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: dict[tuple[bytes, str], int] = {}
        self._pairs: dict[int, tuple[bytes, str]] = {}
        database.on_rollback.append(self.forget)

    def id_of(self, node: bytes, name: str = "") -> int:
        """The number of the pair, given at its first use; the transaction that asks keeps it."""
        pair = (node, name)
        known = self._ids.get(pair)
        if known is not None:
            return known
        row = self._database.row("SELECT id FROM devices WHERE node = ? AND name = ?", pair)
        if row is None:
            number = self._database.insert("INSERT INTO devices (node, name) VALUES (?, ?)", pair)
        else:
            number = row[0]
        self._remember(number, pair)
        return number

    def pair_of(self, number: int) -> tuple[bytes, str]:
        """The node id and the name behind a number. `StoreError` if the database is damaged."""
        known = self._pairs.get(number)
        if known is not None:
            return known
        row = self._database.row("SELECT node, name FROM devices WHERE id = ?", (number,))
        if row is None:
            raise self.damaged("a device that a row names is missing")
        pair = (row[0], row[1])
        self._remember(number, pair)
        return pair

    def damaged(self, what: str) -> StoreError:
        """The error to raise where a row holds what was never written."""
        return self._database.damaged(what)

    def forget(self) -> None:
        """Drop what is in memory: a rolled-back transaction may have given numbers that no longer stand."""
        self._ids.clear()
        self._pairs.clear()

    def _remember(self, number: int, pair: tuple[bytes, str]) -> None:
        if len(self._pairs) >= _REMEMBERED:
            self.forget()
        self._ids[pair] = number
        self._pairs[number] = pair
