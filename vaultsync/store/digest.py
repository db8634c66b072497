"""The digest of an index: equal on every device that holds equal records, in whatever order they came.

The digest is the sum, mod 2^256 and big-endian, of one BLAKE3-256 per live record, those that this device blocks or
leaves out included. Tombstones are not in it: devices let go of them at different times. What is hashed is what a
record is, and nothing that differs between devices:

    "vaultsync record 2"  ASCII
    path                  4 bytes length, UTF-8
    kind                  1 byte: 0 file, 1 folder
    hash                  1 byte length, content hash (empty for folders)
    version               for each device in the order of ids: 32 bytes node id, 8 bytes counter

Numbers are big-endian. A sum, unlike XOR, doesn't cancel out a record that is counted twice.
"""

# ruff: noqa: A002 (a content's hash is called a hash, here as everywhere)

from __future__ import annotations

from typing import Final

from blake3 import blake3

from vaultsync.model.records import Kind

DIGEST_BYTES: Final = 32
EMPTY_DIGEST: Final = bytes(DIGEST_BYTES)

_PREFIX: Final = b"vaultsync record 2"
_MODULUS: Final = 1 << (8 * DIGEST_BYTES)


def term(path: str, kind: str, hash: bytes, version: bytes) -> int:
    """One record's part of the sum; `version` as `pack_version` gives it."""
    name = path.encode()
    head = _PREFIX + len(name).to_bytes(4, "big") + name
    encoded = head + bytes((kind == Kind.DIR, len(hash))) + hash + version
    return int.from_bytes(blake3(encoded).digest(), "big")


def moved_digest(digest: bytes, by: int) -> bytes:
    """`digest` after terms that sum to `by` were added (negative: taken away)."""
    return ((int.from_bytes(digest, "big") + by) % _MODULUS).to_bytes(DIGEST_BYTES, "big")
