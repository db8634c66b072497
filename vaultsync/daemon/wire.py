"""Messages over streams: framing and codec joined to the transport, with the time that a peer has for a first word."""

from __future__ import annotations

from collections import deque

from vaultsync.protocol.codec import decode, encode
from vaultsync.protocol.framing import FrameReader, StreamKind, frame
from vaultsync.protocol.messages import Message
from vaultsync.transport.base import ReceiveStream, SendStream

READ_SIZE = 256 << 10


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
        return decode(self._bodies.popleft(), self._kind)


class MessageWriter:
    """Messages onto one stream."""

    def __init__(self, stream: SendStream) -> None:
        self._stream = stream

    async def write(self, message: Message) -> None:
        """Send; waits while the peer or the network is slower than we are."""
        await self._stream.write(frame(encode(message)))
