"""Messages over streams: framing and codec joined to the transport, with the time that a peer has for a first word."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from vaultsync.protocol.codec import decode, encode
from vaultsync.protocol.framing import FrameReader, StreamKind, frame
from vaultsync.protocol.messages import ChangeSet, Chunks, Contents, Message
from vaultsync.transport.base import ReceiveStream, SendStream

READ_SIZE: Final = 256 << 10
LARGE: Final = 16 << 10
"""Bytes, as they travel, from which on a message is packed and unpacked in a thread, so that the event loop turns
meanwhile: a change set of 1,000 records takes 20 ms."""
MANY: Final = 100
"""The same for records of a change set."""


class MessageReader:
    """Messages off one stream."""

    def __init__(self, stream: ReceiveStream, kind: StreamKind) -> None:
        self._stream = stream
        self._kind = kind
        self._frames = FrameReader(kind)
        self._bodies: deque[bytes] = deque()

    async def read(self) -> Message | None:
        """The next message, or None at the stream's end.

        Raises `ProtocolError` for anything that is not a message of this stream's kind, `ConnectionLostError`.
        """
        while not self._bodies:
            data = await self._stream.read(READ_SIZE)
            if not data:
                self._frames.finish()
                return None
            self._bodies.extend(self._frames.feed(data))
        body = self._bodies.popleft()
        if len(body) > LARGE:
            return await asyncio.to_thread(decode, body, self._kind)
        return decode(body, self._kind)


class MessageWriter:
    """Messages onto one stream."""

    def __init__(self, stream: SendStream) -> None:
        self._stream = stream

    async def write(self, message: Message) -> None:
        """Send; waits while the peer or the network is slower than we are."""
        body = await asyncio.to_thread(encode, message) if is_large(message) else encode(message)
        await self._stream.write(frame(body))


def is_large(message: Message) -> bool:
    """Whether packing, unpacking or checking it takes so long that a thread should."""
    match message:
        case Contents():
            return sum(map(len, message.contents.values())) > LARGE
        case Chunks():
            return True
        case ChangeSet():
            return len(message.records) > MANY or sum(map(len, message.contents.values())) > LARGE
        case _:
            return False
