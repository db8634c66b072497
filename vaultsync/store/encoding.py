"""Versions and stat signatures as compact bytes."""

from __future__ import annotations

import struct
from typing import Final

from vaultsync.model.ids import NodeId
from vaultsync.model.records import Signature
from vaultsync.model.versions import Version

_COUNTER: Final = struct.Struct(f">{NodeId.SIZE}sQ")
_SIGNATURE: Final = struct.Struct(">QQqqq")
_LOW: Final = (1 << 64) - 1


def pack_version(version: Version) -> bytes:
    """32 bytes of node id and 8 of counter, big-endian, for each device, in the order of the ids.

    The digest is made over this form: it must never change.
    """
    pack = _COUNTER.pack
    if len(version.counters) == 1:
        device, counter = version.counters[0]
        assert len(device) == NodeId.SIZE
        return pack(device, counter)
    assert all(len(device) == NodeId.SIZE for device, _ in version.counters)
    return b"".join([pack(device, counter) for device, counter in version.counters])


def unpack_version(packed: bytes) -> Version:
    return Version(tuple(_COUNTER.iter_unpack(packed)))


def pack_signature(signature: Signature) -> bytes:
    """40 bytes: the inode in 16 (ReFS has 128-bit file ids), then size, mtime_ns and ctime_ns in 8 each."""
    inode = signature.inode
    return _SIGNATURE.pack(inode >> 64, inode & _LOW, signature.size, signature.mtime_ns, signature.ctime_ns)


def unpack_signature(packed: bytes) -> Signature:
    high, low, size, mtime_ns, ctime_ns = _SIGNATURE.unpack(packed)
    return Signature(high << 64 | low, size, mtime_ns, ctime_ns)
