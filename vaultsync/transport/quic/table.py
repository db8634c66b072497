"""The streams of one connection: which are open, which wait to be accepted, and what aioquic reports of them."""

from __future__ import annotations

import asyncio
from collections import deque

from aioquic.quic import events

from vaultsync.transport.quic.closing import close_code
from vaultsync.transport.quic.streams import QuicReceiveStream, QuicSendStream, StreamOwner

Accepted = tuple[QuicSendStream | None, QuicReceiveStream]


class StreamTable:
    """Knows every half that may still hear something."""

    def __init__(self, owner: StreamOwner) -> None:
        self._owner = owner
        self._sending: dict[int, QuicSendStream] = {}
        self._receiving: dict[int, QuicReceiveStream] = {}
        self._incoming: deque[Accepted] = deque()
        self._opened = asyncio.Event()

    @property
    def unread(self) -> int:
        """Received bytes that no reader has taken yet."""
        return sum(stream.buffered for stream in self._receiving.values())

    def open(self) -> tuple[QuicSendStream, QuicReceiveStream]:
        """A new bidirectional stream."""
        stream_id = self._take_id(unidirectional=False)
        receiving = self._receiving[stream_id] = QuicReceiveStream(self._owner, stream_id)
        return self._add_sending(stream_id), receiving

    def open_sending(self) -> QuicSendStream:
        """A new unidirectional stream."""
        return self._add_sending(self._take_id(unidirectional=True))

    async def accept(self) -> Accepted:
        """The next stream that the peer opened."""
        while not self._incoming:
            self._owner.check_open()
            self._opened.clear()
            await self._opened.wait()
        stream = self._incoming.popleft()
        self._owner.quic.accept_stream(unidirectional=stream[0] is None)
        self._owner.wake_soon()
        return stream

    def forget_sending(self, stream_id: int) -> None:
        """The half is finished or abandoned."""
        self._sending.pop(stream_id, None)

    def take(self, event: events.QuicEvent) -> None:
        """Hand an event to the stream that it is about; those about no stream are ignored."""
        if isinstance(event, events.StreamDataReceived):
            self._receiver(event.stream_id).feed(event.data, ended=event.end_stream)
            if event.end_stream:
                del self._receiving[event.stream_id]
        elif isinstance(event, events.StreamReset):
            self._receiver(event.stream_id).cut_off(close_code(event.error_code))
            del self._receiving[event.stream_id]
        elif isinstance(event, events.StopSendingReceived) and event.stream_id in self._sending:
            self._sending[event.stream_id].stopped(close_code(event.error_code))

    def wake_writers(self) -> None:
        """Something was acknowledged or allowed: let the writers that wait look again."""
        for stream in list(self._sending.values()):
            if stream.waiting:
                stream.wake()

    def end(self, *, discard: bool) -> None:
        """The connection has ended; `discard` what nobody has read or accepted yet."""
        for receiving in self._receiving.values():
            receiving.wake(discard=discard)
        for sending in self._sending.values():
            sending.wake()
        self._receiving.clear()
        self._sending.clear()
        if discard:
            self._incoming.clear()
        self._opened.set()

    def _take_id(self, *, unidirectional: bool) -> int:
        stream_id = self._owner.quic.get_next_available_stream_id(is_unidirectional=unidirectional)
        # Writing nothing makes aioquic take the id; the peer learns of it with the first byte.
        self._owner.quic.send_stream_data(stream_id, b"")
        return stream_id

    def _add_sending(self, stream_id: int) -> QuicSendStream:
        stream = self._sending[stream_id] = QuicSendStream(self._owner, stream_id)
        return stream

    def _receiver(self, stream_id: int) -> QuicReceiveStream:
        stream = self._receiving.get(stream_id)
        if stream is None:
            stream = self._receiving[stream_id] = QuicReceiveStream(self._owner, stream_id)
            # Bit 1 of a stream id says unidirectional (RFC 9000 §2.1).
            sending = None if stream_id & 2 else self._add_sending(stream_id)
            self._incoming.append((sending, stream))
            self._opened.set()
        return stream
