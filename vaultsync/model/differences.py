"""A manifest told as a difference: which stretches of it are as in another one, which the receiver has."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from vaultsync.model.manifests import ChunkList, Places

Told = tuple[bytes | int, int]
"""A chunk's `(hash, size in bytes)`, or `(index in the base, count)` for so many chunks that are as there."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Chunks that a list and its base have in the same order."""

    first: int
    """Index of the first of them in the list."""
    base: int
    """Its index in the base."""
    count: int


def stretches(chunks: ChunkList, base: ChunkList) -> list[Stretch]:
    """What of `chunks` is as in `base`, in order and without overlap."""
    places = Places(base, bytearray(b"\1") * len(base))
    found: list[Stretch] = []
    index = 0
    while index < len(chunks):
        start = places.first(chunks.hash_at(index))
        count = 0 if start is None else _alike(chunks, index, base, start)
        if start is not None:
            found.append(Stretch(index, start, count))
        index += count or 1
    return found


def _alike(chunks: ChunkList, index: int, base: ChunkList, start: int) -> int:
    count = 1
    most = min(len(chunks) - index, len(base) - start)
    while count < most and chunks.has_at(index + count, base.hash_at(start + count)):
        count += 1
    return count


def tell(chunks: ChunkList, shared: Sequence[Stretch], first: int, most: int) -> tuple[list[Told], int]:
    """What tells the chunks from index `first` on, at most `most` of it, and the index that is next.

    `first` is 0 or where an earlier part has ended; `shared` is empty if there is no base.
    """
    told: list[Told] = []
    upcoming = bisect_left(shared, first, key=lambda stretch: stretch.first)
    while first < len(chunks) and len(told) < most:
        if upcoming < len(shared) and shared[upcoming].first == first:
            told.append((shared[upcoming].base, shared[upcoming].count))
            first += shared[upcoming].count
            upcoming += 1
        else:
            told.append((chunks.hash_at(first), chunks.size_at(first)))
            first += 1
    return told, first
