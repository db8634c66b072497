"""Serving the API inside the node's event loop, on loopback and on a Unix socket."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import Final

import uvicorn

from vaultsync.daemon.descriptor import SOCKET_NAME, Descriptor, load_or_create_token
from vaultsync.daemon.service import Node
from vaultsync.errors import NodeError
from vaultsync.server.app import make_app

MAX_SOCKET_PATH: Final = 103
"""Bytes of a Unix socket's path, its final zero left out, on the system that allows the fewest (macOS: 104)."""

BACKLOG: Final = 64


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the node."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serve_api(node: Node) -> AsyncIterator[Descriptor]:
    """Serve `node`'s API as long as the block runs; its descriptor is on disk in that time.

    Raises `NodeError` if the token or the descriptor can't be written, or no port can be had.
    """
    token = await asyncio.to_thread(load_or_create_token, node.places)
    tcp = _tcp_socket()
    unix, unix_path = _unix_socket(node.places.data / SOCKET_NAME)
    port: int = tcp.getsockname()[1]
    server = _Server(
        uvicorn.Config(
            make_app(node, token=token, port=lambda: port),
            lifespan="off",
            ws="none",
            http="h11",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )
    descriptor = Descriptor(os.getpid(), port, unix_path, node.started_ms, token)
    sockets = [tcp] if unix is None else [tcp, unix]
    serving = asyncio.create_task(server.serve(sockets=sockets))
    try:
        # The sockets listen already: whoever comes before the server has begun waits for a moment.
        await asyncio.to_thread(descriptor.write, node.places)
        yield descriptor
    finally:
        descriptor.remove(node.places)
        server.should_exit = True
        try:
            await serving
        finally:
            for sock in sockets:
                sock.close()
            if unix_path is not None:
                with suppress(FileNotFoundError):
                    os.unlink(unix_path)


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
