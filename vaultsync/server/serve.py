"""Serving the API inside the node's event loop, on loopback and on a Unix socket.

What speaks HTTP is loaded when somebody calls for the first time: it takes 20 MB and a quarter of a second, and most
nodes run for weeks without being asked anything.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Final

from vaultsync.daemon.descriptor import SOCKET_NAME, Descriptor, load_or_create_token
from vaultsync.daemon.service import Node
from vaultsync.errors import NodeError

MAX_SOCKET_PATH: Final = 103
"""Bytes of a Unix socket's path, its final zero left out, on the system that allows the fewest (macOS: 104)."""

BACKLOG: Final = 64


@asynccontextmanager
async def serve_api(node: Node) -> AsyncIterator[Descriptor]:
    """Serve `node`'s API as long as the block runs; its descriptor is on disk in that time.

    Raises `NodeError` if the token or the descriptor can't be written, or no port can be had.
    """
    token = await asyncio.to_thread(load_or_create_token, node.places)
    tcp = _tcp_socket()
    unix, unix_path = _unix_socket(node.places.data / SOCKET_NAME)
    port: int = tcp.getsockname()[1]
    descriptor = Descriptor(os.getpid(), port, unix_path, node.started_ms, token)
    sockets = [tcp] if unix is None else [tcp, unix]
    ended = asyncio.Event()
    serving = asyncio.create_task(_serve_when_called(node, token, port, sockets, ended))
    try:
        # The sockets listen already: who calls waits for a moment.
        await asyncio.to_thread(descriptor.write, node.places)
        yield descriptor
    finally:
        descriptor.remove(node.places)
        ended.set()
        try:
            await serving
        finally:
            for sock in sockets:
                sock.close()
            if unix_path is not None:
                with suppress(FileNotFoundError):
                    os.unlink(unix_path)


async def _serve_when_called(
    node: Node, token: str, port: int, sockets: Sequence[socket.socket], ended: asyncio.Event
) -> None:
    loop = asyncio.get_running_loop()
    called: asyncio.Future[None] = loop.create_future()

    def note_call() -> None:
        if not called.done():
            called.set_result(None)

    for sock in sockets:
        loop.add_reader(sock, note_call)
    ending = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait((called, ending), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for sock in sockets:
            loop.remove_reader(sock)
        ending.cancel()
    if not ended.is_set():
        await asyncio.to_thread(importlib.import_module, "vaultsync.server.http")
        from vaultsync.server import http

        await http.serve(node, token, port, sockets, ended)


def _tcp_socket() -> socket.socket:
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        sock.bind(("127.0.0.1", 0))
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise NodeError(f"No port for the local API can be had: {error.strerror}.") from error
    sock.setblocking(False)
    return sock


def _unix_socket(path: Path) -> tuple[socket.socket | None, str | None]:
    """A listening socket at `path` that only its owner can use; None where there are none or the path is too long."""
    if not hasattr(socket, "AF_UNIX") or len(os.fsencode(path)) > MAX_SOCKET_PATH:
        return None, None
    # The node holds the data folder alone, so what lies there is left over from one that was killed.
    with suppress(FileNotFoundError):
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        sock.bind(str(path))
    except OSError:
        sock.close()
        return None, None
    finally:
        os.umask(mask)
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock, str(path)
