"""Where a vault can be, and which one is there."""

from __future__ import annotations

import os
from collections.abc import Iterable
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


def check_place(root: Path, *, vaults: Iterable[Path], own: Iterable[Path]) -> None:
    """Raise `VaultError` for a place where a vault can't be: in another vault or around one, on a file, unwritable.

    `vaults` are those that this node has; `own` the folders of the node itself, which change with every sync: in a
    vault, each sync would be the next one's reason.
    """
    for folder in map(resolved, own):
        if folder.is_relative_to(root):
            raise VaultError(
                f"vaultsync keeps its own data in {root}, in {folder}.", hint="Choose a folder of notes in it instead."
            )
    for vault in vaults:
        if vault != root and vault.is_relative_to(root):
            raise VaultError(f"{root} has another vault in it, {vault}.", hint="Use that vault, or another folder.")
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
