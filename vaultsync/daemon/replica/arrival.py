"""Contents as they come off the wire: checked and packed for history before they reach the vault's own thread.

A first sync waits for that thread. What needs nothing of the vault's state is done elsewhere, while it is busy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.ids import VaultId
from vaultsync.protocol.messages import Contents
from vaultsync.store.packing import Packer
from vaultsync.vault.hashing import hash_bytes

PACKED_UP_TO: Final = 256 << 10
"""Contents of more bytes than this are seldom notes, and history keeps notes only."""


@dataclass(frozen=True, slots=True)
class Content:
    """A content in hand, with the hash under which it is kept."""

    data: bytes
    packed: bytes | None = None
    """As history keeps it, if that is known."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message of contents in which each is what its hash says."""

    vault: VaultId
    contents: Mapping[bytes, Content]
    missing: tuple[bytes, ...]
    """What was asked for and the peer does not have."""


def check_in(message: Contents) -> Arrival:
    """Check what came, in whatever thread. `ProtocolError` if a content is not what its hash says."""
    for hash_, data in message.contents.items():
        if hash_bytes(data) != hash_:
            raise ProtocolError(CloseCode.BAD_FIELD, "sent a content that does not have the hash that was asked for")
    small = {hash_: data for hash_, data in message.contents.items() if 0 < len(data) <= PACKED_UP_TO}
    packed = dict(zip(small, Packer().pack(list(small.values())), strict=True))
    contents = {hash_: Content(data, packed.get(hash_)) for hash_, data in message.contents.items()}
    return Arrival(message.vault, contents, message.missing)
