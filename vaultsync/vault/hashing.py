"""The hash that names contents: BLAKE3-256."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

from blake3 import blake3

_BESIDE_FROM: Final = 256 << 10
"""Bytes that are worth handing to another thread."""

_threads: Final = ThreadPoolExecutor(2, thread_name_prefix="hash")


def hash_bytes(data: bytes | memoryview) -> bytes:
    """BLAKE3-256 of `data`, 32 bytes."""
    return blake3(data).digest()


class StreamHash:
    """BLAKE3-256 of what comes piece by piece; one piece is hashed beside what else is done with it and the next."""

    __slots__ = ("_hasher", "_pending")

    def __init__(self) -> None:
        self._hasher = blake3()
        self._pending: Future[object] | None = None

    def update(self, data: bytes) -> None:
        """Append `data`, which nobody changes any more."""
        self._wait()
        if len(data) < _BESIDE_FROM:
            self._hasher.update(data)
        else:
            self._pending = _threads.submit(self._hasher.update, data)

    def digest(self) -> bytes:
        """Of all that has come, 32 bytes."""
        self._wait()
        return self._hasher.digest()

    def _wait(self) -> None:
        if self._pending is not None:
            self._pending.result()
            self._pending = None
