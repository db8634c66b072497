"""Starting a node: its lock, its key, its database and its socket; and closing them in order."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from vaultsync.daemon.config import Config, Places
from vaultsync.daemon.database import NodeDatabase
from vaultsync.daemon.memberships import hand_over
from vaultsync.daemon.pairing import unix_ms
from vaultsync.daemon.service import Node
from vaultsync.errors import NodeRunningError, TransportError, VaultLockedError
from vaultsync.store.durable import replace_file
from vaultsync.transport.base import Endpoint
from vaultsync.transport.identity import Identity
from vaultsync.transport.keychange import finish_rotation, next_identity
from vaultsync.transport.keystore import load_or_create
from vaultsync.transport.quic.endpoint import listen
from vaultsync.vault.lock import FileLock

_log = logging.getLogger(__name__)

PORT_FILE: Final = "port"
LOCK_FILE: Final = "node.lock"


@asynccontextmanager
async def open_node(
    places: Places, config: Config, *, command: str, environ: Mapping[str, str] = os.environ
) -> AsyncIterator[Node]:
    """A node with its key, its database and its socket; `run` it inside. Everything is closed at the end.

    `NodeRunningError` if a node runs already from these places.
    """
    for folder in (places.config, places.data):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(str(places.data / LOCK_FILE))
    try:
        lock.acquire(command)
    except VaultLockedError as error:
        raise NodeRunningError(error.message, hint="Use that one: `vaultsync status`. Or stop it first.") from error
    with lock:
        async with _open_unlocked(places, config, command, environ) as node:
            yield node


@asynccontextmanager
async def _open_unlocked(
    places: Places, config: Config, command: str, environ: Mapping[str, str]
) -> AsyncIterator[Node]:
    use_keyring = environ.get("VAULTSYNC_KEYRING", "") != "off"
    identity = await asyncio.to_thread(load_or_create, places.config, environ=environ, use_keyring=use_keyring)
    database = await NodeDatabase.open(places.node_database)
    try:
        successor = await asyncio.to_thread(next_identity, places.config)
        if successor is not None:
            await hand_over(database, identity, successor, unix_ms)
            await asyncio.to_thread(finish_rotation, places.config, successor, environ=environ)
            identity = successor
        endpoint = await _listen(identity, config, places.data / PORT_FILE)
        try:
            node = Node(places, config, identity, database, endpoint, command=command, now_ms=unix_ms)
            await node.shelf.load()
            yield node
        finally:
            await endpoint.close()
    finally:
        await database.close()


async def _listen(identity: Identity, config: Config, port_file: Path) -> Endpoint:
    """Listen on the configured port, or where this node listened last, so that peers find it again."""
    if config.listen_port:
        return await listen(identity, host=config.listen_host, port=config.listen_port)
    last = await asyncio.to_thread(_last_port, port_file)
    try:
        endpoint = await listen(identity, host=config.listen_host, port=last)
    except TransportError:
        endpoint = await listen(identity, host=config.listen_host, port=0)
    if endpoint.addresses:
        try:
            port = str(endpoint.addresses[0].port).encode()
            await asyncio.to_thread(replace_file, port_file, port, mode=0o600)
        except OSError as error:
            _log.warning("the port is not kept for the next start: %s", error)
    return endpoint


def _last_port(port_file: Path) -> int:
    try:
        return int(port_file.read_text())
    except (OSError, ValueError):
        return 0
