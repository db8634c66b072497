"""Large files in pieces: collecting those of one that arrives."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

from blake3 import blake3

from vaultsync.errors import DiskFullError, UnstableFileError
from vaultsync.model.manifests import Chunk, Manifest, Places
from vaultsync.vault.filesystem import TEMP_DIR, FileSystem, RandomFile
from vaultsync.vault.hashing import hash_bytes
from vaultsync.vault.words import FULL

PART_SUFFIX: Final = ".part"

_BLOCK: Final = 1 << 20


@contextmanager
def _room_told() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno in FULL:
            raise DiskFullError("There is no room for what is arriving.") from error
        raise


class PartialFile:
    """A file in `.vaultsync/tmp` that is put together from chunks, in any order, across restarts."""

    def __init__(self, fs: FileSystem, manifest: Manifest) -> None:
        """Opens what an earlier run has left, checking it, or makes a new one. `DiskFullError`, `OSError`."""
        self.manifest = manifest
        self.path = part_path(manifest.hash)
        self._fs = fs
        self._chunks = manifest.chunks
        self._missing = bytearray(b"\1") * len(self._chunks)
        """For each chunk whether it is not here yet."""
        self._unwritten = manifest.size
        self._file = self._open()
        self._places = Places(self._chunks, self._missing)
        """Of the missing chunks. Those of one content become present together."""

    def _open(self) -> RandomFile:
        there = self._fs.stat(self.path)
        if there is not None and there.signature.size == self.manifest.size:
            file = self._fs.open_random(self.path)
            for index, chunk in enumerate(self._chunks):
                if file.is_hole(chunk.offset, chunk.size):
                    continue
                if hash_bytes(file.read_at(chunk.offset, chunk.size)) == chunk.hash:
                    self._have(index)
            return file
        if there is not None:
            self._fs.remove(self.path)
        with _room_told():
            if self._fs.stat(TEMP_DIR) is None:
                self._fs.mkdir(TEMP_DIR)
            return self._fs.open_random(self.path, create_size=self.manifest.size)

    def _have(self, index: int) -> None:
        self._missing[index] = 0
        self._unwritten -= self._chunks.size_at(index)

    def missing(self) -> Iterator[Chunk]:
        """The chunks that are still wanted, in order of offset, each content once; what comes meanwhile is left out."""
        for index in range(len(self._chunks)):
            if self._missing[index] and self._places.first(self._chunks.hash_at(index)) == index:
                yield self._chunks[index]

    @property
    def is_whole(self) -> bool:
        """Whether nothing is missing."""
        return not self._unwritten

    @property
    def unwritten_bytes(self) -> int:
        """How much room it still takes, in bytes: a content that occurs twice comes once and is written twice."""
        return self._unwritten

    def write(self, chunk: Chunk, data: bytes) -> None:
        """Put a chunk in its place, and wherever else the file has the same. `ValueError` if `data` is another."""
        if hash_bytes(data) != chunk.hash:
            raise ValueError(f"chunk at {chunk.offset} has another hash than announced")
        self._put(chunk.hash, data)

    def _lacks(self, hash_: bytes) -> bool:
        first = self._places.first(hash_)
        return first is not None and bool(self._missing[first])

    def _put(self, hash_: bytes, data: bytes) -> None:
        if not self._lacks(hash_):
            return
        zeros = _is_zeros(data)
        for index in self._places.all(hash_):
            offset = self._chunks.offset_at(index)
            # A file with holes, as disk images have them, arrives with holes.
            if not (zeros and self._reads_zeros(offset, len(data))):
                with _room_told():
                    self._file.write_at(offset, data)
            self._have(index)

    def _reads_zeros(self, offset: int, size: int) -> bool:
        # Its first bytes may share a block with the chunk before: no hole, and zeros all the same.
        return self._file.is_hole(offset, size) or _is_zeros(self._file.read_at(offset, size))

    def fill_from(self, fs: FileSystem, path: str, manifest: Manifest) -> int:
        """Take what is missing from a file of the vault with this manifest; the number of bytes taken.

        What is not what the manifest says is passed over. `OSError` if the file can't be read.
        """
        chunks = manifest.chunks
        if not any(self._lacks(chunks.hash_at(index)) for index in range(len(chunks))):
            return 0
        before = self._unwritten
        with fs.open_read(path) as source:
            for chunk in chunks:
                if not self._lacks(chunk.hash):
                    continue
                data = source.read_at(chunk.offset, chunk.size)
                if hash_bytes(data) == chunk.hash:
                    self._put(chunk.hash, data)
        return before - self._unwritten

    def finish(self) -> None:
        """Check the whole and close it. `UnstableFileError` if it is not what its hash says; then it is removed."""
        assert self.is_whole, "chunks are missing"
        hasher = blake3()
        offset = 0
        while block := self._file.read_at(offset, _BLOCK):
            hasher.update(block)
            offset += len(block)
        self.close()
        if hasher.digest() != self.manifest.hash:
            self.discard()
            raise UnstableFileError("The pieces of a file do not make the file that was announced.")

    def close(self) -> None:
        """Leave it for later."""
        self._file.close()

    def discard(self) -> None:
        """Give it up."""
        self.close()
        with suppress(FileNotFoundError):
            self._fs.remove(self.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _is_zeros(data: bytes) -> bool:
    return not data.strip(b"\0")


def part_path(file_hash: bytes) -> str:
    """Where the partial file for a content lies."""
    return f"{TEMP_DIR}/{file_hash.hex()}{PART_SUFFIX}"
