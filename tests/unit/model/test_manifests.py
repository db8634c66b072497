"""Lists of chunks: packed, and searched by content."""

from __future__ import annotations

import tracemalloc

import pytest

from vaultsync.model.manifests import Chunk, ChunkList, Manifest, Places

A, B, C = b"a" * 32, b"b" * 32, b"c" * 32


def test_chunks_lie_side_by_side() -> None:
    chunks = ChunkList([(A, 10), (B, 1 << 40)])
    chunks.append(A, 5)
    assert list(chunks) == [Chunk(A, 0, 10), Chunk(B, 10, 1 << 40), Chunk(A, 10 + (1 << 40), 5)]
    assert (len(chunks), chunks.covered, chunks[1]) == (3, 15 + (1 << 40), Chunk(B, 10, 1 << 40))
    assert chunks.has_at(1, B)
    assert not chunks.has_at(1, A)
    assert (len(ChunkList()), ChunkList().covered) == (0, 0)


@pytest.mark.parametrize("index", [-1, 1])
def test_there_is_nothing_outside(index: int) -> None:
    with pytest.raises(IndexError):
        ChunkList([(A, 1)])[index]


def test_lists_of_the_same_chunks_are_equal() -> None:
    assert Manifest(A, 3, ChunkList([(B, 3)])) == Manifest(A, 3, ChunkList([(B, 3)]))
    assert ChunkList([(A, 3)]) != ChunkList([(B, 3)])
    assert ChunkList([(A, 3)]) != ChunkList([(A, 4)])
    assert ChunkList() != ()


def test_chunks_of_another_list() -> None:
    other = ChunkList([(A, 10), (B, 20), (C, 30)])
    chunks = ChunkList([(C, 7)])
    chunks.append_from(other, 1, 2)
    assert list(chunks) == [Chunk(C, 0, 7), Chunk(B, 7, 20), Chunk(C, 27, 30)]
    assert chunks.hashes == C + B + C


def test_places_of_a_content() -> None:
    chunks = ChunkList([(A, 1), (B, 1), (A, 1), (C, 1), (A, 1)])
    places = Places(chunks, bytearray(b"\1\1\0\1\1"))
    assert list(places.all(A)) == [0, 4], "the one in the middle is not among them"
    assert (places.first(A), places.first(B), places.first(C), places.first(b"d" * 32)) == (0, 1, 3, None)
    assert list(places.all(b"d" * 32)) == []
    assert (places.only(A), places.only(B), places.only(b"d" * 32)) == (None, 1, None)
    assert Places(ChunkList(), bytearray()).first(A) is None


def test_every_place_is_found_among_many() -> None:
    hashes = [number.to_bytes(32, "big") for number in range(1_000)]
    chunks = ChunkList((hash_, 1) for hash_ in hashes * 2)
    places = Places(chunks, bytearray(b"\1" * 2_000))
    assert [list(places.all(hash_)) for hash_ in hashes] == [[number, number + 1_000] for number in range(1_000)]


def test_memory_for_each_chunk() -> None:
    """A file of 64 GiB has about a million chunks, and both devices have to hold its list."""
    count = 50_000
    tracemalloc.start()
    chunks = ChunkList((number.to_bytes(32, "big"), 65_536) for number in range(count))
    listed, _ = tracemalloc.get_traced_memory()
    places = Places(chunks, bytearray(b"\1") * count)
    searched, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert places.first((7).to_bytes(32, "big")) == 7
    assert listed / count < 46
    assert peak / count < 72
    assert searched / count < 68
