"""The two halves of a QUIC stream, with the waiting that aioquic leaves to its user."""

from __future__ import annotations

import asyncio
from typing import Protocol

from vaultsync.errors import CloseCode, ConnectionLostError
from vaultsync.transport.closing import (
    again,
    ended_early,
    reset_by_peer,
    reset_here,
    stopped_by_peer,
    stopped_here,
)
from vaultsync.transport.quic.mutual import MutualConnection


class StreamOwner(Protocol):
    """What a stream asks of its connection."""

    @property
    def quic(self) -> MutualConnection: ...

    def check_open(self) -> None:
        """Raise `ConnectionLostError` if the connection has ended."""

    def wake_soon(self) -> None:
        """Send what is pending in this turn of the loop."""

    def forget_sending(self, stream_id: int) -> None: ...


class QuicSendStream:
    """The sending half. One task writes at a time; a cancelled write may have written a part."""

    def __init__(self, owner: StreamOwner, stream_id: int) -> None:
        self._owner = owner
        self._id = stream_id
        self._room = asyncio.Event()
        self._abandoned: ConnectionLostError | None = None
        self._finished = False
        self.waiting = False
        """Whether a writer waits for room."""

    async def write(self, data: bytes) -> None:
        position = 0
        while position < len(data):
            self._check()
            room = self._owner.quic.send_room(self._id)
            if room <= 0:
                await self._wait_for_room()
                continue
            self._owner.quic.send_stream_data(self._id, data[position : position + room])
            position += room
            self._owner.wake_soon()

    async def finish(self) -> None:
        if self._finished:
            return
        self._check()
        self._finished = True
        self._owner.quic.send_stream_data(self._id, b"", end_stream=True)
        self._owner.forget_sending(self._id)
        self._owner.wake_soon()

    def reset(self, code: CloseCode) -> None:
        if self._abandoned is not None:
            return
        self._abandon(reset_here(code))
        self._owner.quic.reset_stream(self._id, int(code))
        self._owner.wake_soon()

    def stopped(self, code: CloseCode) -> None:
        """The peer does not want any more."""
        self._abandon(stopped_by_peer(code))

    def wake(self) -> None:
        """Let the writer look again: there may be room, or the connection has ended."""
        self._room.set()

    def _abandon(self, error: ConnectionLostError) -> None:
        self._abandoned = error
        self._owner.forget_sending(self._id)
        self.wake()

    def _check(self) -> None:
        self._owner.check_open()
        if self._abandoned is not None:
            raise again(self._abandoned)
        if not self._owner.quic.can_write(self._id):
            if self._finished:
                raise RuntimeError("the stream is finished")
            raise stopped_by_peer(None)

    async def _wait_for_room(self) -> None:
        self._room.clear()
        self.waiting = True
        try:
            await self._room.wait()
        finally:
            self.waiting = False


class QuicReceiveStream:
    """The receiving half. What was received before the peer closed the connection can still be read."""

    def __init__(self, owner: StreamOwner, stream_id: int) -> None:
        self._owner = owner
        self._id = stream_id
        # One growing buffer, not a list of pieces: a peer that sends single bytes would cost 50 times as much.
        self._buffer = bytearray()
        self._offset = 0
        self._ended = False
        self._cut: ConnectionLostError | None = None
        self._stopped = False
        self._arrived = asyncio.Event()

    @property
    def buffered(self) -> int:
        """Bytes that wait for the reader."""
        return len(self._buffer)

    async def read(self, limit: int) -> bytes:
        while not self._buffer:
            if self._cut is not None:
                raise again(self._cut)
            if self._ended:
                return b""
            self._owner.check_open()
            self._arrived.clear()
            await self._arrived.wait()
        if limit >= len(self._buffer):
            data = bytes(self._buffer)
            self._buffer.clear()
        else:
            data = bytes(self._buffer[:limit])
            del self._buffer[:limit]
        self._take(len(data))
        return data

    async def read_exactly(self, size: int) -> bytes:
        if size <= 0:
            return b""
        data = await self.read(size)
        if len(data) == size:
            return data
        gathered = bytearray(data)
        while len(gathered) < size:
            if not data:
                raise ended_early(size - len(gathered))
            data = await self.read(size - len(gathered))
            gathered += data
        return bytes(gathered)

    def stop(self, code: CloseCode) -> None:
        if self._stopped or self._ended or self._cut is not None:
            return
        self._stopped = True
        self._discard(stopped_here(code))
        self._owner.quic.stop_stream(self._id, int(code))
        self._owner.wake_soon()

    def feed(self, data: bytes, *, ended: bool) -> None:
        """Bytes in order, as they come off the wire."""
        self._ended = self._ended or ended
        if self._stopped:
            self._take(len(data))
            return
        self._buffer += data
        self._arrived.set()

    def cut_off(self, code: CloseCode) -> None:
        """The peer abandoned the stream."""
        self._discard(reset_by_peer(code))
        # What never came counts as read, or the connection's window would shrink by it for good.
        missing = self._owner.quic.received_offset(self._id) - self._offset
        if missing > 0:
            self._take(missing)

    def wake(self, *, discard: bool) -> None:
        """The connection has ended."""
        if discard:
            self._buffer.clear()
        self._arrived.set()

    def _discard(self, error: ConnectionLostError) -> None:
        self._cut = error
        unread = len(self._buffer)
        self._buffer.clear()
        self._take(unread)
        self._arrived.set()

    def _take(self, size: int) -> None:
        self._offset += size
        if size and self._owner.quic.consume(self._id, self._offset, size):
            self._owner.wake_soon()
