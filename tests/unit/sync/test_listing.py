"""A manifest that comes in parts, and what no honest device would send as one."""

from __future__ import annotations

import pytest

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.ids import VaultId
from vaultsync.model.manifests import MAX_CHUNK, MAX_FILE, MIN_CHUNK, ChunkList, Manifest
from vaultsync.protocol.messages import ManifestPart
from vaultsync.sync.listing import Listing

FILE = b"f" * 32


def part(*sizes: int, size: int, first: int = 0, last: bool = True) -> ManifestPart:
    chunks = tuple((bytes([first + number]) * 32, each) for number, each in enumerate(sizes))
    return ManifestPart(VaultId(b"v" * 16), FILE, size, first, last, chunks)


def test_parts_become_one_manifest_without_gaps() -> None:
    listing, size = Listing(), MIN_CHUNK + MAX_CHUNK + 5
    assert listing.add(part(MIN_CHUNK, size=size, last=False)) is None
    assert listing.add(part(size=size, first=1, last=False)) is None
    assert listing.add(part(MAX_CHUNK, 5, size=size, first=1)) == Manifest(
        FILE,
        size,
        ChunkList([(b"\0" * 32, MIN_CHUNK), (b"\1" * 32, MAX_CHUNK), (b"\2" * 32, 5)]),
    )


def test_the_largest_file_and_the_empty_one() -> None:
    assert Listing().add(part(MIN_CHUNK, size=MAX_FILE, last=False)) is None
    assert Listing().add(part(size=0)) == Manifest(FILE, 0, ChunkList())


TOO_LARGE = (CloseCode.TOO_LARGE, "sent the manifest of a file that is too large to be synced")
UNFIT = (CloseCode.BAD_FIELD, "sent a manifest that does not fit its file")
CHUNK = (CloseCode.BAD_FIELD, "sent a manifest with a chunk of impossible size")
SHORT = (CloseCode.BAD_FIELD, "sent a manifest that does not cover its file")

LIES: dict[str, tuple[tuple[CloseCode, str], list[ManifestPart]]] = {
    "a file that is too large": (TOO_LARGE, [part(size=MAX_FILE + 1, last=False)]),
    "a later part that grows the file": (
        TOO_LARGE,
        [part(MIN_CHUNK, size=100_000, last=False), part(size=MAX_FILE + 1, first=1, last=False)],
    ),
    "a part of another size": (
        UNFIT,
        [part(MIN_CHUNK, size=100_000, last=False), part(MIN_CHUNK, size=100_001, first=1, last=False)],
    ),
    "a beginning that is missing": (UNFIT, [part(MIN_CHUNK, size=MIN_CHUNK, first=1)]),
    "a part twice": (UNFIT, [part(MIN_CHUNK, size=100_000, last=False)] * 2),
    "a chunk that is too large": (CHUNK, [part(MAX_CHUNK + 1, size=MAX_CHUNK + 1)]),
    "a small chunk before the end": (CHUNK, [part(MIN_CHUNK - 1, size=MIN_CHUNK, last=False)]),
    "chunks beyond the file": (CHUNK, [part(MIN_CHUNK, MIN_CHUNK, size=2 * MIN_CHUNK - 1, last=False)]),
    "chunks that end too early": (SHORT, [part(MIN_CHUNK, size=MIN_CHUNK + 1)]),
    "nothing of a file": (SHORT, [part(size=1)]),
}


@pytest.mark.parametrize(("refused", "parts"), LIES.values(), ids=LIES)
def test_lies(refused: tuple[CloseCode, str], parts: list[ManifestPart]) -> None:
    listing = Listing()
    for each in parts[:-1]:
        assert listing.add(each) is None
    with pytest.raises(ProtocolError) as caught:
        listing.add(parts[-1])
    assert (caught.value.code, caught.value.message) == refused
