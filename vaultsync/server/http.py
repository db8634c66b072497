"""The HTTP server itself."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import uvicorn

from vaultsync.daemon.service import Node
from vaultsync.server.app import make_app
from vaultsync.server.connections import BoundedProtocol


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs the node."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(node: Node, token: str, port: int, sockets: Sequence[socket.socket], ended: asyncio.Event) -> None:
    """Answer on `sockets`, which listen, until `ended`."""
    server = _Server(
        uvicorn.Config(
            make_app(node, token=token, port=lambda: port),
            lifespan="off",
            ws="none",
            http=BoundedProtocol,
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=list(sockets)))
    ending = asyncio.create_task(ended.wait())
    try:
        await asyncio.wait((serving, ending), return_when=asyncio.FIRST_COMPLETED)
    finally:
        ending.cancel()
        server.should_exit = True
        await serving
