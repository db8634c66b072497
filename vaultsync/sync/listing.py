"""Putting a manifest together from the parts in which it comes."""

from __future__ import annotations

from vaultsync.errors import CloseCode, ProtocolError
from vaultsync.model.manifests import MAX_CHUNK, MAX_FILE, MIN_CHUNK, ChunkList, Manifest
from vaultsync.protocol.messages import ManifestPart


class Listing:
    """The manifest of one file as far as it has come.

    The size is the one that the parts name, not the record's: that may be somebody else's lie, and the hash of the
    whole tells in the end.
    """

    __slots__ = ("_chunks", "_size")

    def __init__(self) -> None:
        self._chunks = ChunkList()
        self._size: int | None = None

    def add(self, part: ManifestPart) -> Manifest | None:
        """The next part. Returns the manifest when it is complete; `ProtocolError` if it can't be one of its file."""
        if part.size > MAX_FILE:
            raise ProtocolError(CloseCode.TOO_LARGE, "sent the manifest of a file that is too large to be synced")
        if self._size is None:
            self._size = part.size
        if part.first != len(self._chunks) or part.size != self._size:
            raise ProtocolError(CloseCode.BAD_FIELD, "sent a manifest that does not fit its file")
        for hash_, size in part.chunks:
            end = self._chunks.covered + size
            if size > MAX_CHUNK or (size < MIN_CHUNK and end != part.size) or end > part.size:
                raise ProtocolError(CloseCode.BAD_FIELD, "sent a manifest with a chunk of impossible size")
            self._chunks.append(hash_, size)
        if not part.last:
            return None
        if self._chunks.covered != part.size:
            raise ProtocolError(CloseCode.BAD_FIELD, "sent a manifest that does not cover its file")
        return Manifest(part.file, part.size, self._chunks)
