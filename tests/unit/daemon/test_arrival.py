"""Contents are checked, and packed for history, before the vault's thread sees them."""

from __future__ import annotations

import pytest
import zstandard

from vaultsync.daemon.replica.arrival import PACKED_UP_TO, check_in
from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.ids import VaultId
from vaultsync.protocol.messages import Contents
from vaultsync.vault.hashing import hash_bytes

VAULT = VaultId(b"v" * 16)


def contents(*items: bytes) -> Contents:
    return Contents(VAULT, {hash_bytes(item): item for item in items}, (b"m" * 32,))


@pytest.mark.parametrize("count", [1, 2, 40])
def test_what_came_is_packed_as_history_keeps_it(count: int) -> None:
    items = [f"note {n}\n".encode() * (n + 1) for n in range(count)]

    arrival = check_in(contents(*items))

    assert [content.data for content in arrival.contents.values()] == items
    for hash_, content in arrival.contents.items():
        assert content.packed is not None
        assert hash_bytes(zstandard.ZstdDecompressor().decompress(content.packed)) == hash_
    assert (arrival.vault, arrival.missing) == (VAULT, (b"m" * 32,))


def test_what_is_no_note_is_not_packed() -> None:
    large, empty = bytes(PACKED_UP_TO + 1), b""
    arrival = check_in(contents(large, empty, b"note"))
    assert [content.packed is None for content in arrival.contents.values()] == [True, True, False]


def test_another_content_than_was_asked_for_is_refused() -> None:
    lie = Contents(VAULT, {hash_bytes(b"true"): b"true", hash_bytes(b"asked"): b"given"})
    with pytest.raises(ProtocolError) as caught:
        check_in(lie)
    assert caught.value.code is CloseCode.BAD_FIELD
