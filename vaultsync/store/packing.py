"""Zstandard frames: compressed, or stored as they are where compressing would only cost time (RFC 8878)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, Final

import zstandard

LEVEL: Final = 1
"""Notes halve: 10,000 of them take 2 % more room than at zstd's own default, 3, and 30 % less time."""

STORED_BLOCK: Final = 128 << 10
"""The largest block that the format allows, and the window that the frame asks a reader for."""

BEGINNING: Final = 256 << 10
"""Of so many bytes a content's beginning is tried."""

_MANY: Final = 4
_WORTH: Final = 0.95
"""Share of its size that the beginning of a content must shrink to."""
_STORED_HEADER: Final = bytes.fromhex("28b52ffd") + bytes([0xC0, (17 - 10) << 3])
"""Magic number; descriptor: content size in 8 bytes, no checksum; window of 2^17 bytes."""


class Packer:
    """Packs whole contents, one after another. Not for two threads at once."""

    def __init__(self) -> None:
        self._compressor = zstandard.ZstdCompressor(level=LEVEL)

    def pack(self, contents: Sequence[bytes]) -> list[bytes]:
        """For each one frame, with its size in the header.

        Many are packed in one call, which hands Python's lock to other threads once, and not once for each.
        """
        if len(contents) < _MANY:
            return [self._compressor.compress(content) for content in contents]
        frames = self._compressor.multi_compress_to_buffer(list(contents))
        return [frames[place].tobytes() for place in range(len(frames))]


def looks_compressible(beginning: bytes) -> bool:
    """Pictures, sound and archives are not; trying them takes longer than writing them."""
    return len(zstandard.ZstdCompressor(level=1).compress(beginning)) <= len(beginning) * _WORTH


class StoredWriter:
    """Writes a frame that holds `size` bytes as they are."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._left = size
        file.write(_STORED_HEADER + size.to_bytes(8, "little"))

    def write(self, data: bytes) -> None:
        """Append `data`; all together must be `size` bytes."""
        for start in range(0, len(data), STORED_BLOCK):
            block = data[start : start + STORED_BLOCK]
            self._left -= len(block)
            # Bit 0: the last block; bits 1 and 2: raw; then the size.
            self._file.write((len(block) << 3 | (self._left == 0)).to_bytes(3, "little"))
            self._file.write(block)
