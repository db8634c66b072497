"""A manifest that comes as the difference to one that is here."""

from __future__ import annotations

import pytest

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.ids import VaultId
from vaultsync.model.manifests import MIN_CHUNK, ChunkList, Manifest
from vaultsync.protocol.messages import ManifestPart
from vaultsync.sync.listing import Listing

A, B, C, X = b"a" * 32, b"b" * 32, b"c" * 32, b"x" * 32
BASE = ChunkList([(A, MIN_CHUNK), (B, MIN_CHUNK + 1), (C, 5)])


def part(*chunks: tuple[bytes | int, int], size: int, first: int = 0, last: bool = True) -> ManifestPart:
    return ManifestPart(VaultId(b"v" * 16), b"f" * 32, size, first, last, chunks)


def test_stretches_of_the_base_take_the_place_of_chunks() -> None:
    listing, size = Listing(BASE), 3 * MIN_CHUNK + 6
    assert listing.add(part((0, 1), (X, MIN_CHUNK), size=size, last=False)) is None
    assert listing.add(part((1, 2), size=size, first=2)) == Manifest(
        b"f" * 32, size, ChunkList([(A, MIN_CHUNK), (X, MIN_CHUNK), (B, MIN_CHUNK + 1), (C, 5)])
    )


@pytest.mark.parametrize(
    ("base", "lie"),
    [
        (None, part((0, 1), size=MIN_CHUNK)),
        (BASE, part((3, 1), size=MIN_CHUNK)),
        (BASE, part((1, 3), size=2 * MIN_CHUNK)),
        (BASE, part((2**53, 2**53), size=MIN_CHUNK)),
        (BASE, part((0, 2), size=2 * MIN_CHUNK)),
        (BASE, part((2, 1), (X, MIN_CHUNK), size=MIN_CHUNK + 5)),
        (BASE, part((0, 2), size=3 * MIN_CHUNK)),
    ],
    ids=[
        "no base",
        "beyond the base",
        "over the end of the base",
        "far beyond",
        "more than the file",
        "a small chunk before the end",
        "chunks that end too early",
    ],
)
def test_lies(base: ChunkList | None, lie: ManifestPart) -> None:
    with pytest.raises(ProtocolError) as caught:
        Listing(base).add(lie)
    assert caught.value.code is CloseCode.BAD_FIELD
