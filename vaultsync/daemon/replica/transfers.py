"""A large file on its way here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from vaultsync.model.manifests import Chunk
from vaultsync.sync.listing import Listing
from vaultsync.sync.wants import Wanted
from vaultsync.vault.chunks import PartialFile
from vaultsync.vault.filling import Filling

PIECES_WINDOW: Final = 4 << 20
"""How many bytes of pieces of one file are asked for and not yet here."""


@dataclass(slots=True)
class Transfer:
    """One large file that is being fetched from one peer."""

    want: Wanted
    peer: bytes
    listing: Listing = field(default_factory=Listing)
    """The manifest as far as it has come."""
    partial: PartialFile | None = None
    """There once the manifest is complete."""
    filling: list[Filling] = field(default_factory=list)
    """Files here from which pieces are still taken."""
    todo: Iterator[Chunk] = field(default_factory=lambda: iter(()))
    """Pieces to ask for next."""
    asked: dict[int, Chunk] = field(default_factory=dict)
    """Pieces asked for, by offset."""

    @property
    def asked_bytes(self) -> int:
        return sum(chunk.size for chunk in self.asked.values())
