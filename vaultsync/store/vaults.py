"""The vaults that this node serves, and where their folders are."""

# ruff: noqa: S608 (what is put into the SQL is constant; values are bound)

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypedDict, Unpack

from vaultsync.errors import StoreError
from vaultsync.model.ids import VaultId
from vaultsync.store.database import Cell, Database


@dataclass(frozen=True, slots=True)
class VaultRecord:
    """A folder that is synced."""

    vault_id: VaultId
    root: Path
    """Absolute."""
    name: str
    added_at: int
    """Unix time in ms."""
    role: str = "member"
    """This device's own: member, observer or solo."""
    settings_json: str = "{}"
    removed_by: str | None = None
    """What the member is called here that removed this device, for as long as that is to be told."""
    removed_at: int | None = None
    """Unix time in ms, by that member's clock."""


class VaultChanges(TypedDict, total=False):
    """What `VaultTable.update` can change."""

    root: Path
    name: str
    role: str
    settings_json: str
    removed_by: str | None
    removed_at: int | None


_SELECT: Final = "SELECT vault, root, name, added_at, role, settings_json, removed_by, removed_at FROM vaults"


class VaultTable:
    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, record: VaultRecord) -> VaultRecord:
        """Serve a folder; gives what is stored, which for a known vault is what was there.

        Raises `StoreError` if the vault is served from another folder, or the folder is another vault's.
        """
        with self._database.atomic():
            if (known := self.get(record.vault_id)) is not None:
                if known.root != record.root:
                    raise StoreError(
                        f"The vault in {record.root} is served from {known.root} already.",
                        hint="One device keeps a vault in one folder. Take the other one out first.",
                    )
                return known
            if (other := self.by_root(record.root)) is not None:
                raise StoreError(f"The folder {record.root} is known as the vault “{other.name}”.")
            self._database.run(
                "INSERT INTO vaults (vault, root, name, added_at, role, settings_json) VALUES (?, ?, ?, ?, ?, ?)",
                (
                    record.vault_id.raw,
                    str(record.root),
                    record.name,
                    record.added_at,
                    record.role,
                    record.settings_json,
                ),
            )
            return record

    def get(self, vault: VaultId) -> VaultRecord | None:
        return next(iter(self._select("WHERE vault = ?", (vault.raw,))), None)

    def by_root(self, root: Path) -> VaultRecord | None:
        return next(iter(self._select("WHERE root = ?", (str(root),))), None)

    def all(self) -> list[VaultRecord]:
        """Every vault, the longest known first."""
        return self._select("", ())

    def update(self, vault: VaultId, **changes: Unpack[VaultChanges]) -> VaultRecord:
        """Change some fields; gives the new record. `StoreError` if the vault is unknown."""
        with self._database.atomic():
            for column, value in changes.items():
                assert column in VaultChanges.__annotations__, column
                self._database.run(f"UPDATE vaults SET {column} = ? WHERE vault = ?", (_cell(value), vault.raw))
            record = self.get(vault)
            if record is None:
                raise StoreError(f"The vault {vault.short}… is not served by this device.")
            return record

    def remove(self, vault: VaultId) -> bool:
        """Serve it no more; its notes and its history stay where they are. Tells whether it was known."""
        return self._database.run("DELETE FROM vaults WHERE vault = ?", (vault.raw,)) > 0

    def _select(self, where: str, cells: tuple[Cell, ...]) -> list[VaultRecord]:
        return [
            VaultRecord(VaultId(vault), Path(root), *others)
            for vault, root, *others in self._database.rows(f"{_SELECT} {where} ORDER BY added_at, vault", cells)
        ]


def _cell(value: object) -> Cell:
    return value if isinstance(value, int) or value is None else str(value)
