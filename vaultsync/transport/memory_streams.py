"""The streams of the memory transport: bounded, and waiting as QUIC's do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from vaultsync.errors import CloseCode, ConnectionLostError
from vaultsync.transport.closing import (
    again,
    ended_early,
    reset_by_peer,
    reset_here,
    stopped_by_peer,
    stopped_here,
)

SEND_BUFFER: Final = 512 << 10
"""Bytes of one stream that are written and not read yet before `write` waits."""


class StreamOwner(Protocol):
    """What a stream asks of its connection."""

    bytes_sent: int
    bytes_received: int

    def check_open(self) -> None:
        """Raise `ConnectionLostError` if the connection has ended."""

    async def backlog_room(self) -> None:
        """Wait until the far side may be offered another stream."""

    def post(self, action: Callable[[], None]) -> None:
        """Do something at the far side, as soon as the link lets it pass."""

    def release(self, half: MemorySendStream | MemoryReceiveStream) -> None:
        """The half needs no news of the connection's end any more."""


class MemorySendStream:
    """The sending half. One task writes at a time."""

    target: MemoryReceiveStream

    def __init__(self, connection: StreamOwner) -> None:
        self.announce: Callable[[], None] | None = None
        self._connection = connection
        self._unread = 0
        self._room = asyncio.Event()
        self._abandoned: ConnectionLostError | None = None
        self._finished = False

    async def write(self, data: bytes) -> None:
        position = 0
        while position < len(data):
            self._check()
            if self.announce is not None:
                await self._connection.backlog_room()
                self._check()
            if self._unread >= SEND_BUFFER:
                self._room.clear()
                await self._room.wait()
                continue
            piece = data[position : position + SEND_BUFFER - self._unread]
            position += len(piece)
            self._unread += len(piece)
            self._connection.bytes_sent += len(piece)
            self._send(lambda piece=piece: self.target.feed(piece))  # type: ignore[misc]

    async def finish(self) -> None:
        if self._finished:
            return
        self._check()
        self._finished = True
        self._connection.release(self)
        self._send(self.target.finished)

    def reset(self, code: CloseCode) -> None:
        if self._abandoned is not None:
            return
        self._abandoned = reset_here(code)
        self._connection.release(self)
        self._room.set()
        self._send(lambda: self.target.cut_off(code))

    # What the far half and the connection call

    def consumed(self, size: int) -> None:
        self._unread -= size
        self._room.set()

    def stopped(self, code: CloseCode) -> None:
        if self._abandoned is None:
            self._abandoned = stopped_by_peer(code)
            self._connection.release(self)
            self._room.set()

    def connection_ended(self, *, discard: bool) -> None:
        self._room.set()

    def _send(self, action: Callable[[], None]) -> None:
        if self.announce is not None:
            self._connection.post(self.announce)
            self.announce = None
        self._connection.post(action)

    def _check(self) -> None:
        self._connection.check_open()
        if self._abandoned is not None:
            raise again(self._abandoned)
        if self._finished:
            raise RuntimeError("the stream is finished")


class MemoryReceiveStream:
    """The receiving half. What came before the peer closed the connection can still be read."""

    source: MemorySendStream

    def __init__(self, connection: StreamOwner) -> None:
        self._connection = connection
        self._buffer = bytearray()
        self._ended = False
        self._cut: ConnectionLostError | None = None
        self._stopped = False
        self._arrived = asyncio.Event()

    async def read(self, limit: int) -> bytes:
        while not self._buffer:
            if self._cut is not None:
                raise again(self._cut)
            if self._ended:
                return b""
            self._connection.check_open()
            self._arrived.clear()
            await self._arrived.wait()
        data = bytes(self._buffer[:limit])
        del self._buffer[:limit]
        self._credit(len(data))
        return data

    async def read_exactly(self, size: int) -> bytes:
        gathered = bytearray()
        while len(gathered) < size:
            data = await self.read(size - len(gathered))
            if not data:
                raise ended_early(size - len(gathered))
            gathered += data
        return bytes(gathered)

    def stop(self, code: CloseCode) -> None:
        if self._stopped or self._ended or self._cut is not None:
            return
        self._stopped = True
        self._discard(stopped_here(code))
        self._connection.post(lambda: self.source.stopped(code))

    # What the far half and the connection call

    def feed(self, data: bytes) -> None:
        self._connection.bytes_received += len(data)
        if self._cut is not None:
            self._credit(len(data))
            return
        self._buffer += data
        self._arrived.set()

    def finished(self) -> None:
        self._ended = True
        self._connection.release(self)
        self._arrived.set()

    def cut_off(self, code: CloseCode) -> None:
        if not self._ended and self._cut is None:
            self._discard(reset_by_peer(code))

    def connection_ended(self, *, discard: bool) -> None:
        if discard:
            self._buffer.clear()
        self._arrived.set()

    def _discard(self, error: ConnectionLostError) -> None:
        self._cut = error
        self._connection.release(self)
        unread = len(self._buffer)
        self._buffer.clear()
        self._credit(unread)
        self._arrived.set()

    def _credit(self, size: int) -> None:
        self._connection.post(lambda: self.source.consumed(size))
