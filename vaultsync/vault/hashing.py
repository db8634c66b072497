"""The hash that names contents: BLAKE3-256."""

from __future__ import annotations

from blake3 import blake3


def hash_bytes(data: bytes | memoryview) -> bytes:
    """BLAKE3-256 of `data`, 32 bytes."""
    return blake3(data).digest()
