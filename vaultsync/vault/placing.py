"""Where a vault can be, and which one is there."""

from __future__ import annotations

import os
from pathlib import Path

from vaultsync.errors import VaultError, VaultOfflineError
from vaultsync.model.ids import VaultId
from vaultsync.model.paths import MARKER_DIR
from vaultsync.protocol.limits import MAX_NAME
from vaultsync.vault import marker


def vault_at(root: Path) -> VaultId | None:
    """The vault that the folder is, or None if it is none."""
    try:
        return marker.read(str(root)).vault
    except VaultOfflineError:
        return None


def resolved(root: Path) -> Path:
    """The folder's true place, links followed."""
    return Path(os.path.realpath(root))


def presentable(name: str) -> str:
    """A vault's name as it may stand on a ticket: one line, no control characters, bounded."""
    return "".join(c for c in name if c.isprintable())[:MAX_NAME].strip() or "vault"


def check_place(root: Path) -> None:
    """Raise `VaultError` for a place where a vault can't be: below another vault, on a file, unwritable."""
    for parent in root.parents:
        if (parent / MARKER_DIR / marker.MARKER_NAME).is_file():
            raise VaultError(f"{root} lies inside another vault, {parent}.", hint="Use that vault, or another folder.")
    if root.exists() and not root.is_dir():
        raise VaultError(f"{root} is a file, not a folder.")
    if not root.exists() and not root.parent.is_dir():
        raise VaultError(f"{root.parent} does not exist.", hint="Make that folder first, or mend the path.")
    place = root if root.exists() else root.parent
    if not os.access(place, os.W_OK | os.X_OK):
        raise VaultError(f"{place} cannot be written to.")
