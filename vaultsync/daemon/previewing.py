"""Reading a peer's index, and a folder, without changing either: what a join would bring together."""

from __future__ import annotations

import asyncio
import os
import unicodedata
from pathlib import Path
from typing import Final

from vaultsync.daemon.greeting import Opened
from vaultsync.daemon.link import FIRST_WORD_S
from vaultsync.daemon.wire import MessageReader
from vaultsync.errors import CloseCode, PathError, ProtocolError, UnreachableError
from vaultsync.model.ids import NodeId, VaultId
from vaultsync.model.members import SignedMember
from vaultsync.model.paths import MARKER_DIR, check_path
from vaultsync.model.records import Kind
from vaultsync.protocol.framing import StreamKind
from vaultsync.protocol.messages import ChangeSet, Hello, Members, VaultHello
from vaultsync.transport.base import Connection
from vaultsync.vault.disk import DiskFileSystem
from vaultsync.vault.hashing import hash_bytes
from vaultsync.vault.selection import Selection

READ_TIMEOUT_S: Final = 300.0
"""How long a peer's index may take: a hundred thousand records over a slow line."""


async def read_index(
    connection: Connection, opened: Opened, hello: Hello, vault: VaultId, index_id: bytes
) -> dict[str, bytes]:
    """The hashes of all files of `vault` by path, as the peer at the other end has them.

    Nothing is acknowledged, so that the peer sends all of it again to the index that is made later. Raises
    `ProtocolError`, `ConnectionLostError`, `UnreachableError`.
    """
    own = Hello(
        hello.protocol,
        hello.name,
        hello.hostname,
        hello.app_version,
        hello.capabilities,
        (VaultHello(vault, index_id, 0, b"", 0),),
    )
    await opened.writer.write(own)
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            first = await opened.reader.read()
            if not isinstance(first, Hello):
                raise ProtocolError(CloseCode.UNEXPECTED, "did not begin with a Hello")
            end = next((one.sequence for one in first.vaults if one.vault == vault), None)
            if end is None:
                raise UnreachableError("The vault's folder is not there on the other device just now.")
            return await _read_changes(connection, vault, end)
    except TimeoutError:
        raise UnreachableError("It does not tell what the vault holds.") from None


async def _read_changes(connection: Connection, vault: VaultId, end: int) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    through = 0
    while through < end:
        sender, stream = await connection.accept_stream()
        if sender is not None or StreamKind.of_preamble(await stream.read_exactly(1)) is not StreamKind.CHANGES:
            continue
        reader = MessageReader(stream, StreamKind.CHANGES)
        while through < end and (message := await reader.read()) is not None:
            if not isinstance(message, ChangeSet) or message.vault != vault:
                continue
            for record in message.records:
                if record.deleted or record.kind is not Kind.FILE:
                    files.pop(record.path, None)
                else:
                    files[record.path] = record.hash
            through = message.through
    return files


async def own_record(opened: Opened, vault: VaultId, own: NodeId) -> SignedMember | None:
    """The record with which the peer has admitted this device, which it sends after its Hello; None if it does not."""
    try:
        async with asyncio.timeout(FIRST_WORD_S):
            while (message := await opened.reader.read()) is not None:
                if isinstance(message, Members) and message.vault == vault:
                    for record in message.records:
                        if record.member.node == own:
                            return record
    except TimeoutError:
        pass
    return None


def read_folder(root: Path) -> dict[str, bytes]:
    """The hashes of the files below `root` that would be synced, by path. Follows no link; reads every file."""
    if not root.is_dir():
        return {}
    selection = Selection.load(DiskFileSystem(str(root)))
    files: dict[str, bytes] = {}
    for folder, folders, names in os.walk(root):
        relative = "" if folder == str(root) else os.path.relpath(folder, root).replace(os.sep, "/") + "/"
        folders[:] = [name for name in folders if _path(relative + name, selection, is_folder=True) is not None]
        for name in names:
            path = _path(relative + name, selection, is_folder=False)
            full = os.path.join(folder, name)
            if path is not None and not os.path.islink(full) and os.path.isfile(full):
                with open(full, "rb") as file:
                    files[path] = hash_bytes(file.read())
    return files


def _path(name: str, selection: Selection, *, is_folder: bool) -> str | None:
    """The path as the vault would know it, or None if it would not be synced."""
    try:
        path = check_path(unicodedata.normalize("NFC", name))
    except PathError:
        return None
    return None if path.startswith(MARKER_DIR) or selection.reason(path, is_folder) is not None else path
