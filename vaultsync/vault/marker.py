"""The vault's id marker: what makes a folder this vault and not an empty mount point."""

from __future__ import annotations

import errno
import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vaultsync.errors import ConfigError, VaultError, VaultOfflineError
from vaultsync.model.ids import VaultId
from vaultsync.model.paths import MARKER_DIR
from vaultsync.protocol.limits import MAX_NAME
from vaultsync.store.durable import replace_file, sync_folder
from vaultsync.tickets.ticket import is_name

MARKER_NAME: Final = "vault.json"
FORMAT: Final = 1
_MAX_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True)
class Marker:
    """What `.vaultsync/vault.json` says."""

    vault: VaultId
    name: str


def create(root: str, vault: VaultId, name: str) -> Marker:
    """Make the folder at `root` this vault, durably.

    Raises `VaultError` if it is one already, or if the marker's place is taken by something else; `OSError`.
    """
    folder = os.path.join(root, MARKER_DIR)
    os.makedirs(root, exist_ok=True)
    try:
        os.mkdir(folder)
    except FileExistsError:
        if not stat.S_ISDIR(os.lstat(folder).st_mode):
            raise VaultError(f"{folder} is not a folder of its own.", hint="Move it away and try again.") from None
    target = os.path.join(folder, MARKER_NAME)
    if os.path.lexists(target):
        raise VaultError(f"{root} is a vault already.")
    text = json.dumps({"format": FORMAT, "id": str(vault), "name": name}, ensure_ascii=False, indent=2) + "\n"
    replace_file(Path(target), text.encode(), mode=0o666)
    sync_folder(Path(root))
    return Marker(vault, name)


def read(root: str) -> Marker:
    """The marker of the vault at `root`.

    Raises `VaultOfflineError` if it is not there or can't be read, `ConfigError` if it says nothing sensible.
    """
    path = os.path.join(root, MARKER_DIR, MARKER_NAME)
    try:
        with open(path, "rb") as file:
            raw = file.read(_MAX_BYTES)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            there = os.path.isdir(root)
            raise VaultOfflineError(f"{root} has no vault marker." if there else f"{root} is not there.") from error
        raise VaultOfflineError(f"The marker of {root} cannot be read: {error.strerror}.") from error
    try:
        data = json.loads(raw)
        if data["format"] != FORMAT:
            raise ConfigError(f"{path} has format {data['format']!r}; this version knows {FORMAT}.")
        vault, name = data["id"], data["name"]
        if not isinstance(vault, str) or not isinstance(name, str) or not is_name(name, MAX_NAME):
            raise ValueError("its id and its name are not lines of text")
        return Marker(VaultId.parse(vault), name)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ConfigError(f"{path} is damaged: {error}.") from error
