"""Where one message ends and the next begins, and which stream is which (docs/protocol.md, "Framing")."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.protocol.limits import (
    MAX_CHANGE_FRAME,
    MAX_CHANGE_ITEMS,
    MAX_CONTENT_FRAME,
    MAX_CONTENT_ITEMS,
    MAX_CONTROL_FRAME,
    MAX_CONTROL_ITEMS,
)

LENGTH_SIZE: Final = 4
"""Bytes of a frame's length, big-endian; the length does not count itself."""


class StreamKind(StrEnum):
    """What a stream carries; each kind has its own messages and its own limits."""

    CONTROL = "control"
    """The one bidirectional stream, opened by the dialer. It has no preamble."""
    CHANGES = "changes"
    """Unidirectional, one in each direction: change sets."""
    CONTENT = "content"
    """Unidirectional, one in each direction: answers to wants."""

    @classmethod
    def of_preamble(cls, first: bytes) -> StreamKind:
        """The kind that a unidirectional stream's first byte names; `ProtocolError` (UNEXPECTED) for no known one."""
        for kind, preamble in _PREAMBLES.items():
            if first == preamble:
                return kind
        raise ProtocolError(
            CloseCode.UNEXPECTED, f"A stream begins with {first.hex() or 'nothing'}, which names no kind."
        )

    @property
    def preamble(self) -> bytes:
        """What a sender writes once, before the first frame; empty on the control stream."""
        return _PREAMBLES.get(self, b"")

    @property
    def max_frame(self) -> int:
        """Bytes of the longest frame body, and of the longest body that a compressed one may hold."""
        return _MAX_FRAME[self]

    @property
    def max_items(self) -> int:
        """CBOR items in one body, which bounds the memory that decoding it takes."""
        return _MAX_ITEMS[self]


_PREAMBLES: Final = {StreamKind.CHANGES: b"\x01", StreamKind.CONTENT: b"\x02"}
_MAX_FRAME: Final = {
    StreamKind.CONTROL: MAX_CONTROL_FRAME,
    StreamKind.CHANGES: MAX_CHANGE_FRAME,
    StreamKind.CONTENT: MAX_CONTENT_FRAME,
}
_MAX_ITEMS: Final = {
    StreamKind.CONTROL: MAX_CONTROL_ITEMS,
    StreamKind.CHANGES: MAX_CHANGE_ITEMS,
    StreamKind.CONTENT: MAX_CONTENT_ITEMS,
}


def frame(body: bytes) -> bytes:
    """`body` with its length before it, as it is written to a stream."""
    return len(body).to_bytes(LENGTH_SIZE, "big") + body


class FrameReader:
    """Cuts what arrives on one stream into frame bodies, whatever the pieces it arrives in.

    It holds at most one unfinished frame; a length over the stream's limit is refused before anything of that
    frame is kept.
    """

    __slots__ = ("_buffer", "_kind")

    def __init__(self, kind: StreamKind) -> None:
        self._kind = kind
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[bytes]:
        """The bodies that `data` completes, in order. Raises `ProtocolError` (TOO_LARGE, MALFORMED)."""
        buffer = self._buffer
        buffer += data
        bodies: list[bytes] = []
        position = 0
        while len(buffer) - position >= LENGTH_SIZE:
            start = position + LENGTH_SIZE
            end = start + self._checked_length(buffer[position:start])
            if end > len(buffer):
                break
            bodies.append(bytes(buffer[start:end]))
            position = end
        del buffer[:position]
        return bodies

    def finish(self) -> None:
        """Tell that the stream has ended; `ProtocolError` (MALFORMED) if it did so inside a frame."""
        if self._buffer:
            raise ProtocolError(CloseCode.MALFORMED, f"The {self._kind} stream ends in the middle of a frame.")

    def _checked_length(self, head: bytearray) -> int:
        length = int.from_bytes(head, "big")
        if length > self._kind.max_frame:
            raise ProtocolError(
                CloseCode.TOO_LARGE,
                f"A frame on the {self._kind} stream has {length} bytes; the limit is {self._kind.max_frame}.",
            )
        if length == 0:
            raise ProtocolError(CloseCode.MALFORMED, f"A frame on the {self._kind} stream is empty.")
        return length
