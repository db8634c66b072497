"""Large files, read to their end a slice at a time: other work goes between two slices.

One reading gives both what names the content and the pieces in which it travels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from blake3 import blake3
from fastcdc import fastcdc

from vaultsync.errors import UnstableFileError
from vaultsync.model.manifests import AVERAGE_CHUNK, MAX_CHUNK, MIN_CHUNK, ChunkList, Manifest
from vaultsync.model.records import Signature
from vaultsync.vault.filesystem import FileSystem
from vaultsync.vault.hashing import hash_bytes

SLICE: Final = 16 << 20
"""Bytes of one slice: some hundredths of a second."""

_WINDOW: Final = 2 << 20
"""Bytes in memory while a file is cut."""


class LongRead:
    """The file at a path, from its beginning on. Nothing stays open between two slices."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._signature: Signature | None = None
        self._hasher = blake3()
        self._chunks = ChunkList()
        self._offset = 0
        self._window = b""

    def go_on(self, fs: FileSystem, most: int) -> tuple[Manifest, Signature] | None:
        """Read up to `most` bytes more, in constant memory; when that was the end, what there was to read.

        Raises `UnstableFileError` if somebody wrote to it since the beginning; `OSError`. Then it is of no more use.
        """
        # Not mapped into memory: a file that is truncated meanwhile would end the process.
        with fs.open_read(self.path) as file:
            before = file.signature()
            if before != (self._signature or before):
                raise UnstableFileError(f"{self.path} is being written.")
            self._signature = before
            end = min(before.size, self._offset + most)
            # No further than it was long: a log may grow as fast as it is read.
            while self._offset < end:
                block = file.read_at(self._offset, min(_WINDOW - len(self._window), end - self._offset))
                if not block:
                    break
                self._hasher.update(block)
                self._offset += len(block)
                self._cut(self._window + block, ended=self._offset == before.size)
            if file.signature() != before or self._offset < end:
                raise UnstableFileError(f"{self.path} is being written.")
        if end < before.size:
            return None
        return Manifest(self._hasher.digest(), self._chunks.covered, self._chunks), before

    def _cut(self, window: bytes, *, ended: bool) -> None:
        view = memoryview(window)
        used = 0
        for length in _lengths(view):
            # A cut depends on no more than MAX_CHUNK bytes, and all of them must be in sight.
            if not ended and len(window) - used < MAX_CHUNK:
                break
            self._chunks.append(hash_bytes(view[used : used + length]), length)
            used += length
        self._window = window[used:]


def _lengths(view: memoryview) -> Iterator[int]:
    if view:
        for piece in fastcdc(view, MIN_CHUNK, AVERAGE_CHUNK, MAX_CHUNK):
            yield piece.length
