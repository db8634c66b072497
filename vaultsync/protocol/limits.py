"""The protocol's numbers (docs/protocol.md, "Limits"). Sizes in bytes."""

from __future__ import annotations

from typing import Final

ALPN: Final = "vaultsync/1"
PROTOCOL_VERSION: Final = 1

MAX_CONTROL_FRAME: Final = 256 << 10
"""Everything on the control stream, Hello and Want included."""
MAX_CHANGE_FRAME: Final = 2 << 20
"""A change set: at most 1 MiB of records and inline contents, and room for one that is just over."""
MAX_CONTENT_FRAME: Final = 2 << 20

MAX_RECORDS: Final = 1_000
CHANGE_SET_BYTES: Final = 1 << 20
INLINE_CONTENT: Final = 64 << 10
COMPRESS_ABOVE: Final = 512
CONTENT_BATCH: Final = 1 << 20
MAX_WANTS: Final = 1_000
MAX_MANIFEST_PART: Final = 4_096
MAX_VAULTS: Final = 64
MAX_NAME: Final = 128
"""Characters of a device, host or vault name, of a version of the app and of a capability."""
MAX_ADDRESSES: Final = 16
MAX_CAPABILITIES: Final = 64
MAX_MEMBERS: Final = 128
"""Membership records of one Members: all 64 of a vault, and as many removed ones."""
MAX_MEMBER: Final = 2_000
"""Bytes of one membership record, its signature aside."""
MAX_MEMBER_ADDRESSES: Final = 8
MAX_GENERATION: Final = 1_000
MAX_REASON: Final = 256
"""Characters of the reason in a Bye."""
MAX_POSITION: Final = 2**53
"""Sequences, cursors, sizes and offsets; the integers that every language holds exactly."""

MAX_CONTROL_ITEMS: Final = 1 << 14
MAX_CHANGE_ITEMS: Final = 1 << 18
"""CBOR items of a frame on the change stream: 1 MiB of records whose versions name many devices."""
MAX_CONTENT_ITEMS: Final = 1 << 15
"""CBOR items of a frame on the content stream: 4,096 chunks, and room."""
