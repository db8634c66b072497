"""Large files in pieces: collecting those of one that arrives.

What comes in order is hashed as it comes, and the disk writes while more comes: at the end little is left to be read
again or waited for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final, Self

from vaultsync.errors import DiskFullError, UnstableFileError
from vaultsync.model.manifests import Chunk, Manifest, Places
from vaultsync.vault.filesystem import TEMP_DIR, FileSystem, RandomFile
from vaultsync.vault.hashing import StreamHash, hash_bytes
from vaultsync.vault.words import FULL

PART_SUFFIX: Final = ".part"

BLOCK: Final = 1 << 20
_CAUGHT_UP: Final = 4 << 20
"""How many bytes that came before their turn are hashed with a piece whose turn it may be."""
_WRITTEN_BACK: Final = 8 << 20
"""After so many bytes the disk is told to go on."""


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
        self._believed = False
        """Whether something was taken from another file without being held against its hash."""
        self._hasher = StreamHash()
        self._hashed = 0
        """How much of the beginning has been hashed, in bytes."""
        self._turn = 0
        """The index of the chunk that is to be hashed next."""
        self._since_hurried = 0
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

    def lacks(self, hash_: bytes) -> bool:
        """Whether a chunk with this hash belongs to the file and is not here yet."""
        first = self._places.first(hash_)
        return first is not None and bool(self._missing[first])

    def lacks_only_at(self, hash_: bytes) -> int | None:
        """The index of the missing chunk with this hash, if there is exactly one."""
        return self._places.only(hash_) if self.lacks(hash_) else None

    def believe(self, first: int, count: int, data: bytes) -> None:
        """Put chunks that follow each other in their place; `finish` sees whether they are what they should be.

        None of them is anywhere else in the file.
        """
        self._believed = True
        self._write(self._chunks.offset_at(first), data)
        for index in range(first, first + count):
            self._have(index)

    def _write(self, offset: int, data: bytes) -> None:
        with _room_told():
            self._file.write_at(offset, data)
        self._since_hurried += len(data)
        if self._since_hurried >= _WRITTEN_BACK:
            self._since_hurried = 0
            self._file.start_writing_back()
        self._hash(offset, data)

    def _hash(self, offset: int, data: bytes) -> None:
        end = min(offset, self._hashed + _CAUGHT_UP)
        while self._hashed < end and not self._missing[self._turn]:
            # It came before its turn.
            chunk = self._chunks[self._turn]
            self._hash_next(self._file.read_at(self._hashed, chunk.offset + chunk.size - self._hashed))
        if offset == self._hashed:
            self._hash_next(data)

    def _hash_next(self, data: bytes) -> None:
        self._hasher.update(data)
        self._hashed += len(data)
        while self._turn < len(self._chunks) and self._chunks.offset_at(self._turn + 1) <= self._hashed:
            self._turn += 1

    def _put(self, hash_: bytes, data: bytes) -> None:
        if not self.lacks(hash_):
            return
        zeros = _is_zeros(data)
        for index in self._places.all(hash_):
            offset = self._chunks.offset_at(index)
            # A file with holes, as disk images have them, arrives with holes.
            if zeros and self._reads_zeros(offset, len(data)):
                self._hash(offset, data)
            else:
                self._write(offset, data)
            self._have(index)

    def _reads_zeros(self, offset: int, size: int) -> bool:
        # Its first bytes may share a block with the chunk before: no hole, and zeros all the same.
        return self._file.is_hole(offset, size) or _is_zeros(self._file.read_at(offset, size))

    @property
    def unhashed_bytes(self) -> int:
        """How much `finish` has to read again."""
        return self.manifest.size - self._hashed

    def hash_on(self, most: int) -> None:
        """Read up to `most` bytes of what `finish` has to read; nothing is missing any more."""
        end = min(self.manifest.size, self._hashed + most)
        while self._hashed < end and (block := self._file.read_at(self._hashed, min(BLOCK, end - self._hashed))):
            self._hash_next(block)

    def finish(self) -> bool:
        """Check the whole and close it.

        False if something is missing after all: it was taken from another file and is not what it was believed to be.
        `UnstableFileError` if the pieces are right, and do not make the file of that hash; then it is removed.
        """
        assert self.is_whole, "chunks are missing"
        self.hash_on(self.unhashed_bytes)
        if self._hasher.digest() == self.manifest.hash:
            self.close()
            return True
        if self._believed and not self._is_right():
            return False
        self.discard()
        raise UnstableFileError("The pieces of a file do not make the file that was announced.")

    def _is_right(self) -> bool:
        """Look at every piece again; whether each is what its hash says. Else the others are missing."""
        self._believed = False
        self._hasher, self._hashed, self._turn = StreamHash(), 0, 0
        self._missing[:] = b"\1" * len(self._chunks)
        self._unwritten = self.manifest.size
        for index, chunk in enumerate(self._chunks):
            if hash_bytes(self._file.read_at(chunk.offset, chunk.size)) == chunk.hash:
                self._have(index)
        self._places = Places(self._chunks, self._missing)
        return self.is_whole

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
