"""What joining with a ticket would mean, found out before anything is done."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vaultsync.daemon.answers import JoinPreview
from vaultsync.daemon.service import Node
from vaultsync.errors import VaultError, VaultOfflineError
from vaultsync.model.ids import VaultId
from vaultsync.tickets.codec import decode
from vaultsync.tickets.ticket import check
from vaultsync.vault import marker

COUNTED: Final = 100_000
"""Files in a folder from which on they are not counted further."""


async def preview_of(node: Node, text: str, root: Path | None, *, now_s: int) -> JoinPreview:
    """Look at a ticket and a folder.

    Raises the `TicketError` for which the ticket could not be used here now, or a `VaultError` about the folder.
    """
    ticket = decode(text)
    found = None if root is None else await asyncio.to_thread(_look_at, root)
    check(ticket, now=now_s, own=node.node_id, vault=None if found is None else found.vault)
    served = node.vaults.get(ticket.vault)
    if served is not None and found is not None and found.real != str(served.record.root):
        raise VaultError(f"This device has that vault already, at {served.record.root}.")
    return JoinPreview(
        vault=str(ticket.vault),
        vault_name=ticket.vault_name,
        device=str(ticket.node),
        device_name=ticket.device_name,
        role=ticket.role,
        reusable=ticket.reusable,
        expires=ticket.expires_at * 1000,
        addresses=ticket.addresses,
        served_at="" if served is None else str(served.record.root),
        root="" if root is None else str(root),
        exists=found is not None and found.exists,
        files=0 if found is None else found.files,
    )


@dataclass(frozen=True, slots=True)
class _Folder:
    real: str
    vault: VaultId | None
    exists: bool
    files: int


def _look_at(root: Path) -> _Folder:
    if root.exists() and not root.is_dir():
        raise VaultError(f"{root} is a file, not a folder.")
    if not root.exists() and not root.parent.is_dir():
        raise VaultError(f"{root.parent} does not exist.", hint="Make that folder first, or mend the path.")
    real = os.path.realpath(root)
    try:
        vault = marker.read(real).vault
    except VaultOfflineError:
        vault = None
    return _Folder(real, vault, root.exists(), _count_files(root))


def _count_files(root: Path) -> int:
    found = 0
    for _, folders, files in os.walk(root):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += sum(not name.startswith(".") for name in files)
        if found >= COUNTED:
            return COUNTED
    return found
