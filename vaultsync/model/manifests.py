"""The list of a large file's chunks."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

CHUNKED_ABOVE: Final = 1 << 20
"""Files of more bytes than this travel as chunks (DESIGN: 1 MiB)."""

MIN_CHUNK: Final = 16 << 10
AVERAGE_CHUNK: Final = 64 << 10
MAX_CHUNK: Final = 256 << 10
"""FastCDC's bounds, in bytes (Xia et al., "FastCDC", USENIX ATC 2016)."""


MAX_FILE: Final = 64 << 30
"""Larger files do not sync: the list of this one's chunks takes 45 MB of memory."""

HASH_SIZE: Final = 32


@dataclass(frozen=True, slots=True)
class Chunk:
    """A content-defined piece of a file."""

    hash: bytes
    """BLAKE3-256 of its bytes."""
    offset: int
    size: int


class ChunkList:
    """The chunks of a file, in order and without gaps: 40 bytes each, where objects would take 200.

    It only ever grows, and no more once it is part of a manifest.
    """

    __slots__ = ("_ends", "_hashes")

    def __init__(self, chunks: Iterable[tuple[bytes, int]] = ()) -> None:
        """`chunks` are `(hash, size in bytes)`."""
        self._hashes = bytearray()
        self._ends = array("Q")
        for hash_, size in chunks:
            self.append(hash_, size)

    def append(self, hash_: bytes, size: int) -> None:
        """One more chunk, of `size` bytes."""
        assert len(hash_) == HASH_SIZE
        self._hashes += hash_
        self._ends.append(self.covered + size)

    def append_from(self, other: ChunkList, first: int, count: int) -> None:
        """The `count` chunks that `other` has from index `first` on."""
        shift = self.covered - other.offset_at(first)
        self._hashes += other._hashes[first * HASH_SIZE : (first + count) * HASH_SIZE]
        self._ends.extend(end + shift for end in other._ends[first : first + count])

    @property
    def hashes(self) -> bytes:
        """All hashes, one after the other; their hash names the list."""
        return bytes(self._hashes)

    @property
    def covered(self) -> int:
        """How many bytes of the file the chunks make."""
        return self._ends[-1] if self._ends else 0

    def has_at(self, index: int, hash_: bytes) -> bool:
        """Whether the chunk at `index` has this hash."""
        return self._hashes.startswith(hash_, index * HASH_SIZE)

    def hash_at(self, index: int) -> bytes:
        """The hash of the chunk at `index`."""
        return bytes(self._hashes[index * HASH_SIZE : (index + 1) * HASH_SIZE])

    def offset_at(self, index: int) -> int:
        """Where in the file the chunk at `index` begins, in bytes."""
        return self._ends[index - 1] if index else 0

    def size_at(self, index: int) -> int:
        """The size of the chunk at `index`, in bytes."""
        return self._ends[index] - self.offset_at(index)

    def __getitem__(self, index: int) -> Chunk:
        """The chunk at `index`, from 0 on."""
        if not 0 <= index < len(self._ends):
            raise IndexError(index)
        return Chunk(self.hash_at(index), self.offset_at(index), self.size_at(index))

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[Chunk]:
        return map(self.__getitem__, range(len(self)))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, ChunkList):
            return NotImplemented
        return self._hashes == other._hashes and self._ends == other._ends

    __hash__ = None  # type: ignore[assignment]


class Places:
    """Where in a list of chunks each content lies: at most 20 bytes for each chunk, where a dict would take 200.

    A table of slots, each with the first place of a content and so of those that follow it. The slot is chosen by
    Python's own hash, whose key is secret: nobody can choose hashes that all fall into one.
    """

    __slots__ = ("_chunks", "_first", "_mask", "_next")

    def __init__(self, chunks: ChunkList, among: bytearray) -> None:
        """Of the chunks at whose index `among` is not 0."""
        self._chunks = chunks
        # At least a third of the slots is empty. A number in either array is an index and 1; 0 is none.
        self._mask = (1 << max(3, (len(chunks) * 3 // 2).bit_length())) - 1
        self._first = array("I", bytes(4 * (self._mask + 1)))
        self._next = array("I", bytes(4 * len(chunks)))
        for index in range(len(chunks) - 1, -1, -1):
            if among[index]:
                slot = self._slot(chunks.hash_at(index))
                self._next[index] = self._first[slot]
                self._first[slot] = index + 1

    def _slot(self, hash_: bytes) -> int:
        slot = hash(hash_) & self._mask
        while (first := self._first[slot]) and not self._chunks.has_at(first - 1, hash_):
            slot = (slot + 1) & self._mask
        return slot

    def first(self, hash_: bytes) -> int | None:
        """The index of the first chunk that has this hash; None if none has."""
        place = self._first[self._slot(hash_)]
        return place - 1 if place else None

    def only(self, hash_: bytes) -> int | None:
        """The index of the chunk that has this hash; None if none has, or several have."""
        place = self._first[self._slot(hash_)]
        return place - 1 if place and not self._next[place - 1] else None

    def all(self, hash_: bytes) -> Iterator[int]:
        """The indices of all chunks that have this hash, in order."""
        place = self._first[self._slot(hash_)]
        while place:
            yield place - 1
            place = self._next[place - 1]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A file's chunks, in order and without gaps."""

    hash: bytes
    """BLAKE3-256 of the whole file."""
    size: int
    chunks: ChunkList
