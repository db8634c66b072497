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

    __slots__ = ("_base", "_chunks", "_size")

    def __init__(self, base: ChunkList | None = None) -> None:
        """`base` is the list that was named when the manifest was asked for."""
        self._base = base or ChunkList()
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
        for what, count in part.chunks:
            if isinstance(what, int):
                self._copy(what, count, part.size)
            else:
                self._check(count, self._chunks.covered + count, part.size)
                self._chunks.append(what, count)
        if not part.last:
            return None
        if self._chunks.covered != part.size:
            raise ProtocolError(CloseCode.BAD_FIELD, "sent a manifest that does not cover its file")
        return Manifest(part.file, part.size, self._chunks)

    def _copy(self, first: int, count: int, whole: int) -> None:
        """So many chunks as in the base."""
        if first + count > len(self._base):
            raise ProtocolError(CloseCode.BAD_FIELD, "sent a manifest with chunks that its base does not have")
        last = first + count - 1
        end = self._chunks.covered + self._base.offset_at(last) + self._base.size_at(last) - self._base.offset_at(first)
        # All but the last chunk of a base are large enough.
        self._check(self._base.size_at(last), end, whole)
        self._chunks.append_from(self._base, first, count)

    @staticmethod
    def _check(size: int, end: int, whole: int) -> None:
        if size > MAX_CHUNK or (size < MIN_CHUNK and end != whole) or end > whole:
            raise ProtocolError(CloseCode.BAD_FIELD, "sent a manifest with a chunk of impossible size")
