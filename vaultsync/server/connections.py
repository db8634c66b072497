"""HTTP connections that cannot be piled up: any program of this computer can open them, whoever it belongs to."""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_CONNECTIONS: Final = 128
"""Over TCP. Each takes a file descriptor, of which a node may have about a thousand, and needs them for notes. The Unix
socket is its owner's alone, and goes on when these are used up."""

REQUEST_WITHIN_S: Final = 10.0
"""How long a connection may go without a complete request being on its way."""


class BoundedProtocol(H11Protocol):
    """uvicorn's, but that it takes no more than so many connections, and none that says nothing."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        over_tcp = isinstance(transport.get_extra_info("sockname"), tuple)
        if over_tcp and sum(_is_tcp(each) for each in self.connections) > MAX_CONNECTIONS:
            transport.abort()
            return
        self._seen: object = self
        self._watch = self.loop.call_later(REQUEST_WITHIN_S, self._look)

    def connection_lost(self, exc: Exception | None) -> None:
        if hasattr(self, "_watch"):
            self._watch.cancel()
        super().connection_lost(exc)

    def _look(self) -> None:
        answering = self.cycle is not None and not self.cycle.response_complete
        if not answering and self._seen in (self, self.cycle):
            self.transport.abort()
            return
        self._seen = self.cycle
        self._watch = self.loop.call_later(REQUEST_WITHIN_S, self._look)


def _is_tcp(connection: object) -> bool:
    return isinstance(connection, H11Protocol) and isinstance(connection.transport.get_extra_info("sockname"), tuple)
