"""What a large file that arrives has in common with one that is here is taken from that, a slice at a time."""

from __future__ import annotations

from vaultsync.model.manifests import Manifest, Places
from vaultsync.model.records import Signature
from vaultsync.vault.chunks import BLOCK, PartialFile
from vaultsync.vault.filesystem import FileSystem
from vaultsync.vault.hashing import hash_bytes


class Filling:
    """A file of the vault, with its manifest, from its beginning on. Nothing stays open between two slices."""

    def __init__(self, path: str, manifest: Manifest) -> None:
        self.path = path
        self._chunks = manifest.chunks
        self._places: Places | None = None
        self._signature: Signature | None = None
        self._next = 0

    def promises(self, hash_: bytes) -> bool:
        """Whether its manifest has a chunk with this hash."""
        if self._places is None:
            self._places = Places(self._chunks, bytearray(b"\1") * len(self._chunks))
        return self._places.first(hash_) is not None

    def go_on(self, fs: FileSystem, partial: PartialFile, most: int) -> bool:
        """Take up to `most` bytes more of what `partial` lacks; whether that was the last of it.

        Whoever writes to the file meanwhile ends that. `OSError` if it can't be read.
        """
        with fs.open_read(self.path) as source:
            now = source.signature()
            if now != (self._signature or now):
                return True
            self._signature = now
            while most > 0 and self._next < len(self._chunks):
                if partial.is_whole:
                    return True
                chunk = self._chunks[self._next]
                place, count, size = self._run(partial)
                if not count:
                    self._next += 1
                    continue
                data = source.read_at(chunk.offset, size)
                if len(data) < size:
                    return True
                if place is not None:
                    partial.believe(place, count, data)
                elif hash_bytes(data) == chunk.hash:
                    partial.write(chunk, data)
                self._next += count
                most -= size
        return self._next == len(self._chunks)

    def _run(self, partial: PartialFile) -> tuple[int | None, int, int]:
        """What can be taken next in one piece: where it begins in `partial`, how many chunks, how many bytes.

        One chunk without a place: it belongs to several. None at all: nobody lacks it.
        """
        chunks = self._chunks
        hash_ = chunks.hash_at(self._next)
        first = partial.lacks_only_at(hash_)
        if first is None:
            return None, int(partial.lacks(hash_)), chunks.size_at(self._next)
        index, size = self._next, 0
        while size < BLOCK and index < len(chunks):
            if partial.lacks_only_at(chunks.hash_at(index)) != first + index - self._next:
                break
            size += chunks.size_at(index)
            index += 1
        return first, index - self._next, size
