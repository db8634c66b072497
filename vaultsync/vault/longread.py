"""Large files, read to their end a slice at a time: other work goes between two slices.

One reading gives both what names the content and the pieces in which it travels. Where to cut is looked for only where
the file is not as it was: the rest is cut as before.
"""

from __future__ import annotations

from typing import Final

from fastcdc import fastcdc

from vaultsync.errors import UnstableFileError
from vaultsync.model.manifests import AVERAGE_CHUNK, MAX_CHUNK, MIN_CHUNK, ChunkList, Manifest, Places
from vaultsync.model.records import Signature
from vaultsync.vault.filesystem import FileSystem
from vaultsync.vault.hashing import StreamHash, hash_bytes

SLICE: Final = 16 << 20
"""Bytes of one slice: some hundredths of a second."""

_WINDOW: Final = 2 << 20
"""Bytes in memory while a file is cut."""


class LongRead:
    """The file at a path, from its beginning on. Nothing stays open between two slices."""

    def __init__(self, path: str, before: ChunkList | None = None) -> None:
        """`before` are the chunks of an earlier version, if they are remembered."""
        self.path = path
        self._before = before or ChunkList()
        self._places: Places | None = None
        self._expected = 0
        """Index in `before` of the chunk that probably comes next."""
        self._signature: Signature | None = None
        self._hasher = StreamHash()
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
        # A cut depends on no more than MAX_CHUNK bytes, and all of them must be in sight.
        while len(window) - used >= MAX_CHUNK or (ended and used < len(window)):
            used += self._cut_one(view[used:])
        self._window = window[used:]

    def _cut_one(self, view: memoryview) -> int:
        """Cut the chunk with which `view` begins; its size in bytes."""
        # The last one was cut by the end of its file.
        if self._expected < len(self._before) - 1:
            size = self._before.size_at(self._expected)
            hash_ = hash_bytes(view[:size])
            if self._before.has_at(self._expected, hash_):
                self._chunks.append(hash_, size)
                self._expected += 1
                return size
        size = int(next(iter(fastcdc(view, MIN_CHUNK, AVERAGE_CHUNK, MAX_CHUNK))).length)
        hash_ = hash_bytes(view[:size])
        self._chunks.append(hash_, size)
        self._expected = self._after(hash_)
        return size

    def _after(self, hash_: bytes) -> int:
        if not self._before:
            return 0
        if self._places is None:
            self._places = Places(self._before, bytearray(b"\1") * len(self._before))
        place = self._places.first(hash_)
        return len(self._before) if place is None else place + 1
