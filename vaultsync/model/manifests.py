"""The list of a large file's chunks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

CHUNKED_ABOVE: Final = 1 << 20
"""Files of more bytes than this travel as chunks (DESIGN: 1 MiB)."""

MIN_CHUNK: Final = 16 << 10
AVERAGE_CHUNK: Final = 64 << 10
MAX_CHUNK: Final = 256 << 10
"""FastCDC's bounds, in bytes (Xia et al., "FastCDC", USENIX ATC 2016)."""


MAX_FILE: Final = 64 << 30
"""Larger files do not sync: the list of such a file's chunks would not fit into the memory of small devices."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A content-defined piece of a file."""

    hash: bytes
    """BLAKE3-256 of its bytes."""
    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file's chunks, in order and without gaps."""

    hash: bytes
    """BLAKE3-256 of the whole file."""
    size: int
    chunks: tuple[Chunk, ...]
