"""A vault's folder as long as it is in use: there, the same, and on the same device as when it was opened."""

from __future__ import annotations

import os
from dataclasses import dataclass

from vaultsync.errors import DiskFullError, VaultError, VaultOfflineError
from vaultsync.model.ids import VaultId
from vaultsync.vault import marker
from vaultsync.vault.words import FULL, error_words


@dataclass(frozen=True, slots=True)
class VaultFolder:
    """An open vault folder. Absent is not empty: ask `check` before believing that files are gone."""

    root: str
    """Absolute, links resolved."""
    vault: VaultId
    name: str
    device: int
    """`st_dev` when it was opened."""

    @classmethod
    def open(cls, root: str) -> VaultFolder:
        """Raises `VaultOfflineError` if there is no such folder or no marker in it, `ConfigError` if it is damaged."""
        real = os.path.realpath(root)
        found = marker.read(real)
        return cls(real, found.vault, found.name, _device_of(real))

    @classmethod
    def create(cls, root: str, vault: VaultId, name: str) -> VaultFolder:
        """Make the folder, if need be, a vault. `VaultError` if it is one already, or cannot be written to."""
        real = os.path.realpath(root)
        try:
            marker.create(real, vault, name)
        except OSError as error:
            if error.errno in FULL:
                raise DiskFullError(f"There is no room left to write to {real}.") from error
            raise VaultError(
                f"Nothing can be written to {real}: {error_words(error)}.",
                hint="A folder can only be kept in sync by somebody who may write to it. Change its permissions, or use"
                " another folder.",
            ) from error
        return cls(real, vault, name, _device_of(real))

    def check(self) -> None:
        """Raise `VaultOfflineError` if the folder or its marker is missing, or another disk is in its place."""
        if _device_of(self.root) != self.device:
            raise VaultOfflineError(f"Another disk is mounted where {self.root} was.")
        if marker.read(self.root).vault != self.vault:
            raise VaultOfflineError(f"{self.root} is now another vault.")


def _device_of(root: str) -> int:
    try:
        return os.stat(root).st_dev
    except FileNotFoundError as error:
        raise VaultOfflineError(f"{root} is not there.") from error
    except OSError as error:
        raise VaultOfflineError(f"{root} cannot be reached: {error.strerror}.") from error
